# SPDX-License-Identifier: Apache-2.0
"""What a PIV card asks of mica beyond the scenarios of every token: its slots, its touch, its being pulled out. The
card counts the PINs that it got, and is believed."""
import contextlib
import json
import os
import signal
import subprocess
import time

import pexpect
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from harness import faults, parts
from harness.run import SANITIZER
from piv import keys

CERTIFICATES = 12  # of a long batch


def adopt(home, kind, slot="9a", algorithm="ec-p256", policies=None, **ca):
    """A key in the slot by the card's own tool, adopted."""
    kind.slot = slot
    home.uri = kind.make_key(algorithm, **(policies or {}))
    home.write(home.inventory(algorithm, **ca))
    kind.card.forget()


def many(home, n=CERTIFICATES, **ca):
    """An inventory with n certificates in all."""
    inv = home.inventory(**ca)
    for i in range(n - len(inv["certificates"])):
        inv["certificates"].append({"name": f"c{i}", "profile": "client", "common-name": f"c{i}"})
        inv.deployment["clients"].append(f"c{i}")
    home.write(inv)


@contextlib.contextmanager
def beginning(home, *args):
    """mica in the background; .finish() gives (exit status, what it said)."""
    process = subprocess.Popen([*home.kind.prefix, str(parts.mica(home.build)), *args], cwd=home.path, env=home.env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)

    def finish(timeout=60):
        said, _ = process.communicate(timeout=timeout)
        assert not SANITIZER.search(said), said
        return process.returncode, said

    process.finish = finish
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


def ledger_knows_all(home, card):
    """Nothing was signed that the ledger does not know of. An EC P-256 key is given the digest of what it signs."""
    assert {d.hex() for d in card.signed} <= faults.known(home)


# --- keys ----------------------------------------------------------------------------------------


def test_a_key_is_made_by_the_cards_own_tool(home, kind):
    home.write(home.inventory())
    said = home.refused("init", code=1)
    assert "mica init --adopt" in said.err, said
    assert not kind.card.keys


def test_no_such_key_lists_what_is_there(home, kind):
    """In place of that of all tokens, whose keys have labels of their own."""
    adopt(home, kind, "9a")
    home.mica("init", "--adopt")
    home.uri = kind.uri("9d")
    home.write(home.inventory())
    with home.unchanged():
        said = home.mica("rotate", "--all", code=1)
    assert "no private key" in said.err and "(id 01)" in said.err, said


# --- slots ---------------------------------------------------------------------------------------


def test_a_pin_once_key_gets_one_pin_a_run(home, kind):
    card = kind.card
    adopt(home, kind, "9a")
    for verb, signatures in ((["init", "--adopt"], 2), (["apply"], 3), (["rotate", "--all"], 3), (["token"], 0)):
        home.mica(*verb)
        assert (card.pins, card.signatures) == (1, signatures), (verb, card.log)
        card.forget()
    home.delivered()


@pytest.mark.parametrize("sort", ["rsa-2048", "ec-p384"])
def test_an_always_key_gets_the_pin_for_each_signature(home, kind, sort):
    """One login, and the PIN again for each signature: right before it, or the card refuses. The run's CRL is one."""
    card = kind.card
    adopt(home, kind, "9c", sort)
    home.mica("init", "--adopt")
    assert (card.pins, card.signatures, card.wrong_pins) == (3, 2, 0)
    card.forget()
    many(home, algorithm=sort)
    said = home.mica("apply")
    assert (card.pins, card.signatures, card.wrong_pins) == (1 + CERTIFICATES + 1, CERTIFICATES + 1, 0)
    assert f"{CERTIFICATES + 1} signatures" in said.err, said
    home.delivered()


def test_the_pin_of_an_always_key_is_typed_once(home, kind):
    card = kind.card
    adopt(home, kind, "9c", pin="prompt")
    child = pexpect.spawn(str(parts.mica(home.build)), ["init", "--adopt"], cwd=home.path, env=home.env, timeout=60,
                          encoding="utf-8")
    child.expect("PIN")
    child.waitnoecho()
    child.sendline(kind.pin)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    assert kind.pin not in child.before and (card.pins, card.signatures) == (3, 2)


def test_an_always_key_is_refused_unattended_without_a_login(home, kind):
    """A timer's run cannot have meant it. The state knows what the token hides before the login."""
    card = kind.card
    adopt(home, kind, "9c")
    home.mica("init", "--adopt")
    card.forget()
    with home.unchanged():
        said = home.mica("apply", "--unattended", code=3)
    assert "signature" in said.err and card.pins == 0 and card.signatures == 0, said


# --- touch ---------------------------------------------------------------------------------------


def test_each_signature_waits_for_a_touch(home, kind):
    card = kind.card
    adopt(home, kind, "9a", policies={"touch_policy": "always"}, touch=True)
    card.finger = 0.2
    said = home.mica("init", "--adopt")
    assert "touch" in said.err, said
    card.forget()
    said = home.mica("apply")
    assert "3 touches" in said.err and "touch the token for signature 3 of 3" in said.err, said
    assert (card.pins, card.touches, card.signatures, card.missed) == (1, 3, 3, 0)
    home.delivered()


def test_a_touch_that_does_not_come_is_said_and_no_pin_is_sent_for_it(home, kind):
    card = kind.card
    adopt(home, kind, "9a", policies={"touch_policy": "always"}, touch=True)
    card.finger = 0.05
    home.mica("init", "--adopt")
    card.forget()
    card.finger, card.touch_seconds = None, 0.3
    said = home.mica("apply", code=1)
    assert "touch" in said.err and "hint:" in said.err, said
    assert not (home / "out/prod/tls/server.pem").exists()
    assert card.wrong_pins == 0 and card.pins == 1 and card.signatures == 0, card.log
    card.forget()
    card.finger = 0.05
    home.mica("apply")
    home.delivered()
    ledger_knows_all(home, card)


@pytest.mark.parametrize("slot, words", [("9a", "touch the token when it blinks"), ("9c", "say 'touch: true'")])
def test_a_touch_that_was_not_declared(home, kind, slot, words):
    """mica waits as long as the token does, and says what may be the matter when it does not come."""
    card = kind.card
    adopt(home, kind, slot, policies={"touch_policy": "always"})
    card.touch_seconds = 0.3
    said = home.mica("init", "--adopt", code=1)
    assert words in said.err, said
    assert card.wrong_pins == 0 and card.signatures == 0


def test_a_touch_is_refused_unattended_without_a_login(home, kind):
    card = kind.card
    adopt(home, kind, "9a", policies={"touch_policy": "always"}, touch=True)
    card.finger = 0.05
    home.mica("init", "--adopt")
    card.forget()
    with home.unchanged():
        said = home.mica("apply", "--unattended", code=3)
    assert "touch" in said.err and card.pins == 0, said


# --- in mid-batch --------------------------------------------------------------------------------


@pytest.mark.parametrize("slot", ["9a", "9c"])
def test_pulled_out_and_put_back_in_mid_batch(home, kind, slot):
    """It is back in time: one restart, one more login, everything delivered."""
    card = kind.card
    adopt(home, kind, slot)
    home.mica("init", "--adopt")
    many(home)
    card.forget()
    card.delay = 0.05
    with beginning(home, "apply") as mica:
        until(lambda: card.signatures >= 4)
        kind.lose()
        kind.come_back()
        code, said = mica.finish()
    if code and (kind.can_hang or slot == "9c"):
        # the module hung, or answered the PIN of 9c with an error that tells nothing: whether a try was spent is not known
        assert "C_" in said and "hint:" in said and not (home / "out/prod/tls/server.pem").exists(), said
        again = home.mica("apply", code=None)
        if again.code == 3:
            assert "C_Login" in said and "--clear-latch" in again.err, again
            home.mica("token", "--clear-latch")
            home.mica("apply")
    else:
        assert code == 0, said
        # a login before and one after; for 9c one with each signature, of which one was cut off
        assert card.pins <= (2 if slot == "9a" else 2 + CERTIFICATES + 1 + 1)
    home.delivered()
    assert card.wrong_pins == 0
    ledger_knows_all(home, card)


def test_another_program_resets_the_card_in_mid_batch(home, kind):
    """The card forgets the login, as it does when somebody looks at it by its maker's tool."""
    card = kind.card
    adopt(home, kind, "9a")
    home.mica("init", "--adopt")
    many(home)
    card.forget()
    card.delay = 0.05
    with beginning(home, "apply") as mica:
        until(lambda: card.signatures >= 4)
        kind.yubikey.tool("--action=version", code=None)
        code, said = mica.finish()
    assert code == 0, said
    home.delivered()
    assert card.wrong_pins == 0
    ledger_knows_all(home, card)


# --- PINs ----------------------------------------------------------------------------------------


def test_ten_runs_with_a_stale_pin_send_it_once(home, kind):
    card = kind.card
    adopt(home, kind, "9a")
    home.mica("init", "--adopt")
    home.set_pin(kind.wrong_pin)
    card.forget()
    for _ in range(10):
        home.mica("apply", "--unattended", code=None)
    assert (card.pins, card.wrong_pins, card.pin.left) == (1, 1, 2)
    status = home.mica("status", code=None)
    assert "--clear-latch" in status.out + status.err, status
    home.set_pin(kind.pin)
    home.mica("apply", code=3)
    assert card.pins == 1
    home.mica("token", "--clear-latch")
    home.mica("apply", "--use-last-try")
    assert card.pin.left == 3 and card.wrong_pins == 1
    home.delivered()


def test_a_locked_pin_is_not_sent(home, kind):
    card = kind.card
    adopt(home, kind, "9a")
    home.mica("init", "--adopt")
    card.pin.left = 0
    card.forget()
    said = home.mica("apply", code=1)
    assert "locked" in said.err and "hint:" in said.err, said
    assert card.pins == 0
    kind.unlock()
    card.forget()
    home.mica("apply")
    home.delivered()


def test_the_last_try_is_kept_for_a_person(home, kind):
    card = kind.card
    adopt(home, kind, "9a")
    home.mica("init", "--adopt")
    card.pin.left = 1
    card.forget()
    home.mica("apply", code=3)
    assert card.pins == 0
    home.mica("apply", "--use-last-try")
    assert card.wrong_pins == 0 and card.pin.left == 3
    home.delivered()


# --- evidence ------------------------------------------------------------------------------------


def prove(home, *more, code=0):
    evidence = home / "evidence.json"
    said = home.mica("token", "--prove", "evidence.json", *more, code=code)
    if code:
        assert not evidence.exists(), said
        return said
    found = json.loads(evidence.read_text())
    evidence.unlink()
    return found


def test_what_the_device_says_of_its_key(home, kind):
    """With the maker's root, and the right one: attested. The card signs nothing for it."""
    card = kind.card
    adopt(home, kind, "9a")
    home.mica("init", "--adopt")
    assert prove(home)["grade"] == "claimed"
    attestation, root = kind.attestation()
    (home / "attestation.pem").write_text(attestation)
    (home / "root.pem").write_text(root)
    card.forget()
    found = prove(home, "--attestation", "attestation.pem", "--root", "root.pem")
    assert found["grade"] == "attested"
    facts = found["attestation"]["facts"]
    assert facts["serial"] == str(card.serial) and (facts["pin-policy"], facts["touch-policy"]) == ("once", "never")
    assert card.pins == 1 and card.signatures == 0


def test_an_attestation_under_another_root_is_refused(home, kind):
    adopt(home, kind, "9a")
    home.mica("init", "--adopt")
    attestation, root = kind.attestation()
    (home / "attestation.pem").write_text(attestation)
    (home / "root.pem").write_text(keys.Maker(bytes(3)).root.public_bytes(Encoding.PEM).decode())
    said = prove(home, "--attestation", "attestation.pem", "--root", "root.pem", code=3)
    assert "root" in said.err, said


def test_an_attestation_of_another_key_is_refused(home, kind):
    adopt(home, kind, "9a")
    home.mica("init", "--adopt")
    kind.yubikey.generate("9d", "ec-p256")
    (home / "attestation.pem").write_text(kind.yubikey.attestation("9d"))
    (home / "root.pem").write_text(kind.yubikey.root)
    said = prove(home, "--attestation", "attestation.pem", "--root", "root.pem", code=3)
    assert "another key" in said.err, said
