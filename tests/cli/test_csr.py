# SPDX-License-Identifier: Apache-2.0
"""csr: only the public key of the request is taken; the key stays where it is."""
import pytest

from harness.inventory import Inventory
from harness.run import run

CLIENT = "out/prod/clients/ingest"


def request(home, name="ingest.csr", algorithm=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), extra=()):
    run(["openssl", "req", "-new", "-newkey", *algorithm, "-nodes", "-keyout", home.scratch / "own.key", "-out", home / name,
         "-subj", "/C=DE/O=Somebody/CN=attacker", *extra])


@pytest.fixture
def inventory():
    inv = Inventory()
    inv.certificate("ingest")["csr"] = "ingest.csr"
    return inv


def test_only_the_public_key_is_taken(home, inventory):
    request(home, extra=["-addext", "subjectAltName=DNS:evil.example.com", "-addext", "basicConstraints=CA:TRUE",
                         "-addext", "extendedKeyUsage=serverAuth"])
    home.begin(inventory)
    text = run(["openssl", "x509", "-in", home / CLIENT / "client.pem", "-noout", "-text"]).out
    assert "evil" not in text and "attacker" not in text and "Somebody" not in text
    assert "CA:TRUE" not in text and "TLS Web Server Authentication" not in text
    assert "CN = ingest" in text or "CN=ingest" in text
    assert run(["openssl", "x509", "-in", home / CLIENT / "client.pem", "-noout", "-pubkey"]).out == \
        run(["openssl", "pkey", "-in", home.scratch / "own.key", "-pubout"]).out


def test_no_key_is_delivered(home, inventory):
    request(home)
    home.begin(inventory)
    assert not (home / CLIENT / "client.key").exists() and not (home / CLIENT / "client.key").is_symlink()
    assert not [p for p in (home / CLIENT).rglob("*.key")]
    home.mica("plan", "--exit-code", code=0)


def test_another_request_is_due(home, inventory):
    request(home)
    home.begin(inventory)
    before = (home / CLIENT / "client.pem").read_bytes()
    request(home)
    home.mica("plan", "--exit-code", code=4)
    home.mica("apply")
    assert (home / CLIENT / "client.pem").read_bytes() != before
    assert run(["openssl", "x509", "-in", home / CLIENT / "client.pem", "-noout", "-pubkey"]).out == \
        run(["openssl", "pkey", "-in", home.scratch / "own.key", "-pubout"]).out


def test_a_broken_signature_is_refused(home, inventory):
    request(home)
    home.write(inventory)
    home.mica("init")
    der = bytearray(run_bytes(["openssl", "req", "-in", home / "ingest.csr", "-outform", "DER"]))
    der[-1] ^= 1
    (home.scratch / "bad.der").write_bytes(der)
    run(["openssl", "req", "-inform", "DER", "-in", home.scratch / "bad.der", "-out", home / "ingest.csr"], code=None)
    with home.unchanged():
        said = home.mica("apply", code=None)
    assert said.code in (1, 3) and "ingest.csr" in said.err and "signature" in said.err, said


@pytest.mark.parametrize("algorithm", [("rsa:1024",), ("ed25519",), ("ec", "-pkeyopt", "ec_paramgen_curve:secp521r1")])
def test_a_key_that_milvus_clients_cannot_use_is_refused(home, inventory, algorithm):
    home.write()
    home.mica("init")
    request(home, algorithm=algorithm)
    home.write(inventory)
    with home.unchanged():
        said = home.mica("apply", code=None)
    assert said.code in (1, 3) and "ingest" in said.err, said


def run_bytes(argv):
    import subprocess
    return subprocess.run([str(a) for a in argv], check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout
