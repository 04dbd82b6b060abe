# SPDX-License-Identifier: Apache-2.0
"""An apply of one certificate: the power is cut after every call that writes, and whatever was not synced is lost."""
import pytest

from harness.points import Stage, cut_power
from scenes import ApplyOne


@pytest.fixture(scope="module")
def stage():
    made = Stage(ApplyOne())
    yield made
    made.close()


def test_every_point(stage):
    cut_power(stage, rarer=100)
