# SPDX-License-Identifier: Apache-2.0
"""status, plan and check read while another run writes: they wait for nobody, nobody waits for them, and what they say is
of one moment."""
import json
import subprocess
import threading
import time

import pytest

from harness import parts
from harness.inventory import Inventory
from harness.run import SANITIZER

READERS = {
    "status": ["status", "--json"],
    "plan": ["plan", "--json"],
    "check": ["check", "--json"],
    "page": ["status", "--prometheus", "mica.prom"],
}
ROUNDS = 12 if parts.ALL else 3


def many(n):
    inv = Inventory()
    for i in range(n):
        inv["certificates"].append({"name": f"c{i}", "profile": "client", "common-name": f"c{i}"})
        inv.deployment["clients"].append(f"c{i}")
    return inv


class Reader(threading.Thread):
    """Runs one verb again and again, and keeps what was said."""

    def __init__(self, home, words):
        super().__init__()
        self.home, self.words, self.said, self.ended = home, words, [], threading.Event()

    def run(self):
        while not self.ended.is_set():
            began = time.monotonic()
            done = subprocess.run([parts.mica(self.home.build), *self.words], cwd=self.home.path, env=self.home.env, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
            self.said.append((done.returncode, done.stdout, done.stderr, time.monotonic() - began))


@pytest.fixture
def home(home):
    return home.begin(many(5))


@pytest.mark.parametrize("name", READERS)
def test_reading_while_another_writes(home, name):
    """While certificates are made, signed, delivered and revoked. What is between two moments may be found by check; that
    it cannot be read may not be."""
    reader = Reader(home, READERS[name])
    reader.start()
    try:
        for _ in range(ROUNDS):
            home.mica("rotate", "--all")
            home.mica("revoke", "c3", "--reason", "superseded")
            home.mica("apply")
    finally:
        reader.ended.set()
        reader.join()
    assert len(reader.said) >= ROUNDS
    for code, out, err, _ in reader.said:
        assert code in ((0, 3) if name == "check" else (0,)) and not SANITIZER.search(err), (code, out, err)
        if name == "check":
            assert "error" not in json.loads(out), out
        elif name != "page":
            document = json.loads(out)
            assert "error" not in document and len(document["certificates" if name == "status" else "items"]) >= 7
    assert json.loads(home.mica("status", "--json").out)["due"] == 0


def test_whoever_collects_the_page_sees_a_whole_one(home):
    """Read in a tight loop while it is replaced."""
    home.mica("status", "--prometheus", "mica.prom")
    reader = Reader(home, READERS["page"])
    reader.start()
    last, end = set(), time.monotonic() + 3
    try:
        while time.monotonic() < end:
            text = (home / "mica.prom").read_text()
            assert text.startswith("# HELP mica_build_info") and "\nmica_first_outage_timestamp_seconds{" in text
            last.add(text)
    finally:
        reader.ended.set()
        reader.join()
    assert len(last) > 1 and len(reader.said) > 3


def test_readers_do_not_keep_a_writer_waiting(home):
    """Four readers at once, without end: a writer goes on."""
    readers = [Reader(home, words) for words in READERS.values()]
    for reader in readers:
        reader.start()
    try:
        home.mica("rotate", "server", timeout=50)
        home.mica("apply")
    finally:
        for reader in readers:
            reader.ended.set()
        for reader in readers:
            reader.join()
    assert all(reader.said for reader in readers)
