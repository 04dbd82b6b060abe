# SPDX-License-Identifier: Apache-2.0
"""hsm/quickstart.sh --milvus: a newcomer's Milvus under mutual TLS; and again, with the same certificates."""
import os

from harness import parts
from harness.run import run
from harness.tree import difference, snapshot

# what looking is allowed to touch: SQLite's files beside the ledger, and SoftHSM2's count, which it writes anew unchanged
TOUCHED = ("ledger.db-shm", "ledger.db-wal", "runs", "generation")


def quickstart(folder):
    parts.need("curl")
    return run([parts.TOP / "hsm/quickstart.sh", "--milvus", folder], cwd=folder.parent, timeout=1100,
               env={"PATH": os.environ["PATH"], "HOME": str(folder.parent), "LANG": "C.UTF-8"})


def outside_of_the_server(folder):
    seen = snapshot(folder, mtime=True, skip=TOUCHED)
    return {path: entry for path, entry in seen.items() if not path.startswith("milvus/server/")}


def test_a_real_milvus_and_again(scratch):
    folder = scratch / "demo"
    said = quickstart(folder)
    for words in ("created collection", "inserted 10 vectors", "dropped collection", '{"code":200', "a client without a "
                  "certificate: refused", "a client without TLS: refused", "curl without a certificate: refused",
                  "curl without TLS: refused"):
        assert words in said.out, f"{words!r} was not said\n{said}"
    assert not (folder / "milvus/server/milvus.pid").exists(), "a server was left running"
    before = outside_of_the_server(folder)
    again = quickstart(folder)
    changed = difference(before, outside_of_the_server(folder))
    assert not changed, f"the second run changed:\n{changed}\n{again}"
    assert "dropped collection" in again.out
