# SPDX-License-Identifier: Apache-2.0
"""status --exit-code: 4 when anything is to be done, by apply or by a person, each with a line that says what; and the first
outage where there is more than one CA."""
import datetime
import re

import pytest

from harness import parts
from harness.clock import when
from harness.home import Home
from harness.inventory import Inventory
from harness.run import run

__all__ = ["when"]


def metric(home, name, env=None):
    text = home.mica("status", "--prometheus", "-", env=env).out
    return int(re.search(rf"^{name}(?:\{{.*\}})? (\d+)$", text, re.M).group(1))


def test_all_is_well(home):
    home.begin()
    said = home.mica("status", "--exit-code", code=0)
    assert "mica apply" not in said.out


def test_a_file_to_be_written(home):
    home.begin()
    (home / "out/prod/user.yaml").unlink()
    assert "out/prod/user.yaml: to be written: mica apply" in home.mica("status", "--exit-code", code=4).out
    assert home.mica("status", "--json").json["files"] == ["out/prod/user.yaml"]
    home.mica("apply")
    home.mica("status", "--exit-code", code=0)


def test_an_entry_that_left(home):
    inv = Inventory()
    inv["certificates"].append({"name": "late", "profile": "client", "common-name": "late"})
    inv.deployment["clients"].append("late")
    home.begin(inv)
    home.write()
    assert "late: left the inventory: mica apply" in home.mica("status", "--exit-code", code=4).out
    assert home.mica("status", "--json").json["retired"] == ["late"]
    home.mica("apply")
    home.mica("status", "--exit-code", code=0)


def two_cas(home):
    """g1 issues; g2 is trusted and has its own key on the same token."""
    inv = Inventory()
    inv["ca"].append({**inv.ca, "name": "g2", "state": "trusted", "key": "pkcs11:token=milvus-ca;object=ca2", "days": 40,
                      "subject": {"C": "US", "O": "Example", "CN": "Milvus CA g2"}})
    home.write(inv)
    return inv


def test_a_ca_without_a_certificate(home):
    home.begin()
    two_cas(home)
    said = home.mica("status", "--exit-code", code=4)
    assert re.search(r"^g2: .*mica init", said.out, re.M), said
    home.mica("init")
    home.mica("apply")
    home.mica("status", "--exit-code", code=0)


def test_a_crl_that_has_to_say_more(home):
    home.begin()
    home.mica("revoke", "ingest", "--reason", "superseded")
    said = home.mica("status", "--exit-code", code=4)
    assert "ingest: the last one was revoked" in said.out and re.search(r"^CRL of g1: until 20\d\d-", said.out, re.M), said


def day(path):
    end = run(["openssl", "x509", "-in", path, "-noout", "-enddate"], env={"LC_ALL": "C"}).out.split("=")[1].strip()
    return datetime.datetime.strptime(end, "%b %d %H:%M:%S %Y %Z").strftime("%Y-%m-%d")


def first_outage(home):
    return re.search(r"^token lost now: first outage on (\S+), at (\S+), in ", home.mica("status").out, re.M).groups()


def test_a_certificate_is_over_when_its_own_ca_is(home):
    """Not when the one is that issues now: that has signed none of them yet."""
    inv = two_cas(home)
    home.mica("init")
    home.mica("apply")
    assert first_outage(home) == (day(home / "out/prod/tls/server.pem"), "prod/server")
    inv["ca"][0]["state"], inv["ca"][1]["state"] = "trusted", "issuing"
    inv["defaults"]["days"] = 30
    home.write(inv)
    assert first_outage(home) == (day(home / "out/prod/tls/server.pem"), "prod/server")
    assert day(home / "state/g2.pem") < day(home / "out/prod/tls/server.pem")
    home.mica("apply")
    assert first_outage(home)[0] < day(home / "state/g2.pem")


def test_in_one_way_mode_no_client_is_asked(home):
    inv = Inventory()
    inv.deployment["tls-mode"] = 2
    inv.certificate("ingest")["days"] = 30
    home.begin(inv)
    assert first_outage(home) == (day(home / "out/prod/clients/ingest/client.pem"), "prod/ingest")
    inv.deployment["tls-mode"] = 1
    home.write(inv)
    home.mica("apply")
    assert first_outage(home) == (day(home / "out/prod/tls/server.pem"), "prod/server")


def test_the_earliest_of_several_deployments(home):
    inv = Inventory(**{"shared-trust": True})
    inv["certificates"].append({"name": "brief", "profile": "server", "common-name": "localhost", "dns": ["localhost"], "days": 20})
    inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test", "server": "brief"})
    home.begin(inv)
    assert first_outage(home) == (day(home / "out/test/tls/server.pem"), "test/brief")


# --- other days -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def later(scratch):
    return Home(scratch, build=parts.RELEASE)


def test_a_crl_that_runs_out(later, when):
    inv = Inventory()
    inv["defaults"]["days"] = 365
    later.begin(inv)
    later.mica("status", "--exit-code", env=when("+119d"), code=0)
    said = later.mica("status", "--exit-code", env=when("+121d"), code=4)
    assert "CRL: runs out in 58 days: mica apply" in said.out or "CRL: runs out in 59 days: mica apply" in said.out, said
    assert "first outage on" in said.out


def test_a_crl_that_ran_out_is_no_outage(later, when):
    inv = Inventory()
    inv["defaults"]["days"] = 365
    later.begin(inv)
    said = later.mica("status", "--exit-code", env=when("+200d"), code=4)
    assert "CRL: ran out" in said.out and "token lost now: first outage on" in said.out, said


def test_a_ca_that_ends_too_soon(later, when):
    inv = Inventory()
    inv.ca["days"] = 100
    later.begin(inv)
    later.mica("rotate", "--all", env=when("+50d"))
    later.mica("status", "--exit-code", env=when("+60d"), code=0)
    said = later.mica("status", "--exit-code", env=when("+90d"), code=4)
    assert "cannot be renewed beyond it" in said.err, said
    assert later.mica("status", "--json", env=when("+90d")).json["ca-ends-too-soon"] is True
    assert metric(later, "mica_ca_too_short", when("+90d")) == 1 and metric(later, "mica_ca_too_short", when("+60d")) == 0
