# SPDX-License-Identifier: Apache-2.0
"""Programs in Python that are no package of Debian, at the versions of requirements.txt, installed once for a source tree:
build/outlets keeps them."""
import fcntl
import pathlib
import shutil

from harness import parts
from harness.run import run

HERE = pathlib.Path(__file__).parent
CACHE = parts.TOP / "build/outlets"


def install(program):
    """The program's path. From then on nothing is downloaded."""
    wanted = (HERE / "requirements.txt").read_text()
    venv, ready = CACHE / "venv", CACHE / "venv/ready"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists() or ready.read_text() != wanted:
            shutil.rmtree(venv, ignore_errors=True)
            run(["/usr/bin/python3", "-m", "venv", venv], timeout=300)
            said = run([venv / "bin/pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--no-deps",
                        "--requirement", HERE / "requirements.txt"], timeout=300, code=None)
            if said.code != 0:
                parts.missing(f"{program}, from the Python package index,")
            ready.write_text(wanted)
    return venv / "bin" / program
