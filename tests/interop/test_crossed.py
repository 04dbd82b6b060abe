# SPDX-License-Identifier: Apache-2.0
"""A root that another root cross-signed, and the revocation lists of both, judged by OpenSSL and GnuTLS."""
import pytest

from crossed import PAIRS, Crossed
from harness import parts
from harness.run import run

STRICT = ["openssl", "verify", "-x509_strict", "-check_ss_sig"]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: "-".join(pair))
def pair(request, module_scratch):
    return Crossed(module_scratch, *request.param)


def certtool(ca, cert, *more):
    parts.need("certtool")
    return run(["certtool", "--verify", f"--load-ca-certificate={ca}", f"--infile={cert}",
                "--verify-purpose=1.3.6.1.5.5.7.3.1", *more], code=None)


# --- the chain that a server of the new CA sends ---------------------------------------------------


@pytest.mark.parametrize("trust", ["old.pem", "new.pem", "both.pem", "next.pem"])
def test_whoever_trusts_either_root_finds_a_path(pair, trust):
    """next.pem: the old root's renewed certificate."""
    run([*STRICT, "-purpose", "sslserver", "-verify_hostname", "localhost", "-CAfile", pair / trust,
         "-untrusted", pair / "server-chain.pem", pair / "server.pem"])
    said = certtool(pair / trust, pair / "server-chain.pem", "--verify-hostname=localhost")
    assert said.code == 0 and "Chain verification output: Verified. The certificate is trusted." in said.out, said


def test_without_the_cross_certificate_there_is_none(pair):
    run([*STRICT, "-CAfile", pair / "new.pem", pair / "server.pem"])
    said = run([*STRICT, "-CAfile", pair / "old.pem", pair / "server.pem"], code=2)
    assert "unable to get local issuer certificate" in said.err, said
    assert certtool(pair / "old.pem", pair / "server.pem").code != 0


def test_what_a_cross_certificate_says(pair):
    text = run(["openssl", "x509", "-in", pair / "cross.pem", "-noout", "-text"]).out
    assert "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0\n" in text
    assert "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n" in text
    for field in ("-subject", "-pubkey", "-ext=subjectKeyIdentifier"):
        argv = field.split("=")
        said = [run(["openssl", "x509", "-in", pair / name, "-noout", *argv]).out for name in ("cross.pem", "new.pem")]
        assert said[0] == said[1], field
    issuer = run(["openssl", "x509", "-in", pair / "cross.pem", "-noout", "-issuer"]).out
    assert issuer.split("=", 1)[1] == run(["openssl", "x509", "-in", pair / "old.pem", "-noout", "-subject"]).out.split("=", 1)[1]


# --- revocation lists ------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["old", "new"])
def test_a_list_is_signed_by_its_ca(pair, which):
    other = {"old": "new", "new": "old"}[which]
    argv = ["openssl", "crl", "-in", pair / f"{which}.crl", "-noout", "-verify"]
    assert "verify OK" in run([*argv, "-CAfile", pair / f"{which}.pem"]).err
    said = run([*argv, "-CAfile", pair / f"{other}.pem"], code=None)
    assert "verify OK" not in said.err, said
    parts.need("certtool")
    said = run(["certtool", "--verify-crl", f"--load-ca-certificate={pair / f'{which}.pem'}",
                f"--infile={pair / f'{which}.crl'}"])
    assert "Verification output: Verified." in said.out, said


@pytest.mark.parametrize("trust,check", [("new.pem", ["-crl_check", "-CRLfile", "new.crl"]),
                                         ("old.pem", ["-crl_check_all", "-CRLfile", "both.crl", "-untrusted", "cross.pem"]),
                                         ("both.pem", ["-crl_check_all", "-CRLfile", "both.crl", "-untrusted", "cross.pem"])])
def test_openssl_tells_the_revoked_from_the_good(pair, trust, check):
    check = [pair / word if "." in word else word for word in check]
    run([*STRICT, "-CAfile", pair / trust, *check, pair / "server.pem"])
    run([*STRICT, "-CAfile", pair / trust, *check, pair / "client.pem"])
    said = run([*STRICT, "-CAfile", pair / trust, *check, pair / "revoked.pem"], code=2)
    assert "certificate revoked" in said.err, said


def test_certtool_tells_the_revoked_from_the_good(pair):
    lists = [f"--load-crl={pair / 'new.crl'}"]
    for name, good in (("client.pem", True), ("revoked.pem", False)):
        said = run(["certtool", "--verify", f"--load-ca-certificate={pair / 'new.pem'}", f"--infile={pair / name}", *lists],
                   code=None) if parts.need("certtool") else None
        assert (said.code == 0) == good, said
        assert ("is revoked" in said.out) != good, said


def test_what_a_list_says(pair):
    text = run(["openssl", "crl", "-in", pair / "new.crl", "-noout", "-text"]).out
    assert "Version 2 (0x1)" in text and "critical" not in text
    assert "X509v3 Authority Key Identifier" in text and "X509v3 CRL Number" in text
    assert "X509v3 CRL Reason Code: \n                Key Compromise\n" in text
    assert "No Revoked Certificates." in run(["openssl", "crl", "-in", pair / "old.crl", "-noout", "-text"]).out
