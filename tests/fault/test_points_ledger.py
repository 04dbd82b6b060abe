# SPDX-License-Identifier: Apache-2.0
"""Revocation, restores, upgrades, and what is written of the ledger: a sample of the calls that write."""
import pytest

from scenes_ledger import LEDGERS
from sampled import cases, stages, try_case

stage = pytest.fixture(scope="module")(stages)


@pytest.mark.parametrize(**cases(LEDGERS))
def test_points(stage, fault):
    try_case(stage, fault)
