# SPDX-License-Identifier: Apache-2.0
"""Other keys on the token that share the CA key's id, or its label: the CA key signs as long as its URI names it alone."""
import pytest

from harness.home import Home
from harness.inventory import Inventory

OTHERS = ("EC:edwards25519", "rsa:2048")


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("algorithm", ["ec-p256", "rsa-2048"])
def test_an_id_and_a_label_are_shared(scratch, algorithm, other):
    home, inv = Home(scratch), Inventory()
    inv.ca.update({"algorithm": algorithm, "key": "pkcs11:token=milvus-ca;object=ca;id=%01"})
    home.begin(inv)
    home.token.tool("--keypairgen", "--key-type", other, "--label", "other", "--id", "01")
    home.token.tool("--keypairgen", "--key-type", other, "--label", "ca", "--id", "02")
    home.mica("rotate", "--all")
    for key, shared in (("object=ca", "label 'ca'"), ("id=%01", "id 01")):
        inv.ca["key"] = f"pkcs11:token=milvus-ca;{key}"
        home.write(inv)
        with home.unchanged():
            said = home.mica("rotate", "--all", code=1)
        assert f"2 private keys with the {shared}" in said.err and "hint: name one of them" in said.err, said
