# SPDX-License-Identifier: Apache-2.0
"""`mica check` on what mica itself made: nothing is wrong, until somebody changes it."""
import datetime
import sqlite3

import pytest

from harness.inventory import Inventory


def at(days):
    """The day that many days from now."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%d")


def rules(home, *args, code=0):
    return [f["rule"] for f in home.mica("check", "--json", *args, code=code).json["findings"]]


@pytest.mark.parametrize("kind", ["files", "compose", "helm", "operator"])
@pytest.mark.parametrize("mode", [1, 2])
def test_nothing_is_wrong_with_what_was_delivered(home, kind, mode):
    inv = Inventory()
    inv.deployment.update({"kind": kind, "tls-mode": mode})
    home.begin(inv)
    with home.unchanged():
        assert rules(home) == []
    assert home.mica("check").out == "nothing is wrong\n"


@pytest.mark.parametrize("kind", ["helm", "operator"])
def test_whose_the_key_is_here_is_nothing_to_pods(home, kind):
    """From 3.0 on Milvus runs as a user; pods see the key in a volume of the Secret, with a mode of its own."""
    inv = Inventory()
    inv.deployment.update({"kind": kind, "version": "3.0"})
    home.begin(inv)
    assert rules(home) == []


@pytest.mark.parametrize("kind", ["files", "compose", "helm", "operator"])
def test_files_of_others_are_looked_for_where_milvus_is(home, kind):
    """Without a container that is here; what lies in one is not seen from here."""
    inv = Inventory()
    inv.deployment.update({"kind": kind, "dependencies": {"etcd": {
        "ca": "/nowhere/certs/ca.pem", "cert": "/nowhere/certs/etcd.pem", "key": "/nowhere/certs/etcd.key"}}})
    home.begin(inv)
    assert rules(home) == (["file-missing"] * 3 if kind == "files" else [])


def test_a_changed_file_is_found(home):
    home.begin()
    (home / "out/prod/tls/server.pem").write_text((home / "out/prod/clients/ingest/client.pem").read_text())
    found = rules(home, code=3)
    assert {"not-delivered", "key-mismatch", "purpose-server", "names-missing", "internal-fallback"} <= set(found), found


def test_a_changed_configuration_is_found(home):
    home.begin()
    with open(home / "out/prod/user.yaml", "a") as config:
        config.write("common:\n  security:\n    tlsMode: 0\n")
    assert {"outlet-differs", "duplicate-key", "plaintext"} <= set(rules(home, code=3))


@pytest.mark.parametrize("kind,changes,file", [
    ("helm", {}, "values.yaml"), ("operator", {}, "milvus.yaml"), ("operator", {"patch": True}, "milvus.patch.yaml"),
    ("compose", {}, "user.yaml"), ("files", {"version": "2.3", "internal-tls": False, "milvus-yaml": "given.yaml"}, "milvus.yaml"),
])
def test_what_each_kind_tells_milvus_is_read(home, kind, changes, file):
    inv = Inventory()
    (home / "given.yaml").write_text("proxy:\n  port: 19530\n")
    inv.deployment.update({"kind": kind, **changes})
    home.begin(inv)
    assert rules(home) == []
    path = home / "out/prod" / file
    path.write_text(path.read_text().replace("tlsMode: 2", "tlsMode: 7"))
    found = home.mica("check", "--json", code=3).json["findings"]
    wrong = [f for f in found if f["rule"] == "tls-mode"]
    assert wrong and wrong[0]["file"] == f"out/prod/{file}" and wrong[0]["line"] > 0, found


def test_what_is_due_is_found(home):
    home.begin()
    assert rules(home, "--ahead", "70d").count("expires-soon") >= 2
    assert "expires-soon" in rules(home, "--at", "2027-02-10")
    assert "expired" in rules(home, "--at", "2027-06-01", code=3)


def test_a_restart_that_is_owed_is_found(home):
    inv = Inventory()
    inv.deployment["endpoints"] = ["127.0.0.1:1"]
    home.write(inv)
    home.mica("init")
    home.mica("apply", code=5)
    found = home.mica("check", "--json", code=3).json["findings"]
    owed = [f for f in found if f["rule"] == "restart-owed"]
    assert len(owed) == 1 and owed[0]["file"] == "prod" and "its certificate" in owed[0]["text"], found
    home.mica("apply", "--restarted", "prod", code=5)
    assert "restart-owed" not in rules(home, code=3)


def test_a_crl_that_is_due_is_found(home):
    home.begin()
    assert "crl-due" not in rules(home, "--at", at(50))
    assert "crl-due" in rules(home, "--at", at(130), code=3)


def test_a_crl_that_was_changed_is_found(home):
    home.begin()
    assert "crl-foreign" not in rules(home)
    (home / "out/prod/tls/crl.pem").write_text("nothing\n")
    assert rules(home) == ["crl-foreign", "not-delivered"]


def test_a_revoked_certificate_is_found_until_there_is_another(home):
    home.begin()
    home.mica("revoke", "ingest", "--reason", "keyCompromise")
    found = home.mica("check", "--json", code=3).json["findings"]
    revoked = [f for f in found if f["rule"] == "revoked"]
    assert [f["file"] for f in revoked] == ["out/prod/clients/ingest/client.pem"] and "keyCompromise" in revoked[0]["text"], found
    home.mica("apply")
    assert rules(home) == []


def test_only_one_deployment(home):
    inv = Inventory(**{"shared-trust": True})
    inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test"})
    home.begin(inv)
    (home / "out/test/user.yaml").write_text("common: {}\n")
    assert rules(home, "--only", "prod") == []
    assert "outlet-differs" in rules(home, "--only", "test", code=0)
    assert "did you mean" in home.mica("check", "--only", "prid", code=2).err


def test_a_damaged_ledger_is_found(home):
    home.begin()
    with sqlite3.connect(home / "state/ledger.db") as db:
        db.execute("UPDATE event SET at = at - 1 WHERE seq = 1")
    db.close()
    assert "ledger" in rules(home, code=3)


def test_before_init_there_is_nothing_to_judge(home):
    home.write()
    assert "mica init" in home.mica("check", code=1).err
