# SPDX-License-Identifier: Apache-2.0
"""What every token must do, or must be refused for: each test here runs against every kind (kinds/__init__.py).

A test file names its kind as KIND and imports everything from here. `where("x")`: only for kinds of which x is true, and
there is nothing that mica could be asked for elsewhere."""
import json
import threading
import time

import pytest

from harness import parts
from harness.run import run
from token_home import TokenHome

ALL_ALGORITHMS = ("ec-p256", "ec-p384", "rsa-2048", "rsa-3072", "rsa-4096")
KEYS = {"ec-p256": "prime256v1", "ec-p384": "secp384r1", "rsa-2048": "2048 bit", "rsa-3072": "3072 bit",
        "rsa-4096": "4096 bit"}
CKR_PIN_INCORRECT, CKR_PIN_LOCKED = 0xA0, 0xA4


def pytest_generate_tests(metafunc):
    kind = metafunc.module.KIND
    if "algorithm" in metafunc.fixturenames:
        metafunc.parametrize("algorithm", kind.algorithms if parts.ALL else kind.algorithms[:kind.usual_algorithms])
    if "impossible" in metafunc.fixturenames:
        metafunc.parametrize("impossible", [a for a in ALL_ALGORITHMS if a not in kind.algorithms])
    if "wrong" in metafunc.fixturenames:
        metafunc.parametrize("wrong", range(1, 1 + (kind.tries or 1)))
    if "foreign" in metafunc.fixturenames:
        metafunc.parametrize("foreign", kind.foreign)


@pytest.fixture
def kind(request, scratch):
    folder = scratch / "token"
    folder.mkdir(mode=0o700)
    made = request.module.KIND(folder)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def home(kind, scratch):
    return TokenHome(scratch, kind)


@pytest.fixture
def proxied(kind, scratch):
    return TokenHome(scratch, kind, proxied=True)


# --- the life of a CA ----------------------------------------------------------------------------


def test_a_ca_lives(home, kind, algorithm):
    """init (or adoption), apply, nothing more to do, rotate; openssl judges what was delivered."""
    home.init(algorithm)
    assert KEYS[algorithm] in run(["openssl", "x509", "-in", home / "state/g1.pem", "-noout", "-text"]).out
    run(["openssl", "verify", "-x509_strict", "-CAfile", home / "state/g1.pem", home / "state/g1.pem"])
    home.mica("apply")
    first = home.delivered()
    home.mica("plan", "--exit-code")
    with home.unchanged():
        home.mica("apply")
        said = home.mica("init", *([] if kind.can_generate else ["--adopt"]))
    assert "nothing to do" in said.out + said.err
    home.mica("rotate", "--all")
    second = home.delivered()
    assert not {serial for _, serial in first} & {serial for _, serial in second}
    home.mica("status")


def test_the_key_cannot_leave(home, kind):
    home.init()
    key = home.mica("token", "--json").json["key"]
    assert key["sensitive"] is True and key["extractable"] is False, key
    if kind.can_generate:
        able = {name for name in ("decrypt", "unwrap", "derive", "modifiable", "copyable", "wrap") if key[name] is True}
        assert able <= set(kind.able), able


def test_the_certificate_lies_on_the_token_too(home, kind):
    said = home.init()
    if not kind.stores_certificate:
        assert kind.lacks["store-certificate"] in said.err, said
        return
    kind.tool("--read-object", "--type", "cert", *kind_object(kind), "--output-file", str(home.scratch / "ca.der"))
    pem = run(["openssl", "x509", "-inform", "DER", "-in", home.scratch / "ca.der"]).out
    assert pem.strip() in (home / "state/g1.pem").read_text()


def kind_object(kind):
    return ["--label", "ca"]


def test_init_makes_no_second_key_of_a_name(home, kind):
    """Where the token makes no keys at all, init without --adopt says that instead."""
    if not kind.can_generate:
        home.write(home.inventory())
        said = home.refused("init")
        assert kind.lacks["generate"] in said.err and "hint:" in said.err, said
        return
    home.init()
    (home / "state").rename(home.scratch / "lost")
    said = home.refused("init")
    assert "exists already on token" in said.err and "mica init --adopt" in said.err, said


def test_an_algorithm_that_the_token_lacks_is_refused(home, kind, impossible):
    home.write(home.inventory(impossible))
    said = home.refused("init")
    assert kind.lacks["algorithm" if kind.can_generate else "generate"] in said.err, said


@pytest.mark.where("can_generate")
def test_a_key_whose_state_was_lost_is_adopted(home):
    """Its certificate is made anew for the same key."""
    home.init()
    before = run(["openssl", "x509", "-in", home / "state/g1.pem", "-noout", "-pubkey"]).out
    (home / "state").rename(home.scratch / "lost")
    home.mica("init", "--adopt")
    assert run(["openssl", "x509", "-in", home / "state/g1.pem", "-noout", "-pubkey"]).out == before
    home.mica("apply")
    home.delivered()


@pytest.mark.where("extractable_key")
def test_a_key_that_can_leave_is_not_adopted(home, kind):
    kind.make_key(kind.algorithms[0], extractable=True)
    home.write(home.inventory())
    said = home.refused("init", "--adopt", code=3)
    assert "can leave the token: it is extractable" in said.err, said


@pytest.mark.where("can_generate")
def test_a_key_that_came_out_extractable_is_destroyed(proxied, kind):
    """The module makes an extractable key whatever it is told: mica reads it back, refuses it, and nothing stays."""
    home = proxied
    home.write(home.inventory())
    before = kind.private_keys()
    said = home.refused("init", faults="C_GenerateKeyPair@*=extractable")
    if kind.extractable_key:
        assert said.code == 3 and "can be extracted, though it was told not to: the key was destroyed again" in said.err, said
    else:
        assert "C_GenerateKeyPair said CKR_" in said.err, said
    assert kind.private_keys() == before
    home.mica("init")  # the name is free


# --- evidence ------------------------------------------------------------------------------------


def fingerprint(file):
    said = run(["openssl", "x509", "-in", file, "-noout", "-fingerprint", "-sha256"]).out
    return said.split("=")[1].strip().replace(":", "").lower()


def test_evidence(home, kind):
    """Its grade, what it is bound to, and what the token allowed that it must not: told, and exit 3. Nothing stays."""
    home.init()
    before = kind.private_keys()
    said = home.mica("token", "--prove", "evidence.json", code=3 if kind.leaks else 0)
    evidence = json.loads((home / "evidence.json").read_text())
    assert evidence["grade"] == kind.grade, said
    assert evidence["ca"]["sha256"] == fingerprint(home / "state/g1.pem")
    assert evidence["key"]["attributes"]["CKA_EXTRACTABLE"] is False
    allowed = {trial["name"] for trial in evidence["trials"] if trial["verdict"] == "allowed"}
    assert allowed == set(kind.leaks), said
    told = " ".join(finding["text"] for finding in evidence["findings"])
    assert all(f"{name} (" in told for name in kind.leaks), told
    if kind.can_generate:
        assert evidence["sibling"]["made"] is True and len(evidence["trials"]) > 4, said
    else:
        assert evidence["sibling"]["made"] is False and evidence["sibling"]["reason"], said
    assert kind.private_keys() == before, "the sibling is still there"
    home.mica("apply")


@pytest.mark.where("attested")
def test_evidence_with_an_attestation(home, kind):
    home.init()
    for name, pem in zip(("attestation.pem", "root.pem"), kind.attestation()):
        (home / name).write_text(pem)
    home.mica("token", "--prove", "evidence.json", "--attestation", "attestation.pem", "--root", "root.pem")
    assert json.loads((home / "evidence.json").read_text())["grade"] == "attested"


# --- long things ---------------------------------------------------------------------------------


def test_a_revocation_list_of_megabytes(home, kind):
    """100,000 entries and one of ours: linted, signed through the helper, which takes it as a sealed memory file, verified
    and read in seconds. Judged by openssl, and a shorter one by certtool, which takes minutes for the long one."""
    program = parts.BUILD / "tests/token/sign_crl"
    if not program.exists():
        parts.missing("sign_crl")
    parts.need("certtool")
    home.init()
    home.mica("apply")
    ca, good, revoked = home / "state/g1.pem", home / "out/prod/tls/server.pem", home / "out/prod/clients/ingest/client.pem"
    der, crl = home.scratch / "crl.der", home.scratch / "crl.pem"

    def sign(count):
        said = run([*kind.prefix, program, kind.module_path, kind.module_args or "", home.uri, home / "pin", ca, count, der,
                    revoked], env={**home.env, **kind.env}, timeout=120)
        verified = run(["openssl", "crl", "-inform", "DER", "-in", der, "-out", crl, "-CAfile", ca, "-verify"])
        assert "verify OK" in verified.err, verified
        return {words[0]: float(words[1]) for words in map(str.split, said.out.splitlines())}

    seconds = sign(100000)
    assert seconds.keys() == {"lint", "login", "sign", "read"}
    assert seconds["lint"] + seconds["sign"] + seconds["read"] < 30, seconds
    assert der.stat().st_size > 4 << 20
    check = ["openssl", "verify", "-x509_strict", "-crl_check", "-CRLfile", crl, "-CAfile", ca]
    run([*check, good])
    assert "certificate revoked" in run([*check, revoked], code=2).err
    sign(1000)
    for leaf, taken in ((good, True), (revoked, False)):
        said = run(["certtool", "--verify", f"--load-ca-certificate={ca}", f"--load-crl={crl}", f"--infile={leaf}"], code=None)
        assert (said.code == 0) == taken and ("is revoked" in said.out) != taken, said


# --- PINs ----------------------------------------------------------------------------------------


def test_a_stale_pin_is_tried_once(proxied, kind):
    """Ten runs of a timer make one C_Login; status and token say so; the way out is --clear-latch, and where the token
    remembers the wrong PIN, a login by hand."""
    home = proxied
    home.init()
    home.mica("apply")
    home.set_pin(kind.wrong_pin)
    home.faults.forget()
    said = home.refused("rotate", "--all", "--unattended", code=1)
    assert "CKR_PIN_INCORRECT" in said.err and "hint:" in said.err, said
    for _ in range(9):
        said = home.refused("rotate", "--all", "--unattended", code=3)
        assert "--clear-latch" in said.err, said
    home.set_pin(kind.pin)
    assert "--clear-latch" in home.refused("rotate", "--all", code=3).err
    assert home.logins() == [CKR_PIN_INCORRECT]
    for verb in (["status"], ["token", "--list"]):
        said = home.mica(*verb, code=None)
        assert "CKR_PIN_INCORRECT" in said.out + said.err, said
    home.mica("token", "--clear-latch")
    if kind.shows.get(1):
        said = home.refused("rotate", "--all", code=3)
        assert "mica token --use-last-try" in said.err, said
        home.mica("token", "--use-last-try")
    home.mica("rotate", "--all")
    home.delivered()


def test_wrong_pins_of_another_program(proxied, kind, wrong):
    """What the token's flags say is heeded, with no C_Login made; a lock that no flag shows is told as what it is."""
    home = proxied
    home.init()
    home.mica("apply")
    for _ in range(wrong):
        kind.give_wrong_pin()
    flags = set(kind.shows.get(wrong, ()))
    home.faults.forget()
    if wrong == kind.tries:
        said = home.refused("rotate", "--all", "--use-last-try", code=1)
        assert ("its PIN is locked" if flags else "CKR_PIN_LOCKED") in said.err and "hint:" in said.err, said
        assert home.logins() == ([] if flags else [CKR_PIN_LOCKED])
        kind.unlock()
        home.mica("token", "--clear-latch")
    elif flags:
        said = home.refused("rotate", "--all", code=3)
        words = "one more locks it" if "final_try" in flags else "a wrong PIN was given since the last login"
        assert words in said.err and "--use-last-try" in said.err, said
        assert home.logins() == []
        home.mica("rotate", "--all", "--use-last-try")
        assert home.logins() == [0]
    home.mica("rotate", "--all")
    home.delivered()


def test_a_run_logs_in_once(proxied):
    home = proxied
    home.init()
    home.faults.forget()
    home.mica("apply")
    assert home.logins() == [0]


# --- loss ----------------------------------------------------------------------------------------


def batch(home, n=8):
    """An inventory with n certificates; its places, and what is in them."""
    inv = home.inventory()
    names = [f"client-{i}" for i in range(n - 1)]
    inv["certificates"] = [inv.certificate("server"), *({"name": x, "profile": "client", "common-name": x} for x in names)]
    inv.deployment["clients"] = names
    home.write(inv)
    return [home / "out/prod/tls/server.pem", *(home / f"out/prod/clients/{x}/client.pem" for x in names)]


def judged(files):
    """The bytes of certificates that lie there, each verified by the ca.pem beside it."""
    for file in files:
        run(["openssl", "verify", "-x509_strict", "-CAfile", file.parent / "ca.pem", file])
    return [file.read_bytes() for file in files]


@pytest.mark.where("can_be_lost")
@pytest.mark.parametrize("back_after", [None, 0.5])
def test_the_token_is_lost_in_mid_batch(proxied, kind, back_after):
    """At the third signature; for good, or back in half a second. A batch is delivered whole or not at all, while the
    token is away mica says so, and with the token back the next run completes."""
    home = proxied
    home.init()
    files = batch(home)
    home.mica("apply")
    old = judged(files)
    home.faults.forget()
    lost = threading.Thread(target=lose_at_third_signature, args=(home, back_after))
    lost.start()
    said = home.mica("rotate", "--all", faults="C_Sign@*=delay:150", code=None)
    lost.join()
    assert said.code in (0, 1), said
    assert said.code == 0 or "hint:" in said.err, said
    assert not home.logins()[2:] and not {CKR_PIN_INCORRECT, CKR_PIN_LOCKED} & set(home.logins())
    now = judged(files)
    assert now == old if said.code == 1 else not set(now) & set(old)
    if back_after is None:
        said = home.refused("rotate", "--all", code=1)
        assert "hint:" in said.err, said
        kind.come_back()
    home.mica("token", "--clear-latch")
    home.mica("rotate", "--all")
    assert not set(judged(files)) & set(old)
    home.mica("plan", "--exit-code")


def lose_at_third_signature(home, back_after):
    deadline = time.monotonic() + 60
    while len(home.faults.calls("C_Sign")) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    home.kind.lose()
    if back_after is not None:
        time.sleep(back_after)
        home.kind.come_back()


# --- which key -----------------------------------------------------------------------------------


def test_no_such_key_lists_what_is_there(home, kind):
    home.init()
    inv = home.inventory()
    inv.ca["key"] = kind.uri() + ";id=%77%66"
    home.write(inv)
    with home.unchanged():
        said = home.mica("rotate", "--all", code=1)
    assert "no private key" in said.err and "its private keys:" in said.err, said


@pytest.mark.where("can_name_keys")
def test_two_keys_of_one_name_are_refused_by_name(home, kind):
    for id in ("07", "08"):
        kind.make_key(kind.algorithms[0], id=id)
    home.write(home.inventory())
    with home.unchanged():
        said = home.mica("init", "--adopt", code=1)
    assert "2 private keys with the label 'ca'" in said.err and "(id 07)" in said.err and "(id 08)" in said.err, said


def test_other_keys_beside_it(home, kind, foreign):
    """A key that no CA of mica can have lies there before and after: everything works."""
    kind.make_foreign(foreign)
    home.init()
    home.mica("apply")
    home.delivered()
    home.mica("token")
    home.mica("rotate", "--all")
    home.delivered()
