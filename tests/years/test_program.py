# SPDX-License-Identifier: Apache-2.0
"""A year with the real program, its helper and SoftHSM2: a run every nine days, under libfaketime, with what goes wrong
thrown by a seed. What must hold is README.md's, judged by openssl. tests/run.sh --all has more of them."""
import os
import random
import signal
import subprocess
import time

import pytest

from harness import parts
from harness.faults import Faults, known
from harness.home import Home, without_leak_check
from harness.inventory import Inventory
from harness.run import run

LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1")
STEP, STEPS = 9, 41
# days of life, days that are left of it when it is renewed: so many steps in a row may fail
DAYS, MARGIN = 90, 30
SEEDS = range(1, 11) if parts.ALL else range(1, 3)
PLACES = (("out/prod/tls", "server"), ("out/prod/clients/ingest", "client"))


class Year:
    def __init__(self, folder, seed):
        self.dice = random.Random(seed)
        self.library = next((p for p in LIBRARIES if os.path.exists(p)), None) or parts.missing("libfaketime")
        self.home, self.faults = Home(folder, build=parts.RELEASE), Faults(folder)
        self.pin, self.nowhere = self.home / "pin", folder / "nowhere.conf"
        (folder / "nowhere").mkdir()
        self.nowhere.write_text(f"directories.tokendir = {folder}/nowhere\nobjectstore.backend = file\n")
        self.inv = Inventory()
        self.inv.ca["module"] = str(self.faults.path)
        self.inv["defaults"] = {"days": DAYS, "renew-before": f"{MARGIN}d"}
        self.inv.deployment["restart"] = ["./restart"]
        (self.home / "restart").write_text("#!/bin/sh\n! test -e broken\n")
        (self.home / "restart").chmod(0o755)
        self.day, self.bad, self.names = 0, 0, 0
        self.home.write(self.inv)
        self.mica("init")
        self.mica("apply")

    def env(self, days=None, token=True):
        return {**self.faults.env(), **without_leak_check(), "LD_PRELOAD": self.library, "DONT_FAKE_MONOTONIC": "1",
                "FAKETIME": f"{self.day if days is None else days:+d}d", "FAKETIME_NO_CACHE": "1",
                **({} if token else {"SOFTHSM2_CONF": str(self.nowhere)})}

    def mica(self, *words, code=0, **env):
        return self.home.mica(*words, code=code, env=self.env(**env))

    def apply(self, code=0, **env):
        return self.mica("apply", "--unattended", code=code, **env)

    def due(self):
        return self.mica("plan", "--exit-code", code=None).code == 4

    # --- what goes wrong; each is one step, and tells what its run may have said

    def nothing(self):
        self.apply()
        return True

    def away(self):
        self.apply(code=1 if self.due() else 0, token=False)

    def stale_pin(self):
        right, before = self.pin.read_text(), len(self.faults.calls("C_Login"))
        self.pin.write_text("not the PIN\n")
        due = self.due()
        for code in (1, 3, 3) if due else (0, 0):
            self.apply(code=code)
        assert len(self.faults.calls("C_Login")) - before == int(due), "a PIN that was refused was tried again"
        self.pin.write_text(right)
        if due:
            self.mica("token", "--clear-latch")
            self.mica("token", "--use-last-try")  # the token remembers it as well

    def killed(self):
        """mica alone: SoftHSM2 rewrites its token's file in place, and who kills it there loses the token."""
        argv = [parts.mica(parts.RELEASE), "apply", "--unattended"]
        process = subprocess.Popen(argv, cwd=self.home.path, env={**self.home.env, **self.env()},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.dice.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for _ in range(100):
            if not self.faults.processes():
                break
            time.sleep(0.1)
        if list((self.home / "state").glob("latch-*")):
            self.mica("token", "--clear-latch")

    def clock_back(self):
        before = (self.home / "state/ledger.db").read_bytes()
        assert "clock" in self.apply(code=3, days=-2).err
        assert (self.home / "state/ledger.db").read_bytes() == before

    def restart_fails(self):
        (self.home / "broken").touch()
        self.mica("rotate", "--unattended", "server", code=5)
        self.apply(code=5)
        (self.home / "broken").unlink()

    # --- what people do

    def edited(self):
        self.names += 1
        self.inv.certificate("server")["dns"] = ["localhost", f"n{self.names}.example.com"]
        self.home.write(self.inv)
        self.apply()
        return True

    def key_lost(self):
        (self.home / self.dice.choice(["out/prod/tls/server.key", "out/prod/clients/ingest/client.key"])).unlink()
        self.apply()
        return True

    def revoked(self):
        self.mica("revoke", "ingest", "--reason", "superseded", "--unattended")
        self.apply()
        return True

    # --- a step, and what must hold after it

    def step(self):
        spare = (self.bad + 2) * STEP < MARGIN
        wrong = [self.away, self.stale_pin, self.killed, self.clock_back, self.restart_fails]
        right = [self.nothing, self.nothing, self.edited, self.key_lost, self.revoked]
        chosen = self.dice.choice(wrong + right if spare else right)
        self.day += STEP
        self.bad = 0 if chosen() else self.bad + 1
        self.judge(chosen.__name__)
        if not self.bad:
            self.mica("plan", "--exit-code")
            self.mica("audit")

    def judge(self, what):
        moment = int(time.time()) + (self.day + 1) * 86400
        assert set(self.faults.signed()) <= known(self.home), f"{what}: a signature that the ledger does not know"
        for folder, name in PLACES:
            place = self.home / folder
            run(["openssl", "verify", "-x509_strict", "-crl_check", "-attime", moment, "-CAfile", place / "ca.pem", "-CRLfile",
                 place / "crl.pem", place / f"{name}.pem"])
            ours = run(["openssl", "x509", "-in", place / f"{name}.pem", "-noout", "-pubkey"]).out
            assert run(["openssl", "pkey", "-in", place / f"{name}.key", "-pubout"]).out == ours, f"{what}: {folder}"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_year(scratch, seed):
    year = Year(scratch, seed)
    for _ in range(STEPS):
        year.step()
    year.apply()
    year.mica("audit")
    assert not year.faults.processes()
