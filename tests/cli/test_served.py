# SPDX-License-Identifier: Apache-2.0
"""Served: seen at every endpoint of every deployment that uses the certificate, and not for another one."""
import contextlib

from harness import peers
from harness.inventory import Inventory

CLOSED = "127.0.0.1:1"  # nobody listens there


@contextlib.contextmanager
def serving(home, deployment, tmp_path):
    """A server with the files of a deployment; yields its endpoint."""
    tls = home / f"out/{deployment}/tls"
    files = peers.Files(tls / "ca.pem", tls / "server.pem", tls / "server.key")
    with peers.openssl_server(files, tmp_path, mutual=True) as port:
        yield f"127.0.0.1:{port}"


def two_deployments(first, second, server="server"):
    inv = Inventory(**{"shared-trust": True})
    inv.deployment["endpoints"] = first
    inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test", "server": server, "endpoints": second})
    return inv


def state_of(home, entry):
    return [r["state"] for r in home.records() if r["entry"] == entry][-1]


def test_a_certificate_of_two_deployments_is_served_when_both_serve_it(home, tmp_path):
    home.write(two_deployments([], []))
    home.mica("init")
    home.mica("apply")
    with serving(home, "prod", tmp_path) as prod:
        home.write(two_deployments([prod], [CLOSED]))
        for _ in range(2):  # what was seen of the one says nothing of the other
            assert CLOSED in home.mica("apply", code=5).err
        assert state_of(home, "server") == "delivered"
        with serving(home, "test", tmp_path) as test:
            home.write(two_deployments([prod], [test]))
            home.mica("apply")
    assert state_of(home, "server") == "served"
    home.mica("apply")  # and is not asked again


def test_an_endpoint_that_is_added_is_asked(home, tmp_path):
    home.begin()
    inv = Inventory()
    with serving(home, "prod", tmp_path) as prod:
        inv.deployment["endpoints"] = [prod]
        home.write(inv)
        home.mica("apply")
    inv.deployment["endpoints"] = [prod, CLOSED]
    home.write(inv)
    assert CLOSED in home.mica("apply", code=5).err


def test_only_asks_its_own_endpoints(home, tmp_path):
    """The other deployment's server has no certificate yet: no reason to fail."""
    home.begin()
    with serving(home, "prod", tmp_path) as prod:
        inv = two_deployments([prod], [CLOSED], server="second")
        inv["certificates"].append({"name": "second", "profile": "server", "common-name": "localhost", "dns": ["localhost"]})
        home.write(inv)
        home.mica("apply", "--only", "prod")
        assert state_of(home, "server") == "served"
        assert CLOSED in home.mica("apply", code=5).err
        home.mica("apply", "--only", "prod")


def test_what_no_probe_sees_is_told(home, tmp_path):
    """Another tls-mode, another ca.pem: the certificate that is served is the same, and Milvus must restart."""
    home.begin()
    inv = Inventory()
    with serving(home, "prod", tmp_path) as prod:
        inv.deployment["endpoints"] = [prod]
        home.write(inv)
        home.mica("apply")
        inv.deployment["tls-mode"] = 1
        home.write(inv)
        assert "restart Milvus" in home.mica("apply").err
        assert "restart Milvus" not in home.mica("apply").err
