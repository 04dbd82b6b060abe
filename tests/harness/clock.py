# SPDX-License-Identifier: Apache-2.0
"""Other days: libfaketime, which moves the wall clock of a program and leaves the others. For the release build: the
sanitizers do not share their place with a preloaded library."""
import os

import pytest

from . import parts
from .home import without_leak_check

LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1")


@pytest.fixture
def when():
    """when("+59d") is the environment of a program that runs 59 days from now."""
    library = next((path for path in LIBRARIES if os.path.exists(path)), None) or parts.missing("libfaketime")

    def env(offset):
        return {"LD_PRELOAD": library, "FAKETIME": offset, "DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1",
                **without_leak_check()}
    return env
