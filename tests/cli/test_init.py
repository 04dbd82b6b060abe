# SPDX-License-Identifier: Apache-2.0
"""The CA key: made on the token with the attributes it must have, or adopted; and only once."""
import pytest

from harness import parts
from harness.home import without_leak_check
from harness.inventory import Inventory
from harness.run import run

ALGORITHMS = {"ec-p256": "prime256v1", "ec-p384": "secp384r1", "rsa-2048": "2048", "rsa-3072": "3072", "rsa-4096": "4096"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm(home, algorithm):
    inv = Inventory()
    inv.ca["algorithm"] = inv["defaults"]["algorithm"] = algorithm
    home.write(inv)
    home.mica("init", timeout=120)
    text = run(["openssl", "x509", "-in", home / "state/g1.pem", "-noout", "-text"]).out
    assert ALGORITHMS[algorithm] in text
    home.mica("apply", timeout=120)
    tls = home / "out/prod/tls"
    run(["openssl", "verify", "-x509_strict", "-CAfile", tls / "ca.pem", tls / "server.pem"])
    assert ALGORITHMS[algorithm] in run(["openssl", "x509", "-in", tls / "server.pem", "-noout", "-text"]).out


def test_the_key_cannot_leave(home):
    home.write().mica("init")
    shown = home.token.tool("--list-objects", "--type", "privkey")
    access = next(line for line in shown.splitlines() if "Access:" in line)
    assert "sensitive" in access and "never extractable" in access and "local" in access
    usage = next(line for line in shown.splitlines() if "Usage:" in line)
    assert usage.split(":")[1].replace(",", " ").split() == ["sign"]


def test_the_certificate_lies_on_the_token_too(home):
    home.write().mica("init")
    home.token.tool("--read-object", "--type", "cert", "--label", "ca", "--output-file", str(home.scratch / "ca.der"))
    pem = run(["openssl", "x509", "-inform", "DER", "-in", home.scratch / "ca.der"]).out
    assert pem.strip() in (home / "state/g1.pem").read_text()


def test_again_there_is_nothing_to_do(home):
    home.write().mica("init")
    objects = home.token_objects()
    with home.unchanged(mtime=True):
        said = home.mica("init")
    assert "nothing to do" in said.out + said.err
    assert home.token_objects() == objects


def test_a_key_that_was_there_is_adopted(home):
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "07")
    home.write()
    with home.unchanged():
        home.mica("init", code=None)
    home.mica("init", "--adopt")
    public = home.token.tool("--read-object", "--type", "pubkey", "--label", "ca", "--output-file", str(home.scratch / "p.der"))
    assert public is not None
    from_token = run(["openssl", "pkey", "-pubin", "-inform", "DER", "-in", home.scratch / "p.der", "-pubout"]).out
    from_certificate = run(["openssl", "x509", "-in", home / "state/g1.pem", "-noout", "-pubkey"]).out
    assert from_token == from_certificate
    home.mica("apply")


def test_a_key_and_its_certificate_are_adopted(home):
    """The certificate that another mica made for the key; a new state directory takes both over."""
    home.write().mica("init")
    (home / "state").rename(home.scratch / "old-state")
    (home / "ca.pem").write_bytes((home.scratch / "old-state/g1.pem").read_bytes())
    inv = Inventory()
    inv.ca["certificate"] = "ca.pem"
    home.write(inv)
    home.mica("init", "--adopt")
    assert "BEGIN CERTIFICATE" in (home / "state/g1.pem").read_text()
    same = [run(["openssl", "x509", "-in", p, "-noout", "-fingerprint", "-sha256"]).out
            for p in (home / "ca.pem", home / "state/g1.pem")]
    assert same[0] == same[1]
    home.mica("apply")
    run(["openssl", "verify", "-CAfile", home / "ca.pem", home / "out/prod/tls/server.pem"])


def test_adopted_certificate_of_another_key_is_refused(home):
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "07")
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
         home.scratch / "k", "-out", home / "ca.pem", "-days", 30, "-subj", "/C=US/O=Example/CN=Milvus CA g1"])
    inv = Inventory()
    inv.ca["certificate"] = "ca.pem"
    home.write(inv)
    with home.unchanged():
        said = home.mica("init", "--adopt", code=None)
    assert said.code in (1, 3), said
    assert "ca.pem" in said.err


def test_the_ledger_knows_the_ca(home):
    home.write().mica("init")
    records = home.records()
    assert [(r["kind"], r["entry"]) for r in records] == [("ca", "g1"), ("crl", "g1")]


def test_mica_token_lists_and_shows(home):
    parts.need("pkcs11-tool")
    home.write()
    assert "milvus-ca" in home.mica("token").out
    home.mica("init")
    said = home.mica("token").out
    assert "milvus-ca" in said
    shown = home.mica("token", "--json").json
    assert "milvus-ca" in str(shown)


def test_adopting_a_key_of_another_kind_is_refused(home):
    home.token.tool("--keypairgen", "--key-type", "rsa:2048", "--label", "ca", "--id", "07")
    home.write()
    with home.unchanged():
        said = home.mica("init", "--adopt", code=3)
    assert "rsa-2048" in said.err and "ec-p256" in said.err, said
    inv = Inventory()
    inv.ca["algorithm"] = "rsa-2048"
    home.write(inv)
    home.mica("init", "--adopt")
    home.mica("apply")


def test_the_state_directory_is_durable_before_the_key_is_made(home):
    """Its name lies in the directory around it: without a sync of that, a power cut could leave a key and no ledger."""
    inv = Inventory(**{"state-dir": "a/b"})
    log = home.scratch / "calls"
    home.write(inv)
    home.mica("init", prefix=[parts.need_strace_inside(), "-y", "-e", "trace=mkdir,fsync", "-o", log], env=without_leak_check())
    calls = log.read_text().splitlines()
    for made, around in (("a", home.path), ("a/b", home / "a")):
        at = next(i for i, call in enumerate(calls) if call.startswith(f'mkdir("{made}"'))
        assert calls[at + 1].startswith("fsync(") and f"<{around}>" in calls[at + 1], calls[at:at + 3]
