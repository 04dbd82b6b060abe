# SPDX-License-Identifier: Apache-2.0
"""Every Cryptoki function that apply and init call, every fault, every moment (matrix.py). A sample of the cells is drawn
in each run, by a seed that is printed and that MICA_TEST_SEED sets; MICA_TEST_ALL=1 runs every one. The tables go to
matrix-apply.txt and matrix-init.txt in the build directory too."""
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
SAMPLE = 110
INIT_SAMPLE = 35
HANGS = 12       # of the sample: they wait for their deadline
CHECKED = 6      # every sixth cell runs the build with sanitizers
AT_ONCE = 2 * (os.cpu_count() or 1)
WAITING = 12     # hangs at once


@pytest.fixture
def folder():
    """In memory where that can be."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="mica-", dir=matrix.MEMORY))
    yield made
    shutil.rmtree(made, ignore_errors=True)


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
    assert not parts.ALL or not matrix.empty(outcomes), f"empty cells: {matrix.empty(outcomes)}"


def build_for(number, cell):
    return parts.BUILD if number % CHECKED == 0 and cell.fault != "hang" else parts.RELEASE


def test_apply(folder, capsys):
    chance = random.Random(SEED)
    template = matrix.Template(folder / "t", parts.RELEASE)
    first = template.copy(folder / "order", parts.RELEASE)
    first.run("apply", faults="C_Sign@*=delay:2")
    everything = matrix.cells(matrix.calls(first.faults.log), chance)
    chosen = everything if parts.ALL else sample(everything, SAMPLE, chance)
    outcomes, bad = run_all(chosen, lambda number, cell: matrix.run_cell(
        template, folder / f"c{number}", cell, build_for(number, cell)))
    show("apply", {cell: outcomes[cell] for cell in everything if cell in outcomes}, bad, capsys)


def test_init(folder, capsys):
    """No second key is made, whatever happens, and the next init completes what one began. All of the functions that
    init calls beyond those of apply; of the others a sample."""
    chance = random.Random(SEED)
    template = matrix.Template(folder / "t", parts.RELEASE, empty=True)
    first = template.copy(folder / "order", parts.RELEASE)
    first.run("init")
    everything = matrix.init_cells(matrix.calls(first.faults.log), chance)
    own = [cell for cell in everything if cell.function in ("C_GenerateKeyPair", "C_CreateObject")]
    others = [cell for cell in everything if cell not in own]
    chosen = everything if parts.ALL else own + sample(others, INIT_SAMPLE, chance)
    outcomes, bad = run_all(chosen, lambda number, cell: matrix.run_init_cell(
        template, folder / f"c{number}", cell, build_for(number, cell)))
    show("init", {cell: outcomes[cell] for cell in everything if cell in outcomes}, bad, capsys)


@pytest.mark.parametrize("fault", ["DEVICE_ERROR", "PIN_INCORRECT", "HOST_MEMORY", "hang", "crash"])
def test_a_key_that_is_not_good_enough_and_cannot_be_destroyed(folder, fault):
    """It is named, and nothing is ever signed with it."""
    place = matrix.Template(folder / "t", parts.BUILD, empty=True).copy(folder / "c", parts.BUILD)
    action, words = matrix.FAULTS[fault]
    said = place.run("init", faults=f"C_GenerateKeyPair@*=extractable,C_DestroyObject@*={action}", code=None,
                     deadline=matrix.HANG_MS)
    assert said.code in (1, 3), said
    for word in ("C_DestroyObject", *words, "hint:"):
        assert word in said.err, f"{word!r} was not said\n{said}"
    again = place.run("init", code=3)
    assert "extractable" in again.err, again
    assert matrix.objects(place)["Private Key Object"] == 1
    assert not place.faults.signed(), "it signed with an extractable key"
