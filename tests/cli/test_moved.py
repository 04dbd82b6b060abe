# SPDX-License-Identifier: Apache-2.0
"""Deployments that are renamed or use an entry no more, entries that change their profile: what the ledger then says."""
import pytest

from harness.inventory import Inventory


def states(home, entry):
    return [(r["kind"], r["state"]) for r in home.records() if r["entry"] == entry]


@pytest.mark.parametrize("out", ["out/prod", "out/new"])
def test_a_renamed_deployment(home, out):
    inv = Inventory()
    home.begin(inv)
    inv.deployment["name"], inv.deployment["out"] = "new", out
    home.write(inv)
    home.mica("apply")
    assert states(home, "server") == [("server", "superseded"), ("server", "delivered")]
    assert states(home, "ingest") == [("client", "superseded"), ("client", "delivered")]
    home.mica("plan", "--exit-code")


def test_a_client_that_one_of_two_deployments_no_longer_uses(home):
    inv = Inventory(**{"shared-trust": True})
    inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test"})
    home.begin(inv)
    inv.deployment["clients"] = []
    home.write(inv)
    home.mica("apply")
    assert states(home, "ingest") == [("client", "delivered")]
    home.mica("rotate", "ingest")
    assert states(home, "ingest") == [("client", "superseded"), ("client", "delivered")]


def test_an_entry_of_another_profile(home):
    inv = Inventory()
    home.begin(inv)
    inv.certificate("ingest").update({"profile": "server", "common-name": "localhost", "dns": ["localhost"]})
    inv.deployment["clients"] = []
    inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test", "server": "ingest", "tls-mode": 1})
    home.write(inv)
    home.mica("apply")
    assert states(home, "ingest") == [("client", "superseded"), ("server", "delivered")]
