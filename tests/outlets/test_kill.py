# SPDX-License-Identifier: Apache-2.0
"""kill -9 of `mica apply` around the delivery of a Kubernetes deployment: between the trees and the outlets, among the
outlets, before they are noted. No key is ever in a file that others can read; a rerun completes all of it, and takes
nothing of its own for a stranger's."""
import os
import pathlib
import shutil
import stat
import tempfile

import pytest
import yaml

from deployments import delivered, files_of, inventory, pods, secret, volume
from harness import parts
from harness.home import Home, without_leak_check

# what makes something durable or visible; an apply makes a few dozen of each
CALLS = ("rename", "renameat", "fsync", "fchmod", "fchown", "unlink", "pwrite64", "fdatasync")
# of a call that is made often, as many are tried, from the last on: the outlets come at the end
MOST = 1000 if parts.ALL else 10
KEY = (b"BEGIN PRIVATE KEY", b"LS0tLS1CRUdJTiBQUklWQVRFIEtF")  # and in base64


class Stage:
    """A deployment that was delivered, and whose server is due."""

    def __init__(self, folder):
        parts.need("strace")
        self.home, self.log = Home(folder, build=parts.RELEASE), folder / "strace.log"
        inv = inventory("helm", owner=f"{os.geteuid()}:{os.getegid()}")
        self.home.write(inv)
        self.run("init")
        self.run("apply")
        inv.certificate("server")["dns"].append("second.example.com")
        self.home.write(inv)
        self.inventory = inv
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
        return sum(f"{call}(" in line for line in self.log.read_text().splitlines())

    def judge_privacy(self):
        for path in self.home.path.rglob("*"):
            if path.is_symlink() or not path.is_file():
                continue
            text = path.read_bytes()
            assert not any(key in text for key in KEY) or stat.S_IMODE(path.stat().st_mode) == 0o600, path

    def judge_whole(self):
        manifest, values = secret(self.home), pods(self.home, "helm")
        assert files_of(manifest) == delivered(self.home)
        assert volume("helm", values)[0][0]["secret"]["secretName"] == manifest["metadata"]["name"]
        assert manifest["metadata"]["name"] in (self.home / "out/prod/deploy.md").read_text()
        names = {path.name for path in (self.home / "out/prod").iterdir()}
        assert not any(name.endswith(".mica") or name.startswith("..") for name in names), names


@pytest.fixture(scope="module")
def stage():
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mica-", dir=memory))
    yield Stage(folder)
    shutil.rmtree(folder)


def judge_after(stage, rerun):
    """Whole texts are there after the crash; after the rerun the whole delivery."""
    stage.judge_privacy()
    for name in ("secret.yaml", "values.yaml"):
        assert yaml.safe_load((stage.home / "out/prod" / name).read_text())
    if list(stage.home.path.glob("state/latch-*")):
        stage.run("token", "--clear-latch")
    said = stage.run(*rerun)
    assert "not as mica wrote it" not in said.err, said
    stage.judge_whole()
    stage.judge_privacy()
    stage.run("plan", "--exit-code", code=0)
    # what was written and not noted is known for mica's by now, whatever is to change next
    stage.inventory.deployment["rest-port"] = 8443
    stage.home.write(stage.inventory)
    del stage.inventory.deployment["rest-port"]
    said = stage.run("apply")
    assert "not as mica wrote it" not in said.err, said
    stage.judge_whole()


@pytest.mark.parametrize("call", CALLS)
def test_killed(stage, call):
    n = stage.count(call)
    stage.judge_whole()
    kills = 0
    for number in range(max(1, n - MOST + 1), n + 1):
        stage.reset()
        result = stage.run("apply", code=None,
                           prefix=stage.strace(call, f"--inject={call}:signal=KILL:when={number}"))
        killed = "+++ killed by SIGKILL +++" in stage.log.read_text()
        assert killed == (result.code != 0), result
        kills += killed
        try:
            # the next run may be one that makes the certificate anew once more
            judge_after(stage, ["rotate", "server"] if number % 3 == 0 else ["apply"])
        except AssertionError as fault:
            raise AssertionError(f"after a kill at {call} number {number} of {n}: {fault}\n{result}") from fault
    assert kills > 0 or n == 0, f"nothing was killed at {call}"
    print(f"{call}: {kills} kills")
