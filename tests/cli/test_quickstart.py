# SPDX-License-Identifier: Apache-2.0
"""hsm/quickstart.sh as a newcomer runs it; and again, which changes nothing."""
import contextlib
import os
import sqlite3
import stat

from harness import parts
from harness.run import run
from harness.tree import difference, snapshot

SCRIPT = parts.TOP / "hsm/quickstart.sh"
# what looking is allowed to touch: SQLite's files beside the ledger, and SoftHSM2's count, which it writes anew unchanged
TOUCHED = ("ledger.db-shm", "ledger.db-wal", "runs", "generation")


def quickstart(folder, *args, code=0, **more):
    env = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "LANG": "C.UTF-8"}
    return run([SCRIPT, *args, folder], code=code, cwd=folder.parent, env=env, timeout=280, **more)


def records(folder):
    with contextlib.closing(sqlite3.connect(f"file:{folder}/state/ledger.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT count(*) FROM record").fetchone()[0]


def test_the_main_job_and_again(scratch):
    folder = scratch / "demo"
    said = quickstart(folder)
    for words in ("two-way TLS 1.3: both sides verified", "a client without a certificate: refused", "$ mica init",
                  "$ mica plan", "$ mica apply", "What to type next", str(folder)):
        assert words in said.out, f"{words!r} was not said\n{said}"
    pin = (folder / "pin").read_text().strip()
    assert len(pin) >= 12 and pin not in said.out + said.err
    assert stat.S_IMODE((folder / "pin").stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    before, count = snapshot(folder, mtime=True, skip=TOUCHED), records(folder)
    again = quickstart(folder)
    changed = difference(before, snapshot(folder, mtime=True, skip=TOUCHED))
    assert not changed, f"the second run changed:\n{changed}\n{again}"
    assert records(folder) == count
    assert "two-way TLS 1.3: both sides verified" in again.out


def test_what_it_says_next_works(scratch):
    folder = scratch / "demo"
    quickstart(folder)
    run(["sh", "-c", ". ./env.sh && mica rotate --all && mica plan --exit-code"], cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(scratch)})


def test_the_systems_token_store_is_not_touched(scratch):
    store = "/var/lib/softhsm/tokens"
    before = snapshot(store, mtime=True) if os.access(store, os.R_OK) else None
    quickstart(scratch / "demo")
    if before is not None:
        assert snapshot(store, mtime=True) == before
    assert not (scratch / ".config").exists()


def test_a_directory_that_holds_something_else_is_left_alone(scratch):
    folder = scratch / "demo"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    before = snapshot(folder, mtime=True)
    said = quickstart(folder, code=1)
    assert "holds something else" in said.err and "hint:" in said.err
    assert snapshot(folder, mtime=True) == before


def test_help_and_usage(scratch):
    for script in (SCRIPT, parts.TESTS / "run.sh"):
        assert run([script, "--help"], env={"PATH": os.environ["PATH"]}).out.startswith("usage: ")
    said = run([SCRIPT, "--milvsu"], code=2, env={"PATH": os.environ["PATH"]}, cwd=scratch)
    assert "--milvsu" in said.err
    assert not list(scratch.iterdir())
