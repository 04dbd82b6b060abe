# SPDX-License-Identifier: Apache-2.0
"""CAs, made, trusted, issuing, crossed and renewed: a sample of the calls that write."""
import pytest

from scenes_ca import CAS
from sampled import cases, stages, try_case

stage = pytest.fixture(scope="module")(stages)


@pytest.mark.parametrize(**cases(CAS))
def test_points(stage, fault):
    try_case(stage, fault)
