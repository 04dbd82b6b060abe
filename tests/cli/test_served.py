# SPDX-License-Identifier: Apache-2.0
"""Served: seen at every endpoint of every deployment that uses the certificate, and not for another one."""
import contextlib

import pytest

from harness import peers
from harness.inventory import Inventory
from harness.offline import Offline

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


def test_what_no_probe_sees_is_owed_until_somebody_says_so(home, tmp_path):
    """Another rest-port: the certificate that is served is the same, and Milvus must restart."""
    home.begin()
    inv = Inventory()
    with serving(home, "prod", tmp_path) as prod:
        inv.deployment["endpoints"] = [prod]
        home.write(inv)
        home.mica("apply")
        inv.deployment["rest-port"] = 8081
        home.write(inv)
        for _ in range(2):
            said = home.mica("apply", code=5)
            assert "prod: warning: Milvus is to be restarted, which no endpoint can show: its configuration changed" in said.err
            assert "hint: restart Milvus, then: mica apply --restarted prod" in said.err
        assert "prod: restart owed since" in home.mica("status", "--exit-code", code=5).out
        home.mica("apply", "--restarted", "prod")
        home.mica("status", "--exit-code")
        assert "'prod' was owed no restart" in home.mica("apply", "--restarted", "prod").err


def test_another_mode_is_seen(home, tmp_path):
    """A server that still wants client certificates does not serve one-way."""
    home.begin()
    inv = Inventory()
    with serving(home, "prod", tmp_path) as prod:
        inv.deployment["endpoints"] = [prod]
        home.write(inv)
        home.mica("apply")
        inv.deployment["tls-mode"] = 1
        home.write(inv)
        said = home.mica("apply", code=5)
        assert f"{prod}: warning: '{prod}' refused the connection with the alert 'certificate required'" in said.err


def test_another_trust_is_seen(home, tmp_path):
    """A changed ca.pem alone: the server tells whose clients it lets in."""
    home.begin()
    inv = Inventory()
    Offline(home.path / "corp").root("old", "/O=Corp/CN=Old CA")
    with serving(home, "prod", tmp_path) as prod:
        inv.deployment["endpoints"] = [prod]
        home.write(inv)
        home.mica("apply")
        inv["trust"] = ["corp/old.pem"]
        home.write(inv)
        said = home.mica("apply", code=5)
        assert f"{prod}: warning: lets in the clients of another ca.pem than the one delivered to 'prod'" in said.err
        assert "prod: restart owed since" in home.mica("status").out
    with serving(home, "prod", tmp_path) as prod:  # with what was delivered
        inv.deployment["endpoints"] = [prod]
        home.write(inv)
        home.mica("apply")
        home.mica("status", "--exit-code")


def test_one_way_milvus_has_no_use_for_another_trust(home, tmp_path):
    Offline(home.path / "corp").root("old", "/O=Corp/CN=Old CA")
    inv = Inventory()
    inv.deployment.update({"tls-mode": 1, "internal-tls": False, "restart": ["./no-such-program"]})
    home.write(inv)
    home.mica("init")
    home.mica("apply", code=5)
    home.mica("apply", "--restarted", "prod")
    inv["trust"] = ["corp/old.pem"]
    home.write(inv)
    assert "restart" not in home.mica("plan").out
    home.mica("apply")


@pytest.mark.parametrize("intruder", ["a client without a certificate", "a client of another CA"])
def test_who_must_not_get_in(home, tmp_path, intruder):
    """It presents the certificate and lets the deployment's client in, and others as well."""
    home.begin()
    inv = Inventory()
    tls = home / "out/prod/tls"
    how = {"a client without a certificate": [],  # asks nobody
           # asks, and takes whatever is shown: no -verify_return_error
           "a client of another CA": ["-Verify", "5", "-tls1_3"]}[intruder]
    argv = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", tls / "server.pem", "-key", tls / "server.key",
            "-CAfile", tls / "ca.pem", *how]
    with peers.listening(argv, r"ACCEPT .*:(\d+)", tmp_path) as port:
        inv.deployment["endpoints"] = [f"127.0.0.1:{port}"]
        home.write(inv)
        said = home.mica("apply", code=5)
        assert f"127.0.0.1:{port}: warning: lets in {intruder}, which 'tls-mode: 2' forbids" in said.err, said
    assert state_of(home, "server") == "delivered"
