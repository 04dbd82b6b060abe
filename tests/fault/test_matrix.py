# SPDX-License-Identifier: Apache-2.0
"""Every Cryptoki function that apply calls, every fault, every moment (matrix.py). A sample of the cells is drawn in each
run, by a seed that is printed and that MICA_TEST_SEED sets; MICA_TEST_ALL=1 runs every one. The table goes to
matrix.txt in the build directory too."""
import concurrent.futures
import os
import pathlib
import random
import secrets
import shutil
import tempfile

import pytest

import matrix
from harness import parts

SEED = int(os.environ.get("MICA_TEST_SEED", secrets.randbelow(1 << 32)))
SAMPLE = 130
HANGS = 12       # of the sample: they wait for their deadline
CHECKED = 6      # every sixth cell runs the build with sanitizers
AT_ONCE = 2 * (os.cpu_count() or 1)
WAITING = 12     # hangs at once


@pytest.fixture(scope="module")
def template():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mica-", dir=matrix.MEMORY))
    yield matrix.Template(folder / "t", build=parts.RELEASE)
    shutil.rmtree(folder, ignore_errors=True)


def sample(everything, number, chance):
    """Cells at random, but each function and each fault at least once."""
    everything = chance.sample(everything, len(everything))
    hangs = [cell for cell in everything if cell.fault == "hang"][:HANGS]
    others = [cell for cell in everything if cell.fault != "hang"]
    seen, first, rest = set(), [], []
    for cell in others:
        new = {cell.function, cell.fault} - seen
        (first if new else rest).append(cell)
        seen |= new
    return hangs + first + rest[:number - len(first) - len(hangs)]


def run_all(cells, one):
    """{cell: outcome}, and the reports of those that were not good."""
    outcomes, bad = {}, []
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as busy, concurrent.futures.ThreadPoolExecutor(WAITING) as slow:
        futures = {cell: (slow if cell.fault == "hang" else busy).submit(one, number, cell)
                   for number, cell in enumerate(cells)}
    for cell, future in futures.items():
        fault = future.exception()
        if fault:
            bad.append(str(fault))
        outcomes[cell] = f"! {fault}".splitlines()[0] if fault else future.result()
    return outcomes, bad


def show(name, outcomes, bad, capsys):
    lines = list(matrix.table(outcomes))
    count = len(outcomes)
    recovered = sum(outcome == "recovered" for outcome in outcomes.values())
    lines.append(f"{name}, seed {SEED}: {count} cells, {recovered} recovered, {count - recovered - len(bad)} ended, "
                 f"{len(bad)} not good")
    (parts.BUILD / f"matrix-{name}.txt").write_text("\n".join(lines) + "\n")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert not bad, "\n\n".join(bad[:10])


def test_apply(template, capsys):
    chance = random.Random(SEED)
    template.faults.forget()
    first = template.copy(template.folder.parent / "order", parts.RELEASE)
    first.run("apply", faults="C_Sign@*=delay:2")
    everything = matrix.cells(matrix.calls(first.faults.log), chance)
    chosen = everything if parts.ALL else sample(everything, SAMPLE, chance)

    def one(number, cell):
        build = parts.BUILD if number % CHECKED == 0 else parts.RELEASE
        return matrix.run_cell(template, template.folder.parent / f"c{number}", cell, build)
    outcomes, bad = run_all(chosen, one)
    show("apply", {cell: outcomes[cell] for cell in everything if cell in outcomes}, bad, capsys)
