# SPDX-License-Identifier: Apache-2.0
"""libmica-fault.so (tests/fault/proxy.c): a module (SoftHSM2, if no other is named) behind one that goes wrong where
it is told to, and that logs what it was asked to sign."""
import os

from . import parts


class Faults:
    """The proxy for one home: env() names the faults, log what happened. Use as `module` in the inventory: path."""

    def __init__(self, folder, module=None):
        self.module = module or parts.softhsm_module()
        self.path = parts.BUILD / "tests/fault/libmica-fault.so"
        if not self.path.exists():
            parts.missing("libmica-fault.so")
        self.counts, self.log = folder / "fault.counts", folder / "fault.log"

    def env(self, faults=""):
        return {"MICA_FAULT_MODULE": str(self.module), "MICA_FAULT": faults,
                "MICA_FAULT_COUNTS": str(self.counts), "MICA_FAULT_LOG": str(self.log)}

    def forget(self):
        self.counts.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)

    def forget_calls(self):
        """What was signed stays."""
        if self.log.exists():
            kept = [line for line in self.log.read_text().splitlines() if line.split()[1] == "C_Sign"]
            self.log.write_text("".join(line + "\n" for line in kept))

    def calls(self, function):
        """The calls of a function that ended: lists of words (process, function, value, ...)."""
        if not self.log.exists():
            return []
        return [line.split() for line in self.log.read_text().splitlines() if line.split()[1] == function]

    def processes(self):
        """Processes that are left of what ran with env()."""
        mark = f"MICA_FAULT_LOG={self.log}".encode()
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if mark in file.read().split(b"\0"):
                        found.append(int(pid))
            except OSError:
                pass
        return found

    def signed(self):
        """SHA-256 of everything that was signed: what an EC P-256 key is given."""
        return [words[3] for words in self.calls("C_Sign") if len(words) > 3]


def known(home):
    """SHA-256 of every to-be-signed structure in the ledger."""
    return {bytes(r["tbs_sha256"]).hex() for r in home.records()}
