# SPDX-License-Identifier: Apache-2.0
"""Every certificate of every CA and leaf key kind, judged by OpenSSL and GnuTLS."""
import pytest

from harness import parts
from harness.run import run
from kinds import ALGORITHMS, Issued

PURPOSES = {"server": ("sslserver", "1.3.6.1.5.5.7.3.1"), "client": ("sslclient", "1.3.6.1.5.5.7.3.2")}


@pytest.fixture(scope="module", params=ALGORITHMS)
def issued(request, module_scratch):
    return Issued(module_scratch / request.param, request.param)


def files(issued, profile, alg):
    place = issued.server if profile == "server" else issued.client
    return place(alg, f"{profile}.pem"), place(alg, "ca.pem"), place(alg, f"{profile}.key")


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("profile", PURPOSES)
class TestLeaf:
    def test_openssl_takes_it_for_its_purpose(self, issued, profile, alg):
        cert, ca, _ = files(issued, profile, alg)
        name = ["-verify_hostname", "x.db.example.com"] if profile == "server" else []
        run(["openssl", "verify", "-x509_strict", "-check_ss_sig", "-purpose", PURPOSES[profile][0], *name,
             "-CAfile", ca, cert])

    def test_openssl_refuses_it_for_the_other(self, issued, profile, alg):
        cert, ca, _ = files(issued, profile, alg)
        other = next(p for p in PURPOSES if p != profile)
        said = run(["openssl", "verify", "-x509_strict", "-purpose", PURPOSES[other][0], "-CAfile", ca, cert], code=2)
        assert "unsuitable certificate purpose" in said.err + said.out or "unsupported" in said.err + said.out

    def test_certtool_takes_it_for_its_purpose(self, issued, profile, alg):
        parts.need("certtool")
        cert, ca, _ = files(issued, profile, alg)
        name = ["--verify-hostname=milvus.example.com"] if profile == "server" else []
        said = run(["certtool", "--verify", f"--load-ca-certificate={ca}", f"--infile={cert}",
                    f"--verify-purpose={PURPOSES[profile][1]}", *name])
        assert "Verified. The certificate is trusted." in said.out + said.err

    def test_certtool_refuses_it_for_the_other(self, issued, profile, alg):
        parts.need("certtool")
        cert, ca, _ = files(issued, profile, alg)
        other = next(p for p in PURPOSES if p != profile)
        said = run(["certtool", "--verify", f"--load-ca-certificate={ca}", f"--infile={cert}",
                    f"--verify-purpose={PURPOSES[other][1]}"], code=None)
        assert said.code != 0 and "Not verified" in said.out + said.err

    def test_the_key_is_that_of_the_certificate(self, issued, profile, alg):
        cert, _, key = files(issued, profile, alg)
        assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----\n"), "not an unencrypted PKCS#8 key"
        from_key = run(["openssl", "pkey", "-in", key, "-pubout"]).out
        from_cert = run(["openssl", "x509", "-in", cert, "-noout", "-pubkey"]).out
        assert from_key == from_cert
        kind = run(["openssl", "pkey", "-in", key, "-noout", "-text"]).out.splitlines()[0]
        assert alg.split("-")[1].lstrip("p") in kind, kind


def test_the_ca_is_judged_too(issued):
    ca = issued.server(issued.first, "ca.pem")
    run(["openssl", "verify", "-x509_strict", "-check_ss_sig", "-CAfile", ca, ca])
    text = run(["openssl", "x509", "-in", ca, "-noout", "-text"]).out
    assert "CA:TRUE" in text and "Certificate Sign, CRL Sign" in text
    assert "pathlen" not in text


def test_the_revocation_list_is_judged_too(issued):
    """The one that ends the run, beside ca.pem: of every CA kind, and no leaf is on it."""
    ca, crl = issued.server(issued.first, "ca.pem"), issued.server(issued.first, "crl.pem")
    assert "verify OK" in run(["openssl", "crl", "-in", crl, "-noout", "-CAfile", ca, "-verify"]).err
    text = run(["openssl", "crl", "-in", crl, "-noout", "-text"]).out
    assert "Version 2 (0x1)" in text and "X509v3 CRL Number" in text and "No Revoked Certificates." in text
    for alg in ALGORITHMS:
        run(["openssl", "verify", "-x509_strict", "-crl_check", "-CRLfile", crl, "-CAfile", ca,
             issued.server(alg, "server.pem"), issued.client(alg, "client.pem")])
    parts.need("certtool")
    said = run(["certtool", "--verify-crl", f"--load-ca-certificate={ca}", f"--infile={crl}"])
    assert "Verification output: Verified." in said.out, said


def test_what_a_leaf_says(issued):
    """RFC 5280's fields and the two names of the profile, as another program reads them."""
    text = run(["openssl", "x509", "-in", issued.server("ec-p256", "server.pem"), "-noout", "-text"]).out
    assert "Subject: CN = localhost\n" in text or "Subject: CN=localhost\n" in text
    assert "X509v3 Key Usage: critical\n                Digital Signature\n" in text
    assert "TLS Web Server Authentication\n" in text and "TLS Web Client Authentication" not in text
    assert ("DNS:localhost, DNS:*.db.example.com, DNS:milvus.example.com, IP Address:127.0.0.1, "
            "IP Address:0:0:0:0:0:0:0:1") in text
    text = run(["openssl", "x509", "-in", issued.client("rsa-2048", "client.pem"), "-noout", "-text"]).out
    assert "Digital Signature, Key Encipherment\n" in text
    assert "TLS Web Client Authentication\n" in text and "TLS Web Server Authentication" not in text
