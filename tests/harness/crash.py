# SPDX-License-Identifier: Apache-2.0
"""mica-crash (tests/fault/crash.h): a run of mica that is killed, or whose calls fail, at the N-th that writes."""
import json

from . import parts

KILLS = ("before", "after")
FAILURES = ("ENOSPC", "EIO", "short", "full")
KILLED = 137
CANNOT_TRACE = 125
# nothing on a disk changes, but others hear of it
TOLD = ("sendmsg", "sendto", "clone", "clone3", "vfork", "waitid", "wait4")
WRITES = ("write", "pwrite64")


class Tracer:
    """home: its mica is the one that is run. watch: a file whose length each call is logged with."""

    def __init__(self, home, watch=None):
        self.home, self.watch = home, watch
        self.path = parts.BUILD / "tests/fault/mica-crash"
        if not self.path.exists():
            parts.missing("mica-crash")
        self.log = home.scratch / "calls.json"

    def command(self, fault=None, at=0, record=False, only=()):
        """What stands before a program's own words. only: names of calls, all if there are none."""
        words = [self.path, "--log", self.log]
        words += ["--only", ",".join(only)] if only else []
        words += ["--record"] if record else []
        words += ["--watch", self.watch] if self.watch else []
        return [*words, *(["--fault", fault, "--at", at] if fault else []), "--"]

    def calls(self):
        """The log of the last run."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def run(self, *args, fault=None, at=0, record=False, **more):
        """(result, calls): what mica said, and the calls it made that write."""
        result = self.home.mica(*args, code=None, prefix=self.command(fault, at, record), **more)
        if result.code == CANNOT_TRACE and "mica-crash: " in result.err:
            parts.missing(f"ptrace with seccomp ({result.err.strip()})")
        return result, self.calls()


def struck(calls):
    """The call at which the fault happened, or None: it can be none for this kind of fault."""
    return next((call for call in calls if "fault" in call), None)


def can_strike(fault, call):
    """Whether there is anything to try with this fault at a call of an undisturbed run."""
    if fault in KILLS:
        return True
    if call["call"] in TOLD:
        return False
    if fault == "short":
        return call["call"] in WRITES and call["count"] > 1
    return True


def place(call):
    """A call for people: its name and what it was for."""
    path = call.get("path") or call.get("file", {}).get("path", "")
    return f"{call['call']} {path}".strip()
