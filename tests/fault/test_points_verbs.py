# SPDX-License-Identifier: Apache-2.0
"""Every command that changes something: a sample of its calls that write, the same in each run; with MICA_TEST_ALL all."""
import pytest

from harness.crash import FAILURES, KILLS
from harness.points import Stage, cut_power, try_points
from scenes import APPLIES
from scenes_ca import CAS
from scenes_ledger import LEDGERS

SAMPLE = {"before": 12, "after": 6, "ENOSPC": 6, "EIO": 6, "short": 3, "full": 6}


@pytest.fixture(scope="module")
def stage(request):
    made = Stage(request.param())
    yield made
    made.close()


CASES = [(scene, fault) for scene in APPLIES + CAS + LEDGERS for fault in (*KILLS, *FAILURES, "power cut")]


@pytest.mark.parametrize("stage,fault", CASES, indirect=["stage"], scope="module",
                         ids=[f"{scene.name} {fault}" for scene, fault in CASES])
def test_points(stage, fault):
    if fault == "power cut":
        cut_power(stage, most=30)
    else:
        try_points(stage, fault, SAMPLE[fault])
