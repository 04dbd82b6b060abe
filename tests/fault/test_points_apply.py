# SPDX-License-Identifier: Apache-2.0
"""An apply of one certificate: killed at every call that writes, and every one of them failing."""
import pytest

from harness.crash import FAILURES, KILLS
from harness.points import Stage, try_points
from scenes import ApplyOne


@pytest.fixture(scope="module")
def stage():
    made = Stage(ApplyOne())
    yield made
    made.close()


@pytest.mark.parametrize("fault", KILLS + FAILURES)
def test_every_point(stage, fault):
    try_points(stage, fault)
