# SPDX-License-Identifier: Apache-2.0
"""kill -9 of `mica init --csr` and of `mica init --certificate` at what makes something durable, visible or known to others.

After each the same command is given again: there is one key, the request is good and the same as before where one was seen,
those before it are superseded, the certificate is taken, and every signature that the module made is in the ledger."""
import os
import pathlib
import random
import shutil
import tempfile

import pytest

from harness import parts
from harness.faults import Faults, known
from harness.home import Home, without_leak_check
from harness.inventory import Inventory
from harness.offline import Offline
from harness.run import run

CALLS = ("write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "unlink", "mkdir", "sendmsg")
# how many occurrences of each are tried when not all are
SAMPLE = 4


class Stage:
    def __init__(self, folder, verb, renamed):
        parts.need("strace")
        self.verb = verb
        # a request under another subject was made before
        self.renamed = renamed
        self.home = Home(folder, build=parts.RELEASE)
        self.faults, self.strace_log = Faults(folder), folder / "strace.log"
        self.corp = Offline(self.home / "corp")
        self.corp.root("root", "/O=Corp/CN=Corp Root")
        inv = Inventory()
        inv.ca.update({"module": str(self.faults.path), "parent": ["corp/root.pem"]})
        self.home.write(inv)
        if verb == "--certificate" or renamed:
            self.run("init", "--csr", "g1.csr")
        if renamed:
            (self.home / "g1.csr").unlink()
            inv.ca["subject"] = {"CN": "Renamed"}
            self.home.write(inv)
        if verb == "--certificate":
            self.corp.sign(self.home / "g1.csr", "root", self.home / "g1.pem")
        self.file = "g1.csr" if verb == "--csr" else "g1.pem"
        self.saved = folder / "saved"
        shutil.copytree(self.home.path, self.saved / "home")
        shutil.copytree(self.home.token.store, self.saved / "store")
        self.saved_log = self.faults.log.read_text() if self.faults.log.exists() else ""
        self.run("init", verb, self.file)
        self.objects = len(self.home.token_objects())
        self.counts = {}

    def run(self, *args, **more):
        return self.home.mica(*args, env={**self.faults.env(), **without_leak_check()}, **more)

    def reset(self):
        for here, name in ((self.home.path, "home"), (self.home.token.store, "store")):
            shutil.rmtree(here)
            shutil.copytree(self.saved / name, here)
        self.faults.forget()
        self.faults.log.write_text(self.saved_log)

    def count(self, call):
        """How often an undisturbed run makes this call."""
        self.reset()
        self.run("init", self.verb, self.file, prefix=["strace", "-A", "-e", f"trace={call}", "-o", self.strace_log])
        text = self.strace_log.read_text()
        self.strace_log.write_text("")
        return sum(line.startswith(f"{call}(") for line in text.splitlines())

    def killed(self, call, number):
        self.reset()
        return self.run("init", self.verb, self.file, code=None,
                        prefix=["strace", "-o", self.strace_log, "-e", f"trace={call}",
                                f"--inject={call}:signal=KILL:when={number}"])

    def rerun(self):
        """Killed within a login, it is for a person to say that the PIN is right."""
        result = self.run("init", self.verb, self.file, code=None)
        if result.code == 3 and "hint: put the PIN right, then: mica token --clear-latch" in result.err:
            self.run("token", "--clear-latch")
            result = self.run("init", self.verb, self.file, code=None)
        assert result.code == 0, result
        return result

    def judge(self):
        assert not set(self.faults.signed()) - known(self.home), "a signature that the ledger does not know"
        request = self.home / "g1.csr"
        before = request.read_bytes() if request.exists() else None
        rerun = self.rerun()
        assert not set(self.faults.signed()) - known(self.home)
        # a copy of the certificate that did not reach the token is told of, and is no loss
        assert len(self.home.token_objects()) in (self.objects, 2), f"another key\n{rerun}"
        assert "verify OK" in str(run(["openssl", "req", "-in", request, "-noout", "-verify"]))
        assert before in (None, request.read_bytes()), "another request than the one that was seen"
        states = {(r["entry"], r["state"]) for r in self.home.records() if r["state"] != "abandoned"}
        expected = {("g1:request", "issued")} if self.verb == "--csr" else {("g1:request", "superseded"), ("g1", "issued")}
        assert states == expected | ({("g1:request", "superseded")} if self.renamed else set()), states
        if self.verb == "--certificate":
            assert (self.home / "state/g1.pem").read_text().split("-----")[2] == (self.home / "g1.pem").read_text().split("-----")[2]
            self.run("apply")


STAGES = {"request": ("--csr", False), "certificate": ("--certificate", False), "another request": ("--csr", True)}
CASES = [(how, call) for how in ("request", "certificate") for call in CALLS] + \
        [("another request", call) for call in ("pwrite64", "fdatasync")]


@pytest.fixture(scope="module")
def stage(request):
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mica-", dir=memory))
    made = Stage(folder, *STAGES[request.param])
    yield made
    shutil.rmtree(folder)


@pytest.mark.parametrize("stage,call", CASES, indirect=["stage"], scope="module")
def test_killed(stage, call):
    numbers = range(1, stage.count(call) + 1)
    if not parts.ALL and len(numbers) > SAMPLE:
        numbers = sorted(random.Random(f"{stage.verb} {call}").sample(numbers, SAMPLE))
    for number in numbers:
        result = stage.killed(call, number)
        assert result.code in (-9, 137), result
        try:
            stage.judge()
        except AssertionError as fault:
            raise AssertionError(f"after a kill at {call} number {number}: {fault}\n{result}") from fault
    print(f"{call}: {len(list(numbers))} kills")
