# SPDX-License-Identifier: Apache-2.0
"""What is delivered under an intermediate CA, in the hands of Go, as Milvus is: a server's ca.pem lets in the CA's own clients
and nobody else under the root."""
import pytest

from harness import parts
from harness.run import run
from intermediate import Under


@pytest.fixture(scope="module", params=("ec-p256", "ec-p384", "rsa-2048") if parts.ALL else ("ec-p256",))
def under(request, module_scratch):
    return Under(module_scratch / request.param, request.param)


def test_verify(judge, under):
    for trust in (under.tls("ca.pem"), under.client("ca.pem"), under.corp / "root.pem"):
        for name in ("localhost", "milvus.example.com", "127.0.0.1"):
            run([judge, "verify", "server", trust, under.tls("server.pem"), name])
        run([judge, "verify", "client", trust, under.client("client.pem")])


def test_mode_2(judge, under):
    """Milvus's own: whom ca.pem lets in."""
    own = [under.tls("server.pem"), under.tls("server.key")]
    theirs = [under.client("client.pem"), under.client("client.key")]
    stranger = [under.corp / "stranger-chain.pem", under.corp / "stranger.key"]
    run([judge, "handshake", under.tls("ca.pem"), *own, *theirs, "localhost"])
    assert "unknown authority" in run([judge, "handshake", under.tls("ca.pem"), *own, *stranger, "localhost"], code=1).err
    # why it is not the clients' ca.pem: with the root in it the stranger is let in
    run([judge, "handshake", under.client("ca.pem"), *own, *stranger, "localhost"])


def test_whom_a_client_takes(judge, under):
    """The price of a root in a client's hands: any server under it that has the name."""
    impostor = under.corp / "impostor-chain.pem"
    run([judge, "verify", "server", under.client("ca.pem"), impostor, "localhost"])
    assert "unknown authority" in run([judge, "verify", "server", under.tls("ca.pem"), impostor, "localhost"], code=1).err
