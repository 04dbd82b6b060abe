# SPDX-License-Identifier: Apache-2.0
"""A TPM 2.0 through tpm2-pkcs11: beside the scenarios, what only a TPM does. It tells nothing of wrong PINs and locks
after the third; its serial number is all zeros."""
import contextlib
import re
import threading
import time

from harness import parts
from harness.faults import known
from harness.run import run
from kinds.tpm2 import Tpm2 as KIND  # noqa: F401
from scenarios import *  # noqa: F403: the scenarios themselves
from scenarios import CKR_PIN_INCORRECT, CKR_PIN_LOCKED

RUNS = 10
MANY = 60


# --- the lockout ----------------------------------------------------------------------------------


def test_ten_runs_with_a_stale_pin_are_one_login(proxied, kind):
    home = proxied
    home.init()
    home.mica("apply")
    before = kind.lockout_counter()
    home.set_pin(kind.wrong_pin)
    home.faults.forget()
    said = [home.mica("rotate", "--all", "--unattended", code=None) for _ in range(RUNS)]
    assert home.logins() == [CKR_PIN_INCORRECT]
    assert kind.lockout_counter() == before + 1 < kind.tries
    assert all(one.code in (1, 3) for one in said), said
    assert all("mica token --clear-latch" in one.err for one in said[1:]), said[1]
    # it is not locked: once a person has put the PIN right, everything works
    assert "milvus-ca" in home.mica("status").err
    home.set_pin(kind.pin)
    home.mica("token", "--clear-latch")
    home.mica("rotate", "--all", "--unattended")
    home.delivered()


def test_a_locked_tpm_is_told_and_not_tried(proxied, kind):
    """It has no flag for it: the login itself is what tells, and is made once."""
    home = proxied
    home.init()
    for _ in range(kind.tries):
        kind.give_wrong_pin()
    home.faults.forget()
    for _ in range(3):
        said = home.mica("apply", "--unattended", code=None)
        assert said.code in (1, 3) and "milvus-ca" in said.err and "hint:" in said.err, said
    assert home.logins() == [CKR_PIN_LOCKED]
    kind.unlock()
    home.mica("token", "--clear-latch")
    home.mica("apply", "--unattended")
    home.delivered()


# --- a serial number of zeros ---------------------------------------------------------------------


def test_two_tokens_with_one_serial_number(home, kind):
    """The label tells them apart: in URIs, in the latch, in messages."""
    kind.make_token("other")
    listed = home.mica("token", "--module", kind.module)
    assert len(re.findall(r"^(?:milvus-ca|other) +0000000000000000 ", listed.out, re.M)) == 2, listed
    home.write(home.inventory(key="pkcs11:serial=0000000000000000;object=ca"))
    said = home.mica("init", code=1)
    assert "milvus-ca" in said.err and "other" in said.err, said
    home.uri = "pkcs11:token=milvus-ca;serial=0000000000000000;object=ca"
    home.init()
    # a latch of the one is not the other's, which is only without the key
    home.set_pin(kind.wrong_pin)
    assert "CKR_PIN_INCORRECT" in home.mica("apply", "--unattended", code=1).err
    home.set_pin(kind.pin)
    home.write(home.inventory(key="pkcs11:token=other;serial=0000000000000000;object=ca"))
    said = home.mica("apply", "--unattended", code=1)
    assert "no private key" in said.err and "'other'" in said.err, said
    home.write(home.inventory())
    said = home.mica("apply", "--unattended", code=None)
    assert said.code in (1, 3) and "--clear-latch" in said.err and "'milvus-ca'" in said.err, said
    home.mica("token", "--clear-latch")
    home.mica("apply", "--unattended")


# --- the TPM goes away ----------------------------------------------------------------------------


def with_many(home):
    inv = home.inventory()
    for n in range(MANY):
        inv["certificates"].append({"name": f"c{n}", "profile": "client", "common-name": f"c{n}"})
        inv.deployment["clients"].append(f"c{n}")
    return inv


@contextlib.contextmanager
def when_signed(home, signatures, act):
    """act() in another thread once that many signatures were made."""
    def wait():
        deadline = time.monotonic() + 60
        while len(home.faults.calls("C_Sign")) < signatures and time.monotonic() < deadline:
            time.sleep(0.002)
        act()
    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()


def test_the_tpm_is_back_before_the_new_start(proxied, kind):
    """Then the run completes by itself. (That it stays away is among the scenarios.)"""
    home = proxied
    home.init()
    home.write(with_many(home))
    home.faults.forget()
    with when_signed(home, 10, lambda: (kind.lose(), kind.come_back())):
        home.mica("apply", faults="C_Initialize@2=delay:2500")
    assert home.logins() == [0, 0]
    assert set(home.faults.signed()) <= known(home), "something was signed that the ledger does not know"
    home.delivered()
    home.mica("plan", "--exit-code")


# --- RSA ------------------------------------------------------------------------------------------


def test_an_rsa_key_signs_and_nothing_else(home, kind):
    """Most programs sign with a TPM's RSA key by raw decryption, which then can be had for other things too."""
    home.init("rsa-2048")
    key = home.mica("token", "--json").json["key"]
    assert key["sign"] is True and key["decrypt"] is False, key
    home.mica("apply")
    home.delivered()
    crl = home.scratch / "crl.der"
    run([parts.BUILD / "tests/token/sign_crl", kind.module_path, "", home.uri, home / "pin", home / "state/g1.pem", 5000,
         crl], env={**home.env, **kind.env})
    said = run(["openssl", "crl", "-inform", "DER", "-in", crl, "-noout", "-CAfile", home / "state/g1.pem", "-verify"])
    assert "verify OK" in said.err, said
