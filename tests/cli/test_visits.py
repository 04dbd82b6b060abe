# SPDX-License-Identifier: Apache-2.0
"""A token visit a quarter: the token is there on one day in 92, and for a year nothing ever expires. What the page in
docs/unattended.md says is what is done here."""
import datetime
import time

import pytest

from harness import parts
from harness.clock import when
from harness.home import Home
from harness.inventory import Inventory
from harness.run import run

__all__ = ["when"]

QUARTER, YEAR, DAY = 92, 368, 86400
STEP = 7 if parts.ALL else 23
AWAY = {"SOFTHSM2_CONF": "/nowhere"}
DELIVERED = {"out/prod/tls/server.pem": "out/prod/tls", "out/prod/clients/ingest/client.pem": "out/prod/clients/ingest",
             "out/prod/clients/query/client.pem": "out/prod/clients/query"}


@pytest.fixture
def home(scratch):
    """Certificates of different lives: half a year, five months, a year."""
    home = Home(scratch, build=parts.RELEASE)
    inv = Inventory()
    inv["defaults"]["days"] = 180
    inv.certificate("ingest")["days"] = 150
    inv["certificates"].append({"name": "query", "profile": "client", "common-name": "query", "days": 365})
    inv.deployment["clients"].append("query")
    home.write(inv)
    home.mica("init")
    return home


def date(day):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=day)).strftime("%Y-%m-%d")


def is_good(home, day):
    """OpenSSL's word on every certificate on that day, CRL included."""
    for path, folder in DELIVERED.items():
        run(["openssl", "verify", "-attime", int(time.time()) + day * DAY, "-x509_strict", "-crl_check", "-CAfile",
             home / folder / "ca.pem", "-CRLfile", home / folder / "crl.pem", home / path])


def ahead_is_seen(home, env, ahead):
    """What is due before the next visit is told by `plan --at` beforehand, and done by `apply --ahead`."""
    planned = home.mica("plan", "--ahead", ahead, "--json", env=env).json
    said = home.mica("apply", "--unattended", "--ahead", ahead, "--json", env=env).json
    done = {item["entry"] for item in said["items"] if item["action"] in ("issue", "rotate")}
    assert done == {item["entry"] for item in planned["items"] if item["action"] in ("issue", "rotate")}
    assert said["issued"] + said["rotated"] == len(done)
    return done


@pytest.mark.parametrize("ahead,quiet", [("100d", True), ("60d", False)])
def test_a_year_of_visits(home, when, ahead, quiet):
    """quiet: nothing even becomes due between the visits, so that a timer never asks for a token that is not there."""
    renewed = set()
    for visit in range(0, YEAR + 1, QUARTER):
        renewed |= {(visit, entry) for entry in ahead_is_seen(home, when(f"+{visit}d"), ahead)}
        is_good(home, visit)
        ahead_of_next = home.mica("plan", "--at", date(visit + QUARTER - 1), "--json", env=when(f"+{visit}d")).json
        assert ahead_of_next["signatures"] == 0 or not quiet
        for day in [*range(visit + STEP, visit + QUARTER, STEP), visit + QUARTER - 1]:
            env = {**when(f"+{day}d"), **AWAY}
            due = home.mica("plan", "--json", env=env).json["signatures"]
            assert due == 0 or not quiet
            home.mica("apply", "--unattended", env=env, code=1 if due else 0)  # the daily timer
            is_good(home, day)
            told = home.mica("status", "--exit-code", "--json", env=env, code=4 if due else 0).json
            assert told["first-outage"]["at"][:10] > date(day)
    # the short one at each visit, the one of a year at one of them at least, after the first
    assert {visit for visit, entry in renewed if entry == "ingest"} == set(range(0, YEAR + 1, QUARTER))
    assert any(visit > 0 for visit, entry in renewed if entry == "query")


def test_visits_alone_are_enough(home, when):
    """No timer in between, and certificates of a year, so that on some visits nothing but the CRL is signed."""
    inv = Inventory()
    inv["defaults"]["days"] = 365
    inv["certificates"].append({"name": "query", "profile": "client", "common-name": "query"})
    inv.deployment["clients"].append("query")
    home.write(inv)
    for visit in range(0, YEAR + 1, QUARTER):
        ahead_is_seen(home, when(f"+{visit}d"), "60d")
        is_good(home, visit + QUARTER - 1)


def test_without_ahead_a_quarter_is_too_long(home, when):
    """The trial can fail: of what is renewed only when it is due, something expires."""
    home.mica("apply")
    is_good(home, QUARTER)
    home.mica("apply", env=when(f"+{QUARTER}d"))
    with pytest.raises(AssertionError):
        is_good(home, 2 * QUARTER - 1)


def test_plan_at_names_what_a_visit_has_to_do(home, when):
    """plan --at on the day before: the list for the person who will bring the token."""
    home.mica("apply")
    items = home.mica("plan", "--at", date(QUARTER), "--ahead", "60d", "--json").json["items"]
    assert {i["entry"]: i["action"] for i in items} == {"server": "rotate", "ingest": "rotate", "query": "deliver"}
    assert next(i for i in items if i["entry"] == "query")["why"].startswith("crl.pem must change in "), "a new CRL is due"
