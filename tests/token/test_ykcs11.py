# SPDX-License-Identifier: Apache-2.0
"""A YubiKey, by Yubico's module."""
from harness.run import run
from kinds.ykcs11 import YKCS11 as KIND  # noqa: F401
from scenarios import *  # noqa: F403: the scenarios themselves
from piv_scenarios import *  # noqa: F403
from piv_scenarios import prove


def test_the_token_itself_shows_what_it_attests(home, kind):
    """As a certificate object: no other tool is needed."""
    home.init()
    (home / "root.pem").write_text(kind.yubikey.root)
    found = prove(home, "--root", "root.pem")
    assert found["grade"] == "attested" and found["attestation"]["from"] == "token", found


def test_a_key_that_was_brought_in(home, kind):
    """The card signs with it, and attests nothing: a copy may be elsewhere."""
    key = kind.folder / "key.pem"
    run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key])
    kind.yubikey.tool("--slot=9a", "--action=import-key", f"--input={key}")
    home.write(home.inventory())
    said = home.mica("init", "--adopt")
    assert "imported to the token" in said.out, said
    home.mica("apply")
    home.delivered()
    said = home.mica("token", "--prove", "evidence.json", code=3)
    assert "CKA_LOCAL is false" in said.err, said
    (home / "root.pem").write_text(kind.yubikey.root)
    said = home.mica("token", "--prove", "other.json", "--root", "root.pem", code=3)
    assert "is an attestation of the key" in said.err and not (home / "other.json").exists(), said


def test_what_the_readme_does(home, kind):
    """hsm/yubikey/README.md by ykman, on a card as it is sold, to certificates that are delivered."""
    ykman, card = kind.yubikey.ykman, kind.card
    card.reset()
    ykman("piv", "access", "change-pin", "--pin", "123456", "--new-pin", kind.pin)
    ykman("piv", "access", "change-puk", "--puk", "12345678", "--new-puk", "57293105")
    ykman("piv", "access", "change-management-key", "--generate", "--protect", "--pin", kind.pin, "--management-key",
          "010203040506070801020304050607080102030405060708")
    ykman("piv", "keys", "generate", "--pin", kind.pin, "--algorithm", "ECCP256", "--pin-policy", "ONCE",
          "--touch-policy", "NEVER", "9a", home / "ca.pub")
    ykman("piv", "keys", "attest", "9a", home / "slot.pem")
    ykman("piv", "certificates", "export", "f9", home / "device.pem")
    (home / "attestation.pem").write_text((home / "slot.pem").read_text() + (home / "device.pem").read_text())
    (home / "root.pem").write_text(kind.yubikey.root)
    home.write(home.inventory())
    home.mica("init", "--adopt")
    assert prove(home, "--attestation", "attestation.pem", "--root", "root.pem")["grade"] == "attested"
    home.mica("apply", "--unattended")
    home.delivered()
    card.pin.left = 0
    ykman("piv", "access", "unblock-pin", "--puk", "57293105", "--new-pin", kind.pin)
    home.mica("rotate", "--all")
    home.delivered()
