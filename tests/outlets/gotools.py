# SPDX-License-Identifier: Apache-2.0
"""Programs in Go, built once for a source tree: build/outlets keeps them, and what they are made of."""
import fcntl
import os
import pathlib
import re
import shutil

import pytest

from harness import parts
from harness.run import run

HERE = pathlib.Path(__file__).parent
CACHE = parts.TOP / "build/outlets"


def newer(needed):
    """Go's path. It is no package of this project: where it is not there, or too old, tests are skipped, in CI too."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")
    if go is None:
        pytest.skip("Go is not there")
    version = re.search(r"go(\d+)\.(\d+)", run([go, "version"], env=dict(os.environ)).out)
    if tuple(map(int, version.groups())) < needed:
        pytest.skip(f"Go {'.'.join(map(str, needed))} is not there")
    return go


def build(name, needed):
    """The program of the folder `name`. What it is made of is pinned by its go.mod, and checked by Go's checksum
    database; not optimised, which takes half as long."""
    go = newer(needed)
    work = CACHE / f"{name}.src"
    env = {**os.environ, "GOFLAGS": "-mod=mod -modcacherw", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
           "GOMODCACHE": str(CACHE / "mod"), "GOCACHE": str(CACHE / "cache")}
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        work.mkdir(exist_ok=True)
        for source in (HERE / name).iterdir():
            if source.suffix == ".go" or not (work / source.name).exists() or source.stat().st_mtime > \
                    (work / source.name).stat().st_mtime:
                shutil.copy(source, work)
        if run([go, "mod", "download"], cwd=work, env=env, timeout=500, code=None).code != 0:
            parts.missing(f"what {name} is made of, from the Go module proxy,")
        run([go, "build", "-gcflags=all=-N -l", "-ldflags=-s -w", "-o", CACHE / name, "."], cwd=work, env=env, timeout=900)
    return CACHE / name
