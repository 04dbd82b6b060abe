# SPDX-License-Identifier: Apache-2.0
"""kill -9 of `mica apply` for a deployment with `restart`, at what makes something durable or visible, and around the
command itself.

./restart stands for Milvus, which reads its files once, at start: it copies them. After a kill, whatever lies there and was
not read yet is known to be owed; after the rerun, what was read is what lies there, and nothing is owed any more."""
import os
import pathlib
import random
import shutil
import tempfile

import pytest

from harness import parts
from harness.home import Home, without_leak_check
from harness.inventory import Inventory

CALLS = ("pwrite64", "fdatasync", "fsync", "rename", "renameat", "renameat2", "symlink", "symlinkat", "unlink", "unlinkat",
         "write", "ftruncate", "mkdir", "mkdirat", "pipe2", "clone3", "vfork", "pidfd_open", "poll", "waitid", "read")
# how many occurrences of each are tried when not all are
SAMPLE = 8
READ = ("tls/server.pem", "tls/server.key", "tls/ca.pem", "user.yaml")
RESTART = """#!/bin/sh
exec 9>restart.lock
flock 9
for file in %s; do mkdir -p running/$(dirname $file); cat out/prod/$file >running/$file; done
echo done >>restarts
""" % " ".join(READ)


class Stage:
    """A deployment that was delivered and restarted; another certificate, another ca.pem and another user.yaml are due."""

    def __init__(self, folder):
        parts.need("strace")
        self.home, self.log = Home(folder, build=parts.RELEASE), folder / "strace.log"
        inv = Inventory()
        inv.deployment["restart"] = ["./restart"]
        self.home.write(inv)
        (self.home / "restart").write_text(RESTART)
        (self.home / "restart").chmod(0o755)
        self.run("init")
        (self.home / "old.pem").write_bytes((self.home / "state/g1.pem").read_bytes())
        self.run("apply")
        inv.deployment["rest-port"] = 8081
        inv.certificate("server")["dns"].append("second.example.com")
        inv["trust"] = ["old.pem"]
        self.home.write(inv)
        self.saved = folder / "saved"
        shutil.copytree(self.home.path, self.saved, symlinks=True)

    def run(self, *args, **more):
        return self.home.mica(*args, env=without_leak_check(), **more)

    def reset(self):
        shutil.rmtree(self.home.path)
        shutil.copytree(self.saved, self.home.path, symlinks=True)
        self.log.write_text("")

    def strace(self, call, *more):
        return ["strace", "-A", "-e", f"trace={call}", "-o", str(self.log), *more]

    def count(self, call):
        self.reset()
        self.run("apply", prefix=self.strace(call))
        return sum(line.startswith(f"{call}(") for line in self.log.read_text().splitlines())

    def apply(self, call, number):
        self.reset()
        return self.run("apply", code=None, prefix=self.strace(call, f"--inject={call}:signal=KILL:when={number}"))

    def files(self, folder):
        return {name: (self.home / folder / name).read_bytes() for name in READ}

    def rerun(self):
        """Killed within a login, it is for a person to say that the PIN is right."""
        result = self.run("apply", code=None)
        if result.code == 3 and "hint: put the PIN right, then: mica token --clear-latch" in result.err:
            self.run("token", "--clear-latch")
            result = self.run("apply", code=None)
        assert result.code == 0, result
        return result

    def judge(self):
        unread = self.files("out/prod") != self.files("running")  # a straggling ./restart makes them equal, never unequal
        owed = self.run("status", "--json").json["restarts"]
        assert owed or not unread, "what lies there was not read, and nobody knows"
        rerun = self.rerun()
        assert self.files("out/prod") == self.files("running"), rerun
        self.run("plan", "--exit-code")
        self.run("status", "--exit-code")
        before = (self.home / "restarts").read_text()
        self.run("apply")
        assert (self.home / "restarts").read_text() == before, "restarted for nothing"


@pytest.fixture(scope="module")
def stage():
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mica-", dir=memory))
    yield Stage(folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize("call", CALLS)
def test_killed(stage, call):
    numbers = range(1, stage.count(call) + 1)
    if not parts.ALL and len(numbers) > SAMPLE:
        numbers = sorted(random.Random(call).sample(numbers, SAMPLE))
    kills = 0
    for number in numbers:
        result = stage.apply(call, number)
        kills += result.code in (-9, 137)
        # how often it looks and reads depends on how others are scheduled: a run may have one less
        assert result.code in (-9, 137) or (call in ("poll", "read") and result.code == 0), result
        try:
            stage.judge()
        except AssertionError as fault:
            raise AssertionError(f"after a kill at {call} number {number}: {fault}\n{result}") from fault
    assert kills or not numbers
    print(f"{call}: {kills} kills")


def test_the_kills_reach_the_restart(stage):
    """The harness itself: undisturbed, mica-token and the command are run once each."""
    assert stage.count("pidfd_open") == 2
    assert (stage.home / "restarts").read_text() == "done\ndone\n"
