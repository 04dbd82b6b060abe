# SPDX-License-Identifier: Apache-2.0
"""One CA after the other: states, the order of trust, issue and drop, what is held and what is refused, cross-certificates,
and another certificate for the same key. docs/generations.md is the page on it."""
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import time

import pytest

from harness.generations import Generations, issuers, names
from harness.home import without_leak_check
from harness.inventory import Inventory
from harness.offline import Offline
from harness.run import run

TLS, CLIENT = "out/prod/tls", "out/prod/clients/ingest"
G1, G2 = "Milvus CA g1", "Milvus CA g2"
# an end that stands for Milvus: reads its files once, at start, and notes what lay there then; `broken` stops it, and
# `murder` kills who called it
SERVER = """#!/bin/sh
tls=out/$1/tls
[ ! -f broken ] || { echo "no such container: milvus" >&2; exit 3; }
echo "$1 $(grep -c BEGIN $tls/ca.pem) $(openssl x509 -in $tls/server.pem -noout -issuer | sed 's/.*CN *= *//')" >>starts
[ ! -f pid-$1 ] || kill $(cat pid-$1)
setsid openssl s_server -accept 127.0.0.1:$2 -www -Verify 5 -verify_return_error -tls1_3 -cert $tls/server.pem \
    -cert_chain $tls/server.pem -key $tls/server.key -CAfile $tls/ca.pem </dev/null >server-$1.log 2>&1 &
echo $! >pid-$1
[ ! -f murder ] || { rm murder; kill -9 $PPID; }
"""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def ca(home):
    """g1 alone; nothing is made yet."""
    return Generations(home, Inventory()).write()


def serving(ca, *deployments):
    """Deployments with an end that stands for Milvus; the first of the inventory is called prod."""
    home = ca.home
    (home / "restart").write_text(SERVER)
    (home / "restart").chmod(0o755)
    ca.inv["shared-trust"] = len(deployments) > 1
    first = ca.inv.deployment
    ca.inv["milvus"] = [{**first, "name": name, "out": f"out/{name}", "restart": ["./restart", name, str(port)],
                         "endpoints": [f"127.0.0.1:{port}"], "deadline": "20s"}
                        for name in deployments for port in [free_port()]]
    return ca.write()


@pytest.fixture
def served(ca):
    serving(ca, "prod")
    yield ca
    end(ca.home)


def end(home):
    for path in home.path.glob("pid-*"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(path.read_text()), signal.SIGKILL)


def begin(ca):
    ca.home.mica("init")
    ca.home.mica("apply")
    return ca


def starts(home):
    return [tuple(line.split(" ", 2)) for line in (home / "starts").read_text().splitlines()]


def plan(home, *args):
    return {i["entry"]: i for i in home.mica("plan", "--json", *args).json["items"]}


def records(home, **keys):
    return [r for r in home.records() if all(r[k] == v for k, v in keys.items())]


def verifies(home, leaf, ca_file, *more):
    return run(["openssl", "verify", "-x509_strict", "-CAfile", ca_file, *more, leaf], cwd=home.path, code=None).code == 0


# --- init: every CA of the list ---------------------------------------------------------------


def test_each_on_its_own_token(ca):
    home = ca.home
    ca.add(2).add(3, "retired").write()
    said = home.mica("init", "--json").json
    assert [(m["ca"], m["token"]["label"]) for m in said["made"]] == [("g1", "milvus-ca"), ("g2", "milvus-ca-2")]
    assert not (home / "state/g3.pem").exists()
    assert {r["ca"] for r in home.records()} == {"g1", "g2"}
    again = home.mica("init")
    assert again.out.count("nothing to do: CA") == 2
    rows = {c["entry"]: c for c in home.mica("status", "--json").json["certificates"]}
    assert [rows[n]["ca-state"] for n in ("g1", "g2", "g3")] == ["issuing", "trusted", "retired"]
    shown = home.mica("status").out
    assert "g1: issuing\n" in shown and "g2: trusted\n" in shown and "g3: retired; it never had" in shown


def test_nobody_waits_for_the_list_of_a_spare_one(ca):
    """Its token lies in a safe: that its CRL runs out is no alert, and is not due, as long as nothing of it is in use."""
    home = ca.home
    begin(ca.add(2).write())
    assert re.search(r"^CRL of g2: until 20\d\d-\d\d-\d\d; no certificate in use needs a newer one$", home.mica("status").out, re.M)
    due = {c["name"]: c["crl-due"] for c in home.mica("status", "--json").json["cas"]}
    assert due["g1"] and due["g2"] is None
    page = home.mica("status", "--prometheus", "-").out
    assert re.findall(r'^mica_crl_next_update_timestamp_seconds{ca="(\w+)"}', page, re.M) == ["g1"]
    ca.inv["ca"][0]["crl-days"] = 30  # less than its certificates live
    ca.write()
    home.mica("rotate", "--all")
    ca.inv["ca"][0]["state"], ca.inv["ca"][1]["state"] = "trusted", "issuing"
    ca.write()
    assert re.search(r"^CRL of g1: until \S+, due \S+$", home.mica("status").out, re.M)
    page = home.mica("status", "--prometheus", "-").out
    assert re.findall(r'^mica_crl_next_update_timestamp_seconds{ca="(\w+)"}', page, re.M) == ["g1", "g2"]


def test_one_that_is_named(ca):
    home = ca.home
    ca.add(2).write()
    assert "'mica.yaml' has no CA 'g22'; did you mean 'g2'?" in home.mica("init", "g22", code=2).err
    assert "one CA at a time" in home.mica("init", "g1", "g2", code=2).err
    home.mica("init", "g2")
    assert sorted(p.name for p in home.path.glob("state/*.pem")) == ["g2.pem"]
    refused = home.mica("apply", code=1)
    assert "the CA 'g1' has no certificate yet" in refused.err and "mica init g1" in refused.err
    home.mica("init")
    assert home.mica("init", "g1").out.startswith("nothing to do: CA 'g1'")


@pytest.mark.parametrize("option", [["--adopt"], ["--csr", "x.csr"], ["--certificate", "x.pem"]])
def test_an_option_is_about_one(ca, option):
    home = ca.home
    ca.add(2).write()
    with home.unchanged():
        refused = home.mica("init", *option, code=2)
    assert f"{option[0]} is about one CA, and there are 'g1', 'g2'" in refused.err
    assert f"mica init g1 {option[0]}" in refused.err


def test_the_second_token_is_away(ca):
    """What was made stays made, and the next run goes on with the rest."""
    home = ca.home
    ca.add(2).write()
    away = home.scratch / "away"
    shutil.move(ca.tokens["g2"], away)
    failed = home.mica("init", code=1)
    assert "CA g" not in failed.err and "CA 'g2'" in failed.err and "milvus-ca-2" in failed.err
    assert [r["entry"] for r in home.records() if r["kind"] == "ca"] == ["g1"]
    shutil.move(away, ca.tokens["g2"])
    assert "CA           g2" in home.mica("init").out
    assert [r["entry"] for r in home.records() if r["kind"] == "ca"] == ["g1", "g2"]


def test_the_key_of_one_that_stands_by(ca):
    """mica token takes a name: its key, its evidence, its latch."""
    home = ca.home
    ca.add(2).write()
    home.mica("init")
    of = {name: home.mica("token", name, "--json").json["key"]["id"] for name in ("g1", "g2")}
    assert of["g1"] != of["g2"] and home.mica("token", "--json").json["key"]["id"] == of["g1"]
    home.mica("token", "g2", "--prove", "evidence.json")
    evidence = json.loads((home / "evidence.json").read_text())
    assert evidence["ca"]["name"] == "g2" and evidence["key"]["id"] == of["g2"]
    assert "has no CA 'g3'" in home.mica("token", "g3", code=2).err
    assert home.mica("token", "g1", "--module", "softhsm2", code=2).err
    (home / "pin2").write_text("wrong\n")
    assert home.mica("token", "g2", code=1).err
    assert "milvus-ca-2" in home.mica("status").err, "the latch of a CA that is not issuing is told"
    assert "nothing to clear" in home.mica("token", "g1", "--clear-latch").out
    assert "cleared: the latch of token 'milvus-ca-2'" in home.mica("token", "--clear-latch").out


# --- who is trusted ---------------------------------------------------------------------------


def test_the_order_of_ca_pem(ca):
    """The issuing one first, then the trusted ones in the file's order, then `trust`; each once."""
    home = ca.home
    old = Offline(home / "old")
    old.root("old", "/O=Example/CN=Old CA")
    ca.inv["trust"] = ["old/old.pem"]
    ca.add(3).add(2).add(4, "retired")
    ca.inv["ca"].reverse()  # g4, g2, g3, g1
    ca.write()
    begin(ca)
    for folder in (TLS, CLIENT):
        assert names(home / folder / "ca.pem") == [G1, G2, "Milvus CA g3", "Old CA"]
    assert not (home / TLS / "trust.pem").exists()
    ca.inv["trust"].append("state/g2.pem")
    ca.write()
    assert "nothing to do" in home.mica("plan").out


def test_intermediates_let_in_no_more(ca):
    """A server's ca.pem holds the CAs themselves, what a client trusts reaches up to the roots, each once."""
    home = ca.home
    offline = Offline(home / "offline")
    offline.root("root", "/O=Example/CN=Root")
    ca.add(2)
    for one in ca.inv["ca"]:
        one["parent"] = ["offline/root.pem"]
    ca.write()
    for name in ("g1", "g2"):
        home.mica("init", name, "--csr", f"{name}.csr")
        offline.sign(home / f"{name}.csr", "root", home / f"{name}.pem")
        home.mica("init", name, "--certificate", f"{name}.pem")
    home.mica("apply")
    assert names(home / TLS / "ca.pem") == [G1, G2]
    assert names(home / TLS / "trust.pem") == names(home / CLIENT / "ca.pem") == [G1, "Root", G2]
    ca.state(g1="trusted", g2="issuing")
    home.mica("apply")
    assert names(home / TLS / "server.pem") == ["localhost", G2]
    assert names(home / CLIENT / "ca.pem") == [G2, "Root", G1]
    for folder in (TLS, CLIENT):
        assert verifies(home, f"{folder}/{'server' if folder == TLS else 'client'}.pem", f"{CLIENT}/ca.pem")


def test_one_that_is_not_made_yet(ca):
    begin(ca)
    ca.add(2).write()
    said = ca.home.mica("plan")
    assert "CA 'g2' has no certificate yet: nobody trusts it" in said.err and "mica init g2" in said.err
    assert "nothing to do" in said.out


# --- the token is lost: one that stands by ------------------------------------------------------


def test_two_words_are_edited(served):
    """It was trusted from day one: nothing is held, one restart, and who was given ca.pem before verifies the new ones."""
    ca, home = served, served.home
    ca.add(2).write()
    begin(ca)
    before = home.scratch / "before"
    shutil.copytree(home / CLIENT, before)
    ca.lose("g1")
    assert "milvus-ca" in home.mica("rotate", "server", code=1).err
    ca.state(g1="trusted", g2="issuing")
    planned = plan(home)
    assert {i["action"] for i in planned.values()} == {"rotate"} and not any(i["held"] for i in planned.values())
    assert planned["server"]["why"] == "issued by 'g1', and 'g2' issues now"
    assert "in one run" not in home.mica("plan").err
    done = home.mica("apply", "--json").json
    assert (done["rotated"], done["delivered"], done["restarted"], done["held"]) == (2, 0, 1, 0)
    assert starts(home) == [("prod", "2", G1), ("prod", "2", G2)]
    assert verifies(home, f"{TLS}/server.pem", before / "ca.pem")
    assert verifies(home, before / "client.pem", f"{TLS}/ca.pem")
    assert {(r["entry"], r["ca"], r["state"]) for r in records(home) if r["kind"] in ("server", "client")} == {
        ("server", "g1", "superseded"), ("server", "g2", "served"),
        ("ingest", "g1", "superseded"), ("ingest", "g2", "delivered")}
    assert "nothing to do" in home.mica("apply").out


# --- trust, issue, drop -------------------------------------------------------------------------


def test_the_order_is_kept_in_one_apply(served):
    """The new CA is known to everybody before it issues anything, though one edit asks for both."""
    ca, home = served, served.home
    begin(ca)
    ca.add(2).state(g1="trusted", g2="issuing")
    home.mica("init")
    shown = home.mica("plan")
    assert "ca.pem must change in out/prod/tls; then 'g2' issues it anew" in shown.out
    assert "then, once everybody it concerns trusts 'g2' and was restarted: 2 certificates to issue anew" in shown.out
    document = home.mica("plan", "--json").json
    assert document["held"] == 2 and document["signatures"] == 0
    (finding,) = [f for f in document["findings"] if f["rule"] == "trusted-and-issuing"]
    assert finding["text"] == "CA 'g2' is trusted and issues 'server' in one run: clients that read ca.pem only " \
                                 "when they start need a restart in between"
    assert "warning: CA 'g2' is trusted and issues 'server' in one run" in shown.err
    assert "one apply with 'state: trusted' for 'g2'" in shown.err
    home.mica("plan", "--exit-code", code=4)
    done = home.mica("apply", "--json").json
    assert [f["rule"] for f in done["findings"]].count("trusted-and-issuing") == 1
    assert [(i["entry"], i["action"], i["held"]) for i in done["items"]] == [
        ("server", "deliver", True), ("ingest", "deliver", True), ("server", "rotate", False), ("ingest", "rotate", False)]
    assert (done["delivered"], done["rotated"], done["restarted"], done["held"], done["served"]) == (2, 2, 2, 0, True)
    assert starts(home) == [("prod", "1", G1), ("prod", "2", G1), ("prod", "2", G2)]


def test_nothing_is_issued_before_it_is_served(served):
    """A restart that fails holds everything; when it works again the same apply goes on."""
    ca, home = served, served.home
    begin(ca)
    ca.add(2).state(g1="trusted", g2="issuing")
    home.mica("init")
    (home / "broken").touch()
    for _ in range(2):
        home.mica("apply", code=5)
        assert not [r for r in home.records() if r["ca"] == "g2" and r["kind"] in ("server", "client")]
        assert issuers(home / TLS / "server.pem") == issuers(home / CLIENT / "client.pem") == [G1]
        assert {i["action"] for i in plan(home).values()} == {"hold"}
    held = plan(home)["ingest"]
    assert held["why"] == "issued by 'g1', and 'g2' issues now; held: the Milvus of 'prod' is owed a restart"
    assert "ingest: issued by 'g1', and 'g2' issues now; held: the Milvus of 'prod'" in home.mica("status").out
    home.mica("status", "--exit-code", code=4)
    # asked for by name it is held all the same: it would be of no use
    home.mica("rotate", "ingest", code=5)
    assert issuers(home / CLIENT / "client.pem") == [G1]
    (home / "broken").unlink()
    assert "2 rotated" in home.mica("apply").out
    assert starts(home)[-2:] == [("prod", "2", G1), ("prod", "2", G2)]


@pytest.mark.parametrize("restart", [1, 2], ids=["trusted", "issued"])
def test_killed_while_it_restarts(served, restart):
    """mica dies in the first restart, or in the second: the next run goes on from there, and does nothing twice."""
    ca, home = served, served.home
    begin(ca)
    ca.add(2).state(g1="trusted", g2="issuing")
    home.mica("init")
    script = (home / "restart").read_text()
    if restart == 2:  # the mine is laid by the first
        script = script.replace("[ ! -f murder ]", "[ -f laid ] || { touch laid murder; exit 0; }\n[ ! -f murder ]")
    else:
        (home / "murder").touch()
    (home / "restart").write_text(script)
    home.mica("apply", code=-9, env=without_leak_check())
    home.mica("apply")
    assert {issuers(home / f)[0] for f in (f"{TLS}/server.pem", f"{CLIENT}/client.pem")} == {G2}
    assert len([r for r in home.records() if r["ca"] == "g2" and r["kind"] in ("server", "client")]) == 2
    assert "nothing to do" in home.mica("apply").out
    home.mica("status", "--exit-code")


def test_where_nothing_can_be_seen(ca):
    """Without restart and endpoints nobody knows what Milvus has read: not in the same run."""
    home = begin(ca).home
    ca.add(2).state(g1="trusted", g2="issuing")
    home.mica("init")
    first = home.mica("apply", code=5)
    assert "must be restarted first, which nothing here can see" in first.out.replace("\n", " ")
    assert "2 certificates are not issued by 'g2' yet" in first.err
    assert issuers(home / TLS / "server.pem") == [G1] and names(home / TLS / "ca.pem") == [G2, G1]
    assert home.mica("apply", "--json").json["rotated"] == 2

    ca.state(g1="retired")
    words = "CA 'g1' leaves every ca.pem, and whether the Milvus of 'prod' still serves what it issued cannot be seen"
    assert words in home.mica("plan").err
    assert words in home.mica("apply").err
    assert words not in home.mica("apply").err and names(home / TLS / "ca.pem") == [G2]


def test_one_way_mode(ca):
    """Nobody asks for a client's certificate, and Milvus reads no ca.pem: only its clients must know the new CA."""
    ca.inv.deployment.update({"tls-mode": 1, "internal-tls": False})
    home = begin(ca).home
    ca.add(2).state(g1="trusted", g2="issuing")
    home.mica("init")
    planned = plan(home)
    assert planned["ingest"]["action"] == "rotate"
    assert (planned["server"]["action"], planned["server"]["held"]) == ("deliver", True)
    done = home.mica("apply", "--json").json
    assert [(i["entry"], i["action"]) for i in done["items"] if i["action"] != "keep"] == [
        ("server", "deliver"), ("ingest", "rotate"), ("server", "rotate")]


def test_one_deployment_only(ca):
    """A client of two is held until both are ready."""
    serving(ca, "prod", "test")
    home = ca.home
    try:
        begin(ca)
        ca.add(2).state(g1="trusted", g2="issuing")
        home.mica("init")
        said = home.mica("apply", "--only", "prod", code=5)
        assert "held: 'test' does not trust 'g2' yet" in said.out.replace("\n", " ") or \
            "'test'" in plan(home, "--only", "prod")["ingest"]["why"]
        assert issuers(home / CLIENT / "client.pem") == [G1]
        assert "2 rotated" in home.mica("apply").out
        assert {issuers(home / f"out/{n}/tls/server.pem")[0] for n in ("prod", "test")} == {G2}
    finally:
        end(home)


def test_what_does_not_work_is_not_held(served):
    """A key that is lost, a certificate that was revoked: nobody loses anything by a new one."""
    ca, home = served, served.home
    begin(ca)
    ca.add(2).state(g1="trusted", g2="issuing")
    home.mica("init")
    (home / "broken").touch()
    home.mica("apply", code=5)
    (home / CLIENT / "client.key").unlink()
    assert plan(home)["ingest"]["action"] == "rotate" and plan(home)["server"]["action"] == "hold"
    home.mica("apply", code=5)
    assert issuers(home / CLIENT / "client.pem") == [G2] and issuers(home / TLS / "server.pem") == [G1]


# --- retired ------------------------------------------------------------------------------------


def test_retired_while_it_is_needed(served):
    """Refused, naming everything, in one run; nothing is changed."""
    ca, home = served, served.home
    ca.add(2).write()
    begin(ca)
    ca.state(g1="retired", g2="issuing")
    for verb in ("plan", "apply"):
        with home.unchanged():
            refused = home.mica(verb, code=3)
        assert "CA 'g1' is still needed: server 'server' has its certificate" in refused.err
        assert "CA 'g1' is still needed: client 'ingest' has its certificate" in refused.err
        assert "mica: CA 'g1' is retired, and is still needed: see above" in refused.err
    assert home.mica("status").out, "facts are told all the same"
    ca.inv["ca"].remove(ca.of("g1"))
    ca.write()
    assert "CA 'g1' is no longer in the inventory, and is still needed" in home.mica("apply", code=3).err


def test_retired_while_the_old_one_is_served(served):
    """The successor lies there, and the endpoint was not seen with it."""
    ca, home = served, served.home
    ca.add(2).write()
    begin(ca)
    (home / "broken").touch()
    ca.state(g1="trusted", g2="issuing")
    home.mica("apply", code=5)
    assert issuers(home / TLS / "server.pem") == [G2]
    ca.state(g1="retired")
    refused = home.mica("apply", code=3)
    endpoint = ca.inv.deployment["endpoints"][0]
    assert f"the endpoint {endpoint} of 'prod' was not seen with another certificate of 'server'" in refused.err
    assert "client" not in refused.err
    (home / "broken").unlink()
    ca.state(g1="trusted")
    home.mica("apply")
    ca.state(g1="retired")
    home.mica("apply")
    assert names(home / TLS / "ca.pem") == names(home / CLIENT / "ca.pem") == [G2]
    assert starts(home)[-1] == ("prod", "1", G2)


def test_retired_and_gone(served):
    """It leaves the bundles, then the list, and the ledger still vouches for what it issued."""
    ca, home = served, served.home
    ca.add(2).write()
    begin(ca)
    ca.state(g1="trusted", g2="issuing")
    home.mica("apply")
    ca.state(g1="retired")
    home.mica("apply")
    ca.drop("g1")
    assert "nothing to do" in home.mica("apply").out
    audit = home.mica("audit", "--json").json
    assert {r["entry"] for r in audit["records"] if r["state"] == "superseded"} >= {"server", "ingest"}
    # it may come back, and is looked at anew when it retires again
    ca.inv["ca"].insert(0, {**ca.of("g2"), "name": "g1", "state": "trusted", "key": "pkcs11:token=milvus-ca;object=ca",
                            "pin": "file:pin", "subject": {"C": "US", "O": "Example", "CN": G1}})
    ca.write()
    home.mica("apply")
    assert names(home / TLS / "ca.pem") == [G2, G1]
    ca.state(g1="issuing", g2="trusted")
    home.mica("apply")
    ca.state(g1="retired", g2="issuing")
    assert "CA 'g1' is still needed" in home.mica("apply", code=3).err


def test_what_left_the_inventory_may_be_in_use(ca):
    """Nobody knows who still has it: until its end, or until it is revoked."""
    home = ca.home
    ca.inv["certificates"].append({"name": "reader", "profile": "client", "common-name": "reader"})
    ca.inv.deployment["clients"].append("reader")
    ca.add(2).write()
    begin(ca)
    del ca.inv["certificates"][-1]
    ca.inv.deployment["clients"].remove("reader")
    ca.write()
    home.mica("apply")
    ca.state(g1="trusted", g2="issuing")
    home.mica("apply")
    ca.state(g1="retired")
    refused = home.mica("apply", code=3)
    assert "client 'reader' has its certificate" in refused.err and "revoke it" in refused.err
    assert "ingest" not in refused.err
    ca.state(g1="trusted")
    (serial,) = (bytes(r["serial"]).hex() for r in home.records() if r["entry"] == "reader")
    home.mica("revoke", serial, "--reason", "superseded")
    ca.state(g1="retired")
    home.mica("apply")


# --- cross-certificates -------------------------------------------------------------------------


@pytest.fixture
def crossed(served):
    served.add(2, **{"cross-sign": True}).write()
    return begin(served)


def test_certified_by_the_one_before(crossed):
    """In an apply, in the same login, by the issuing CA's key; recorded as that."""
    ca, home = crossed, crossed.home
    (record,) = records(home, entry="g2:cross")
    assert (record["kind"], record["ca"], record["state"]) == ("ca", "g1", "issued")
    cross = home.scratch / "cross.der"
    with contextlib.closing(sqlite3.connect(home / "state/ledger.db")) as db:
        cross.write_bytes(db.execute("SELECT bytes FROM certificate WHERE record = ?", (record["seq"],)).fetchone()[0])
    text = run(["openssl", "x509", "-inform", "DER", "-in", cross, "-noout", "-text"]).out
    assert G1 in text.partition("Subject:")[0] and G2 in text.partition("Subject:")[2]
    assert "CA:TRUE, pathlen:0" in text
    pem = home.scratch / "cross.pem"
    run(["openssl", "x509", "-inform", "DER", "-in", cross, "-out", pem])
    assert verifies(home, pem, "state/g1.pem")
    assert "nothing to do" in home.mica("apply").out
    # it is of no use to g1's own
    assert names(home / TLS / "server.pem") == ["localhost"]
    home.mica("audit")


@contextlib.contextmanager
def trusting(ca_file, folder):
    """A server that takes the clients of this CA alone."""
    port = free_port()
    with subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-Verify", "5",
                           "-verify_return_error", "-cert", folder / "client.pem", "-key", folder / "client.key",
                           "-CAfile", ca_file], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"}) as server:
        try:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            yield port
        finally:
            server.kill()


def test_who_trusts_the_old_one_alone(crossed):
    """Server and client bring the cross-certificate along; either end may know g1 alone."""
    ca, home = crossed, crossed.home
    shutil.copytree(home / CLIENT, home.scratch / "old")
    ca.state(g1="trusted", g2="issuing")
    home.mica("apply")
    for leaf, subject in ((f"{TLS}/server.pem", "localhost"), (f"{CLIENT}/client.pem", "ingest")):
        assert names(home / leaf) == [subject, G2] and issuers(home / leaf) == [G2, G1]
        assert verifies(home, leaf, "state/g1.pem", "-untrusted", leaf)
        assert not verifies(home, leaf, "state/g1.pem")
    # the end that stands for Milvus trusts both; a client trusts g1 alone
    (endpoint,) = ca.inv.deployment["endpoints"]
    old = home.scratch / "old"
    said = run(["openssl", "s_client", "-connect", endpoint, "-CAfile", old / "ca.pem", "-verify_return_error",
                "-verify_hostname", "localhost", "-cert", old / "client.pem", "-key", old / "client.key"],
               code=None, stdin="GET / HTTP/1.0\n\n")
    assert said.code == 0 and "Verification: OK" in said.out, said
    # an end that trusts g1 alone; the client is the new one
    with trusting(home / "state/g1.pem", old) as port:
        new = home / CLIENT
        base = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-key", new / "client.key",
                "-cert", new / "client.pem", "-ign_eof"]
        taken = run([*base, "-cert_chain", new / "client.pem"], code=None, stdin="GET / HTTP/1.0\n\n")
        assert "HTTP/1.0 200" in taken.out, taken
        alone = run(base, code=None, stdin="GET / HTTP/1.0\n\n")
        assert "HTTP/1.0 200" not in alone.out, "without the cross-certificate nobody verifies it"
    home.mica("check")
    home.mica("audit")


def test_too_late(served):
    ca, home = served, served.home
    ca.add(2).write()
    begin(ca)
    ca.state(g1="trusted", g2="issuing")
    home.mica("apply")
    ca.of("g2")["cross-sign"] = True
    ca.write()
    with home.unchanged():
        refused = home.mica("apply", code=3)
    assert "CA 'g2' issues already, and has no cross-certificate" in refused.err
    assert "let the older CA issue again" in refused.err
    # the way that the hint tells
    ca.state(g1="issuing", g2="trusted")
    home.mica("apply")
    assert records(home, entry="g2:cross")
    ca.state(g1="trusted", g2="issuing")
    home.mica("apply")
    assert issuers(home / TLS / "server.pem") == [G2, G1]


def test_taken_out_again(crossed):
    ca, home = crossed, crossed.home
    ca.state(g1="trusted", g2="issuing")
    home.mica("apply")
    del ca.of("g2")["cross-sign"]
    ca.write()
    assert plan(home)["server"]["action"] == "deliver"
    home.mica("apply")
    assert names(home / TLS / "server.pem") == ["localhost"]


def test_an_intermediate_certifies_nobody(ca):
    home = ca.home
    offline = Offline(home / "offline")
    offline.root("root", "/O=Example/CN=Root")
    ca.inv.ca["parent"] = ["offline/root.pem"]
    ca.add(2, **{"cross-sign": True})
    del ca.of("g2")["parent"]
    ca.write()
    home.mica("init", "g1", "--csr", "g1.csr")
    offline.sign(home / "g1.csr", "root", home / "g1.pem")
    home.mica("init", "g1", "--certificate", "g1.pem")
    home.mica("init", "g2")
    refused = home.mica("plan", code=3)
    assert "cross-sign of CA 'g2'" in refused.err and "path length" in refused.err


# --- another certificate for the same key -------------------------------------------------------


def test_renewed_with_the_same_key(served):
    ca, home = served, served.home
    ca.inv.ca["days"] = 100
    ca.write()
    begin(ca)
    before = (home / "state/g1.pem").read_text()
    shutil.copytree(home / TLS, home.scratch / "old")
    later = home.mica("plan", "--at", "2099-01-01", code=1)
    assert "expired" in later.err
    ca.inv.ca["days"] = 3650
    ca.write()
    made = home.mica("init", "--renew", "--json").json["made"][0]
    after = (home / "state/g1.pem").read_text()
    assert after != before and made["ca"] == "g1"
    keys = {run(["openssl", "x509", "-noout", "-pubkey"], stdin=pem).out for pem in (before, after)}
    assert len(keys) == 1
    assert [(r["entry"], r["state"]) for r in records(home, kind="ca")] == [("g1", "superseded"), ("g1", "issued")]
    assert {i["action"] for i in plan(home).values()} == {"deliver"}
    done = home.mica("apply", "--json").json
    assert (done["delivered"], done["rotated"], done["restarted"]) == (2, 0, 1)
    # what was issued is good under either
    assert verifies(home, home.scratch / "old/server.pem", f"{TLS}/ca.pem")
    assert verifies(home, f"{TLS}/server.pem", home.scratch / "old/ca.pem")
    assert "nothing to do" in home.mica("apply").out
    home.mica("rotate", "--all")
    assert verifies(home, f"{TLS}/server.pem", home.scratch / "old/ca.pem")
    text = home.mica("audit").out
    assert re.search(r"^CA g1 \(older\): .*\nCA g1 \(current\): ", text, re.M), text
    assert [(c["name"], c["current"], c["sha-256"]) for c in home.mica("audit", "--json").json["cas"]] == [
        ("g1", current, hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN"):])).hexdigest())
        for pem, current in ((before, False), (after, True))]
    said = home.mica("token", "--json").json
    assert said["key"]


def test_nothing_to_renew(ca):
    ca.home.mica("init", "--renew", "g1", code=3)
    said = ca.home.mica("init", "--renew", code=3)
    assert "no CA has a certificate to renew" in said.err and "mica init makes" in said.err, said
    ca.add(2).write()
    ca.home.mica("init")
    assert "--renew is about one CA" in ca.home.mica("init", "--renew", code=2).err
    assert "exclude each other" in ca.home.mica("init", "--renew", "--adopt", code=2).err


def test_renewed_by_the_one_above(ca):
    """An intermediate asks again, with the same key; what is brought must be for it."""
    home = ca.home
    offline = Offline(home / "offline")
    offline.root("root", "/O=Example/CN=Root")
    ca.inv.ca["parent"] = ["offline/root.pem"]
    ca.write()
    home.mica("init", "--csr", "g1.csr")
    offline.sign(home / "g1.csr", "root", home / "g1.pem", days=100)
    home.mica("init", "--certificate", "g1.pem")
    home.mica("apply")
    assert "is no root" in home.mica("init", "--renew", code=3).err
    home.mica("init", "--renew", "--csr", "next.csr")
    public = [run(["openssl", "req", "-in", home / n, "-noout", "-pubkey"]).out for n in ("g1.csr", "next.csr")]
    assert public[0] == public[1]
    offline.sign(home / "next.csr", "root", home / "short.pem", days=50)
    assert "ends no later" in home.mica("init", "--renew", "--certificate", "short.pem", code=3).err
    offline.key("other", "/C=US/O=Example/CN=Milvus CA g1")
    offline.sign(offline / "other.csr", "root", home / "other.pem", days=900)
    refused = home.mica("init", "--renew", "--certificate", "other.pem", code=3)
    assert "another key" in refused.err and "a new key is a new generation" in refused.err
    offline.sign(home / "next.csr", "root", home / "next.pem", days=900)
    home.mica("init", "--renew", "--certificate", "next.pem")
    home.mica("apply")
    assert verifies(home, f"{TLS}/server.pem", f"{CLIENT}/ca.pem", "-untrusted", f"{TLS}/server.pem")
    assert [r["state"] for r in records(home, kind="ca", entry="g1")] == ["superseded", "issued"]
