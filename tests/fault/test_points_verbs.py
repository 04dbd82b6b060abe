# SPDX-License-Identifier: Apache-2.0
"""Applies, rotations, restarts and the latch: a sample of the calls that write."""
import pytest

from scenes import APPLIES
from sampled import cases, stages, try_case

stage = pytest.fixture(scope="module")(stages)


@pytest.mark.parametrize(**cases(APPLIES))
def test_points(stage, fault):
    try_case(stage, fault)
