# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import parts  # noqa: E402
from harness.run import run  # noqa: E402

SOURCE = pathlib.Path(__file__).parent / "go"


@pytest.fixture(scope="module")
def judge(module_scratch):
    """Files in the hands of Go. Where Go is not there this is skipped, in CI too: it is no package of this project."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")
    if go is None:
        pytest.skip("Go is not there")
    program = module_scratch / "judge"
    env = {"PATH": os.environ["PATH"], "HOME": str(module_scratch), "GOFLAGS": "-mod=mod", "GOPROXY": "off",
           "GOTOOLCHAIN": "local", "GOCACHE": str(parts.TOP / "build/go-cache"), "CGO_ENABLED": "0"}
    run([go, "build", "-o", program, "."], cwd=SOURCE, env=env, timeout=280)
    return program
