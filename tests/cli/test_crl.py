# SPDX-License-Identifier: Apache-2.0
"""The CRL that each signing run ends with: beside ca.pem, read by others, and written only when there is a reason."""
import os
import re
import shutil

import pytest

from harness import crl, parts
from harness.clock import when  # noqa: F401: a fixture
from harness.generations import Generations
from harness.home import Home, without_leak_check
from harness.inventory import Inventory
from harness.run import run
from harness.tree import difference, snapshot

TLS, CLIENT, STATE = "out/prod/tls", "out/prod/clients/ingest", "state/g1.crl"


@pytest.fixture
def later(scratch, when):
    """A home of the release build, and mica in it on another day."""
    home = Home(scratch, build=parts.RELEASE)

    def mica(offset, *args, **more):
        return home.mica(*args, env=when(offset), **more)
    return home, mica


def crls(home):
    """The states of the ledger's CRLs, oldest first."""
    return [r["state"] for r in home.records() if r["kind"] == "crl"]


def places(home):
    return [home / folder / "crl.pem" for folder in (TLS, CLIENT)]


def two_deployments():
    inv = Inventory()
    inv["shared-trust"] = True
    inv["certificates"] += [{"name": n, "profile": "client", "common-name": n} for n in ("query", "backup")]
    inv.deployment["clients"] += ["query"]
    inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test", "clients": ["ingest", "backup"]})
    return inv


# --- what it is ------------------------------------------------------------------------------------


def test_beside_every_ca_pem(home):
    home.begin(two_deployments())
    bundles = sorted(str(p.relative_to(home.path)) for p in home.path.glob("out/**/ca.pem") if ".." not in str(p))
    assert len(bundles) == 6, bundles
    for bundle in bundles:
        folder = (home / bundle).parent
        assert os.readlink(folder / "crl.pem") == "..data/crl.pem"
        assert crl.lists(folder / "crl.pem") == crl.lists(home / STATE), folder
        leaf = next(p for p in folder.iterdir() if p.name in ("server.pem", "client.pem"))
        run(["openssl", "verify", "-x509_strict", "-crl_check", "-CRLfile", folder / "crl.pem",
             "-CAfile", folder / "ca.pem", leaf])


def test_one_file_for_the_clients_of_a_deployment(home):
    """As ca.pem: linked among clients, and never with the server or another deployment."""
    home.begin(two_deployments())
    inode = {p: os.stat(home / p / "crl.pem").st_ino for p in
             ("out/prod/tls", "out/prod/clients/ingest", "out/prod/clients/query", "out/test/clients/ingest")}
    assert inode["out/prod/clients/ingest"] == inode["out/prod/clients/query"]
    assert len(set(inode.values())) == 3


def test_what_it_says(home):
    home.begin()
    found = crl.read(home / STATE)
    text = found["text"]
    assert "Version 2 (0x1)" in text and "No Revoked Certificates." in text, text
    assert "X509v3 Authority Key Identifier" in text
    assert run(["openssl", "crl", "-in", home / STATE, "-noout", "-CAfile", home / "state/g1.pem"]).err == "verify OK\n"
    records = [r for r in home.records() if r["kind"] == "crl"]
    assert [r["state"] for r in records] == ["superseded", "delivered"]
    assert int.from_bytes(records[-1]["serial"], "big") == found["number"]
    numbers = [int.from_bytes(r["serial"], "big") for r in records]
    assert numbers == sorted(set(numbers)) and numbers[0] >= records[0]["created"]


def test_the_anchor_covers_what_was_signed_with_it(home):
    """Its events reach to the intents of the run's certificates, and its hash is that of the newest of them."""
    home.begin()
    events, records, digest = crl.anchor(home / STATE)
    with home.ledger() as db:
        hashes = crl.chain(db)
        assert hashes[events].hex() == digest
        leaves = [seq for seq, in db.execute("SELECT seq FROM record WHERE kind != 'crl' AND kind != 'ca'")]
        intents = [seq for seq, in db.execute(
            "SELECT event.seq FROM event JOIN record ON record.seq = event.record "
            "WHERE event.state = 'intended' AND record.kind IN ('server', 'client')")]
    assert records == max(leaves) and events == max(intents) and len(leaves) == 2
    assert crl.anchor(home / TLS / "crl.pem") == (events, records, digest)


def test_how_long_it_holds(home):
    inv = Inventory()
    inv.ca["crl-days"] = 30
    home.begin(inv)
    ends = run(["date", "-u", "-d", crl.read(home / STATE)["next"], "+%s"]).out
    begins = run(["date", "-u", "-d", crl.read(home / STATE)["this"], "+%s"]).out
    assert int(ends) - int(begins) == 30 * 86400


def test_it_ends_with_its_ca(home):
    inv = Inventory()
    inv.ca["days"], inv["defaults"]["days"] = 100, 90
    home.begin(inv)
    end = run(["openssl", "x509", "-in", home / "state/g1.pem", "-noout", "-enddate"]).out.strip().split("=")[1]
    assert crl.read(home / STATE)["next"] == end


# --- when it is signed, and what changes -------------------------------------------------------------


def test_init_ends_with_one(home):
    home.write().mica("init")
    assert crls(home) == ["delivered"] and len(crl.lists(home / STATE)) == 1
    home.mica("init")
    assert crls(home) == ["delivered"]


def test_nothing_due_writes_nothing(home):
    home.begin()
    with home.unchanged(mtime=True):
        for verb in ("plan", "apply", "status"):
            home.mica(verb)
    assert home.mica("plan", "--json").json["crl"]["signs"] is False


def test_only_what_is_written_anyway_gets_the_new_one(home):
    home.begin()
    before = snapshot(home / TLS, mtime=True)
    said = home.mica("rotate", "ingest")
    assert "1 certificate and a CRL to sign, one login\n" in said.err, said
    assert not difference(before, snapshot(home / TLS, mtime=True))
    assert crl.lists(home / CLIENT / "crl.pem") == crl.lists(home / STATE) != crl.lists(home / TLS / "crl.pem")
    home.mica("plan", "--exit-code", code=0)


def test_plan_and_apply_say_so(home):
    home.write().mica("init")
    said = home.mica("plan").out
    assert "2 to issue, 1 CRL to sign, 2 configuration files to write\n" in said, said
    found = home.mica("plan", "--json").json
    assert found["signatures"] == 3 and found["changes"] == 4
    assert (found["crl"]["ca"], found["crl"]["signs"], found["crl"]["is-due"]) == ("g1", True, False)
    said = home.mica("apply")
    assert "2 certificates and a CRL to sign, one login\n" in said.err, said
    assert "done: 2 issued, 1 CRL, 2 directories, 2 configuration files, in out/prod\n" in said.out, said


@pytest.mark.parametrize("spoil", ["gone", "edited", "another"])
def test_a_file_that_is_not_as_it_was_delivered(home, spoil):
    home.begin()
    place, wanted = home / CLIENT / "crl.pem", (home / CLIENT / "crl.pem").read_bytes()
    if spoil == "gone":
        place.unlink()
    elif spoil == "edited":
        place.resolve().write_bytes(wanted[:-40])
    else:
        place.resolve().write_bytes(wanted + b"\n")
    said = home.mica("plan", code=4, *["--exit-code"]).out
    assert f"crl.pem {'is missing' if spoil == 'gone' else 'was changed'} in {CLIENT}" in said and "must change" not in said, said
    before = [snapshot(home / TLS, mtime=True), (home / CLIENT / "client.key").read_bytes()]
    said = home.mica("apply")
    assert "to sign" not in said.err and "restart" not in said.err, said
    assert place.read_bytes() == wanted
    assert [snapshot(home / TLS, mtime=True), (home / CLIENT / "client.key").read_bytes()] == before
    assert crls(home).count("delivered") == 1 and len(crls(home)) == 2


def test_a_ca_that_was_adopted_gets_one_from_the_first_apply(home):
    home.write().mica("init")
    (home / "state/g1.pem").rename(home / "ca.pem")
    shutil.rmtree(home / "state")
    inv = Inventory()
    inv.ca["certificate"] = "ca.pem"
    home.write(inv).mica("init")
    assert crls(home) == [] and not (home / STATE).exists()
    said = home.mica("plan", "--exit-code", code=4).out
    assert re.search(r"CRL of g1 +sign +\S+ +there is none yet\n", said), said
    home.mica("apply")
    assert crls(home) == ["delivered"]
    assert all(crl.lists(p) == crl.lists(home / STATE) for p in places(home))


def test_places_of_before_there_were_crls(home):
    """Another program's ledger: everything is there but the lists."""
    home.begin()
    tree = {p: (home / p).read_bytes() for p in (f"{TLS}/server.pem", f"{CLIENT}/client.key")}
    with home.ledger() as db:
        db.execute("DELETE FROM event WHERE record IN (SELECT seq FROM record WHERE kind = 'crl')")
        for table in ("tbs", "certificate"):
            db.execute(f"DELETE FROM {table} WHERE record IN (SELECT seq FROM record WHERE kind = 'crl')")
        db.execute("DELETE FROM record WHERE kind = 'crl'")
        db.execute("UPDATE delivery SET crl_file = zeroblob(32), crl_list = zeroblob(32), crl_due = 0")
        crl.mend(db)
    (home / STATE).unlink()
    for place in places(home):
        place.resolve().unlink()
        place.unlink()
    said = home.mica("apply")
    assert "a CRL to sign, one login\n" in said.err and "done: 2 delivered again, 1 CRL, 2 directories" in said.out, said
    assert all(crl.lists(p) == crl.lists(home / STATE) for p in places(home))
    assert tree == {p: (home / p).read_bytes() for p in tree}


def test_due_alone(later):
    home, mica = later
    inv = Inventory()
    inv["defaults"]["days"] = 360
    home.begin(inv)
    old = crl.lists(home / STATE)
    mica("+119d", "plan", "--exit-code", code=0)
    said = mica("+121d", "plan", "--exit-code", code=4).out
    assert re.search(r"CRL of g1 +sign +\S+ +runs out in 5[89] days\n", said), said
    assert "2 to deliver again, 1 CRL to sign\n" in said, said
    leaf = (home / TLS / "server.pem").read_bytes()
    said = mica("+121d", "apply")
    assert "\na CRL to sign, one login\n" in "\n" + said.err and "restart" not in said.err, said
    assert crl.lists(home / STATE) != old
    assert all(crl.lists(p) == crl.lists(home / STATE) for p in places(home))
    assert (home / TLS / "server.pem").read_bytes() == leaf
    mica("+122d", "plan", "--exit-code", code=0)
    run(["openssl", "verify", "-crl_check", "-attime", run(["date", "-d", "+200 days", "+%s"]).out.strip(), "-CRLfile",
         home / TLS / "crl.pem", "-CAfile", home / TLS / "ca.pem", home / TLS / "server.pem"])


def test_a_place_follows_without_the_token(later):
    """The newest one was signed with a rotation since; the place that kept its own gets it when that runs out."""
    home, mica = later
    inv = Inventory()
    inv["defaults"]["days"] = 360
    home.begin(inv)
    mica("+60d", "rotate", "ingest")
    mica("+119d", "plan", "--exit-code", code=0)
    said = mica("+121d", "apply")
    assert "to sign" not in said.err and "1 delivered again, 1 directory" in said.out, said
    assert crl.lists(home / TLS / "crl.pem") == crl.lists(home / STATE)


def test_ahead(later):
    home, mica = later
    inv = Inventory()
    inv["defaults"]["days"] = 360
    home.begin(inv)
    said = mica("+100d", "apply", "--ahead", "30d")
    assert "\na CRL to sign, one login\n" in "\n" + said.err, said


def test_status_tells_it(later):
    home, mica = later
    inv = Inventory()
    inv["defaults"]["days"] = 360
    home.begin(inv)
    home.mica("status", "--exit-code", env=without_leak_check(), code=0)
    mica("+121d", "status", "--exit-code", code=4)


# --- more than one CA ---------------------------------------------------------------------------------


def test_the_list_of_every_ca_in_the_bundle(home):
    """The standby's too, from its init on; and none of a CA that has no certificate yet."""
    inv = Inventory()
    home.begin(inv)
    cas = Generations(home, inv).add(2).add(3)
    cas.write()
    home.mica("init")
    home.mica("apply")
    both = crl.lists(home / STATE) + crl.lists(home / "state/g2.crl") + crl.lists(home / "state/g3.crl")
    assert all(crl.lists(p) == both for p in places(home))
    home.mica("plan", "--exit-code", code=0)
    home.mica("rotate", "ingest")
    assert len(set(crl.lists(home / CLIENT / "crl.pem")) & set(both)) == 2  # those of the others are not made anew
    home.mica("plan", "--exit-code", code=0)


def test_a_ca_that_does_not_issue_is_told(later):
    """Nothing signs its list anew by itself; that matters while a certificate of it is in use."""
    home, mica = later
    inv = Inventory()
    inv["defaults"]["days"] = 360
    inv.deployment["endpoints"] = ["127.0.0.1:1"]  # nobody serves: what the new CA is to issue is held
    home.begin(inv, code=5)
    cas = Generations(home, inv).add(2)
    cas.write()
    home.mica("init")
    home.mica("apply", code=5)
    cas.state(g1="trusted", g2="issuing")
    assert "crl" not in mica("+119d", "plan").err
    said = mica("+121d", "plan").err
    assert "the CRL of CA 'g1', which does not issue, runs out on " in said, said
    assert "hint: mica revoke --crl g1 signs it anew\n" in said, said
    assert "the CRL of CA 'g1', which does not issue, ran out on " in mica("+181d", "plan").err
    mica("+181d", "revoke", "--crl", "g1")
    assert "CRL of CA 'g1'" not in mica("+181d", "plan").err
    assert crl.lists(home / "state/g1.crl")[0] in crl.lists(home / TLS / "crl.pem")


# --- what it does not change -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["helm", "operator"])
def test_kubernetes_does_not_see_it(later, kind):
    """A Secret carries no CRL: a new one is no reason to bring anything to the cluster."""
    home, mica = later
    inv = Inventory()
    inv["defaults"]["days"] = 360
    inv.deployment["kind"] = kind
    home.begin(inv)
    before = {p: p.read_bytes() for p in (home / "out/prod").glob("*") if p.is_file()}
    assert not any(b"crl.pem" in text for text in before.values())
    said = mica("+121d", "apply")
    assert "next:" not in said.err and "1 CRL, 2 directories" in said.out, said
    assert before == {p: p.read_bytes() for p in (home / "out/prod").glob("*") if p.is_file()}
    mica("+122d", "plan", "--exit-code", code=0)


def test_check_says_nothing_of_it(home):
    home.begin()
    said = home.mica("check", code=None)
    assert said.code == 0 and "crl" not in said.out + said.err, said
