# SPDX-License-Identifier: Apache-2.0
"""audit: a ledger that is right, one that was edited in every way, even by somebody who makes its chain fit again, and
evidence of it on a machine that has nothing else."""
import contextlib
import hashlib
import json
import re
import shutil
import sqlite3

import pytest

from harness import parts
from harness.inventory import Inventory
from harness.offline import ISSUING, Offline
from harness.run import run

NOWHERE = {"SOFTHSM2_CONF": "/nowhere"}


def rules(result):
    """The rules of what was found: error or warning."""
    return {f["rule"] for f in result.json["findings"] if f["level"] != "note"}


def audit(home, *args, code=0):
    return home.mica("audit", "--json", *args, code=code, env=NOWHERE)


@pytest.fixture(scope="module")
def made(module_scratch):
    """A home with a bit of history, made once; each test gets a copy of it."""
    from harness.home import Home
    home = Home(module_scratch)
    home.begin()
    home.mica("revoke", "ingest", "--reason", "keyCompromise")
    home.mica("apply")
    home.mica("rotate", "server")
    home.mica("audit", "--evidence", "evidence.json")
    return home


@pytest.fixture
def home(made, scratch):
    """paths in an inventory are relative to it"""
    shutil.copytree(made.path, scratch / "home", symlinks=True)
    copy = object.__new__(type(made))
    copy.__dict__.update(made.__dict__, path=scratch / "home", scratch=scratch)
    return copy


# --- nothing is wrong --------------------------------------------------------------------------

def test_it_lists_all_that_the_key_ever_signed(home):
    with home.unchanged(mtime=True):
        said = audit(home)
    document = said.json
    assert document["errors"] == 0 and document["warnings"] == 0 and document["findings"] == []
    records = document["records"]
    assert [r["seq"] for r in records] == list(range(1, len(records) + 1))
    assert {r["kind"] for r in records} == {"ca", "crl", "server", "client"}
    known = home.records()
    for record, row in zip(records, known, strict=True):
        assert set(record) == {"seq", "kind", "entry", "ca", "serial", "state", "created", "not-before", "not-after", "tbs-sha256",
                               "key-sha256", "definition"}
        assert (record["kind"], record["entry"], record["serial"], record["state"], record["tbs-sha256"]) == (
            row["kind"], row["entry"], row["serial"].hex(), row["state"], row["tbs_sha256"].hex())
    assert document["signatures-verified"] == len(records)
    assert document["head"]["records"] == len(records) and len(document["head"]["hash"]) == 64
    assert sum(c["signed"] for c in document["counts"]) == len(records)
    assert all(a["fit"] == "fits" for a in document["anchors"]) and document["anchors"]
    assert document["crls"][0]["revoked"] == 1
    text = home.mica("audit", "-v", env=NOWHERE).out
    for record in records:
        assert record["serial"] in text
    assert "nothing is wrong" in text and home.mica("audit", "-q").out == ""


def test_quick_verifies_the_lists_only(home):
    document = audit(home, "--quick").json
    assert document["errors"] == 0
    assert document["signatures-verified"] == sum(r["kind"] in ("ca", "crl") for r in document["records"])
    assert "--quick: not those of leaves" in home.mica("audit", "--quick").out


def test_before_anything_was_made(home):
    shutil.rmtree(home / "state")
    shutil.rmtree(home / "out")
    said = home.mica("audit", code=1, env=NOWHERE)
    assert "there is no ledger" in said.err


def test_an_intermediate(scratch):
    from harness.home import Home
    home = Home(scratch / "i")
    corp = Offline(home / "corp")
    corp.root("root", "/O=Corp/CN=Corp Root")
    corp.root("other", "/O=Corp/CN=Other Root")
    inv = Inventory()
    inv.ca["parent"] = ["corp/root.pem"]
    home.write(inv)
    home.mica("init", "--csr", "g1.csr")
    corp.sign(home / "g1.csr", "root", home / "g1.pem", (*ISSUING,))
    home.mica("init", "--certificate", "g1.pem")
    home.mica("apply")
    document = audit(home, "--evidence", "evidence.json").json
    assert document["errors"] == 0 and "g1:request" in {r["entry"] for r in document["records"]}
    assert audit(home, "--verify", "evidence.json", "--ca", "corp/root.pem").json["errors"] == 0
    assert rules(audit(home, "--verify", "evidence.json", "--ca", "corp/other.pem", code=3)) == {"ca-unknown"}


def test_two_cas_and_a_certificate_across(scratch):
    """Who trusts the old CA alone believes what the new one signed, by the certificate across; until it is revoked, which
    the audit tells by the list."""
    from harness.home import Home
    home = Home(scratch / "two")
    home.token.add("second", pin=home.token.pin)
    inv = Inventory()
    inv["ca"].append({**inv.ca, "name": "g2", "state": "trusted", "key": "pkcs11:token=second;object=ca", "cross-sign": True,
                      "subject": {**inv.ca["subject"], "CN": "Milvus CA g2"}})
    home.begin(inv)
    inv["ca"][0]["state"], inv["ca"][1]["state"] = "trusted", "issuing"
    home.write(inv)
    home.mica("apply")
    document = audit(home, "--evidence", "evidence.json").json
    assert document["errors"] == 0 and {c["name"] for c in document["cas"]} == {"g1", "g2", "g2:cross"}
    assert {r["ca"] for r in document["records"] if r["kind"] == "server"} == {"g1", "g2"}
    for trusted, missing in (("g1", set()), ("g2", {"ca-unknown"})):
        said = audit(home, "--verify", "evidence.json", "--ca", f"state/{trusted}.pem", code=3 if missing else 0)
        assert rules(said) == missing
    said = home.mica("revoke", "g2:cross", "--reason", "cessationOfOperation").out
    assert "whoever trusts CA 'g1' accepts it until" in said and "CRL" in said
    cross = next(r["serial"].hex().upper() for r in home.records() if r["entry"] == "g2:cross")
    assert cross in run(["openssl", "crl", "-in", home / "state/g1.crl", "-noout", "-text"]).out
    assert cross not in run(["openssl", "crl", "-in", home / "state/g2.crl", "-noout", "-text"]).out
    assert audit(home).json["errors"] == 0


def test_the_command_line(home):
    for args, words in [(["--verify", "e", "--evidence", "f"], "--verify and --evidence exclude each other"),
                        (["--verify", "e", "--accept-restore"], "exclude each other"),
                        (["--verify", "e", "-f", "mica.yaml"], "exclude each other"),
                        (["--ca", "f"], "--ca goes with --verify"),
                        (["--accept-restore", "--quick"], "exclude each other"),
                        (["--full", "--quick"], "exclude each other"),
                        (["--accept-restore", "--evidence", "f"], "exclude each other"),
                        (["word"], "does not take 'word'")]:
        assert words in home.mica("audit", *args, code=2).err


# --- what lies outside -------------------------------------------------------------------------

@pytest.mark.parametrize("name, change, words", [
    ("server.pem", lambda path: path.write_text("nothing\n"), "server.pem was changed"),
    ("server.key", lambda path: path.unlink(), "server.key is missing"),
    ("server.key", lambda path: path.chmod(0o644), "server.key has mode 0644, not 0600"),
    ("ca.pem", lambda path: path.write_text("nothing\n"), "ca.pem was changed"),
])
def test_a_delivered_file_that_is_not_what_it_was(home, name, change, words):
    change((home / "out/prod/tls" / name).resolve())
    said = audit(home, code=3)
    assert rules(said) == {"delivered"}
    assert words in said.json["findings"][0]["text"]


def adopted(home):
    """The same CA key on disk as well: what somebody has who signs behind mica's back."""
    key, pem = home / "elsewhere.key", home / "g1.pem"
    run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key])
    run(["openssl", "req", "-x509", "-new", "-key", key, "-subj", "/C=US/O=Example/CN=Milvus CA g1", "-days", "3650", "-out", pem,
         "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"])
    run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", key, "-out", home / "p8.pem"])
    run(["softhsm2-util", "--import", home / "p8.pem", "--token", home.token.label, "--label", "ca", "--id", "01",
         "--pin", home.token.pin], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **home.token.env})
    inv = Inventory()
    inv.ca["certificate"] = "g1.pem"
    home.write(inv)
    home.mica("init", "--adopt")
    home.mica("apply")
    return key, pem


def test_a_signature_that_the_ledger_does_not_know(scratch):
    from harness.home import Home
    home = Home(scratch / "a")
    key, pem = adopted(home)
    assert audit(home).json["errors"] == 0
    offline = Offline(home / "behind")
    shutil.copy(key, home / "behind/g1.key")
    shutil.copy(pem, home / "behind/g1.pem")
    offline.leaf("g1", "intruder", "clientAuth", ())
    place = (home / "out/prod/clients/ingest/client.pem").resolve()
    kept = place.read_text()
    place.write_text((home / "behind/intruder.pem").read_text())
    said = audit(home, "--evidence", "evidence.json", code=3)
    serial = run(["openssl", "x509", "-in", home / "behind/intruder.pem", "-noout", "-serial"]).out.strip().split("=")[1].lower()
    assert rules(said) == {"unknown-signature", "delivered"}
    assert any(serial in f["text"] for f in said.json["findings"])
    # and on another machine, by the evidence alone
    assert rules(audit(home, "--verify", "evidence.json", "--ca", "g1.pem", code=3)) == {"unknown-signature"}
    place.write_text(kept)
    # a CRL
    run(["openssl", "ca", "-gencrl", "-config", write_ca_config(home), "-keyfile", key, "-cert", pem, "-crldays", "30", "-out", home / "forged.crl"],
        cwd=home.path)
    shutil.copy(home / "forged.crl", home / "out/prod/tls" / (home / "out/prod/tls/..data").readlink() / "crl.pem")
    assert rules(audit(home, code=3)) == {"crl-anchor"}


def write_ca_config(home):
    (home / "index.txt").write_text("")
    (home / "number").write_text("7F000001\n")
    (home / "ca.cnf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ncrl_extensions=e\n"
                                 "[e]\nauthorityKeyIdentifier=keyid\n")
    return home / "ca.cnf"


# --- a ledger that was edited ------------------------------------------------------------------

def database(home):
    db = sqlite3.connect(home / "state/ledger.db")
    db.row_factory = sqlite3.Row
    return contextlib.closing(db)


EDITS = {
    "a certificate": "UPDATE certificate SET bytes = (SELECT bytes FROM certificate WHERE record = 3) WHERE record = 4",
    "TBS bytes": "UPDATE tbs SET bytes = x'3000' WHERE record = 3",
    "an entry": "UPDATE record SET entry = 'other' WHERE seq = 3",
    "dates": "UPDATE record SET not_after = not_after + 1 WHERE seq = 3",
    "a state": "UPDATE record SET state = 'issued' WHERE state = 'revoked'",
    "an event": "UPDATE event SET at = at - 1 WHERE seq = 5",
    "an event gone": "DELETE FROM event WHERE seq = 5",
    "the last event gone": "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)",
    "a reason": "UPDATE event SET note = replace(note, 'keyCompromise', 'superseded') WHERE state = 'revoked'",
    "the head": "UPDATE meta SET value = zeroblob(40) WHERE name = '.head'",
    "an index": "CREATE INDEX more ON event (at)",
}


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.replace(" ", "-"))
def test_an_edited_ledger(home, edit):
    with database(home) as db:
        db.execute(EDITS[edit])
        db.commit()
    said = audit(home, code=None)
    assert said.code == 3, said
    assert any(rule.startswith("ledger") for rule in rules(said)), said


# as include/mica/ledger.h describes it, and nothing else
def column(value):
    data = value.encode() if isinstance(value, str) else value.to_bytes(8, "big") if isinstance(value, int) else bytes(value)
    return len(data).to_bytes(4, "big") + data


def sha256(data):
    return hashlib.sha256(data).digest()


def rechain(db):
    """Makes details, hashes and head fit what stands there: what somebody does who knows how the ledger works."""
    head = sha256(b"mica ledger 1")
    last = 0
    for event in db.execute("SELECT * FROM event ORDER BY seq").fetchall():
        record = db.execute("SELECT * FROM record WHERE seq = ?", (event["record"],)).fetchone()
        detail = event["detail"]
        if event["state"] == "intended":
            tbs = db.execute("SELECT bytes FROM tbs WHERE record = ?", (record["seq"],)).fetchone()[0]
            db.execute("UPDATE record SET tbs_sha256 = ? WHERE seq = ?", (sha256(tbs), record["seq"]))
            detail = sha256(b"".join(column(v) for v in (
                record["seq"], record["entry"], record["kind"], record["ca"], record["serial"], sha256(tbs), record["definition"],
                record["key_sha256"], record["created"], record["not_before"], record["not_after"])))
        elif event["state"] == "issued":
            detail = sha256(db.execute("SELECT bytes FROM certificate WHERE record = ?", (record["seq"],)).fetchone()[0])
        elif event["note"]:
            detail = sha256(event["note"].encode())
        head = sha256(head + b"".join(column(v) for v in (event["seq"], event["record"], event["at"], event["state"], detail)))
        db.execute("UPDATE event SET detail = ?, hash = ? WHERE seq = ?", (detail, head, event["seq"]))
        last = event["seq"]
    db.execute("UPDATE meta SET value = ? WHERE name = '.head'", (last.to_bytes(8, "big") + head,))
    db.commit()


def test_the_chain_is_as_the_header_describes_it(home):
    """Made anew over a ledger that nobody edited, it is the same."""
    before = audit(home).json["head"]
    with database(home) as db:
        rechain(db)
    assert audit(home).json["head"] == before


SWAP = "UPDATE record SET {0} = (SELECT {0} FROM record WHERE seq = 4) WHERE seq = 3"
CUT = ("DELETE FROM event WHERE seq > 15", "DELETE FROM certificate WHERE record > 5", "DELETE FROM tbs WHERE record > 5",
       "DELETE FROM delivery", "DELETE FROM record WHERE seq > 5", "UPDATE record SET state = 'delivered' WHERE seq >= 3",
       "UPDATE record SET state = 'superseded' WHERE seq = 2")
REWRITTEN = {
    "cut": (CUT, {"anchor", "unknown-signature"}),
    "renamed": (["UPDATE record SET entry = 'other' WHERE seq = 3"], {"anchor"}),
    "another kind": (["UPDATE record SET kind = 'client' WHERE seq = 3"], {"anchor", "record-profile"}),
    "another key": ([SWAP.format("key_sha256")], {"anchor", "record-key"}),
    "another serial": (["UPDATE record SET serial = zeroblob(20) WHERE seq = 3"], {"anchor", "record-serial", "unknown-signature"}),
    "longer": (["UPDATE record SET not_after = not_after + 86400 WHERE seq = 3"], {"anchor", "record-dates"}),
    "never revoked": (["UPDATE event SET state = 'superseded', note = '', detail = zeroblob(32) WHERE state = 'revoked'",
                       "UPDATE record SET state = 'superseded' WHERE state = 'revoked'"], {"anchor", "crl-content"}),
    "revoked for another reason": (["UPDATE event SET note = replace(note, 'keyCompromise', 'superseded') WHERE state = 'revoked'"],
                                   {"anchor", "crl-content"}),
    "a signature changed": (["UPDATE certificate SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'00' AS BLOB) WHERE record = 3"],
                            {"anchor", "record-signature", "unknown-signature"}),
}


@pytest.mark.parametrize("how", REWRITTEN, ids=lambda e: e.replace(" ", "-"))
def test_a_history_that_was_rewritten(home, how):
    """The chain fits, and so does the head: what the CA key signed of it before does not."""
    edits, wanted = REWRITTEN[how]
    with database(home) as db:
        for edit in edits:
            db.execute(edit)
        db.commit()
        rechain(db)
    said = audit(home, code=3)
    assert not any(rule.startswith("ledger") for rule in rules(said)), said
    assert wanted <= rules(said) and "anchor" in rules(said), said
    assert "its head is event" in str(said.json["findings"])
    refused = home.mica("apply", code=3, env=NOWHERE)
    assert "what its CA key signed says" in refused.err or "published CRLs" in refused.err


# --- evidence ----------------------------------------------------------------------------------

@pytest.fixture
def elsewhere(home, scratch):
    """A directory with the evidence and the CA certificate, and nothing else."""
    folder = scratch / "elsewhere"
    folder.mkdir()
    shutil.copy(home / "evidence.json", folder)
    shutil.copy(home / "out/prod/tls/ca.pem", folder)
    return folder


def verify(folder, *args, code=0):
    return run([parts.mica(), "audit", "--verify", "evidence.json", *args], code=code, cwd=folder,
               env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})


def test_evidence_on_another_machine(home, elsewhere):
    here = audit(home).json
    said = verify(elsewhere, "--json", "--ca", "ca.pem")
    there = said.json
    for key in ("records", "head", "counts", "cas", "crls", "signatures-verified"):
        assert there[key] == here[key], key
    assert there["findings"] == [] and there["evidence"]["state-dir"] == "state"
    assert sorted(p.name for p in elsewhere.iterdir()) == ["ca.pem", "evidence.json"]
    said = verify(elsewhere)
    assert "nobody but the evidence says" in said.err and "not known here" in said.out and "nothing is wrong" in said.out


def test_evidence_of_another_ca(home, elsewhere):
    Offline(elsewhere / "o").root("other", "/C=US/O=Example/CN=Milvus CA g1")
    assert "ca-unknown" in rules(verify(elsewhere, "--json", "--ca", "o/other.pem", code=3))


def test_evidence_is_written_whole_or_not_at_all(home):
    before = (home / "evidence.json").read_bytes()
    said = home.mica("audit", "--evidence", "nowhere/evidence.json", code=1)
    assert "nowhere/evidence.json" in said.err
    assert "no file" in home.mica("audit", "--evidence", "/dev/null", code=3).err
    assert (home / "evidence.json").read_bytes() == before
    assert not [p for p in home.path.iterdir() if p.name.startswith("..")]


def leaf(document):
    return next(r for r in document["records"] if r["kind"] == "server")


def other(document):
    return next(r for r in document["records"] if r["kind"] == "client")


def drop_last(document):
    document["events"].pop()


def drop_record(document):
    seq = document["records"].pop()["seq"]
    document["events"] = [e for e in document["events"] if e["record"] != seq]


LIES = {
    "another certificate": lambda d: leaf(d).update(pem=other(d)["pem"]),
    "another state": lambda d: leaf(d).update(state="revoked"),
    "another serial": lambda d: leaf(d).update(serial="40" * 20),
    "another entry": lambda d: leaf(d).update(entry="else"),
    "another end": lambda d: leaf(d).update({"not-after": "2040-01-01T00:00:00Z"}),
    "an event less": drop_last,
    "a record less": drop_record,
    "an event's time": lambda d: d["events"][3].update(at="2026-01-01T00:00:00Z"),
    "an event's hash": lambda d: d["events"][3].update(hash="00" * 32),
    "a reason": lambda d: next(e for e in d["events"] if e["note"]).update(note="superseded 2026-11-22T00:00:00Z"),
    "the head": lambda d: d["head"].update(hash="00" * 32),
    "the count": lambda d: d["head"].update(records=d["head"]["records"] + 1),
    "nothing outside": lambda d: d["outside"].clear(),
}


@pytest.mark.parametrize("lie", LIES, ids=lambda e: e.replace(" ", "-"))
def test_evidence_that_lies(elsewhere, lie):
    document = json.loads((elsewhere / "evidence.json").read_text())
    LIES[lie](document)
    (elsewhere / "evidence.json").write_text(json.dumps(document))
    said = verify(elsewhere, "--json", "--ca", "ca.pem", code=None)
    assert said.code == 3, said
    assert said.json["errors"] > 0


FORMS = {
    "not JSON": ("{", "{{", 1), "no object": (None, "[]", 1), "cut": (None, None, 1), "empty": (None, "", 1),
    "a key twice": ('"program"', '"at": "2026-11-22T00:00:00Z",\n"program"', 1),
    "an unknown key": ('"program"', '"programme"', 1),
    "a newer version": ('"mica-audit": 1', '"mica-audit": 2', 1),
    "an unknown kind": ('"kind":"server"', '"kind":"serve"', 1),
    "an unknown state": ('"state":"delivered"', '"state":"lost"', 1),
    "no hex": ('"serial":"', '"serial":"zz', 1),
    "a number for a text": ('"entry":"server"', '"entry":7', 1),
    "no PEM": ("BEGIN CERTIFICATE", "BEGIN NOTHING", 1),
    "out of turn": ('{"seq":2,', '{"seq":7,', 1),
    "something behind": ("\n}\n", "\n}\n{}", 1),
}


@pytest.mark.parametrize("form", FORMS, ids=lambda e: e.replace(" ", "-"))
def test_what_is_no_evidence(elsewhere, form):
    path = elsewhere / "evidence.json"
    old, new, code = FORMS[form]
    text = path.read_text()
    if form == "cut":
        path.write_text(text[:len(text) // 2])
    elif old is None:
        path.write_text(new)
    else:
        assert old in text
        path.write_text(text.replace(old, new, 1))
    said = verify(elsewhere, code=code)
    assert "evidence.json" in said.err and said.out == "", said


# --- docs/audit.md -----------------------------------------------------------------------------

def test_by_hand(elsewhere):
    """The page's own commands, one after another, with openssl and jq alone; then on evidence that lies."""
    for program in ("jq", "basenc", "openssl"):
        parts.need(program)
    page = (parts.TOP / "docs/audit.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.M | re.S)
    assert len(blocks) == 5
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    said = [run(["sh", "-eu", "-c", block], cwd=elsewhere, env=env) for block in blocks]
    assert "Milvus CA g1" in said[0].out
    assert said[1].out.count(": OK") == 4
    assert "verify OK" in said[3].out + said[3].err and said[3].out.endswith("true\n")
    document = json.loads((elsewhere / "evidence.json").read_text())
    LIES["an event's time"](document)
    (elsewhere / "evidence.json").write_text(json.dumps(document))
    broken = run(["sh", "-eu", "-c", blocks[4]], code=1, cwd=elsewhere, env=env)
    assert "the chain breaks before" in broken.out
    LIES["another certificate"](document)
    (elsewhere / "evidence.json").write_text(json.dumps(document))
    run(["sh", "-eu", "-c", blocks[1]], cwd=elsewhere, env=env)
    run(["sh", "-eu", "-c", blocks[2]], code=1, cwd=elsewhere, env=env)


def test_every_rule_is_in_the_page():
    page = (parts.TOP / "docs/audit.md").read_text()
    found = set()
    for source in (parts.TOP / "src/issue").glob("audit*.c"):
        found |= set(re.findall(r'"((?:record|crl|unknown|anchor|delivered|restored|interrupted|not-listed)[a-z-]*)",', source.read_text()))
    for rule in found - {"record", "delivered"}:
        assert rule in page or (rule.startswith("record-") and f"`-{rule[7:]}`" in page), rule
