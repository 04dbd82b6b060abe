# SPDX-License-Identifier: Apache-2.0
"""Cross-certificates and revocation lists in the hands of Go's crypto/x509."""
import pytest

from crossed import PAIRS, Crossed
from harness.run import run


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: "-".join(pair))
def pair(request, module_scratch):
    return Crossed(module_scratch, *request.param)


@pytest.mark.parametrize("trust", ["old.pem", "new.pem", "both.pem", "next.pem"])
def test_whoever_trusts_either_root_finds_a_path(judge, pair, trust):
    run([judge, "verify", "server", pair / trust, pair / "server-chain.pem", "localhost"])


def test_without_the_cross_certificate_there_is_none(judge, pair):
    said = run([judge, "verify", "server", pair / "old.pem", pair / "server.pem", "localhost"], code=1)
    assert "unknown authority" in said.err, said


def test_lists(judge, pair):
    assert run([judge, "crl", pair / "new.pem", pair / "new.crl", pair / "client.pem"]).out == "good, none of 1\n"
    assert run([judge, "crl", pair / "old.pem", pair / "old.crl", pair / "cross.pem"]).out == "good, none of 0\n"
    assert run([judge, "crl", pair / "new.pem", pair / "new.crl", pair / "revoked.pem"],
               code=1).err == "revoked, 1 of 1, reason 1\n"
    run([judge, "crl", pair / "old.pem", pair / "new.crl", pair / "client.pem"], code=1)


def test_a_list_of_100000(judge, module_scratch):
    pair = Crossed(module_scratch, "ec-p256", "ec-p256", 99999)
    assert run([judge, "crl", pair / "new.pem", pair / "new.crl", pair / "client.pem"]).out == "good, none of 100000\n"
    assert run([judge, "crl", pair / "new.pem", pair / "new.crl", pair / "revoked.pem"],
               code=1).err == "revoked, 1 of 100000, reason 1\n"
