# SPDX-License-Identifier: Apache-2.0
"""The benchmark works, and what it counts is as promised: one login, two token calls for each certificate and for the
CRL of the run. Calls are counted here, never time."""
import json
import os

import pytest

from harness import parts
from harness.run import run

RUN = parts.TESTS / "bench/run.sh"


@pytest.fixture(scope="module")
def document():
    for program in ("certtool", "softhsm2-util", "openssl"):
        parts.need(program)
    env = {**os.environ, "MICA_BUILD": str(parts.BUILD)}
    return json.loads(run([RUN, "--smoke", "--json"], env=env, timeout=150).out)


def cas(document):
    assert [ca["algorithm"] for ca in document["cas"]] == ["ec-p256", "rsa-2048"]
    return document["cas"]


def mica_calls(ca):
    found = [c for c in ca["calls"] if c["subject"] == "mica apply"]
    assert len(found) == 1
    return found[0]


def test_one_login(document):
    for ca in cas(document):
        for one in mica_calls(ca)["runs"]:
            assert one["counts"]["C_Login"] == 1, (ca["algorithm"], one)
            assert one["counts"]["C_Initialize"] >= 1


def others(one):
    """Calls that no certificate needs for itself: a second thread, where there is one, has a session of its own."""
    return sum(n for f, n in one["counts"].items() if f not in ("C_SignInit", "C_Sign"))


def test_two_calls_for_each_certificate(document):
    for ca in cas(document):
        few, many = mica_calls(ca)["runs"]
        assert (few["made"], many["made"]) == (4, 24)
        for one in few, many:
            assert one["counts"]["C_Sign"] == one["counts"]["C_SignInit"] == one["made"] + 1, (ca["algorithm"], one)
        assert others(many) - others(few) <= 4, (ca["algorithm"], few, many)


def test_every_subject_was_measured(document):
    for ca in cas(document):
        for size in ca["times"]:
            names = [row["subject"] for row in size["rows"]]
            assert len(names) == len(set(names)) == 8 and names[0] == "mica apply"
            assert all(row["ms"] > 0 for row in size["rows"])
            assert all(row["mica-to-it"] > 0 for row in size["rows"][1:])
    assert {row["subject"] for row in document["idle"]} == {"mica plan, nothing due", "mica apply, nothing due"}


def test_the_signing_phase_was_measured(document):
    """How often the token was called in it is asserted as it is measured (phase.py)."""
    assert [one["token"] for one in document["signing"]] == ["SoftHSM2, 5 ms added to each call"]
    rows = document["signing"][0]["rows"]
    assert len(rows) == 3 and all(row["a-second"] > 0 for row in rows)
    assert all(row["reaches"] > 0 for row in rows[1:])


def test_the_tables_print():
    env = {**os.environ, "MICA_BUILD": str(parts.BUILD)}
    said = run([RUN, "--smoke", "--ca", "ec-p256", "--only", "times", "--only", "far"], env=env, timeout=120).out
    assert "CA ec-p256, leaf ec-p256, N = 3" in said and "mica / it" in said
    assert "Signing only: SoftHSM2, 5 ms" in said and "mica reaches" in said


def test_a_large_ledger_is_measured():
    env = {**os.environ, "MICA_BUILD": str(parts.BUILD)}
    found = json.loads(run([RUN, "--smoke", "--json", "--ca", "ec-p256", "--only", "scale"], env=env, timeout=120).out)["scale"]
    assert (found["entries"], found["records"]) == (3, 300)
    assert {r["what"] for r in found["ratios"]} == {"apply, one due", "status", "plan"}
    assert all(r["wall"] > 0 for r in found["ratios"]) and all(v["records-a-second"] > 0 for v in found["verify"])
    assert [a["what"] for a in found["audit"]] == ["every signature", "default", "quick"] * 2


def test_usage():
    said = run([RUN, "--help"], env=dict(os.environ)).out
    assert "--quick" in said and "--json" in said
    assert run([RUN, "--nonsense"], code=2, env={**os.environ, "MICA_BUILD": str(parts.BUILD)}).out == ""
