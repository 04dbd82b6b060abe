# SPDX-License-Identifier: Apache-2.0
"""A large ledger beside a small one: the same inventory, and what one run costs in each."""
import re
import shutil
import subprocess
import sys

from harness import parts

import measure
import report

# entries of the inventory, records of the large ledger, of how many real certificates an audit is made
SIZES = {"normal": (10000, 1000000, (10000, 50000)), "quick": (1000, 100000, (500, 1000)), "smoke": (3, 300, (5, 10))}
TURNS = {"normal": 9, "quick": 5, "smoke": 1}


def bench(program, *args):
    done = subprocess.run([parts.BUILD / "tests/bench" / program, *map(str, args)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{program} {args[0]} failed")
    return done.stdout


class Place:
    """A directory where everything was issued and delivered. ledger: what stands in its ledger besides."""

    def __init__(self, world, home, name):
        self.world, self.home, self.name, self.turn = world, home, name, 0

    def mica(self, *args):
        return measure.run([parts.mica(), "-f", "turn.yaml", *args], self.home, self.world.env)

    def make_due(self):
        """One entry has another name than its certificate."""
        self.turn += 1
        text = (self.home / "mica.yaml").read_text()
        changed = re.sub(r"common-name: client-00001\b", f"common-name: client-00001-{self.turn}", text)
        (self.home / "turn.yaml").write_text(changed)


class OneDue:
    def __init__(self, place, what):
        self.place, self.what, self.name = place, what, f"{what}, {place.name}"

    def made(self, n):
        return 1

    def prepare(self, n):
        if self.what == "apply, one due":
            self.place.make_due()

    def run(self, n):
        return self.place.mica("apply" if self.what.startswith("apply") else self.what)

    def check(self, n):
        pass


def places(world, entries, records, say):
    """The same directory twice; the second's ledger has a past."""
    say(f"issuing {entries} certificates")
    world.renew()
    world.inventory(entries)
    small = Place(world, world.home, "small ledger")
    measure.run([parts.mica(), "-f", "mica.yaml", "apply"], small.home, world.env)
    large = Place(world, world.path / "large", "large ledger")
    shutil.copytree(small.home, large.home, symlinks=True)
    say(f"filling a ledger with {records} records")
    bench("bench_ledger", "fill", large.home / "state", records - entries)
    for place in small, large:
        place.make_due()
    return small, large


def ratio(rows, what):
    """Of the large ledger over the small one, turn by turn: their median."""
    small, large = (next(r for r in rows if r["subject"] == f"{what}, {name} ledger") for name in ("small", "large"))
    turns = sorted(b / a for a, b in zip(small["wall-ms"], large["wall-ms"]))
    return {"what": what, "small-ms": small["ms"], "large-ms": large["ms"], "wall": turns[len(turns) // 2],
            "cpu": large["cpu-ms"] / small["cpu-ms"] if small["cpu-ms"] else None}


def speed(text):
    return float(re.search(r"([\d.]+) records/s", text).group(1))


AUDITED = re.compile(r"^(.+): (\d+) records, \d+ signatures in [\d.]+ s: (\d+) records/s, ([\d.]+) us", re.MULTILINE)


def audits(world, counts, say):
    """Certificates that were really signed, judged in all three depths; one in a hundred has not expired."""
    found = []
    for n in counts:
        say(f"an audit of {n} certificates")
        for what, records, speed_of, cpu in AUDITED.findall(bench("bench_audit", world.folder("audit") / "state", n)):
            found.append({"what": what, "records": int(records), "records-a-second": float(speed_of), "cpu-us": float(cpu)})
    return found


def scale(world, wanted, say):
    entries, records, counts = SIZES[wanted]
    small, large = places(world, entries, records, say)
    subjects = [OneDue(p, what) for what in ("apply, one due", "status", "plan") for p in (small, large)]
    rows = [report.row(r, None) for r in measure.in_turns(subjects, entries, TURNS[wanted], say)]
    say("walking both ledgers")
    verified = [{"ledger": p.name, "records-a-second": speed(bench("bench_ledger", "verify", p.home / "state"))}
                for p in (small, large)]
    return {"entries": entries, "records": records, "rows": rows, "verify": verified, "audit": audits(world, counts, say),
            "ratios": [ratio(rows, what) for what in ("apply, one due", "status", "plan")]}
