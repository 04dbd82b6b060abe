# SPDX-License-Identifier: Apache-2.0
"""docs/backup.md, as it is written: a copy, more runs, the copy brought back, refused naming both heads, accepted after
a look, and apply goes on; OpenSSL judges."""
import re
import shutil
import subprocess

import pytest

from harness import parts
from harness.inventory import Inventory
from harness.older import older
from harness.run import run

PAGE = (parts.TOP / "docs/backup.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)


def block(words):
    """The commands of the page that hold these words."""
    found = [b for b in BLOCKS if words in b]
    assert len(found) == 1, (words, BLOCKS)
    return found[0]


def shell(home, commands, code=0):
    parts.need("flock")
    env = {**home.env, "PATH": f"{parts.mica(home.build).parent}:{home.env['PATH']}"}
    return run(["sh", "-euc", commands], code=code, cwd=home.path, env=env)


def serial_of(path):
    return run(["openssl", "x509", "-in", path, "-noout", "-serial"]).out.strip().split("=")[1].lower()


def states(home):
    return {r["serial"].hex(): r["state"] for r in home.records() if r["kind"] in ("server", "client")}


def judged(home):
    """Both certificates against the newest list."""
    for name in ("tls/server.pem", "clients/ingest/client.pem"):
        run(["openssl", "verify", "-crl_check", "-CAfile", home / "out/prod/tls/ca.pem", "-CRLfile", home / "state/g1.crl",
             home / f"out/prod/{name}"])


def lost(home):
    """A copy, then runs that it knows nothing of; then the copy in the place of the state directory. The serials of
    what is lost: of the server and the client as they lie there, and of one that was revoked."""
    shell(home, block("flock state/lock"))
    home.mica("rotate", "--all")
    revoked = serial_of(home / "out/prod/clients/ingest/client.pem")
    home.mica("revoke", "ingest", "--reason", "keyCompromise")
    home.mica("apply")
    home.mica("rotate", "server")
    shell(home, block("cp -a backup state"))
    return serial_of(home / "out/prod/tls/server.pem"), serial_of(home / "out/prod/clients/ingest/client.pem"), revoked


def test_nothing_was_signed_since(home):
    home.begin()
    shell(home, block("flock state/lock"))
    shell(home, block("cp -a backup state"))
    assert "nothing is wrong" in home.mica("audit").out
    assert "nothing to do" in home.mica("apply").out
    assert "nothing to take over" in home.mica("audit", "--accept-restore").out


def test_as_it_is_written(home):
    home.begin()
    server, client, revoked = lost(home)
    files = {p: (home / p).read_bytes() for p in ("out/prod/tls/server.key", "out/prod/clients/ingest/client.key")}
    # every verb but audit refuses, before the token is looked for, and names both heads
    with home.unchanged():
        for verb in (["apply"], ["plan"], ["status"], ["rotate", "server"], ["revoke", "server", "--reason", "superseded"], ["check"]):
            said = home.mica(*verb, code=3, env={"SOFTHSM2_CONF": "/nowhere"})
            assert re.search(r"its head is event \d+, record \d+, hash [0-9a-f]{16}; what its CA key signed says event \d+, record \d+, "
                             r"hash [0-9a-f]{16}", said.err), said
            assert "mica audit --accept-restore" in said.err
        shown = home.mica("audit", code=3)
        for serial in (server, client, revoked):
            assert serial in shown.err, shown
        listed = home.mica("token", "--list", "--json").json  # which needs nothing of it
        assert home.token.label in [t["label"] for t in listed["tokens"]]
        assert "nothing to clear" in home.mica("token", "--clear-latch").out
    # nobody has changed what lies there
    assert "newer than the ledger, which is behind" in shown.err and "find out who" not in shown.err, shown
    assert "anchor of g1 in out/prod/tls/crl.pem" in shown.out and "does not fit" in shown.out
    said = shell(home, block("mica audit --accept-restore"))
    assert all(serial in said.err for serial in (server, client, revoked)), "it is shown before it is done"
    assert "taken over: 4 certificates, 3 CRLs, 1 revocation" in said.out
    assert "lost: 7 records that the CA key signed an anchor of; found outside: 7" in said.out
    assert {s: states(home)[s] for s in (server, client, revoked)} == {server: "delivered", client: "delivered", revoked: "revoked"}
    # apply goes on: no key is lost, nothing is issued anew; the list carries what the lost ones revoked
    assert "0 errors" in home.mica("audit").out
    home.mica("apply")
    assert {p: (home / p).read_bytes() for p in files} == files
    assert home.mica("plan", "--exit-code").code == 0
    judged(home)
    text = run(["openssl", "crl", "-in", home / "state/g1.crl", "-noout", "-text"]).out.lower()
    assert revoked in text and server not in text
    assert "was taken over after a restore" in home.mica("audit").err
    # what was taken over can be revoked
    home.mica("revoke", "server", "--reason", "superseded")
    assert server in run(["openssl", "crl", "-in", home / "state/g1.crl", "-noout", "-text"]).out.lower()
    home.mica("apply")
    judged(home)


def test_it_can_be_repeated(home):
    home.begin()
    lost(home)
    home.mica("audit", "--accept-restore")
    with home.unchanged():
        said = home.mica("audit", "--accept-restore")
    assert "nothing to take over" in said.out


@pytest.mark.parametrize("at", [30, 150, 300])
def test_killed_while_it_takes_over(home, at):
    """After so many milliseconds: whatever was done, the same command again completes it."""
    home.begin()
    server, client, revoked = lost(home)
    child = subprocess.Popen([parts.mica(home.build), "audit", "--accept-restore"], cwd=home.path, env=home.env,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        child.wait(at / 1000)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    home.mica("audit", "--accept-restore")
    assert {s: states(home)[s] for s in (server, client, revoked)} == {server: "delivered", client: "delivered", revoked: "revoked"}
    home.mica("apply")
    judged(home)
    assert "0 errors" in home.mica("audit").out


def test_a_ledger_that_was_edited_is_no_restore(home):
    home.begin()
    lost(home)
    run(["sqlite3", home / "state/ledger.db", "UPDATE record SET not_after = not_after + 86400 WHERE kind = 'server'"])
    with home.unchanged():
        said = home.mica("audit", "--accept-restore", code=3)
    assert "this is more than a restore explains" in said.err


def test_the_document_has_what_was_found(home):
    home.begin()
    lost(home)
    said = home.mica("audit", "--accept-restore", "--json").json
    found = [(f["rule"], f["file"], f["text"]) for f in said["findings"]]
    assert {"anchor", "unknown-signature", "delivered"} <= {rule for rule, *_ in found}
    assert len(set(found)) == len(found) and said["certificates"] == 4


def test_the_first_run_of_a_newer_mica(home):
    """There is no way back but a copy, so it is told, by the run that did it, and by no other."""
    home.begin()
    (home / "out/prod/tls/crl.pem").unlink()
    older(home / "state/ledger.db", home / "older.db")
    for verb in ("plan", "status", "audit"):
        assert "schema" not in home.mica(verb, code=None).err
    assert "crl.pem is missing in out/prod/tls" in home.mica("plan").out
    said = home.mica("apply")
    assert ("state: note: the ledger was brought from schema 1 to 2: a mica before this one cannot read it any more"
            in said.err), said
    assert "schema" not in home.mica("rotate", "server").err


def test_a_restored_ledger_of_an_older_mica(home):
    home.begin()
    shell(home, block("flock state/lock"))
    home.mica("rotate", "server")
    older(home / "backup/ledger.db", home / "older.db")
    shell(home, block("cp -a backup state"))
    said = home.mica("audit", "--accept-restore")
    assert said.err.count("the ledger was brought from schema 1 to 2") == 1
    home.mica("apply")
    judged(home)


def test_all_lists_are_gone(home):
    """Whether the ledger is the newest cannot be told: somebody has to say so."""
    home.begin()
    shutil.rmtree(home / "out")
    (home / "state/g1.crl").unlink()
    said = home.mica("apply", code=3)
    assert "mica audit --accept-restore" in said.err
    assert "none is there any more to hold it against" in home.mica("audit", code=3).err
    assert "1 CRL written again" in home.mica("audit", "--accept-restore").out
    home.mica("apply")
    judged(home)


def test_what_lies_in_no_place_is_nobodys(home):
    """Its name in the ledger is none that an entry can have, be that called 'unknown'."""
    inv = Inventory()
    inv["certificates"][1]["name"] = "unknown"
    inv.deployment["clients"] = ["unknown"]
    home.begin(inv)
    home.mica("apply")
    shell(home, block("flock state/lock"))
    home.mica("rotate", "unknown")
    stray = (home / "out/prod/clients/unknown/client.pem").read_bytes()
    serial = serial_of(home / "out/prod/clients/unknown/client.pem")
    home.mica("rotate", "unknown")
    shell(home, block("cp -a backup state"))
    for old in (home / "out/prod/clients/unknown").glob("*/client.pem"):
        if old.read_bytes() == stray:
            shutil.rmtree(old.parent)
    (home / "state/stray.pem").write_bytes(stray)
    home.mica("audit", "--accept-restore")
    (found,) = [r for r in home.records() if r["serial"].hex() == serial]
    assert (found["entry"], found["state"]) == ("unknown:leaf", "issued")
    home.mica("apply")
    home.mica("audit")


def test_another_host(home):
    home.begin()
    host = home / "state/host"
    host.write_text("0" * len(host.read_text().strip()) + "\n")
    assert "another host" in home.mica("apply", code=3).err.lower() or "host" in home.mica("apply", code=3).err
    assert home.token.label in home.mica("token", "--list").out
    assert "ledger-host" in str(home.mica("audit", "--json", code=3).json["findings"])
    said = home.mica("audit", "--accept-restore")
    assert said.err.count("belongs to another host") == 1
    assert said.out == "taken over: the state directory, by this host\n"
    home.mica("rotate", "server")
    judged(home)


def test_the_state_directory_is_lost_and_the_key_adopted(home):
    """The CA is the same; what lies outside is of a history that the new ledger has not, and can be taken over."""
    home.begin()
    server = serial_of(home / "out/prod/tls/server.pem")
    shutil.copy(home / "state/g1.pem", home / "g1.pem")
    shutil.rmtree(home / "state")
    inv = Inventory()
    inv.ca["certificate"] = "g1.pem"
    home.write(inv)
    home.mica("init", "--adopt")
    assert "mica audit --accept-restore" in home.mica("apply", code=3).err
    home.mica("audit", "--accept-restore")
    assert states(home)[server] == "delivered"
    home.mica("apply")
    judged(home)


def test_the_copy_holds_mica_off(home):
    """A run that comes while the copy is made says so, and waits for nobody."""
    home.begin()
    said = shell(home, "flock state/lock mica rotate server", code=1)
    assert "another mica" in said.err or "is working" in said.err, said
    shell(home, "flock state/lock mica status")
