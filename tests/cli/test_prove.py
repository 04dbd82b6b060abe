# SPDX-License-Identifier: Apache-2.0
"""mica token --prove on SoftHSM2, behind the module that goes wrong on demand: what the evidence says, that it never says
more than is so, and that nothing of the sibling stays on the token."""
import json
import os
import time

import pytest

from harness import parts
from harness.faults import Faults
from harness.home import Home
from harness.inventory import Inventory
from harness.run import run

SIBLING = "mica-prove-sibling"
HW_SLOT = "C_GetSlotInfo@*=flags:0x4"
NAMELESS = "C_GetInfo@*=nameless,C_GetTokenInfo@*=nameless"
KEYS_OF_THE_DOCUMENT = ["format", "version", "mica", "time", "grade", "grade-reason", "ca", "token", "slot", "library", "key",
                        "sibling", "trials", "attestation", "findings"]
EC_TRIALS = {"read-value", "wrap-aes-key-wrap", "wrap-aes-key-wrap-pad", "wrap-aes-cbc-pad", "copy-extractable",
             "copy-not-sensitive", "derive-ecdh", "set-extractable", "set-not-sensitive"}
RSA_TRIALS = EC_TRIALS - {"read-value", "derive-ecdh"} | {
    "read-private-exponent", "read-prime-1", "read-prime-2", "read-exponent-1", "read-exponent-2", "read-coefficient",
    "decrypt-pkcs", "decrypt-raw", "encrypt-pkcs"}


class Proven:
    """A CA whose token speaks through the proxy."""

    def __init__(self, folder, algorithm="ec-p256", init_faults=""):
        self.home, self.faults = Home(folder), Faults(folder)
        self.inv = Inventory()
        self.inv.ca.update({"module": str(self.faults.path), "algorithm": algorithm})
        self.home.write(self.inv)
        self.run("init", faults=init_faults)
        self.faults.forget()
        self.before = self.home.token_objects()

    def run(self, *args, faults="", deadline=None, **more):
        env = {"MICA_TOKEN_DEADLINE_MS": str(deadline)} if deadline else {}
        return self.home.mica(*args, env={**self.faults.env(faults), **env}, **more)

    def prove(self, *args, faults="", code=0, name="evidence.json", **more):
        """The evidence, and what was said; nothing of the sibling stays."""
        self.faults.forget()
        (self.home / name).unlink(missing_ok=True)
        said = self.run("token", "--prove", name, *args, faults=faults, code=code, **more)
        self.clean()
        return json.loads((self.home / name).read_text()), said

    def refused(self, *args, faults="", code=3):
        self.faults.forget()
        with self.home.unchanged():
            return self.run("token", "--prove", "evidence.json", *args, faults=faults, code=code)

    def clean(self):
        assert self.home.token_objects() == self.before, "an object was left on the token, or is gone"
        assert SIBLING not in self.home.token.tool("--list-objects")


@pytest.fixture(scope="module")
def shared(module_scratch):
    return Proven(module_scratch)


@pytest.fixture
def proven(shared):
    """One for all tests that leave it as it was."""
    shared.faults.forget()
    shared.clean()
    return shared


@pytest.fixture
def own(scratch):
    return Proven(scratch)


def verdicts(evidence):
    return {trial["name"]: trial["verdict"] for trial in evidence["trials"]}


def wait_until(done, seconds=20):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def rules(evidence, level="error"):
    return {finding["rule"] for finding in evidence["findings"] if finding["level"] == level}


# --- what it says --------------------------------------------------------------------------------


def test_evidence_of_a_key_in_software(proven):
    evidence, said = proven.prove()
    assert list(evidence) == KEYS_OF_THE_DOCUMENT
    assert (evidence["format"], evidence["version"], evidence["grade"]) == ("mica-evidence", 1, "software")
    assert evidence["attestation"] is None and evidence["findings"] == []
    assert evidence["token"]["manufacturer"] == "SoftHSM project" and evidence["library"]["known-software"] == "SoftHSM"
    assert "CKF_LOGIN_REQUIRED" in evidence["token"]["flags"] and evidence["slot"]["flags"] == ["CKF_TOKEN_PRESENT"]
    key = evidence["key"]["attributes"]
    assert key["CKA_SENSITIVE"] is True and key["CKA_EXTRACTABLE"] is False and key["CKA_LOCAL"] is True
    assert key["CKA_WRAP"] is None, "an attribute that the token does not have is not false"
    assert evidence["key"]["allowed-mechanisms"] is None
    assert evidence["sibling"]["made"] is True and evidence["sibling"]["attributes"] == key
    assert set(verdicts(evidence)) == EC_TRIALS
    assert set(verdicts(evidence).values()) <= {"refused", "not tried"}
    assert {"grade", "software", "read-value", "CKR_ATTRIBUTE_SENSITIVE"} <= set(said.out.split())
    assert oct(os.stat(proven.home / "evidence.json").st_mode)[-3:] == "644"


def test_it_is_bound_to_the_certificate(proven):
    """By openssl alone."""
    ca, _ = proven.prove()[0]["ca"], (proven.home / "out.pem").write_text("")
    (proven.home / "out.pem").write_text(ca["certificate"])
    sha256 = run(["openssl", "x509", "-in", proven.home / "state/g1.pem", "-noout", "-fingerprint", "-sha256"]).out
    assert sha256.strip().split("=")[1].replace(":", "").lower() == ca["sha256"]
    assert run(["openssl", "x509", "-in", proven.home / "out.pem"]).out == \
        run(["openssl", "x509", "-in", proven.home / "state/g1.pem"]).out
    run(["openssl", "x509", "-in", proven.home / "out.pem", "-noout", "-pubkey", "-out", proven.home / "key.pem"])
    run(["openssl", "pkey", "-pubin", "-in", proven.home / "key.pem", "-outform", "DER", "-out", proven.home / "key.der"])
    assert ca["spki-sha256"] in run(["openssl", "dgst", "-sha256", proven.home / "key.der"]).out
    module = json.loads((proven.home / "evidence.json").read_text())["library"]
    assert module["path"] == str(proven.faults.path)
    assert module["sha256"] in run(["sha256sum", module["path"]]).out


def test_an_rsa_key(scratch):
    proven = Proven(scratch, "rsa-2048")
    evidence, _ = proven.prove()
    assert set(verdicts(evidence)) == RSA_TRIALS
    assert set(verdicts(evidence).values()) <= {"refused", "not tried"} and not evidence["findings"]


def test_json_prints_the_document_that_was_written(proven):
    evidence, said = proven.prove("--json")
    assert said.json == evidence and said.err == ""
    assert said.out == (proven.home / "evidence.json").read_text()


def test_quietly(proven):
    _, said = proven.prove("--quiet")
    assert (said.out, said.err) == ("", "")


def test_one_login_and_no_signature(proven):
    proven.prove()
    assert len(proven.faults.calls("C_Login")) == 1
    assert not proven.faults.calls("C_SignInit") and not proven.faults.signed()


def test_nothing_is_tried_on_the_ca_key(proven):
    """The trials' calls are all made on handles that C_GenerateKeyPair gave: with no sibling there is none of them."""
    evidence, _ = proven.prove(faults="C_GenerateKeyPair@*=ckr:0x101")
    assert set(verdicts(evidence).values()) == {"not tried"}
    for function in ("C_WrapKey", "C_CopyObject", "C_SetAttributeValue", "C_DeriveKey", "C_DecryptInit", "C_EncryptInit",
                     "C_DestroyObject"):
        assert not proven.faults.calls(function), function


# --- the grade -----------------------------------------------------------------------------------


@pytest.mark.parametrize("faults, grade", [
    (HW_SLOT, "software"),                                              # SoftHSM2 is software, whatever its slot says
    (HW_SLOT + ",C_GetInfo@*=nameless", "software"),                    # behind another library: the token tells
    (HW_SLOT + ",C_GetTokenInfo@*=nameless", "software"),               # the library tells
    (NAMELESS, "software"),                                             # unknown, and no device
    (HW_SLOT + "," + NAMELESS, "claimed"),
])
def test_the_grade(proven, faults, grade):
    evidence, _ = proven.prove(faults=faults)
    assert evidence["grade"] == grade, evidence["grade-reason"]


def test_a_claim_falls_with_a_token_that_lets_keys_out(scratch):
    proven = Proven(scratch)
    evidence, said = proven.prove(faults=f"{HW_SLOT},{NAMELESS},C_GenerateKeyPair@*=weak", code=3)
    assert evidence["grade"] == "software" and "lets keys leave" in evidence["grade-reason"]
    assert "export-allowed" in rules(evidence) and "speaks against the key" in said.err


# --- a token that allows what must fail ----------------------------------------------------------


def test_a_weak_sibling_shows_every_trial_working(proven):
    """The same trials that are refused on a good key succeed on a bad one: they can fail."""
    evidence, said = proven.prove(faults="C_GenerateKeyPair@*=weak", code=3)
    allowed = {name for name, verdict in verdicts(evidence).items() if verdict == "allowed"}
    assert {"read-value", "wrap-aes-key-wrap-pad", "copy-extractable", "copy-not-sensitive", "derive-ecdh"} <= allowed
    assert {"export-allowed"} <= rules(evidence), evidence["findings"]
    assert "sibling-differs" in rules(evidence, "warning")
    assert "read-value" in said.err and "hint:" in said.err


def test_a_weak_rsa_sibling(scratch):
    proven = Proven(scratch, "rsa-2048")
    evidence, _ = proven.prove(faults="C_GenerateKeyPair@*=weak", code=3)
    allowed = {name for name, verdict in verdicts(evidence).items() if verdict == "allowed"}
    assert {"read-private-exponent", "read-prime-1", "read-prime-2", "read-exponent-1", "read-exponent-2",
            "read-coefficient", "wrap-aes-key-wrap-pad", "copy-extractable", "decrypt-pkcs", "decrypt-raw"} <= allowed


def test_a_success_without_effect_is_none(proven):
    evidence, _ = proven.prove(faults="C_SetAttributeValue@*=ckr:0")
    trials = {trial["name"]: trial for trial in evidence["trials"]}
    for name in ("set-extractable", "set-not-sensitive"):
        assert (trials[name]["verdict"], trials[name]["answer"]) == ("refused", "CKR_OK")
        assert trials[name]["reason"] == "the attribute is as it was"


@pytest.mark.parametrize("function, name", [("C_WrapKey", "wrap-aes-key-wrap"), ("C_DeriveKey", "derive-ecdh"),
                                            ("C_CopyObject", "copy-extractable")])
def test_a_success_is_an_error(proven, function, name):
    evidence, _ = proven.prove(faults=f"{function}@*=ckr:0", code=3)
    assert verdicts(evidence)[name] == "allowed"
    assert rules(evidence) == {"use-allowed" if function == "C_DeriveKey" else "export-allowed"}


@pytest.mark.parametrize("value", ["0x5", "0x6", "0x2", "0x21", "0x80000001"])  # general, failed, memory, length, vendor
def test_an_answer_about_something_else_proves_nothing(proven, value):
    evidence, _ = proven.prove(faults=f"C_DeriveKey@*=ckr:{value}")
    assert verdicts(evidence)["derive-ecdh"] == "unclear"


def test_an_export_that_proves_nothing_is_a_warning(proven):
    evidence, said = proven.prove(faults="C_CopyObject@*=ckr:0x5")
    assert verdicts(evidence)["copy-extractable"] == "unclear"
    assert rules(evidence, "warning") == {"export-unclear"} and "CKR_GENERAL_ERROR" in said.err


def test_no_key_to_wrap_with(proven):
    evidence, _ = proven.prove(faults="C_GenerateKey@*=ckr:0x70")
    wraps = [trial for trial in evidence["trials"] if trial["name"].startswith("wrap-")]
    assert {(trial["verdict"], trial["answer"]) for trial in wraps} == {("not tried", "CKR_MECHANISM_INVALID")}


def test_a_token_on_which_no_key_can_be_made(proven):
    evidence, said = proven.prove(faults="C_GenerateKeyPair@*=ckr:0x101")
    assert evidence["sibling"] == {"made": False, "reason": evidence["sibling"]["reason"], "attributes": None}
    assert "CKR_USER_NOT_LOGGED_IN" in evidence["sibling"]["reason"]
    assert rules(evidence, "warning") == {"nothing-tried"} and "nothing that must fail was tried" in said.err


# --- a bad CA key --------------------------------------------------------------------------------


def brought(home, *more):
    """A key from elsewhere, in the CA key's place."""
    if not (home / "key.der").exists():
        run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", home / "key.pem"])
        run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", home / "key.pem", "-outform", "DER", "-out", home / "key.der"])
        run(["openssl", "pkey", "-in", home / "key.pem", "-pubout", "-outform", "DER", "-out", home / "pub.der"])
        home.token.tool("--write-object", home / "pub.der", "--type", "pubkey", "--id", "07", "--label", "ca")
    home.token.tool("--write-object", home / "key.der", "--type", "privkey", "--id", "07", "--label", "ca", "--usage-sign",
                    *more)


def test_a_key_that_was_brought_to_the_token(home):
    brought(home)
    home.write()
    home.mica("init", "--adopt")
    said = home.mica("token", "--prove", "evidence.json", code=3)
    evidence = json.loads((home / "evidence.json").read_text())
    assert evidence["grade"] == "software"
    assert {"key-imported", "key-was-extractable", "key-was-not-sensitive"} <= rules(evidence)
    assert "there may be copies" in said.err and "it was written to 'evidence.json' all the same" in said.err


def test_a_claim_falls_with_a_key_that_was_brought(scratch):
    home, faults = Home(scratch), Faults(scratch)
    brought(home)
    inv = Inventory()
    inv.ca["module"] = str(faults.path)
    home.write(inv)
    home.mica("init", "--adopt", env=faults.env())
    home.mica("token", "--prove", "evidence.json", env=faults.env(f"{HW_SLOT},{NAMELESS}"), code=3)
    evidence = json.loads((home / "evidence.json").read_text())
    assert evidence["grade"] == "software" and "let this one" in evidence["grade-reason"]


def test_an_extractable_key(home):
    """init refuses one; this one took the CA key's place later."""
    brought(home)
    home.write()
    home.mica("init", "--adopt")
    home.token.tool("--delete-object", "--type", "privkey", "--id", "07")
    brought(home, "--extractable")
    said = home.mica("token", "--prove", "evidence.json", code=3)
    evidence = json.loads((home / "evidence.json").read_text())
    assert {"key-extractable", "key-imported"} <= rules(evidence), evidence["findings"]
    assert evidence["key"]["attributes"]["CKA_EXTRACTABLE"] is True and evidence["grade"] == "software"
    assert "can leave the token" in said.err


def test_another_key_than_that_of_the_certificate(home):
    home.write()
    home.mica("init")
    home.token.tool("--delete-object", "--type", "privkey", "--label", "ca")
    home.token.tool("--delete-object", "--type", "pubkey", "--label", "ca")
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "07", "--usage-sign")
    with home.unchanged():
        said = home.mica("token", "--prove", "evidence.json", code=3)
    assert "is not that of the certificate" in said.err


# --- attestation ---------------------------------------------------------------------------------

EXTENSIONS = """[leaf]
1.3.6.1.4.1.41482.3.3=DER:050403
1.3.6.1.4.1.41482.3.7=DER:020400bc614e
1.3.6.1.4.1.41482.3.8=DER:03{touch}
[device]
basicConstraints=critical,CA:TRUE,pathlen:0
"""


FAKETIME = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1")


def long_ago():
    """The environment of an openssl that lives a year ago: the newer ones make nothing that is expired."""
    library = next((path for path in FAKETIME if os.path.exists(path)), None) or parts.missing("libfaketime")
    return {**os.environ, "LD_PRELOAD": library, "FAKETIME": "-365d"}


def attest(home, pub, name="attestation.pem", touch="01", root="root", days=9000, env=None):
    """What a PIV device would say of this public key, under a vendor's root made here."""
    (home / "ext.cnf").write_text(EXTENSIONS.format(touch=touch))
    if not (home / f"{root}.pem").exists():  # the vendor's
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 9000,
             "-keyout", home / f"{root}.key", "-out", home / f"{root}.pem", "-subj", "/CN=Vendor"])
    for who, issuer, subject, more in (("device", root, "/CN=Device", []),
                                       ("leaf", "device", "/CN=PIV Attestation 9c", ["-force_pubkey", pub])):
        run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
             "-keyout", home / f"{who}.key", "-out", home / "request"])
        run(["openssl", "x509", "-req", "-in", home / "request", "-CA", home / f"{issuer}.pem", "-CAkey", home / f"{issuer}.key",
             "-days", days, "-extfile", home / "ext.cnf", "-extensions", who, "-out", home / f"{who}.pem", *more], env=env)
    (home / name).write_text((home / "leaf.pem").read_text() + (home / "device.pem").read_text())


def prepare_attestation(home):
    (home / "ca.pub").write_text(run(["openssl", "x509", "-in", home / "state/g1.pem", "-noout", "-pubkey"]).out)
    attest(home, home / "ca.pub")


@pytest.fixture
def attested(proven):
    """An attestation of its key."""
    prepare_attestation(proven.home)
    return proven


def test_attested(attested):
    evidence, said = attested.prove("--attestation", "attestation.pem", "--root", "root.pem", faults=NAMELESS)
    statement = evidence["attestation"]
    assert evidence["grade"] == "attested" and not evidence["findings"]
    assert (statement["kind"], statement["from"], statement["root"]) == ("piv-attestation", "file", "CN=Vendor")
    assert statement["facts"] == {"firmware": "5.4.3", "pin-policy": "always", "touch-policy": "never", "serial": "12345678"}
    assert statement["pem"] == (attested.home / "attestation.pem").read_text()
    sha256 = run(["openssl", "x509", "-in", attested.home / "root.pem", "-noout", "-fingerprint", "-sha256"]).out
    assert sha256.strip().split("=")[1].replace(":", "").lower() == statement["root-sha256"]
    assert "attested" in said.out and "CN=Vendor" in said.out


def commands(begin, end):
    """What docs/evidence.md tells its reader to type, between two of its lines."""
    page = (parts.TOP / "docs/evidence.md").read_text()
    text = page[page.index(begin):page.index(end)]
    return [line[2:] for line in text.splitlines() if line.startswith("$ ")]


def test_the_reader_verifies_it_as_the_page_says(attested):
    """With openssl alone, in a directory that holds nothing but the evidence and the vendor's root."""
    attested.prove("--attestation", "attestation.pem", "--root", "root.pem", faults=NAMELESS)
    desk = attested.home.scratch / "desk"
    desk.mkdir()
    (desk / "evidence.json").write_text((attested.home / "evidence.json").read_text())
    (desk / "vendor-root.pem").write_text((attested.home / "root.pem").read_text())
    (desk / "known.pem").write_text((attested.home / "state/g1.pem").read_text())
    lines = commands("## For the reader", "A TPM's certification:")
    assert len(lines) == 8
    script = "\n".join(lines).replace("/path/to/the/ca.pem/that/clients/trust", "known.pem")
    said = run(["bash", "-euo", "pipefail", "-c", script], cwd=desk, env=dict(os.environ)).out.splitlines()
    fingerprints = [line for line in said if "Fingerprint" in line]
    digests = [line for line in said if "SHA2-256" in line or "SHA256(" in line]
    assert len(fingerprints) == 2 and fingerprints[0] == fingerprints[1], said
    assert len(digests) == 2 and digests[0] == digests[1] and "attestation.pem: OK" in said, said
    assert any(line.endswith("[HEX DUMP]:0301") for line in said), said


def test_an_attestation_that_lies_on_the_token(own):
    attested = own
    prepare_attestation(attested.home)
    for name, id in (("leaf", "f1"), ("device", "f2")):
        run(["openssl", "x509", "-in", attested.home / f"{name}.pem", "-outform", "DER", "-out", attested.home / "c.der"])
        attested.home.token.tool("--write-object", attested.home / "c.der", "--type", "cert", "--id", id, "--label", name)
    attested.before = attested.home.token_objects()
    evidence, _ = attested.prove("--root", "root.pem", faults=NAMELESS)
    assert evidence["grade"] == "attested" and evidence["attestation"]["from"] == "token"
    evidence, _ = attested.prove(faults=NAMELESS)
    assert evidence["grade"] == "software", "an attestation counts for nothing without a root that the user names"


def test_a_root_alone_where_the_token_shows_no_attestation(attested):
    said = attested.refused("--root", "root.pem", faults=NAMELESS)
    assert "no certificate on the token is an attestation of the key" in said.err and "--attestation" in said.err


def test_softhsm2_is_never_attested(attested):
    said = attested.refused("--attestation", "attestation.pem", "--root", "root.pem")
    assert "a device holds the key, but this token is SoftHSM" in said.err


def test_touch_that_the_inventory_does_not_know_of(attested):
    attest(attested.home, attested.home / "ca.pub", touch="02")
    evidence, said = attested.prove("--attestation", "attestation.pem", "--root", "root.pem", faults=NAMELESS)
    assert rules(evidence, "warning") == {"touch"} and "touch: true" in said.err and evidence["grade"] == "attested"


def other_root(home):
    attest(home, home / "ca.pub", root="other")
    return "attestation.pem", "do not lead to the root"


def expired(home):
    attest(home, home / "ca.pub", days=30, env=long_ago())
    return "attestation.pem", "expired"


def other_key(home):
    run(["openssl", "pkey", "-in", home / "root.key", "-pubout", "-out", home / "other.pub"])
    attest(home, home / "other.pub")
    return "attestation.pem", "another key than the CA's"


def out_of_order(home):
    (home / "attestation.pem").write_text((home / "device.pem").read_text() + (home / "leaf.pem").read_text())
    return "attestation.pem", "out of order"


def leaf_alone(home):
    return "leaf.pem", "one certificate alone"


def no_attestation(home):
    return "state/g1.pem", "one certificate alone"


@pytest.mark.parametrize("change", [other_root, expired, other_key, out_of_order, leaf_alone, no_attestation])
def test_an_attestation_that_does_not_hold_costs_no_login(attested, change):
    name, words = change(attested.home)
    said = attested.refused("--attestation", name, "--root", "root.pem", faults=NAMELESS)
    assert words in said.err and not attested.faults.calls("C_Login"), said


@pytest.mark.parametrize("args, words", [(["--attestation", "none.pem", "--root", "root.pem"], "cannot open 'none.pem'"),
                                         (["--attestation", "attestation.pem", "--root", "none.pem"], "cannot open 'none.pem'"),
                                         (["--attestation", "pin", "--root", "root.pem"], "holds no certificate")])
def test_files_that_are_none(attested, args, words):
    said = attested.refused(*args, code=1)
    assert words in said.err and not attested.faults.calls("C_Login"), said


# --- what does not go together, and what is refused before a login --------------------------------


@pytest.mark.parametrize("args, words", [
    (["--attestation", "a.pem"], "--attestation goes with --prove"),
    (["--root", "r.pem"], "--root goes with --prove"),
    (["--prove", "e.json", "--attestation", "a.pem"], "--attestation needs --root"),
    (["--prove", "e.json", "--list"], "--prove and --list"),
    (["--prove", "e.json", "--module", "softhsm2"], "--prove and --module"),
    (["--prove", "e.json", "--clear-latch"], "--prove and --clear-latch"),
])
def test_options_that_do_not_go_together(home, args, words):
    home.write()
    assert words in home.mica("token", *args, code=2).err


def test_before_there_is_a_certificate(home):
    home.write()
    with home.unchanged():
        said = home.mica("token", "--prove", "evidence.json", code=1)
    assert "has no certificate yet" in said.err


# --- the token fails in mid-proof ----------------------------------------------------------------

EACH_CALL = ["C_GenerateKeyPair", "C_GenerateKey", "C_WrapKey", "C_CopyObject", "C_SetAttributeValue", "C_DeriveKey"]


@pytest.mark.parametrize("function", EACH_CALL)
def test_lost_once_it_is_begun_again(proven, function):
    evidence, _ = proven.prove(faults=f"{function}@1=crash")
    assert evidence["grade"] == "software" and set(verdicts(evidence)) == EC_TRIALS


@pytest.mark.parametrize("function", EACH_CALL)
@pytest.mark.parametrize("action", ["crash", "kill"])
def test_lost_for_good_the_next_proof_tidies_up(proven, function, action):
    said = proven.refused(faults=f"{function}@*={action}", code=1)
    assert function in said.err and "the next 'mica token --prove' destroys it" in said.err, said
    left = len(proven.home.token_objects()) - len(proven.before)
    made = function != "C_GenerateKeyPair" or action == "kill"
    assert left == (2 if made else 0), "the first try's was destroyed by the second"
    evidence, said = proven.prove()
    assert ("leftovers" in rules(evidence, "note")) == made and ("had left on the token" in said.err) == made, said


def test_mica_killed_in_mid_proof(proven):
    """The helper ends what it does, and so destroys the sibling itself."""
    said = proven.run("token", "--prove", "killed.json", faults="C_WrapKey@1=parent", code=None)
    assert said.code == -9 and not (proven.home / "killed.json").exists()
    wait_until(lambda: proven.home.token_objects() == proven.before)
    evidence, _ = proven.prove()
    assert "leftovers" not in rules(evidence, "note")


@pytest.mark.parametrize("function", ["C_WrapKey", "C_CopyObject", "C_DeriveKey", "C_SetAttributeValue"])
def test_a_hang_is_named(proven, function):
    with proven.home.unchanged():
        said = proven.run("token", "--prove", "evidence.json", faults=f"{function}@*=hang", deadline=2000, code=1)
    assert function in said.err and "the next 'mica token --prove' destroys it" in said.err, said
    evidence, _ = proven.prove()
    assert "leftovers" in rules(evidence, "note")


def test_sessions_closed_in_mid_proof(proven):
    evidence, _ = proven.prove(faults="C_WrapKey@1=close")
    assert set(verdicts(evidence)) == EC_TRIALS


@pytest.mark.parametrize("when", ["1", "2"])
def test_what_cannot_be_destroyed_at_first_is_in_the_end(proven, when):
    proven.prove(faults=f"C_DestroyObject@{when}=ckr:0x6")


def test_what_cannot_be_destroyed_at_all_is_said(proven):
    said = proven.refused(faults="C_DestroyObject@*=ckr:0x6", code=1)
    assert "is left on token" in said.err and "CKR_FUNCTION_FAILED" in said.err and SIBLING in said.err
    evidence, _ = proven.prove()
    assert "leftovers" in rules(evidence, "note")


def test_a_ca_key_of_that_name_is_not_touched(home):
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", SIBLING, "--id", "07", "--usage-sign")
    inv = Inventory()
    inv.ca["key"] = f"pkcs11:token=milvus-ca;object={SIBLING}"
    home.write(inv)
    home.mica("init", "--adopt")
    before = home.token_objects()
    with home.unchanged():
        said = home.mica("token", "--prove", "evidence.json", code=3)
    assert "give the CA key another label" in said.err and home.token_objects() == before


def test_a_place_that_cannot_be_written(proven):
    said = proven.run("token", "--prove", "no/such/place.json", code=1)
    assert "cannot write 'no/such/place.json'" in said.err
    proven.clean()
