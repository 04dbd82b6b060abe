# SPDX-License-Identifier: Apache-2.0
"""A TPM certifies the key that mica made in it: evidence of the grade "attested"."""
import json
import os
import pathlib
import re

import pytest

from harness import parts
from harness.run import run
from kinds.tpm2 import Tpm2 as KIND  # noqa: F401
from scenarios import home, kind  # noqa: F401


@pytest.fixture
def attested(home, kind):
    """An attestation key with a certificate of a root of its own."""
    for step in ("make", "challenge", "answer"):
        kind.tpm_tool("ak.sh", step, home.scratch / "ak")
    kind.tpm_tool("ak.sh", "issue", home.scratch / "ak", home.scratch / "attestation-ca")
    return home.scratch / "attestation-ca/root.pem"


def certify(home, kind, out="certification.pem", key="ca"):
    kind.tpm_tool("certify.py", "--key", key, "--pin-file", kind.folder / "token/pin",
                  "--ak", home.scratch / "ak/ak.handle", "--certificates", home.scratch / "ak/ak.crt", "--out", home / out)
    return out


def prove(home, certification, root, code=0):
    return home.mica("token", "--prove", "evidence.json", "--attestation", certification, "--root", root, code=code)


@pytest.mark.parametrize("algorithm_", ["ec-p256", "rsa-2048"])
def test_a_certified_key_is_attested(home, kind, attested, algorithm_):
    home.init(algorithm_)
    prove(home, certify(home, kind), attested)
    evidence = json.loads((home / "evidence.json").read_text())
    assert evidence["grade"] == "attested", evidence
    assert "tpm2-certify" in json.dumps(evidence), evidence


def test_the_reader_verifies_it_as_the_page_says(home, kind, attested):
    """docs/evidence.md's commands, with openssl alone, where there is nothing but the evidence and the root."""
    home.init()
    prove(home, certify(home, kind), attested)
    desk = home.scratch / "desk"
    desk.mkdir()
    (desk / "evidence.json").write_text((home / "evidence.json").read_text())
    (desk / "root.pem").write_text(attested.read_text())
    page = (parts.TOP / "docs/evidence.md").read_text()
    lines = [line[2:] for line in page[page.index("A TPM's certification:"):].splitlines() if line.startswith("$ ")]
    lines = [line for line in lines if "grep -o" not in line]  # that one is of the page's own example
    first = next(line for line in page.splitlines() if line.startswith("$ ") and line.endswith(">ca.pem"))
    said = run(["bash", "-euo", "pipefail", "-c", "\n".join([first[2:], *lines])], cwd=desk, env=dict(os.environ)).out
    assert "attestation.pem: OK" in said and "Verified OK" in said, said
    assert "2.23.133.8.3" in said or "Attestation Identity Key Certificate" in said, said  # OpenSSL 3.5 has a name for it
    name, = re.findall(r"SHA2-256\(stdin\)= (\w{64})", said)
    statement = run(["bash", "-c", "od -An -v -tx1 attest.bin | tr -d ' \\n'"], cwd=desk, env=dict(os.environ)).out
    assert statement.startswith("ff5443478017") and "0022000b" + name in statement, said
    public, = re.findall(r"0023000b[0-9a-f]+", said)
    point = "".join(re.findall(r"^    ((?:\w\w:?)+)$", said, re.M)).replace(":", "")
    assert len(point) == 130 and public.endswith(point[2:66] + "0020" + point[66:]), said


def test_without_a_certification_it_is_only_claimed(home):
    home.init()
    home.mica("token", "--prove", "evidence.json")
    assert json.loads((home / "evidence.json").read_text())["grade"] == "claimed"


def test_a_certification_that_does_not_fit_is_refused(home, kind, attested):
    """Real ones, changed by hand: what each field may not say is in tests/unit/test_pki_attest.c."""
    home.init()
    kind.make_key("ec-p256", "sibling", "77")
    good = (home / certify(home, kind)).read_text()
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=other",
         "-keyout", home / "other-root.key", "-out", home / "other-root.pem"])
    (home / "sibling.pem").write_text((home / certify(home, kind, "s.pem", "sibling")).read_text())
    sibling = (home / "sibling.pem").read_text()
    blocks = {name: [re.search(f"-----BEGIN TPM2 {name}-----.*?-----END TPM2 {name}-----\n", text, re.S).group()
                     for text in (good, sibling)] for name in ("ATTEST", "SIGNATURE", "PUBLIC")}
    bad = {"sibling.pem": sibling, "signature.pem": good.replace(*blocks["SIGNATURE"]),
           "public.pem": good.replace(*blocks["PUBLIC"]), "attest.pem": good.replace(*blocks["ATTEST"]),
           "cut.pem": good[:-200]}
    for name, text in bad.items():
        (home / name).write_text(text)
        said = prove(home, name, attested, code=None)
        assert said.code in (1, 3), (name, said)
        assert not (home / "evidence.json").exists(), name
    said = prove(home, "certification.pem", home / "other-root.pem", code=None)
    assert said.code == 3 and "do not lead to the root" in said.err, said
    said = prove(home, "certification.pem", home / "state/g1.pem", code=None)
    assert said.code == 3 and "the CA's own key is among those that vouch for it" in said.err, said
    prove(home, "certification.pem", attested)


def test_nobody_sees_the_pin_of_a_certification(home, kind, attested):
    """Neither the PIN nor an authorisation made of it is in an argument of what is started."""
    parts.need("strace")
    home.init()
    trace = home.scratch / "trace"
    kind.tpm_tool("certify.py", "--pin-file", kind.folder / "token/pin", "--ak", home.scratch / "ak/ak.handle",
                  "--certificates", home.scratch / "ak/ak.crt", "--out", home / "c.pem",
                  prefix=["strace", "-f", "-qq", "-s", "4096", "-e", "trace=execve", "-o", trace])
    started = trace.read_text()
    assert "tpm2_unseal" in started and "tpm2_certify" in started and kind.pin not in started
    assert not re.search(r'"-[pP]", "(?!file:)', started), started
    # the scratch directory is gone
    assert not any("tpm2_unseal" in line and (pathlib.Path(m.group(1)).exists())
                   for line in started.splitlines() if (m := re.search(r'"file:([^"]+)"', line)))
