# SPDX-License-Identifier: Apache-2.0
"""plan: says what apply would do and why; needs no token; changes nothing."""
import datetime
import shutil
import time

from harness.inventory import Inventory


def without_token(home):
    """An environment in which there is no token to be found."""
    return {"SOFTHSM2_CONF": "/nowhere/softhsm2.conf"}


def in_days(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%d")


def test_it_needs_no_token_and_changes_nothing(home):
    home.write()
    home.mica("init")
    shutil.rmtree(home.token.store)
    (home / "pin").unlink()
    with home.unchanged(mtime=True):
        said = home.mica("plan", env=without_token(home))
    assert "server" in said.out and "ingest" in said.out and "issue" in said.out


def test_exit_code(home):
    home.write()
    home.mica("init")
    home.mica("plan", code=0)
    home.mica("plan", "--exit-code", code=4)
    home.mica("apply")
    home.mica("plan", "--exit-code", code=0)
    home.mica("status", "--exit-code", code=0)
    (home / "out/prod/tls/server.key").unlink()
    home.mica("plan", code=0)
    home.mica("plan", "--exit-code", code=4)
    home.mica("status", "--exit-code", code=4)


def test_at_a_later_day(home):
    home.begin()
    home.mica("plan", "--exit-code", "--at", in_days(59), code=0)
    said = home.mica("plan", "--exit-code", "--at", in_days(61), code=4)
    assert "rotate" in said.out
    with home.unchanged(mtime=True):
        home.mica("plan", "--at", in_days(400))


def test_ahead(home):
    home.begin()
    with home.unchanged():
        home.mica("apply", "--ahead", "29d")
    server = (home / "out/prod/tls/server.pem").read_bytes()
    home.mica("apply", "--ahead", "61d")
    assert (home / "out/prod/tls/server.pem").read_bytes() != server


def test_what_the_ca_cuts_is_told_beforehand(home):
    inv = Inventory()
    inv.ca["days"] = 100
    home.begin(inv)
    said = home.mica("plan", "--at", in_days(80))
    assert "server" in said.err and "ends with its CA" in said.err, said
    assert in_days(100) in said.out, said


def test_why(home):
    home.begin()
    (home / "out/prod/tls/server.key").unlink()
    said = home.mica("plan")
    assert "server.key" in said.out and "missing" in said.out
    inv = Inventory()
    inv.certificate("ingest")["common-name"] = "ingest-2"
    home.write(inv)
    said = home.mica("plan")
    assert "ingest" in said.out


def test_an_entry_that_left(home):
    inv = Inventory()
    inv["certificates"].append({"name": "reader", "profile": "client", "common-name": "reader"})
    inv.deployment["clients"].append("reader")
    home.begin(inv)
    home.write()
    said = home.mica("plan", "--exit-code", code=4)
    assert "retire" in said.out and "reader" in said.out
    home.mica("apply")
    home.mica("plan", "--exit-code", code=0)


def test_json(home):
    home.write()
    home.mica("init")
    plan = home.mica("plan", "--json").json
    text = str(plan)
    assert "server" in text and "ingest" in text and "issue" in text
    home.mica("apply")
    assert "keep" in str(home.mica("plan", "--json").json)
