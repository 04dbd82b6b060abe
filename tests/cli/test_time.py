# SPDX-License-Identifier: Apache-2.0
"""Other days: mica under libfaketime, which moves the wall clock and leaves the others (the release build: the
sanitizers do not share their place with a preloaded library)."""
import pytest

from harness import parts
from harness.clock import when
from harness.home import Home
from harness.inventory import Inventory
from harness.run import run

__all__ = ["when"]


@pytest.fixture
def home(scratch):
    return Home(scratch, build=parts.RELEASE)


def files(home):
    return [(home / p).read_bytes() for p in ("out/prod/tls/server.pem", "out/prod/clients/ingest/client.pem")]


def test_renewal_when_a_third_is_left(home, when):
    home.begin()
    before = files(home)
    home.mica("plan", "--exit-code", env=when("+59d"), code=0)
    home.mica("apply", env=when("+59d"))
    assert files(home) == before
    home.mica("plan", "--exit-code", env=when("+61d"), code=4)
    home.mica("apply", env=when("+61d"))
    after = files(home)
    assert not set(before) & set(after)
    home.mica("plan", "--exit-code", env=when("+62d"), code=0)


def test_an_expired_certificate_is_replaced(home, when):
    home.begin()
    said = home.mica("status", env=when("+200d"))
    assert "server: expired 109 days ago" in said.out or "server: expired 110 days ago" in said.out, said
    assert "outage since" in said.out and ", at prod/server, 1" in said.out, said
    home.mica("apply", env=when("+200d"))
    home.mica("plan", "--exit-code", env=when("+201d"), code=0)


def test_near_the_end_of_the_ca_the_life_is_cut(home, when):
    inv = Inventory()
    inv.ca["days"] = 100
    home.begin(inv)
    said = home.mica("rotate", "--all", env=when("+50d"))
    assert "ends with its CA" in said.err and "hint:" in said.err, said
    ends = [run(["openssl", "x509", "-in", p, "-noout", "-enddate"]).out.split("=")[1]
            for p in (home / "out/prod/tls/server.pem", home / "state/g1.pem")]
    assert ends[0] == ends[1]


def test_the_end_of_the_ca_is_a_warning_in_its_last_year_only(home, when):
    inv = Inventory()
    inv.ca["days"] = 1200
    home.begin(inv)
    for day, level in ((790, None), (810, "note"), (900, "warning")):
        said = home.mica("plan", env=when(f"+{day}d"))
        assert (f"{level}: the certificate of CA 'g1' ends on" in said.err) == (level is not None), said
        assert level or "the certificate of CA" not in said.err, said
    assert "ends on" not in home.mica("plan", "-q", env=when("+810d")).err


def test_looking_too_far_ahead(home):
    """90 days, renewed after 60: a timer with --ahead 60d would issue every day."""
    home.begin()
    said = home.mica("apply", "--ahead", "60d")
    assert "'server' is due again 59 days after it is issued: every run that looks 60 days ahead" in said.err, said
    assert said.err.count("every run") == 1 and "hint: a shorter --ahead" in said.err
    assert "every run" not in home.mica("rotate", "--all", "--ahead", "59d").err
    assert "every run" not in home.mica("plan", "--ahead", "59d").err


def test_a_ca_that_has_expired_signs_nothing(home, when):
    inv = Inventory()
    inv.ca["days"], inv["defaults"]["days"] = 30, 20
    home.begin(inv)
    with home.unchanged():
        said = home.mica("apply", env=when("+31d"), code=None)
    assert said.code in (1, 3) and "expired" in said.err, said
    said = home.mica("status", "--exit-code", env=when("+31d"), code=4)
    assert "server: due since" in said.out and "not issued" not in said.out, said


def test_a_clock_that_went_backwards(home, when):
    home.begin()
    with home.unchanged():
        said = home.mica("rotate", "--all", env=when("-2d"), code=None)
    assert said.code in (1, 3) and "clock" in said.err, said
    assert "hint:" in said.err


def test_what_was_issued_while_the_clock_was_ahead(home, when):
    home.begin()
    home.mica("rotate", "--all", env=when("+100d"))
    assert "the clock went backwards" in home.mica("apply", code=3).err
    said = home.mica("audit", "--accept-restore")
    assert said.out == "taken over: this clock\n" and said.err.count("went backwards") == 1, said
    assert home.mica("apply").out.count("not valid before") == 2
    for path in ("tls/server.pem", "clients/ingest/client.pem"):
        run(["openssl", "verify", "-CAfile", home / "out/prod/tls/ca.pem", home / "out/prod" / path])
    assert "nothing to do" in home.mica("apply").out
    home.mica("audit")


def test_an_expired_certificate_is_not_revoked(home, when):
    home.begin()
    with home.unchanged():
        said = home.mica("revoke", "ingest", "--reason", "superseded", code=3, env={**when("+91d"), "SOFTHSM2_CONF": "/nowhere"})
    assert "the certificate of 'ingest' has expired on" in said.err and "nothing to revoke" in said.err


def test_what_is_revoked_leaves_the_list_when_it_has_expired(home, when):
    """But it stands on the first list after its end (RFC 5280, 3.3)."""
    home.begin()
    home.mica("revoke", "ingest", "--reason", "keyCompromise")
    home.mica("apply", env=when("+70d"))
    listed = []
    for day in ("+92d", "+93d"):
        home.mica("revoke", "--crl", env=when(day))
        listed.append(run(["openssl", "crl", "-in", home / "state/g1.crl", "-noout", "-text"]).out.count("Serial Number"))
        assert "nothing is wrong" in home.mica("audit", env=when(day)).out
    assert listed == [1, 0]


def test_an_audit_verifies_what_has_not_expired(home, when):
    """All of it with --full, and of evidence."""
    home.begin()
    home.mica("apply", env=when("+70d"))
    home.mica("audit", "--evidence", "evidence.json", env=when("+92d"))
    count = {}
    for args in ([], ["--full"], ["--quick"], ["--verify", "evidence.json"]):
        document = home.mica("audit", "--json", *args, env=when("+92d")).json
        assert document["errors"] == 0
        count[" ".join(args)] = document["signatures-verified"]
    leaves = [r for r in home.records() if r["kind"] in ("server", "client")]
    assert len(leaves) == 4
    assert count["--full"] == count["--verify evidence.json"] == len(home.records())
    assert (count[""], count["--quick"]) == (count["--full"] - 2, count["--full"] - 4)
