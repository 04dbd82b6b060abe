# SPDX-License-Identifier: Apache-2.0
"""Programs run and measured, several of them in turns."""
import re
import statistics
import subprocess
import sys

from harness import parts

SPY_CALL = re.compile(r"^\d+: (C_\w+)", re.MULTILINE)


class Sample:
    """One run: wall, cpu in milliseconds, peak memory of its largest process in MiB."""

    def __init__(self, wall, cpu, memory):
        self.wall, self.cpu, self.memory = wall, cpu, memory


def run(argv, cwd, env):
    result = cwd / "bench.result"
    log = cwd / "bench.log"
    with open(log, "wb") as out:
        done = subprocess.run([parts.BUILD / "tests/bench/bench_run", result, *map(str, argv)], cwd=cwd, env=env,
                              stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(f"this failed with status {done.returncode}: {' '.join(map(str, argv))}\n"
                 + log.read_text(errors="replace")[-2000:])
    wall, user, system, memory = map(int, result.read_text().split())
    return Sample(wall / 1000, (user + system) / 1000, memory / 1024)


class Result:
    """What one subject did for n certificates, over all its turns. made: how many it made itself, when fewer."""

    def __init__(self, name, n, made):
        self.name, self.n, self.made, self.samples, self.calls = name, n, made, [], None

    def median(self, what):
        return statistics.median(getattr(s, what) for s in self.samples)

    @property
    def each(self):
        """Milliseconds of wall time for a certificate."""
        return self.median("wall") / self.made


def in_turns(subjects, n, turns, say):
    """A B C A B C ...: every subject is measured in every turn, so that a slow minute is everybody's.
    A subject has name, made(n), prepare(n), run(n) -> Sample and check(n)."""
    results = [Result(s.name, n, s.made(n)) for s in subjects]
    for turn in range(turns):
        for subject, result in zip(subjects, results):
            say(f"N = {n}, turn {turn + 1} of {turns}: {subject.name}")
            subject.prepare(n)
            result.samples.append(subject.run(n))
            subject.check(n)
    return results


def spy_counts(log):
    """{function: number of calls} of pkcs11-spy's log."""
    counts = {}
    for call in SPY_CALL.findall(log.read_text(errors="replace")):
        counts[call] = counts.get(call, 0) + 1
    return counts
