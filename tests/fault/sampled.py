# SPDX-License-Identifier: Apache-2.0
"""A sample of the points of many scenes, the same in each run; with MICA_TEST_ALL every one."""
from harness.crash import FAILURES, KILLS
from harness.points import Stage, cut_power, try_points

SAMPLE = {"before": 12, "after": 6, "ENOSPC": 6, "EIO": 6, "short": 3, "full": 6, "power cut": 30}


def cases(scenes):
    """Arguments of pytest.mark.parametrize, for a module with the fixture `stage` (stages())."""
    found = [(scene, fault) for scene in scenes for fault in (*KILLS, *FAILURES, "power cut")
             if fault != "full" or scene.needs_room]
    return {"argnames": "stage,fault", "argvalues": found, "indirect": ["stage"], "scope": "module",
            "ids": [f"{scene.name} {fault}" for scene, fault in found]}


def stages(request):
    made = Stage(request.param())
    yield made
    made.close()


def try_case(stage, fault):
    if fault == "power cut":
        cut_power(stage, most=SAMPLE[fault])
    else:
        try_points(stage, fault, SAMPLE[fault])
