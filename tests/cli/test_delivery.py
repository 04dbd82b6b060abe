# SPDX-License-Identifier: Apache-2.0
"""What lies in the delivered directories: names, modes, owners; what was edited or lost is put right."""
import os
import stat

import pytest

from harness import parts
from harness.inventory import Inventory
from harness.run import run

TLS, CLIENT = "out/prod/tls", "out/prod/clients/ingest"


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_layout(home):
    home.begin()
    assert sorted(os.listdir(home / "out/prod")) == ["clients", "clients.md", "requests", "tls", "user.yaml"]
    for folder, names in ((TLS, ["ca.pem", "crl.pem", "server.key", "server.pem"]),
                          (CLIENT, ["ca.pem", "client.key", "client.pem", "crl.pem"])):
        shown = sorted(n for n in os.listdir(home / folder) if not n.startswith(".."))
        assert shown == names
        for name in names:
            assert os.readlink(home / folder / name) == f"..data/{name}"
            assert mode(home / folder / name) == (0o600 if name.endswith(".key") else 0o644)
    for name in ("server", "ingest"):
        request = home / f"out/prod/requests/{name}.csr"
        assert "verify OK" in (lambda r: r.out + r.err)(run(["openssl", "req", "-in", request, "-noout", "-verify"]))


def test_the_state_directory_is_private(home):
    home.begin()
    assert mode(home / "state") == 0o700
    for path in (home / "state").rglob("*"):
        if path.name not in ("g1.pem", "g1.crl"):  # which everybody may read
            assert mode(path) & 0o077 == 0, path


def test_key_mode_and_owner(home):
    if os.geteuid() != 0:
        parts.missing("root (to give files away)")
    inv = Inventory()
    inv.deployment["owner"] = "1234:5678"
    inv.deployment["key-mode"] = "0440"
    home.begin(inv)
    for folder, name in ((TLS, "server.key"), (CLIENT, "client.key")):
        st = os.stat(home / folder / name)
        assert (st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)) == (1234, 5678, 0o440)
    home.mica("plan", "--exit-code", code=0)


def test_another_key_mode_is_delivered_again(home):
    inv = Inventory()
    home.begin(inv)
    key = (home / TLS / "server.key").read_bytes()
    inv.deployment["key-mode"] = "0640"
    home.write(inv)
    said = home.mica("plan", "--exit-code", code=4)
    assert "out/prod/tls: server.key has mode 0600, not 0640" in said.out
    home.mica("apply")
    home.mica("plan", "--exit-code", code=0)
    for path in (home / TLS / "server.key", home / CLIENT / "client.key"):
        assert mode(path) == 0o640
    assert (home / TLS / "server.key").read_bytes() == key


def test_a_key_that_others_may_read_is_delivered_again(home):
    home.begin()
    os.chmod(home / CLIENT / "client.key", 0o644)
    assert "client.key has mode 0644, not 0600" in home.mica("plan", "--exit-code", code=4).out
    home.mica("apply")
    assert mode(home / CLIENT / "client.key") == 0o600


def test_another_owner_is_delivered_again(home):
    if os.geteuid() != 0:
        parts.missing("root (to give files away)")
    inv = Inventory()
    home.begin(inv)
    inv.deployment["owner"] = "1234:5678"
    home.write(inv)
    assert "server.key belongs to 0:0, not 1234:5678" in home.mica("plan", "--exit-code", code=4).out
    home.mica("apply")
    home.mica("plan", "--exit-code", code=0)
    for path in (home / TLS / "server.key", home / TLS / "server.pem", home / CLIENT / "client.key"):
        assert (os.stat(path).st_uid, os.stat(path).st_gid) == (1234, 5678)


def test_a_strict_umask_of_the_caller_changes_nothing(home):
    home.write()
    home.mica("init")
    home.mica("apply", prefix=["sh", "-c", 'umask 077; exec "$@"', "sh"])
    assert mode(home / TLS / "server.pem") == 0o644 and mode(home / TLS) & 0o055 == 0o055
    inv = Inventory()
    inv.deployment["name"], inv.deployment["out"] = "wide", "out/wide"
    home.write(inv)
    home.mica("apply", prefix=["sh", "-c", 'umask 000; exec "$@"', "sh"])
    assert mode(home / "out/wide/tls/server.key") == 0o600
    assert not [p for p in (home / "out/wide").rglob("*") if not p.is_symlink() and mode(p) & 0o022]


DAMAGE = {
    "key missing": lambda d: (d / TLS / "server.key").unlink(),
    "key edited": lambda d: rewrite(d / TLS / "server.key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"),
    "key of another": lambda d: rewrite(d / TLS / "server.key", (d / CLIENT / "client.key").read_bytes()),
    "certificate missing": lambda d: (d / TLS / "server.pem").unlink(),
    "certificate edited": lambda d: rewrite(d / TLS / "server.pem", b"nothing"),
    "ca.pem missing": lambda d: (d / CLIENT / "ca.pem").unlink(),
    "ca.pem edited": lambda d: rewrite(d / CLIENT / "ca.pem", b"nothing"),
    "current link missing": lambda d: (d / TLS / "..data").unlink(),
    "generation missing": lambda d: remove_generation(d / TLS),
    "client's key missing": lambda d: (d / CLIENT / "client.key").unlink(),
    "user.yaml missing": lambda d: (d / "out/prod/user.yaml").unlink(),
}


def rewrite(path, data):
    path = path.resolve()
    os.chmod(path, 0o600)
    path.write_bytes(data)


def remove_generation(folder):
    generation = folder / os.readlink(folder / "..data")
    for path in generation.iterdir():
        path.unlink()
    generation.rmdir()


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_seen_and_mended(home, what):
    home.begin()
    DAMAGE[what](home)
    home.mica("plan", "--exit-code", code=4)
    home.mica("apply")
    home.mica("plan", "--exit-code", code=0)
    for folder, stem, purpose in ((TLS, "server", "sslserver"), (CLIENT, "client", "sslclient")):
        folder = home / folder
        run(["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", folder / "ca.pem", folder / f"{stem}.pem"])
        assert run(["openssl", "pkey", "-in", folder / f"{stem}.key", "-pubout"]).out == \
            run(["openssl", "x509", "-in", folder / f"{stem}.pem", "-noout", "-pubkey"]).out
    assert (home / "out/prod/user.yaml").exists()


def test_a_lost_key_is_never_made_good_with_the_old_certificate(home):
    home.begin()
    old = (home / TLS / "server.pem").read_bytes()
    (home / TLS / "server.key").unlink()
    home.mica("apply")
    assert (home / TLS / "server.pem").read_bytes() != old


def test_a_lost_certificate_needs_no_signature(home):
    home.begin()
    key, records = (home / TLS / "server.key").read_bytes(), len(home.records())
    (home / TLS / "server.pem").unlink()
    home.mica("apply")
    assert (home / TLS / "server.key").read_bytes() == key
    assert len(home.records()) == records


def test_one_certificate_for_two_deployments(home):
    inv = Inventory()
    inv["milvus"].append({"name": "test", "kind": "files", "out": "out/test", "server": "server", "clients": [], "tls-mode": 1})
    home.begin(inv)
    for name in ("server.pem", "server.key", "ca.pem"):
        assert (home / TLS / name).read_bytes() == (home / "out/test/tls" / name).read_bytes()


def test_trusted_extra_certificates_come_into_every_ca_pem(home):
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
         home.scratch / "k", "-out", home / "old.pem", "-days", 30, "-subj", "/CN=old CA"])
    home.begin()
    key = (home / TLS / "server.key").read_bytes()
    home.write(Inventory(trust=["old.pem"]))
    home.mica("plan", "--exit-code", code=4)
    home.mica("apply")
    assert (home / TLS / "server.key").read_bytes() == key
    for folder in (TLS, CLIENT):
        assert (home / folder / "ca.pem").read_text().count("BEGIN CERTIFICATE") == 2


def test_a_file_that_mica_did_not_write_is_left_alone(home):
    home.write()
    home.mica("init")
    (home / "out/prod").mkdir(parents=True)
    (home / "out/prod/user.yaml").write_text("common: {}\n")
    said = home.mica("apply")
    assert "user.yaml" in said.err and "left alone" in said.err and "hint:" in said.err
    assert (home / "out/prod/user.yaml").read_text() == "common: {}\n"


def test_what_lay_beside_goes_when_the_file_is_micas_again(home):
    home.begin()
    ours, beside = home / "out/prod/user.yaml", home / "out/prod/user.yaml.mica"
    ours.write_text("common: {}\n")
    home.mica("apply")
    assert beside.exists()
    ours.unlink()
    home.mica("apply")
    assert ours.exists() and not beside.exists()
    ours.write_text("common: {}\n")
    home.mica("apply")
    beside.write_text("somebody's\n")
    ours.unlink()
    home.mica("apply")
    assert ours.exists() and beside.read_text() == "somebody's\n"


def test_a_key_that_cannot_be_read_is_not_called_missing(home):
    home.begin()
    key = home / TLS / "server.key"
    path = key.resolve()
    path.unlink()
    path.mkdir()
    assert "server.key cannot be read" in home.mica("plan", "--exit-code", code=4).out
    home.mica("apply")
    home.mica("plan", "--exit-code", code=0)


def test_a_file_that_was_edited_is_left_alone(home):
    home.begin()
    with open(home / "out/prod/user.yaml", "a") as file:
        file.write("# my own line\n")
    mine = (home / "out/prod/user.yaml").read_text()
    inv = Inventory()
    inv.deployment["rest-port"] = 8081
    home.write(inv)
    assert "left alone" in home.mica("apply").err
    assert (home / "out/prod/user.yaml").read_text() == mine


@pytest.mark.parametrize("how", ["missing", "garbled"])
def test_the_copy_of_the_ca_certificate_is_only_a_copy(home, how):
    """The ledger holds the CA certificate; state/g1.pem is for people. What is issued does not depend on it."""
    home.begin()
    copy = home / "state/g1.pem"
    copy.unlink() if how == "missing" else copy.write_text("nothing")
    home.mica("rotate", "--all")
    tls = home / TLS
    run(["openssl", "verify", "-x509_strict", "-CAfile", tls / "ca.pem", tls / "server.pem"])


def test_a_server_has_a_ca_pem_of_its_own(home):
    """Whoever may write in a client's directory does not choose by that whom the server trusts."""
    inv = Inventory(**{"shared-trust": True})
    inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test"})
    home.begin(inv)
    files = [home / d / "ca.pem" for d in (TLS, CLIENT, "out/test/tls", "out/test/clients/ingest")]
    assert len({os.stat(f).st_ino for f in files}) == len(files)
    with open(files[1], "a") as file:
        file.write("another CA\n")
    assert "another CA" not in files[0].read_text()
