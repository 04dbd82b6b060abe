# SPDX-License-Identifier: Apache-2.0
"""A module that hangs, crashes, lies or loses its sessions: the run ends within its deadline and says what happened, or
cures itself; nothing half-done is delivered, no process stays behind, and the next run works."""
import concurrent.futures
import signal
import subprocess
import time

import pytest

from harness import parts
from harness.faults import Faults, known
from harness.home import Home, without_leak_check
from harness.inventory import Inventory
from harness.run import run
from harness.tree import difference, snapshot

DEADLINE = 60  # no deadline is above this by default
GRACE = 20

# every one is in force for the whole run; the words must be in what mica says
FATAL = {
    "hang in C_Initialize": ("C_Initialize@*=hang", ["C_Initialize"]),
    "hang in C_Login": ("C_Login@*=hang", ["C_Login"]),
    "hang in C_Sign": ("C_Sign@*=hang", ["C_Sign"]),
    "hang in the second C_Sign": ("C_Sign@2+=hang", ["C_Sign"]),
    "hang in C_OpenSession": ("C_OpenSession@*=hang", ["C_OpenSession"]),
    "crash in C_Initialize": ("C_Initialize@*=crash", ["mica-token", "C_Initialize"]),
    "crash in C_Login": ("C_Login@*=crash", ["mica-token", "C_Login"]),
    "crash in C_Sign": ("C_Sign@*=crash", ["mica-token", "C_Sign"]),
    "exit in C_Sign": ("C_Sign@*=exit", ["mica-token", "C_Sign"]),
    "kill after C_Sign": ("C_Sign@*=kill", ["mica-token", "C_Sign"]),
    "a wrong signature": ("C_Sign@*=flip", ["signature", "hint:"]),
    "one wrong signature": ("C_Sign@2=flip", ["signature", "hint:"]),
    "sessions closed for ever": ("C_Sign@*=close", ["hint:"]),
    "device removed": ("C_Sign@*=ckr:0x32", ["CKR_DEVICE_REMOVED", "removed"]),
    "device error for ever": ("C_SignInit@*=ckr:0x30", ["CKR_DEVICE_ERROR"]),
    "PIN locked": ("C_Login@*=ckr:0xA4", ["CKR_PIN_LOCKED"]),
    "a PIN's last try": ("C_GetTokenInfo@*=flags:0x20000", ["PIN", "hint:"]),
    "host memory": ("C_Sign@*=ckr:0x2", ["CKR_HOST_MEMORY"]),
    "a vendor's code": ("C_Sign@*=ckr:0x80000123", ["C_Sign said CKR_VENDOR_DEFINED + 0x123"]),
    # without its top bit it would be CKR_DEVICE_ERROR
    "a vendor's code at the start": ("C_Initialize@*=ckr:0x80000030", ["C_Initialize said CKR_VENDOR_DEFINED + 0x30"]),
    "a vendor's code for a session": ("C_OpenSession@*=ckr:0x80000030", ["said CKR_VENDOR_DEFINED + 0x30"]),
    "a vendor's code at the login": ("C_Login@*=ckr:0x80000030", ["C_Login said CKR_VENDOR_DEFINED + 0x30"]),
    "a short signature": ("C_Sign@2=short:20", ["signature", "hint:"]),
    "a signature longer than it can be": ("C_Sign@2=long:100000", ["signature", "hint:"]),
}

CURED = {
    "sessions closed once": "C_Sign@1=close",
    "a crash once": "C_Sign@1=crash",
    "device error once": "C_Sign@1=ckr:0x30",
    "an exit once": "C_Sign@2=exit",
    "killed once after signing": "C_Sign@1=kill",
    "a child that holds every descriptor": "C_Login@1=fork",
    "slow": "C_Sign@*=delay:300",
}


class Bad:
    """A home whose token speaks through the proxy; two certificates are delivered, two are due."""

    def __init__(self, folder):
        self.home = Home(folder)
        self.faults = Faults(folder)
        self.inv = Inventory()
        self.inv.ca["module"] = str(self.faults.path)
        self.home.write(self.inv)
        self.run("init")
        self.run("apply")
        self.before = snapshot(self.home / "out", mtime=True)

    def run(self, *args, faults="", **more):
        return self.home.mica(*args, env=self.faults.env(faults), **more)

    def still_as_before(self, staged=()):
        """Nothing was delivered. staged: what a killed run may leave, under names that begin with '..'."""
        after = snapshot(self.home / "out", mtime=True)
        for path in set(after) - set(self.before):
            if any(part.startswith("..") for part in path.split("/")) and staged == "..":
                assert not path.endswith(".key") or after[path][1] == "0o600", path
                del after[path]
        changed = difference(self.before, after)
        assert not changed, f"something was delivered:\n{changed}"

    def works_again(self):
        rerun = self.run("apply")
        assert set(self.faults.signed()) <= known(self.home), "a signature that the ledger does not know"
        self.run("plan", "--exit-code", code=0)
        self.run("token", "--clear-latch")  # of a login that did not succeed
        self.run("rotate", "--all")
        for folder, stem in (("out/prod/tls", "server"), ("out/prod/clients/ingest", "client")):
            folder = self.home / folder
            run(["openssl", "verify", "-x509_strict", "-CAfile", folder / "ca.pem", folder / f"{stem}.pem"])
            assert run(["openssl", "pkey", "-in", folder / f"{stem}.key", "-pubout"]).out == \
                run(["openssl", "x509", "-in", folder / f"{stem}.pem", "-noout", "-pubkey"]).out
        return rerun


def fatal(folder, what):
    faults, words = FATAL[what]
    bad = Bad(folder)
    bad.faults.forget()
    begun = time.monotonic()
    said = bad.run("rotate", "--all", faults=faults, code=None, timeout=DEADLINE + GRACE + 60)
    took = time.monotonic() - begun
    assert said.code in (1, 3), said
    assert took < DEADLINE + GRACE, f"{took:.0f} s\n{said}"
    for word in words:
        assert word in said.err, f"{word!r} was not said\n{said}"
    assert len(said.err.splitlines()) <= 8, said
    bad.still_as_before()
    assert not bad.faults.processes(), f"left behind: {bad.faults.processes()}"
    assert set(bad.faults.signed()) <= known(bad.home), "a signature that the ledger does not know"
    bad.works_again()
    return took, said


@pytest.fixture(scope="module")
def fatal_runs(module_scratch):
    """All at once: those that hang wait for their deadlines together."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(FATAL)) as pool:
        folders = {what: module_scratch / f"f{i}" for i, what in enumerate(FATAL)}
        yield {what: pool.submit(fatal, folders[what], what) for what in FATAL}


@pytest.mark.parametrize("what", FATAL)
def test_fatal(fatal_runs, what):
    took, said = fatal_runs[what].result()
    print(f"{what}: {took:.1f} s\n{said.err}")


@pytest.mark.parametrize("what", CURED)
def test_cured(scratch, what):
    bad = Bad(scratch)
    bad.faults.forget()
    said = bad.run("rotate", "--all", faults=CURED[what], timeout=DEADLINE + GRACE)
    changed = difference(bad.before, snapshot(bad.home / "out", mtime=True))
    assert changed, said
    assert set(bad.faults.signed()) <= known(bad.home), "a signature that the ledger does not know"
    bad.works_again()


def test_a_restart_logs_in_no_more_than_twice(scratch):
    bad = Bad(scratch)
    bad.faults.forget()
    bad.run("rotate", "--all", faults="C_Sign@*=crash", code=1)
    assert len(bad.faults.calls("C_Login")) == 2


def test_a_wrong_pin_is_sent_once(scratch):
    bad = Bad(scratch)
    bad.faults.forget()
    (bad.home / "pin").write_text("wrong\n")
    bad.run("rotate", "--all", code=1)
    assert len(bad.faults.calls("C_Login")) == 1


def test_a_module_that_does_not_die_when_it_is_killed(scratch):
    """As one whose driver holds it in the kernel: mica does not wait for it. Here a tracer holds it, that is stopped."""
    parts.need_strace_inside()
    bad = Bad(scratch)
    bad.faults.forget()
    env = {**bad.home.env, **bad.faults.env("C_Sign@*=hang"), **without_leak_check(), "MICA_TOKEN_DEADLINE_MS": "3000"}
    begun = time.monotonic()
    with open(scratch / "said", "w") as file:  # mica-token has it open as well, so nobody waits for its end
        mica = subprocess.Popen([parts.mica(), "rotate", "--all"], cwd=bad.home.path, env=env,
                                stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    while not (bad.faults.log.exists() and "C_Sign hang" in bad.faults.log.read_text()):
        assert time.monotonic() - begun < 20
        time.sleep(0.02)
    token = bad.faults.calls("C_Sign")[0][0]
    tracer = subprocess.Popen(["strace", "-f", "-p", token, "-o", "/dev/null"], stderr=subprocess.PIPE, text=True)
    try:
        assert "attached" in tracer.stderr.readline()
        tracer.send_signal(signal.SIGSTOP)
        mica.wait(timeout=20)
        took = time.monotonic() - begun
    finally:
        tracer.kill()
        tracer.communicate()
        mica.kill()
    said = (scratch / "said").read_text()
    assert mica.returncode == 1 and "hung in C_Sign" in said, said
    assert 4 < took < 12, f"{took:.1f} s: the tracer did not hold it, or mica waited for it"
    bad.works_again()


def test_nothing_due_means_no_call(scratch):
    bad = Bad(scratch)
    bad.faults.forget()
    bad.run("apply", faults="C_Initialize@*=crash")
    assert not bad.faults.log.exists() or not bad.faults.log.read_text()


def test_a_key_that_the_module_made_extractable_is_refused(scratch):
    home, faults = Home(scratch), Faults(scratch)
    inv = Inventory()
    inv.ca["module"] = str(faults.path)
    home.write(inv)
    said = home.mica("init", env=faults.env("C_GenerateKeyPair@*=extractable"), code=3)
    assert "can be extracted" in said.err, said
    assert not faults.signed(), "it signed with an extractable key"
    assert not (home / "state/g1.pem").exists()


@pytest.mark.parametrize("fault", ["C_GenerateKeyPair@1=kill", "C_GenerateKeyPair@1=parent", "C_Sign@1=kill",
                                   "C_Sign@1=parent", "C_CreateObject@1=parent"])
def test_an_init_that_died_is_completed_by_the_next(scratch, fault):
    """The key was made and the process died: the next init takes that very key."""
    home, faults = Home(scratch), Faults(scratch)
    inv = Inventory()
    inv.ca["module"] = str(faults.path)
    home.write(inv)
    home.mica("init", env=faults.env(fault), code=None)
    home.mica("init", env=faults.env())
    keys = home.token.tool("--list-objects", "--type", "privkey").count("Private Key Object")
    assert keys == 1, "a key was left behind"
    home.mica("apply", env=faults.env())
    assert set(faults.signed()) <= known(home)


@pytest.mark.parametrize("number", [1, 2])
def test_mica_killed_right_after_a_signature(scratch, number):
    bad = Bad(scratch)
    bad.faults.forget()
    said = bad.run("rotate", "--all", faults=f"C_Sign@{number}=parent", code=None)
    assert said.code == -9, said
    bad.still_as_before(staged="..")
    assert len(bad.faults.signed()) >= number
    assert set(bad.faults.signed()) <= known(bad.home), "a signature that the ledger does not know"
    bad.works_again()
    time.sleep(0.2)
    assert not bad.faults.processes()
