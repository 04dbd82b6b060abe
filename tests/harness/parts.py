# SPDX-License-Identifier: Apache-2.0
"""Where the programs under test are, and what to do about a component that is missing."""
import os
import pathlib
import shutil

import pytest

TESTS = pathlib.Path(__file__).resolve().parent.parent
TOP = TESTS.parent
BUILD = pathlib.Path(os.environ.get("MICA_BUILD", TOP / "build/dev"))
RELEASE = pathlib.Path(os.environ.get("MICA_RELEASE", TOP / "build/release"))
CI = os.environ.get("CI") == "true"
ALL = bool(os.environ.get("MICA_TEST_ALL"))


def mica(build=BUILD):
    return build / "src/cli/mica"


def helper(build=BUILD):
    return build / "hsm/helper/mica-token"


def missing(what):
    """A component that is not there: the test fails in CI, and is skipped elsewhere (exit 77)."""
    if CI:
        pytest.fail(f"{what} is not there, and CI=true", pytrace=False)
    pytest.skip(f"{what} is not there")


def need(program):
    path = shutil.which(program)
    if path is None:
        missing(program)
    return path


def need_strace_inside():
    """strace sees the calls of everybody's own processes, but what a process that is not dumpable says in them only
    when it is root."""
    if os.geteuid() != 0:
        missing("root (for strace to look into mica)")
    return need("strace")


def softhsm_module():
    for path in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                 "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"):
        if os.path.exists(path):
            return path
    missing("libsofthsm2.so")
