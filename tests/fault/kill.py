# SPDX-License-Identifier: Apache-2.0
"""kill -9 of mica, and of mica-token, at every write, sync, rename and message of an apply with two certificates.

strace counts a system call and kills the process as it enters the N-th one, for N = 1, 2, ... until the run gets through.
After each: what was current before is whole and current, or what is new is; nothing half-written is in sight; the
rerun completes; and every signature that the module made (the proxy logs what it was given: SHA-256 of the
to-be-signed bytes) is in the ledger.

test_kill_first.py and test_kill_rotation.py run these tests, each from its own beginning."""
import os
import pathlib
import shutil
import stat
import tempfile

import pytest

from harness import crl, parts
from harness.faults import Faults, known
from harness.home import Home, without_leak_check
from harness.inventory import Inventory
from harness.run import run

TREES = (("out/prod/tls", "server"), ("out/prod/clients/ingest", "client"))
# what makes something durable, visible or known to others; the rest changes nothing outside the process
MICA_CALLS = ("write", "pwrite64", "fsync", "fdatasync", "syncfs", "rename", "renameat", "renameat2", "link", "linkat",
              "symlink", "symlinkat", "unlink", "unlinkat", "mkdir", "mkdirat", "ftruncate", "fchmod", "fchown",
              "sendmsg", "sendto", "recvmsg", "recvfrom")
# mica-token dies at its messages and after each call of the module, not within one: SoftHSM2 rewrites its token's file
# in place at a login, and a kill in the midst of that loses the token, whatever program called it
TOKEN_CALLS = ("sendmsg", "sendto", "recvmsg", "recvfrom")
MODULE_CALLS = ("C_Initialize", "C_GetTokenInfo", "C_OpenSession", "C_Login", "C_FindObjects", "C_GetAttributeValue",
                "C_SignInit", "C_Sign", "C_CloseSession", "C_Logout", "C_Finalize")
MOST = 400


class Stage:
    """A home with two certificates delivered and two due, to be put back as it was as often as one likes."""

    def __init__(self, folder, delivered):
        parts.need("strace")
        self.home = Home(folder, build=parts.RELEASE)
        self.faults, self.strace_log = Faults(folder), folder / "strace.log"
        inv = self.inventory()
        self.home.write(inv)
        self.run("init")
        if delivered:
            self.run("apply")
            inv.certificate("server")["dns"].append("second.example.com")
            inv.certificate("ingest")["common-name"] = "ingest-2"
            self.home.write(inv)
        self.saved = folder / "saved"
        shutil.copytree(self.home.path, self.saved / "home", symlinks=True)
        shutil.copytree(self.home.token.store, self.saved / "store")
        self.saved_log = self.faults.log.read_text()
        self.delivered = delivered
        self.before = self.judge_trees(may_be_absent=not delivered)

    def inventory(self):
        inv = Inventory()
        inv.ca["module"] = str(self.faults.path)
        return inv

    def run(self, *args, **more):
        env = {**self.faults.env(more.pop("faults", "")), **without_leak_check(), **more.pop("env", {})}
        return self.home.mica(*args, env=env, **more)

    def reset(self):
        for here, name in ((self.home.path, "home"), (self.home.token.store, "store")):
            shutil.rmtree(here)
            shutil.copytree(self.saved / name, here, symlinks=True)
        self.faults.forget()
        self.faults.log.write_text(self.saved_log)
        self.strace_log.write_text("")

    def killed(self, call, number):
        """Did the kill at this occurrence of a system call, or of a call of the module, happen?"""
        if call.startswith("C_"):
            return len(self.faults.calls(call)) - sum(f" {call} " in line for line in self.saved_log.splitlines()) >= number
        return "+++ killed by SIGKILL +++" in self.strace_log.read_text()

    def unknown(self):
        """Signatures that the ledger does not know of."""
        return set(self.faults.signed()) - known(self.home)

    def judge_trees(self, may_be_absent):
        """Each delivered directory is whole: its key is that of its certificate, which its ca.pem verifies."""
        said = []
        for folder, stem in TREES:
            folder = self.home / folder
            shown = sorted(n for n in os.listdir(folder) if not n.startswith("..")) if folder.exists() else []
            there = [n for n in shown if (folder / n).exists()]
            if may_be_absent and not there:
                continue
            assert there == sorted(["ca.pem", "crl.pem", f"{stem}.key", f"{stem}.pem"]), (folder, shown, there)
            assert stat.S_IMODE(os.stat(folder / f"{stem}.key").st_mode) == 0o600
            assert run(["openssl", "pkey", "-in", folder / f"{stem}.key", "-pubout"]).out == \
                run(["openssl", "x509", "-in", folder / f"{stem}.pem", "-noout", "-pubkey"]).out
            run(["openssl", "verify", "-x509_strict", "-crl_check", "-CRLfile", folder / "crl.pem",
                 "-CAfile", folder / "ca.pem", folder / f"{stem}.pem"])
            said.append((folder / f"{stem}.pem").read_bytes())
        return said

    def clear_latch(self):
        """A kill within a login leaves the latch armed: the PIN may have been wrong, and is not tried by itself again."""
        if not list(self.home.path.glob("state/latch-*")):
            return
        before = len(self.faults.calls("C_Login"))
        refused = self.run("apply", code=3)
        assert "mica token --clear-latch" in refused.err, refused
        assert len(self.faults.calls("C_Login")) == before, "a PIN was tried although the latch is armed"
        self.run("token", "--clear-latch")

    def judge(self):
        """What must hold after a crash, then what must hold after the rerun."""
        self.judge_trees(may_be_absent=not self.delivered)
        assert not self.unknown(), "a signature that the ledger does not know"
        self.clear_latch()
        rerun = self.run("apply")
        after = self.judge_trees(may_be_absent=False)
        assert len(after) == 2
        assert not set(self.before) & set(after), f"an old certificate is still there\n{rerun}"
        self.run("plan", "--exit-code", code=0)
        assert not self.unknown()
        assert not [p for p in self.home.path.rglob("*") if p.name.endswith((".tmp", ".new"))]
        states = {r["state"] for r in self.home.records()}
        assert not states & {"intended", 0}, f"an intent was left open: {states}"
        self.judge_crls()

    def judge_crls(self):
        """Of the lists the newest lies outside, and no other is taken for one that does."""
        crls = [r for r in self.home.records() if r["kind"] == "crl"]
        assert [r["state"] for r in crls if r["state"] in ("issued", "delivered")] == ["delivered"], crls
        newest = next(r for r in crls if r["state"] == "delivered")
        assert crl.read(self.home / "state/g1.crl")["number"] == int.from_bytes(newest["serial"], "big")


@pytest.fixture(scope="module")
def stage(request):
    """In memory where that can be: a thousand runs wait for a disk's syncs otherwise. DELIVERED is the test module's."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mica-", dir=memory))
    made = Stage(folder, delivered=request.module.DELIVERED)
    yield made
    shutil.rmtree(folder)


def strace(stage, call, number):
    return ["strace", "-A", "-e", f"trace={call}", "-o", str(stage.strace_log),
            f"--inject={call}:signal=KILL:when={number}"]


def step(stage, call, attempt):
    """Kills at the first, second, ... occurrence until nothing is killed any more; returns how many kills there were."""
    for number in range(1, MOST):
        stage.reset()
        result = attempt(number)
        killed = stage.killed(call, number)
        try:
            stage.judge()
        except AssertionError as fault:
            raise AssertionError(f"after a kill at {call} number {number}: {fault}\n{result}") from fault
        if not killed:
            assert result.code == 0, result
            return number - 1
    raise AssertionError(f"{call}: the run never got through")




@pytest.mark.parametrize("call", MICA_CALLS)
def test_mica_killed(stage, call):
    def attempt(number):
        result = stage.run("apply", code=None, prefix=strace(stage, call, number))
        assert result.code in (0, -9, 137), result
        return result
    kills = step(stage, call, attempt)
    print(f"{call}: {kills} kills")


@pytest.mark.parametrize("call", TOKEN_CALLS)
def test_token_killed(stage, call):
    """mica-token dies: mica starts it anew once, or says that it died; either way as above."""
    wrapper = stage.home.scratch / "mica-token"

    def attempt(number):
        words = " ".join(strace(stage, call, number))
        wrapper.write_text(f'#!/bin/sh\nexec {words} "{parts.helper(parts.RELEASE)}" "$@"\n')
        wrapper.chmod(0o755)
        result = stage.run("apply", code=None, env={"MICA_TOKEN_HELPER": str(wrapper)}, timeout=120)
        assert result.code in (0, 1), result
        assert result.code == 0 or "mica-token" in result.err, f"it does not say what happened\n{result}"
        return result
    kills = step(stage, call, attempt)
    print(f"{call}: {kills} kills")


@pytest.mark.parametrize("call", MODULE_CALLS)
def test_token_killed_after_a_call_of_the_module(stage, call):
    def attempt(number):
        result = stage.run("apply", code=None, faults=f"{call}@{number}=kill", timeout=120)
        assert result.code in (0, 1), result
        assert result.code == 0 or "mica-token" in result.err, f"it does not say what happened\n{result}"
        return result
    kills = step(stage, call, attempt)
    print(f"{call}: {kills} kills")


def test_the_kills_are_real(stage):
    """The harness itself: mica is killed where it is asked to be, and the module's signatures are counted."""
    stage.reset()
    result = stage.run("apply", code=None, prefix=strace(stage, "write", 1))
    assert result.code in (-9, 137), result
    stage.reset()
    before = len(stage.faults.signed())
    stage.run("apply")
    assert len(stage.faults.signed()) == before + 3
