# SPDX-License-Identifier: Apache-2.0
"""A CA certificate from elsewhere is taken when ca.pem, which holds it alone, is enough for every peer: a root."""
import base64

import pytest

from harness.inventory import Inventory
from harness.run import run

EXTENSIONS = """basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


def under_another(home):
    """A certificate for the token's key, signed by another CA."""
    (home / "key.pem").write_text(run(["openssl", "x509", "-in", home / "old/g1.pem", "-noout", "-pubkey"]).out)
    (home / "extensions").write_text(EXTENSIONS)
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", home / "other.key",
         "-out", home / "other.pem", "-days", 3000, "-subj", "/CN=other"])
    run(["openssl", "req", "-new", "-key", home / "other.key", "-subj", "/CN=under it", "-out", home / "request"])
    return run(["openssl", "x509", "-req", "-in", home / "request", "-CA", home / "other.pem", "-CAkey", home / "other.key",
                "-force_pubkey", home / "key.pem", "-extfile", home / "extensions", "-days", 2000, "-set_serial", 5]).out


def with_another_signature(home):
    lines = (home / "old/g1.pem").read_text().splitlines()
    der = bytearray(base64.b64decode("".join(lines[1:-1])))
    der[-3] ^= 1
    return f"{lines[0]}\n{base64.encodebytes(bytes(der)).decode()}{lines[-1]}\n"


@pytest.mark.parametrize("make", [under_another, with_another_signature])
def test_what_is_no_root_is_refused(home, make):
    home.write().mica("init")
    (home / "state").rename(home / "old")
    (home / "given.pem").write_text(make(home))
    inv = Inventory()
    inv.ca["certificate"] = "given.pem"
    home.write(inv)
    with home.unchanged():
        said = home.mica("init", "--adopt", code=3)
    assert "the certificate 'given.pem' is no root: its own key did not sign it" in said.err
