# SPDX-License-Identifier: Apache-2.0
"""rotate: new keys for the named, nobody else; the old set is replaced whole, where mounts see it."""
import os

from harness.inventory import Inventory
from harness.run import run
from harness.tree import snapshot

TLS, CLIENT = "out/prod/tls", "out/prod/clients/ingest"


def keys(home):
    return (home / TLS / "server.key").read_bytes(), (home / CLIENT / "client.key").read_bytes()


def matching(home):
    for folder, stem, purpose in ((TLS, "server", "sslserver"), (CLIENT, "client", "sslclient")):
        folder = home / folder
        run(["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", folder / "ca.pem", folder / f"{stem}.pem"])
        assert run(["openssl", "pkey", "-in", folder / f"{stem}.key", "-pubout"]).out == \
            run(["openssl", "x509", "-in", folder / f"{stem}.pem", "-noout", "-pubkey"]).out


def test_what_was_touched_is_told(home):
    """A client of two deployments is delivered to both, whatever --only says, and no Milvus need be restarted."""
    inv = Inventory()
    inv["shared-trust"] = True
    inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test"})
    inv["milvus"].append({**inv.deployment, "name": "third", "out": "out/third", "clients": []})
    home.begin(inv)
    said = home.mica("rotate", "ingest", "--only", "test")
    assert said.out.endswith("done: 1 rotated, 1 CRL, 2 directories, in out/prod, out/test\n"), said
    assert "restart" not in said.err, said
    assert (home / CLIENT / "client.key").read_bytes() == (home / "out/test/clients/ingest/client.key").read_bytes()
    said = home.mica("rotate", "server")
    assert "in out/prod, out/test, out/third\n" in said.out and "restart Milvus" in said.err, said


def test_a_new_client_is_no_reason_to_restart(home):
    inv = Inventory()
    home.begin(inv)
    inv["certificates"].append({"name": "second", "profile": "client"})
    inv.deployment["clients"].append("second")
    home.write(inv)
    said = home.mica("apply")
    assert "done: 1 issued, 1 CRL, 1 directory, 1 configuration file, in out/prod\n" in said.out, said
    assert "restart" not in said.err, said


def test_not_used_by_the_deployment(home):
    inv = Inventory()
    inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test", "clients": [], "tls-mode": 1})
    home.begin(inv)
    with home.unchanged():
        said = home.mica("rotate", "ingest", "--only", "test", code=2)
    assert "the deployment 'test' does not use the certificate 'ingest'" in said.err, said


def test_only_the_named(home):
    home.begin()
    server, client = keys(home)
    tree = snapshot(home / TLS, mtime=True)
    home.mica("rotate", "ingest")
    assert keys(home)[0] == server and keys(home)[1] != client
    assert snapshot(home / TLS, mtime=True) == tree
    matching(home)


def test_all(home):
    home.begin()
    server, client = keys(home)
    before = len(home.records())
    home.mica("rotate", "--all")
    assert keys(home)[0] != server and keys(home)[1] != client
    assert len(home.records()) == before + 3  # two certificates and a CRL
    matching(home)
    home.mica("plan", "--exit-code", code=0)


def test_what_is_due_anyway_comes_along(home):
    home.begin()
    server, client = keys(home)
    (home / TLS / "server.key").unlink()
    home.mica("rotate", "ingest")
    assert keys(home)[0] != server and keys(home)[1] != client
    matching(home)


def test_serials_and_keys_are_never_used_twice(home):
    home.begin()
    for _ in range(3):
        home.mica("rotate", "--all")
    records = home.records()
    assert len({bytes(r["serial"]) if isinstance(r["serial"], bytes) else r["serial"] for r in records}) == len(records) == 14  # a CRL for each of five runs


def test_a_mounted_directory_stays(home):
    """A bind mount of tls/ holds on to the directory itself: its inode must not change, nor anything in it but links."""
    home.begin()
    inode = os.stat(home / TLS).st_ino
    handle = os.open(home / TLS, os.O_RDONLY)
    try:
        home.mica("rotate", "--all")
        assert os.stat(home / TLS).st_ino == inode
        with open(os.open("server.pem", os.O_RDONLY, dir_fd=handle), "rb") as seen:
            assert seen.read() == (home / TLS / "server.pem").read_bytes()
    finally:
        os.close(handle)
    assert os.readlink(home / TLS / "server.pem") == "..data/server.pem"


def test_old_generations_are_kept_as_asked(home):
    inv = Inventory()
    inv.deployment["keep"] = 3
    home.begin(inv)
    seen = []
    for _ in range(5):
        seen.append((home / TLS / "server.pem").read_bytes())
        home.mica("rotate", "--all")
    current = os.readlink(home / TLS / "..data")
    generations = [p for p in (home / TLS).iterdir() if p.name.startswith("..") and p.is_dir() and not p.is_symlink()]
    assert len(generations) == 3 and current in {p.name for p in generations}
    assert {(p / "server.pem").read_bytes() for p in generations if p.name != current} == set(seen[-2:])


def test_the_old_generation_is_never_changed(home):
    home.begin()
    old = home / TLS / os.readlink(home / TLS / "..data")
    before = snapshot(old, mtime=True)
    home.mica("rotate", "--all")
    assert snapshot(old, mtime=True) == before


def test_with_only(home):
    inv = Inventory()
    inv["certificates"].append({"name": "second", "profile": "server", "common-name": "second.example.com",
                                "dns": ["second.example.com"]})
    inv["milvus"].append({"name": "test", "kind": "files", "out": "out/test", "server": "second", "clients": [],
                          "tls-mode": 1})
    home.write(inv)
    home.mica("init")
    home.mica("apply", "--only", "test")
    assert (home / "out/test/tls/server.pem").exists() and not (home / "out/prod").exists()
    home.mica("apply")
    assert (home / TLS / "server.pem").exists()
