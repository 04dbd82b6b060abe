# SPDX-License-Identifier: Apache-2.0
"""Which token and which key a URI means: exactly one, or an error that says what is there. What a URI may not be at all is
told in bad/expected/ca-key-*.txt and in unit.hsm_names."""
import re

import pytest

from harness.inventory import Inventory


def with_key(uri):
    inv = Inventory()
    inv.ca["key"] = uri
    return inv


def make_key(home, label, number, *more):
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", label, "--id", number, *more)


def serials(home):
    return sorted(t["serial"] for t in home.mica("token", "--list", "--json").json["tokens"] if t["serial"])


@pytest.mark.parametrize("uri", [
    "pkcs11:token=milvus-ca;object=ca;type=private", "pkcs11:token=milvus-ca;id=%0A%1b", "pkcs11:object=ca;id=%0a%1b;token=milvus-ca",
    "pkcs11:manufacturer=SoftHSM%20project;model=SoftHSM%20v2;token=milvus-ca;object=%63a",
])
def test_one_key(home, uri):
    make_key(home, "ca", "0a1b")
    make_key(home, "other", "02")
    home.write(with_key(uri)).mica("init", "--adopt")
    home.mica("apply")


def test_none_lists_what_is_there(home):
    make_key(home, "caa", "01")
    make_key(home, "cb", "02")
    for uri, words in (("pkcs11:token=milvus-ca;object=ca", "no private key with the label 'ca'"),
                       ("pkcs11:token=milvus-ca;object=caa;id=%02", "no private key with the label 'caa' and the id 02"),
                       ("pkcs11:token=milvus-ca;id=%03", "no private key with the id 03")):
        said = home.write(with_key(uri)).mica("init", "--adopt", code=1)
        assert words in said.err and "'caa' (id 01)" in said.err and "'cb' (id 02)" in said.err, said


def test_two_list_themselves(home):
    for number in ("01", "02"):
        make_key(home, "ca", number)
    said = home.write(with_key("pkcs11:token=milvus-ca;object=ca")).mica("init", "--adopt", code=1)
    assert "2 private keys with the label 'ca'" in said.err and "(id 01)" in said.err and "(id 02)" in said.err
    assert "hint: name one of them with object= and id= in the key's URI" in said.err
    home.write(with_key("pkcs11:token=milvus-ca;object=ca;id=%02")).mica("init", "--adopt")


def test_tokens_of_one_label(home):
    home.token.add("milvus-ca")
    home.write()
    both = serials(home)
    assert len(both) == 2
    said = home.mica("init", code=1)
    assert "more than one token" in said.err and all(s in said.err for s in both), said
    home.write(with_key(f"pkcs11:token=milvus-ca;serial={both[1]};object=ca"))
    assert re.search(rf"^token +milvus-ca \(serial {both[1]}, ", home.mica("init").out, re.M)
    said = home.write(with_key("pkcs11:token=milvus-ca;serial=0000;object=ca")).mica("apply", code=1)
    assert "no token of" in said.err and all(s in said.err for s in both), said
