# SPDX-License-Identifier: Apache-2.0
"""SoftHSM2, the embedded default."""
from kinds.softhsm2 import SoftHSM2 as KIND  # noqa: F401
from scenarios import *  # noqa: F403: the scenarios themselves


def test_an_extractable_key_that_cannot_be_destroyed_is_not_usable(proxied, kind):
    """The module makes what it should not, and does not take it back: mica says so, and does not adopt it later."""
    home = proxied
    home.write(home.inventory())
    said = home.refused("init", code=3, faults="C_GenerateKeyPair@*=extractable,C_DestroyObject@*=ckr:0x6")
    assert "can be extracted" in said.err and "the key cannot be destroyed again" in said.err, said
    assert "C_DestroyObject said CKR_FUNCTION_FAILED" in said.err and "the token's own tool" in said.err, said
    assert kind.private_keys() == ["ca"]
    for adopt in ([], ["--adopt"]):
        assert "can leave the token: it is extractable" in home.refused("init", *adopt, code=3).err
