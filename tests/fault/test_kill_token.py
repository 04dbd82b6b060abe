# SPDX-License-Identifier: Apache-2.0
"""kill -9 of mica-token at every message, and after every call of the module: mica starts it anew once, or says that it
died; then everything holds as after a kill of mica itself. Not within a call: SoftHSM2 rewrites its token's file in place at
a login, and a kill in the midst of that loses the token, whatever program called it."""
import pytest

from harness import parts
from harness.crash import struck
from harness.points import Stage, TABLE
from scenes import ApplyTwo

CALLS = ("C_Initialize", "C_GetTokenInfo", "C_OpenSession", "C_Login", "C_FindObjects", "C_GetAttributeValue",
         "C_SignInit", "C_Sign", "C_CloseSession", "C_Logout", "C_Finalize")
MOST = 100


@pytest.fixture(scope="module")
def stage():
    made = Stage(ApplyTwo())
    yield made
    made.close()


def judge(stage, result, told):
    try:
        assert result.code in (0, 1)
        assert result.code == 0 or "mica-token" in result.err, "it does not say what happened"
        return stage.judge()
    except AssertionError as fault:
        raise AssertionError(f"mica-token killed {told}: {fault}\n{result}") from fault


@pytest.mark.parametrize("fault", ("before", "after"))
def test_at_every_message(stage, fault):
    wrapper = stage.home.scratch / "mica-token"
    ends = []
    for number in range(1, MOST):
        stage.reset()
        command = stage.tracer.command(fault=fault, at=number, only=("sendmsg", "sendto"))
        wrapper.write_text(f'#!/bin/sh\nexec {" ".join(map(str, command))} "{parts.helper(parts.RELEASE)}" "$@"\n')
        wrapper.chmod(0o755)
        result = stage.run("apply", code=None, env={"MICA_TOKEN_HELPER": str(wrapper)}, timeout=120)
        call = struck(stage.tracer.calls())
        ends.append(judge(stage, result, f"{fault} {call}"))
        if call is None and result.code == 0:
            break
    assert 5 < len(ends) < MOST - 1
    TABLE.add(stage.scene, f"mica-token killed {fault} a call", ends)


def test_after_every_call_of_the_module(stage):
    ends = []
    for function in CALLS:
        for number in range(1, MOST):
            stage.reset()
            before = len(stage.faults.calls(function))
            result = stage.run("apply", code=None, env=stage.faults.env(f"{function}@{number}=kill"), timeout=120)
            ends.append(judge(stage, result, f"after {function} number {number}"))
            if len(stage.faults.calls(function)) - before < number:
                break
    TABLE.add(stage.scene, "mica-token killed after a C_ call", ends)


def test_the_kills_are_real(stage):
    """The harness itself: mica dies where it is asked to, and every signature of the module is counted."""
    stage.reset()
    result, calls = stage.tracer.run("apply", fault="before", at=30, env=stage.env())
    assert result.code == 137 and len(calls) == 30 and calls[-1]["result"] is None
    stage.reset()
    before = len(stage.faults.signed())
    stage.run("apply")
    assert len(stage.faults.signed()) == before + 3  # two certificates and a CRL
