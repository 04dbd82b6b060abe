# SPDX-License-Identifier: Apache-2.0
"""Handshakes with the delivered files, one-way and two-way, and what must be refused."""
import itertools

import pytest

from harness import parts, peers
from harness.run import run
from kinds import ALGORITHMS, Issued

SERVERS = {"openssl": peers.openssl_server, "gnutls": peers.gnutls_server}
CLIENTS = {"openssl": peers.openssl_client, "gnutls": peers.gnutls_client}
PAIRS = list(itertools.product(SERVERS, CLIENTS))
LEAVES = ALGORITHMS if parts.ALL else ("ec-p256", "ec-p384", "rsa-2048")


@pytest.fixture(scope="module", params=ALGORITHMS if parts.ALL else ("ec-p256", "rsa-2048"))
def issued(request, module_scratch):
    return Issued(module_scratch / request.param, request.param, LEAVES)


@pytest.fixture(scope="module")
def stranger(module_scratch):
    """Files of another CA that says all the same words."""
    folder = module_scratch / "stranger"
    folder.mkdir()
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
         folder / "ca.key", "-out", folder / "ca.pem", "-days", 2, "-subj", "/C=US/O=Example/CN=Milvus CA g1",
         "-addext", "keyUsage=critical,keyCertSign"], env={"PATH": "/usr/bin:/bin"})
    for name, usage in (("server", "serverAuth"), ("client", "clientAuth")):
        run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
             folder / f"{name}.key", "-out", folder / f"{name}.csr", "-subj", "/CN=localhost"])
        (folder / "ext").write_text(f"extendedKeyUsage={usage}\nsubjectAltName=DNS:localhost\n")
        run(["openssl", "x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-CAkey",
             folder / "ca.key", "-days", 2, "-extfile", folder / "ext", "-out", folder / f"{name}.pem"])
    return folder


def server_files(issued, alg):
    return peers.Files(issued.server(alg, "ca.pem"), issued.server(alg, "server.pem"), issued.server(alg, "server.key"))


def client_files(issued, alg):
    return peers.Files(*(issued.client(alg, n) for n in ("ca.pem", "client.pem", "client.key")))


@pytest.mark.parametrize("server,client", PAIRS)
@pytest.mark.parametrize("alg", LEAVES)
def test_two_way(issued, alg, server, client, tmp_path):
    with SERVERS[server](server_files(issued, alg), tmp_path, mutual=True) as port:
        answered, said = CLIENTS[client](client_files(issued, alg), port, "localhost")
    assert answered, said


@pytest.mark.parametrize("server,client", PAIRS)
@pytest.mark.parametrize("alg", LEAVES)
def test_one_way(issued, alg, server, client, tmp_path):
    with SERVERS[server](server_files(issued, alg), tmp_path, mutual=False) as port:
        answered, said = CLIENTS[client](peers.Files(issued.client(alg, "ca.pem")), port, "milvus.example.com")
    assert answered, said


@pytest.mark.parametrize("server,client", PAIRS)
class TestRefused:
    alg = "ec-p256"

    def refused(self, server, client, files, tmp_path, issued, name="localhost", own=None):
        with SERVERS[server](own or server_files(issued, self.alg), tmp_path, mutual=True) as port:
            answered, said = CLIENTS[client](files, port, name)
            assert not answered, said
            # the same server lets the right client in: it was the files, not the server
            if own is None:
                answered, said_then = CLIENTS[client](client_files(issued, self.alg), port, "localhost")
                assert answered, said_then
        return said

    def test_no_client_certificate(self, issued, server, client, tmp_path):
        said = self.refused(server, client, peers.Files(issued.client(self.alg, "ca.pem")), tmp_path, issued)
        assert "ertificate required" in said or "ertificate is required" in said, said

    def test_a_client_of_another_ca(self, issued, server, client, tmp_path, stranger):
        files = peers.Files(issued.client(self.alg, "ca.pem"), stranger / "client.pem", stranger / "client.key")
        self.refused(server, client, files, tmp_path, issued)

    def test_a_server_of_another_ca(self, issued, server, client, tmp_path, stranger):
        own = peers.Files(issued.server(self.alg, "ca.pem"), stranger / "server.pem", stranger / "server.key")
        self.refused(server, client, client_files(issued, self.alg), tmp_path, issued, own=own)

    def test_a_name_that_is_not_in_the_certificate(self, issued, server, client, tmp_path):
        self.refused(server, client, client_files(issued, self.alg), tmp_path, issued, name="elsewhere.example.com")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_certificate_shown_by_a_client(issued, client, tmp_path):
    """gnutls-serv does not look at what a client's certificate is for (certtool does: test_judges.py); OpenSSL and Go do."""
    alg = TestRefused.alg
    said = TestRefused().refused("openssl", client, server_files(issued, alg), tmp_path, issued)
    assert "alert" in said, said
