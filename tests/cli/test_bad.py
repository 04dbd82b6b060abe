# SPDX-License-Identifier: Apache-2.0
"""Bad input: the exact message and exit status, and nothing left behind.

What must be said stands in bad/expected/NAME.txt: the exit status, then standard error as it came, with the directory
written as DIR and what changes from run to run as a word in capitals. MICA_RECORD=1 writes these files anew; the change
is then to be read and judged line by line."""
import os
import pathlib
import re

import pytest

from bad.command_lines import COMMAND_LINES
from bad.inventories import BY_INIT, INVENTORIES
from bad.worlds import WORLDS
from harness.home import Home
from harness.tree import difference

BAD = pathlib.Path(__file__).parent / "bad"
BASE = (BAD / "base.yaml").read_text()
RECORD = bool(os.environ.get("MICA_RECORD"))


def edited(edits):
    """base.yaml with edits; each must hit exactly one place."""
    if isinstance(edits, str):
        return edits.encode()
    text = BASE.encode()
    for old, new in edits:
        old, new = (w if isinstance(w, bytes) else w.encode() for w in (old, new))
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in base.yaml"
        text = text.replace(old, new)
    return text


# what differs from run to run
CHANGING = ((r"\(serial [0-9a-f]{16}\)", "(serial SERIAL)"), (r"\(id ([0-9a-f]{32}|0[78])\)", "(id ID)"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"), (r"/usr/lib/\S*libsofthsm2\.so", "LIBSOFTHSM2"))


def judge(home, name, result):
    said = f"exit {result.code}\n{result.err}".replace(str(home.path), "DIR").replace(str(home.scratch), "SCRATCH")
    for pattern, word in CHANGING:
        said = re.sub(pattern, word, said)
    assert result.out == "", f"a failed run has a result\n{result}"
    assert result.code in (1, 2, 3), result
    path = BAD / "expected" / f"{name}.txt"
    if RECORD:
        path.parent.mkdir(exist_ok=True)
        path.write_text(said)
    assert path.exists(), f"no {path.name}; it says:\n{said}"
    assert said == path.read_text()


@pytest.fixture(scope="module")
def fresh(module_scratch):
    """Nothing was made yet: what is refused is refused before the token and the state directory are looked at."""
    return Home(module_scratch / "fresh")


@pytest.fixture(scope="module")
def applied(module_scratch):
    return Home(module_scratch / "applied").begin(BASE)


@pytest.mark.parametrize("name", INVENTORIES)
def test_inventory(fresh, name):
    (fresh / "mica.yaml").write_bytes(edited(INVENTORIES[name]))
    before = fresh.snapshot()
    judge(fresh, name, fresh.mica("init" if name in BY_INIT else "plan", code=None))
    changed = difference(before, fresh.snapshot())
    assert not changed, changed


@pytest.mark.parametrize("name", COMMAND_LINES)
def test_command_line(applied, name):
    (applied / "other.yaml").write_text(BASE)
    before = applied.snapshot()
    judge(applied, name, applied.mica(*COMMAND_LINES[name], code=None))
    changed = difference(before, applied.snapshot())
    assert not changed, changed


@pytest.mark.parametrize("name", WORLDS)
def test_world(scratch, name):
    """Tokens, PINs, directories and files that are not as they should be."""
    home = Home(scratch)
    home.write(BASE)
    world = WORLDS[name]
    run = world(home)
    before, objects = home.snapshot(), home.token_objects()
    judge(home, name, run())
    after = home.snapshot()
    for path in [p for p in after if re.fullmatch(getattr(home, "leaves", ""), p)]:
        del after[path]
    changed = difference(before, after)
    assert not changed, changed
    assert home.token_objects() == objects, "the token's objects changed"
    getattr(home, "mend", lambda: None)()


def test_every_expectation_is_of_a_case():
    names = {*INVENTORIES, *COMMAND_LINES, *WORLDS}
    assert {p.stem for p in (BAD / "expected").glob("*.txt")} == names
    assert len(names) >= 60
