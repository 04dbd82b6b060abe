# SPDX-License-Identifier: Apache-2.0
"""revoke: what may be named and how, what is refused before the login, and what OpenSSL and GnuTLS make of the CRL."""
import re
import time

import pytest

from harness import parts
from harness.faults import Faults
from harness.inventory import Inventory
from harness.run import run

CKR_FUNCTION_FAILED = "0x6"
NOWHERE = {"SOFTHSM2_CONF": "/nowhere"}
PAIRS = {"server": "out/prod/tls/server.pem", "ingest": "out/prod/clients/ingest/client.pem"}


def serial_of(path):
    return run(["openssl", "x509", "-in", path, "-noout", "-serial"]).out.strip().split("=")[1]


def judged(home, name, crl="out/prod/tls/crl.pem"):
    """What `openssl verify -crl_check` says: "good", "revoked"."""
    said = run(["openssl", "verify", "-crl_check", "-CAfile", home / "out/prod/tls/ca.pem", "-CRLfile", home / crl,
                home / PAIRS[name]], code=None)
    if said.code == 0:
        return "good"
    assert "certificate revoked" in said.err + said.out, said
    return "revoked"


def revocations(home, path="state/g1.crl"):
    """Serial to reason, as OpenSSL reads them."""
    text = run(["openssl", "crl", "-in", home / path, "-noout", "-text"]).out
    found = re.findall(r"Serial Number: ([0-9A-F]+)\n(.*?)(?=Serial Number|Signature Algorithm|\Z)", text.split("Revoked", 1)[-1], re.S)
    reasons = {}
    for serial, rest in found:
        reason = re.search(r"Reason Code:\s*\n\s*(.*)\n", rest)
        reasons[serial] = reason.group(1) if reason else None
    return reasons


def created(home, serial):
    at = next(r["created"] for r in home.records() if r["serial"].hex() == serial.lower())
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def test_the_result_says_which_it_is(home):
    """After an apply the same name is another certificate: one sees it by when it was issued."""
    home.begin()
    home.mica("revoke", "ingest", "--reason", "superseded")
    home.mica("apply")
    serial = serial_of(home / PAIRS["ingest"])
    said = home.mica("revoke", "ingest", "--reason", "superseded", "--json").json["revoked"]
    assert (said["serial"], said["created"], said["already"]) == (serial.lower(), created(home, serial), False)
    again = home.mica("revoke", "ingest", "--reason", "superseded", env=NOWHERE).out
    assert f"'ingest', serial {serial.lower()}, issued {said['created']}, is revoked already" in again


def test_a_certificate_is_revoked(home):
    home.begin()
    serial = serial_of(home / PAIRS["ingest"])
    assert judged(home, "ingest") == "good"
    with_keys = {n: (home / PAIRS[n]).with_suffix(".key").read_bytes() for n in PAIRS}
    said = home.mica("revoke", "ingest", "--reason", "keyCompromise")
    assert f"revoked: 'ingest' (client), serial {serial.lower()}, issued {created(home, serial)}, as keyCompromise" in said.out
    assert "next: mica apply, which issues 'ingest' anew" in said.err
    assert judged(home, "ingest") == "revoked" and judged(home, "server") == "good"
    assert judged(home, "ingest", "out/prod/clients/ingest/crl.pem") == "revoked"
    assert revocations(home) == {serial: "Key Compromise"}
    for path in ("out/prod/tls/crl.pem", "out/prod/clients/ingest/crl.pem"):
        assert (home / path).read_bytes() == (home / "state/g1.crl").read_bytes()
    assert [r["state"] for r in home.records() if r["entry"] == "ingest"] == ["revoked"]
    assert {n: (home / PAIRS[n]).with_suffix(".key").read_bytes() for n in PAIRS} == with_keys, "nothing but crl.pem changed"
    # and it is due
    assert "the last one was revoked" in home.mica("plan").out
    home.mica("apply")
    assert judged(home, "ingest") == "good"
    assert home.mica("audit").code == 0


def test_gnutls_reads_the_list(home):
    parts.need("certtool")
    home.begin()
    home.mica("revoke", "server", "--reason", "superseded")
    said = run(["certtool", "--verify-crl", "--load-ca-certificate", home / "state/g1.pem", "--infile", home / "state/g1.crl"],
               code=None)
    assert "Verified" in said.out + said.err and "Not verified" not in said.out + said.err, said
    text = run(["certtool", "--crl-info", "--infile", home / "state/g1.crl"]).out
    assert "Revoked certificates (1):" in text and serial_of(home / PAIRS["server"]).lower() in text.lower(), text


def colons(serial):
    return ":".join(serial[i:i + 2] for i in range(0, len(serial), 2))


@pytest.mark.parametrize("shape", [str.lower, str.upper, colons, lambda s: colons(s).lower(), lambda s: "0x" + s,
                                   lambda s: "00" + s], ids=["lower", "upper", "colons", "lower-colons", "0x", "zeros"])
def test_serials_as_people_write_them(home, shape):
    home.begin()
    serial = serial_of(home / PAIRS["server"])
    said = home.mica("revoke", shape(serial), "--reason", "superseded")
    assert "revoked: 'server'" in said.out
    assert list(revocations(home)) == [serial]


def test_what_is_named_wrongly_is_told_before_the_login(home):
    home.begin()
    serial = serial_of(home / PAIRS["server"]).lower()
    other = serial_of(home / PAIRS["ingest"]).lower()
    near = serial[:-1] + ("0" if serial[-1] != "0" else "1")
    with home.unchanged():
        for what, code, words in [
                ("ingst", 1, ["nothing called 'ingst' was ever signed", "did you mean 'ingest'?"]),
                ("nobody", 1, ["nothing called 'nobody' was ever signed", "mica audit -v lists them"]),
                (near, 1, [f"no CA of this ledger signed a certificate with serial '{near}'", f"did you mean '{serial}'?"]),
                (serial[:12], 1, ["no CA of this ledger", "a serial is given whole", f"{serial} ('server')"]),
                ("g1", 3, ["'g1' is a CA, and no list of its own can revoke its certificate", "docs/generations.md"]),
        ]:
            said = home.mica("revoke", what, "--reason", "superseded", code=code, env=NOWHERE)
            for word in words:
                assert word in said.err, (what, said)
        ca = serial_of(home / "state/g1.pem")
        assert "'g1' is a CA" in home.mica("revoke", ca, "--reason", "cACompromise", code=3, env=NOWHERE).err
        number = next(r["serial"].hex() for r in home.records() if r["kind"] == "crl")
        assert "is no certificate, but a CRL" in home.mica("revoke", number, "--reason", "superseded", code=3, env=NOWHERE).err
    assert other != serial


def test_the_command_line(home):
    home.begin()
    for args, words in [
            ([], "revoke what?"),
            (["ingest"], "why is 'ingest' revoked?"),
            (["ingest", "--reason", "key-compromised"], "did you mean 'keyCompromise'?"),
            (["ingest", "--reason", "certificateHold"], "is no reason for a revocation"),
            (["ingest", "server", "--reason", "superseded"], "'server' is one too many"),
            (["--crl", "--reason", "superseded"], "--crl signs the list anew"),
            (["--crl", "g2"], "has no CA 'g2'"),
    ]:
        said = home.mica("revoke", *args, code=2, env=NOWHERE)
        assert words in said.err, said


def test_revoked_already(home):
    home.begin()
    home.mica("revoke", "ingest", "--reason", "keyCompromise")
    with home.unchanged():
        said = home.mica("revoke", "ingest", "--reason", "key-compromise", env=NOWHERE)
        assert "is revoked already, since" in said.out and ", issued 20" in said.out
        said = home.mica("revoke", "ingest", "--reason", "superseded", code=3, env=NOWHERE)
        assert "is revoked already" in said.err and "as keyCompromise: that stays" in said.err


def test_older_ones_are_told_by_serial(home):
    home.begin()
    older = serial_of(home / PAIRS["ingest"])
    home.mica("rotate", "ingest")
    said = home.mica("revoke", "ingest", "--reason", "keyCompromise")
    assert f"not revoked: another certificate of 'ingest', superseded, serial {older.lower()}, until " in said.out
    said = home.mica("revoke", older, "--reason", "keyCompromise", "--json").json
    assert said["revoked"]["others"] == [] and said["crl"]["certificates"] == 2
    assert "next:" not in home.mica("revoke", older, "--reason", "keyCompromise").err
    assert len(revocations(home)) == 2


def test_who_accepts_it_all_the_same(home):
    inv = Inventory(**{"shared-trust": True})
    for name, mode in (("one-way", 1), ("two", 2)):
        inv["milvus"].append({**inv.deployment, "name": name, "out": f"out/{name}", "tls-mode": mode})
    home.begin(inv)
    until = home.mica("status", "--json").json["certificates"][2]["not-after"]
    said = home.mica("revoke", "ingest", "--reason", "keyCompromise", "--json").json
    assert said["accepted"] == [
        {"deployment": "prod", "client": "accepts", "until": until},
        {"deployment": "one-way", "client": "asks for none", "until": None},
        {"deployment": "two", "client": "accepts", "until": until}]
    text = home.mica("revoke", "ingest", "--reason", "keyCompromise").out
    assert "Milvus reads no CRL" in text and f"two lets this certificate in until {until[:10]}" in text
    assert "one-way asks for no certificate (tls-mode 1)" in text and "docs/generations.md" in text
    # a server's
    assert "whoever trusts CA 'g1' accepts it until" in home.mica("revoke", "server", "--reason", "superseded").out


@pytest.mark.parametrize("then", ["revoke", "apply", "revoke --crl"])
def test_a_list_that_cannot_be_signed_is_signed_by_the_next_run(home, then):
    """The record stays, exit 1."""
    faults = Faults(home.scratch)
    inv = Inventory()
    inv.ca["module"] = str(faults.path)
    home.write(inv)
    for verb in ("init", "apply"):
        home.mica(verb, env=faults.env())
    serial, revoked = serial_of(home / PAIRS["ingest"]), (home / PAIRS["ingest"]).read_bytes()
    faults.forget()
    said = home.mica("revoke", "ingest", "--reason", "keyCompromise", code=1, env=faults.env(f"C_Sign@1+=ckr:{CKR_FUNCTION_FAILED}"))
    assert "the certificate of 'ingest' is revoked in the ledger; the CRL could not be made" in said.err
    assert [r["state"] for r in home.records() if r["entry"] == "ingest"] == ["revoked"] and revocations(home) == {}
    said = home.mica("audit", env=faults.env())
    assert "is revoked, and no CRL says so yet" in said.err
    args = ["revoke", "ingest", "--reason", "keyCompromise"] if then == "revoke" else then.split()
    home.mica(*args, env=faults.env())
    assert revocations(home) == {serial: "Key Compromise"}
    (home / "old.pem").write_bytes(revoked)
    said = run(["openssl", "verify", "-crl_check", "-CAfile", home / "out/prod/tls/ca.pem", "-CRLfile",
                home / "out/prod/tls/crl.pem", home / "old.pem"], code=2)
    assert "certificate revoked" in said.err
    assert "nothing is wrong" in home.mica("audit", env=faults.env()).out


def test_a_wrong_pin_revokes_nothing(home):
    home.begin()
    (home / "pin").write_text("not-the-pin\n")
    before = [(r["entry"], r["state"]) for r in home.records()]
    said = home.mica("revoke", "ingest", "--reason", "keyCompromise", code=1)
    assert "CKR_PIN_INCORRECT" in said.err
    assert [(r["entry"], r["state"]) for r in home.records()] == before


def test_the_list_alone(home):
    home.begin()
    before = (home / "state/g1.crl").read_bytes()
    said = home.mica("revoke", "--crl").out
    assert "0 certificates, good until" in said and "in state/g1.crl and 2 directories" in said
    after = (home / "state/g1.crl").read_bytes()
    assert after != before and (home / "out/prod/tls/crl.pem").read_bytes() == after
    assert home.mica("revoke", "--crl", "g1", "--json").json["revoked"] is None
    assert home.mica("plan", "--exit-code").code == 0


def test_what_was_retired_can_be_revoked(home):
    """An entry that left the inventory: by its name, as long as its certificate lives."""
    inv = Inventory()
    home.begin(inv)
    serial = serial_of(home / PAIRS["ingest"])
    inv["certificates"] = inv["certificates"][:1]
    inv.deployment["clients"] = []
    home.write(inv)
    home.mica("apply")
    said = home.mica("revoke", "ingest", "--reason", "cessation-of-operation")
    assert "next:" not in said.err
    assert revocations(home) == {serial: "Cessation Of Operation"}


def test_many(home):
    """One after another, of entries that are gone; tests/run.sh --all revokes a few hundred."""
    many = 300 if parts.ALL else 12
    inv = Inventory()
    inv["certificates"] += [{"name": f"c{i}", "profile": "client", "common-name": f"client {i}"} for i in range(many)]
    inv.deployment["clients"] += [f"c{i}" for i in range(many)]
    home.begin(inv)
    inv["certificates"] = inv["certificates"][:2]
    inv.deployment["clients"] = ["ingest"]
    home.write(inv)
    home.mica("apply")
    serials = {r["serial"].hex() for r in home.records() if r["entry"].startswith("c")}
    assert len(serials) == many
    for serial in serials:
        home.mica("revoke", serial, "--reason", "superseded")
    assert {s.lower() for s in revocations(home)} == serials
    said = home.mica("audit").out
    assert f"{many} certificates revoked" in said and "nothing is wrong" in said
    assert judged(home, "ingest") == "good"
