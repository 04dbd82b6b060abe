# SPDX-License-Identifier: Apache-2.0
"""What `mica check` finds at endpoints: TLS servers of OpenSSL, and HTTP ones in plaintext."""
import contextlib
import socket
import threading

import pytest

from harness import parts, peers
from harness.home import Home
from harness.inventory import Inventory
from harness.site import Site


@pytest.fixture
def site(scratch):
    return Site(scratch / "site")


@contextlib.contextmanager
def plain_http(address="127.0.0.1"):
    """Answers in plaintext as Go's HTTP server does to a request of HTTP/2."""
    with socket.create_server((address, 0)) as listening:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    with listening.accept()[0] as connection:
                        connection.settimeout(5)
                        connection.recv(1000)
                        connection.sendall(b"HTTP/1.1 505 HTTP Version Not Supported\r\nConnection: close\r\n\r\n")
        threading.Thread(target=serve, daemon=True).start()
        yield f"{address}:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def serving(site, folder="tls", mutual=True, ca=None):
    files = peers.Files(ca or site / "tls/ca.pem", site / f"{folder}/server.pem", site / f"{folder}/server.key")
    with peers.openssl_server(files, site.folder, mutual) as port:
        yield f"127.0.0.1:{port}"


def outside_address():
    """One of this machine by which others reach it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))  # sends nothing
            if not probe.getsockname()[0].startswith("127."):
                return probe.getsockname()[0]
    parts.missing("an address beyond the loopback interface")


def test_nothing_is_wrong_with_a_server_that_serves_what_lies_there(site):
    with serving(site) as endpoint:
        assert site.rules("--endpoint", endpoint) == []


def test_nobody_there(site):
    found = site.check("--endpoint", "127.0.0.1:1")
    assert [f["rule"] for f in found] == ["unreachable"] and found[0]["file"] == "127.0.0.1:1"


def test_a_server_in_plaintext(site):
    with plain_http() as endpoint:
        assert site.rules("--endpoint", endpoint) == ["served-plaintext"]
        assert site.rules("--rest", endpoint) == ["rest-plaintext"]
    with serving(site) as endpoint:
        assert site.rules("--rest", endpoint) == []


def test_a_server_that_was_not_restarted(site):
    with serving(site) as endpoint:
        site.issue("server")
        assert site.rules("--endpoint", endpoint) == ["served-differs"]


def test_a_server_that_clients_do_not_trust(site):
    with serving(site) as endpoint:
        site.ca.root("other", "/O=Example/CN=Another CA")
        site.put("other.pem", site.ca / "other.pem")
        assert site.rules("--endpoint", endpoint, "--ca", "other.pem") == ["served-unverified"]
        host = endpoint.replace("127.0.0.1", "127.0.0.2")
        assert site.rules("--endpoint", host)[0] == "unreachable"  # it listens on one address


def test_a_server_that_has_not_the_name(site):
    site.issue("server", names=("DNS:localhost",))
    with serving(site) as endpoint:
        assert site.rules("--endpoint", endpoint) == ["served-unverified"]
        assert site.rules("--endpoint", endpoint.replace("127.0.0.1", "localhost")) == []


def test_a_server_whose_chain_is_not_complete(site):
    site.ca.under("ca", "under", "/O=Example/CN=Milvus CA below")
    site.issue("server", issuer="under")
    with serving(site) as endpoint:
        # OpenSSL's s_server fills the chain up from its trust store only with what it has: the root
        assert "served-unverified" in site.rules("--endpoint", endpoint)


def test_a_two_way_server_that_lets_everybody_in(site):
    with serving(site, mutual=False) as endpoint:
        found = [f for f in site.check("--endpoint", endpoint) if f["rule"] == "served-open"]
        assert len(found) == 2 and "without a certificate" in found[0]["text"] + found[1]["text"]
        site.config["common"]["security"]["tlsMode"] = 1
        assert "served-open" not in site.rules("--endpoint", endpoint)


def test_a_server_of_another_ca(site):
    """It lets in clients of a CA that is not in ca.pem, and refuses ours: our own is then not let in."""
    site.ca.root("other", "/O=Example/CN=Another CA")
    with serving(site, ca=site.ca / "other.pem") as endpoint:
        found = site.check("--endpoint", endpoint)
        assert {"client-refused", "served-differs"} == {f["rule"] for f in found}, found


def test_an_old_version_of_tls(site):
    site.config["common"]["security"]["tlsMode"] = 1
    argv = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", site / "tls/server.pem", "-key",
            site / "tls/server.key", "-cipher", "DEFAULT@SECLEVEL=0", "-min_protocol", "TLSv1.1"]
    with peers.listening(argv, r"ACCEPT .*:(\d+)", site.folder) as port:
        assert site.rules("--endpoint", f"127.0.0.1:{port}") == ["served-version"]


def test_port_9091_open_beyond_this_machine(site):
    address = outside_address()
    with serving(site) as endpoint, plain_http(address) as metrics, plain_http() as local:
        assert site.rules("--endpoint", endpoint, "--metrics", metrics) == ["metrics-open"]
        assert site.rules("--endpoint", endpoint, "--metrics", local) == []


def test_an_endpoint_alone_needs_no_configuration(site):
    site.base, site.client = False, {}
    with serving(site) as endpoint:
        assert site.rules("--endpoint", endpoint, "--ca", "tls/ca.pem") == []
    with plain_http() as endpoint:
        assert site.rules("--endpoint", endpoint) == ["served-plaintext"]


def test_the_endpoints_of_the_inventory(home: Home, tmp_path):
    home.begin()
    tls = home / "out/prod/tls"
    files = peers.Files(tls / "ca.pem", tls / "server.pem", tls / "server.key")
    inv = Inventory()
    with peers.openssl_server(files, tmp_path, mutual=True) as port:
        inv.deployment["endpoints"] = [f"127.0.0.1:{port}"]
        home.write(inv)
        home.mica("apply")
        assert home.mica("check", "--json").json["findings"] == []
        home.mica("rotate", "server", code=5)
        found = home.mica("check", "--json", code=3).json["findings"]
        assert "served-differs" in [f["rule"] for f in found]
