# SPDX-License-Identifier: Apache-2.0
"""The same files in the hands of Go's crypto/x509 and crypto/tls, which Milvus is built with. Where Go is not there,
these are skipped, in CI too: it is no package of this project."""
import pytest

from harness import parts
from harness.run import run
from kinds import ALGORITHMS, Issued

# every CA kind and every leaf kind; with --all every pair
FULL = ALGORITHMS if parts.ALL else ("ec-p256", "rsa-2048")
PAIRS = [(ca, leaf) for ca in ALGORITHMS for leaf in (ALGORITHMS if ca in FULL else ("ec-p256",))]
_issued = {}


@pytest.fixture
def issued(request, module_scratch, ca):
    if ca not in _issued:
        _issued[ca] = Issued(module_scratch / ca, ca, [leaf for c, leaf in PAIRS if c == ca])
    return _issued[ca]


@pytest.mark.parametrize("ca,alg", PAIRS)
def test_verify(judge, issued, ca, alg):
    trust, server, client = issued.server(alg, "ca.pem"), issued.server(alg, "server.pem"), issued.client(alg, "client.pem")
    for name in ("localhost", "x.db.example.com", "127.0.0.1", "::1"):
        run([judge, "verify", "server", trust, server, name])
    run([judge, "verify", "client", trust, client])
    assert "incompatible key usage" in run([judge, "verify", "client", trust, server], code=1).err
    assert "incompatible key usage" in run([judge, "verify", "server", trust, client], code=1).err
    assert "not elsewhere.example.com" in run([judge, "verify", "server", trust, server, "elsewhere.example.com"], code=1).err


@pytest.mark.parametrize("ca,alg", PAIRS)
def test_mode_2(judge, issued, ca, alg):
    trust = issued.server(alg, "ca.pem")
    own = [issued.server(alg, "server.pem"), issued.server(alg, "server.key")]
    theirs = [issued.client(alg, "client.pem"), issued.client(alg, "client.key")]
    run([judge, "handshake", trust, *own, *theirs, "localhost"])
    assert "didn't provide a certificate" in run([judge, "handshake", trust, *own, "-", "-", "localhost"], code=1).err
    assert "incompatible key usage" in run([judge, "handshake", trust, *own, *own, "localhost"], code=1).err
