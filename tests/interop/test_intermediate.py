# SPDX-License-Identifier: Apache-2.0
"""What is delivered under an intermediate CA, in the hands of OpenSSL and GnuTLS: a client's ca.pem is enough for clients that
trust nothing short of a root."""
import pytest

from harness import parts, peers
from harness.run import run
from intermediate import Under

PURPOSES = {"server": ("sslserver", "1.3.6.1.5.5.7.3.1"), "client": ("sslclient", "1.3.6.1.5.5.7.3.2")}


@pytest.fixture(scope="module", params=("ec-p256", "ec-p384", "rsa-2048") if parts.ALL else ("ec-p256", "rsa-2048"))
def under(request, module_scratch):
    return Under(module_scratch / request.param, request.param)


def files(under):
    return {"server": under.tls("server.pem"), "client": under.client("client.pem")}


@pytest.mark.parametrize("profile", PURPOSES)
def test_openssl(under, profile):
    chain = files(under)[profile]
    strict = ["openssl", "verify", "-x509_strict", "-check_ss_sig", "-purpose", PURPOSES[profile][0]]
    for trust in (under.client("ca.pem"), under.tls("trust.pem"), under.corp / "root.pem"):
        run([*strict, "-CAfile", trust, "-untrusted", chain, chain])
    # without a root OpenSSL wants to be told that an intermediate will do
    said = run([*strict, "-CAfile", under.tls("ca.pem"), chain], code=2)
    assert "unable to get issuer certificate" in said.err + said.out
    run([*strict, "-partial_chain", "-CAfile", under.tls("ca.pem"), chain])


@pytest.mark.parametrize("profile", PURPOSES)
def test_certtool(under, profile):
    parts.need("certtool")
    for trust in (under.client("ca.pem"), under.tls("trust.pem"), under.corp / "root.pem"):
        said = run(["certtool", "--verify", f"--load-ca-certificate={trust}", f"--infile={files(under)[profile]}",
                    f"--verify-purpose={PURPOSES[profile][1]}"])
        assert "Verified. The certificate is trusted." in said.out + said.err


@pytest.mark.parametrize("client", [peers.openssl_client, peers.gnutls_client])
@pytest.mark.parametrize("server", [peers.openssl_server, peers.gnutls_server])
def test_one_way(under, server, client, tmp_path):
    own = peers.Files(under.tls("ca.pem"), under.tls("server.pem"), under.tls("server.key"))
    with server(own, tmp_path, mutual=False) as port:
        answered, said = client(peers.Files(under.client("ca.pem")), port, "localhost")
    assert answered, said


def test_constraints(under):
    """The CA's constraints hold for what anybody signs with its key; the inventory does not even ask."""
    text = run(["openssl", "x509", "-in", under.home / "state/g1.pem", "-noout", "-text"]).out
    assert "X509v3 Name Constraints: critical" in text and "DNS:example.com" in text
    inventory = (under.home / "mica.yaml").read_text()
    (under.home / "other.yaml").write_text(inventory.replace("milvus.example.com", "milvus.example.org"))
    said = under.home.mica("plan", "-f", "other.yaml", code=1)
    assert "the name 'milvus.example.org' is not within 'permitted-dns' of CA 'g1'" in said.err
