# SPDX-License-Identifier: Apache-2.0
"""A CA under an offline one: a request, its certificate, and everything that is wrong with what comes back."""
import re

import pytest

from harness.home import certificate
from harness.inventory import Inventory
from harness.offline import CA, ISSUING, Offline
from harness.run import run

SUBJECT = {"C": "US", "O": "Example", "CN": "Milvus CA g1"}
CONSTRAINED = (*ISSUING, "nameConstraints=critical,permitted;DNS:example.com,permitted;DNS:localhost")
PERMITTED = ["example.com", "localhost"]


def inventory(parents=("corp/root.pem",), **ca):
    inv = Inventory()
    inv.ca["parent"] = list(parents)
    inv.ca.update(ca)
    return inv


@pytest.fixture
def corp(home):
    corp = Offline(home / "corp")
    corp.root("root", "/O=Corp/CN=Corp Root")
    return corp


def request(home, *more):
    home.mica("init", "--csr", "g1.csr", *more)
    return home / "g1.csr"


def kinds(home):
    return [(r["entry"], r["kind"], r["state"]) for r in home.records()]


# --- the request ------------------------------------------------------------------------------

def test_request(home, corp):
    home.write(inventory(**{"permitted-dns": PERMITTED}))
    said = home.mica("init", "--csr", "g1.csr")
    assert re.search(r"^signed +now$", said.out, re.M) and "mica init --certificate FILE" in said.err
    text = run(["openssl", "req", "-in", home / "g1.csr", "-noout", "-text", "-verify"])
    assert "verify OK" in text.err + text.out
    for words in ("X509v3 Basic Constraints: critical\n                    CA:TRUE, pathlen:0\n",
                  "X509v3 Key Usage: critical\n                    Certificate Sign, CRL Sign\n",
                  "X509v3 Name Constraints: critical\n                    Permitted:\n                      DNS:example.com\n"
                  "                      DNS:localhost\n"):
        assert words in text.out, text.out
    assert re.search(r"Subject: C ?= ?US, O ?= ?Example, CN ?= ?Milvus CA g1\n", text.out)
    assert kinds(home) == [("g1:request", "ca", "issued")]
    assert not (home / "state/g1.pem").exists()
    # nothing can be issued yet
    said = home.mica("apply", code=1)
    assert "the CA 'g1' has no certificate yet" in said.err and "mica init --csr FILE" in said.err
    assert "has no certificate yet: mica init --csr FILE" in home.mica("status").out


def test_again_the_same(home, corp):
    home.write(inventory())
    first = request(home).read_bytes()
    objects = home.token_objects()
    said = home.mica("init", "--csr", "g1.csr")
    assert "before: the same request again" in said.out
    assert (home / "g1.csr").read_bytes() == first
    (home / "g1.csr").unlink()
    assert home.mica("init", "--csr", "other.csr", "--json").json["requested"][0]["again"] is True
    assert (home / "other.csr").read_bytes() == first
    assert home.token_objects() == objects, "a second key"
    assert len(home.records()) == 1


def test_another_subject_is_another_request(home, corp):
    home.write(inventory())
    first = request(home).read_bytes()
    home.write(inventory(subject={"O": "Example", "CN": "Milvus CA one"}))
    assert re.search(r"^signed +now$", home.mica("init", "--csr", "g1.csr").out, re.M)
    assert (home / "g1.csr").read_bytes() != first
    assert kinds(home) == [("g1:request", "ca", "superseded"), ("g1:request", "ca", "issued")]


def test_a_file_in_the_way(home, corp):
    home.write(inventory())
    (home / "g1.csr").write_text("my notes\n")
    with home.unchanged():
        said = home.mica("init", "--csr", "g1.csr", code=3)
    assert "'g1.csr' is there already, and is no certification request" in said.err
    corp.key("theirs", "/CN=theirs")
    said = home.mica("init", "--csr", "corp/theirs.csr", code=3)
    assert "'corp/theirs.csr' is there already, and is a request for another key" in said.err


def test_both_options(home, corp):
    said = home.write(inventory()).mica("init", "--csr", "a", "--certificate", "b", code=2)
    assert "--csr and --certificate do not go together" in said.err


def test_a_root_needs_neither(home):
    home.write()
    for option in ("--csr", "--certificate"):
        with home.unchanged():
            said = home.mica("init", option, "g1.pem", code=3)
        assert f"{option}: CA 'g1' is a root, which signs its own certificate" in said.err


def test_an_intermediate_does_not_sign_itself(home, corp):
    home.write(inventory())
    with home.unchanged():
        said = home.mica("init", code=3)
    assert "CA 'g1' is no root: 'CN=Corp Root,O=Corp' is to sign its certificate" in said.err
    assert "hint: mica init --csr FILE, and with what was signed: mica init --certificate FILE" in said.err


# --- what comes back --------------------------------------------------------------------------

def blocks(path):
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", path.read_text(), re.S)


def test_through(home, corp):
    corp.under("root", "policy", "/O=Corp/CN=Policy CA")
    home.write(inventory(["corp/policy.pem", "corp/root.pem"], **{"permitted-dns": PERMITTED}))
    csr = request(home)
    corp.sign(csr, "policy", home / "g1.pem", CONSTRAINED)
    said = home.mica("init", "--certificate", "g1.pem")
    assert "mica plan, then mica apply" in said.err
    assert kinds(home) == [("g1:request", "ca", "superseded"), ("g1", "ca", "issued")]
    assert blocks(home / "state/g1.pem") == blocks(home / "g1.pem")
    assert "nothing to do" in home.mica("init").out
    assert "nothing to do" in home.mica("init", "--certificate", "g1.pem").out
    assert "nothing to do" in home.mica("init", "--csr", "other.csr").out
    home.mica("apply")

    g1, policy, root = (blocks(p)[0] for p in (home / "g1.pem", corp / "policy.pem", corp / "root.pem"))
    tls, client = home / "out/prod/tls", home / "out/prod/clients/ingest"
    assert blocks(tls / "server.pem")[1:] == [g1, policy]
    assert blocks(client / "client.pem")[1:] == [g1, policy]
    assert blocks(tls / "ca.pem") == [g1], "what stands above the CA must not be let in"
    assert blocks(client / "ca.pem") == [g1, policy, root]
    assert blocks(tls / "trust.pem") == [g1, policy, root]
    for leaf, purpose in ((tls / "server.pem", "sslserver"), (client / "client.pem", "sslclient")):
        run(["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", corp / "root.pem", "-untrusted", leaf, leaf])
    assert home.mica("plan", "--exit-code").code == 0
    assert "delivered" in home.mica("status").out


def test_one_way(home, corp):
    """Clients without a directory of their own are sent to trust.pem, which openssl s_client can do with."""
    inv = inventory()
    inv.deployment.update({"tls-mode": 1, "clients": []})
    del inv["certificates"][1]
    home.write(inv)
    corp.sign(request(home), "root", home / "g1.pem")
    home.mica("init", "--certificate", "g1.pem")
    home.mica("apply")
    told = (home / "out/prod/clients.md").read_text()
    assert f"{home.path}/out/prod/tls/trust.pem" in told and "tls/ca.pem" not in told
    server = home / "out/prod/tls/server.pem"
    run(["openssl", "verify", "-x509_strict", "-CAfile", home / "out/prod/tls/trust.pem", "-untrusted", server, server])


def test_with_its_chain(home, corp):
    corp.under("root", "policy", "/O=Corp/CN=Policy CA")
    home.write(inventory(["corp/policy.pem", "corp/root.pem"]))
    corp.sign(request(home), "policy", home / "g1.pem")
    alone, policy, root = ((p).read_text() for p in (home / "g1.pem", corp / "policy.pem", corp / "root.pem"))
    for text, place in ((alone + root, 2), (alone + policy + policy, 3), (alone + policy + root + root, 4)):
        (home / "full.pem").write_text(text)
        with home.unchanged():
            said = home.mica("init", "--certificate", "full.pem", code=3)
        assert f"certificate {place} of 'full.pem' is not the one that 'parent' names at its place" in said.err
    (home / "full.pem").write_text(alone + policy + root)
    home.mica("init", "--certificate", "full.pem")
    assert blocks(home / "state/g1.pem") == blocks(home / "g1.pem")


def wrong_key(home, corp, csr):
    corp.sign(corp.key("mine", "/C=US/O=Example/CN=Milvus CA g1"), "root", home / "g1.pem")


def other_root(home, corp, csr):
    corp.root("other", "/O=Other/CN=Other Root")
    corp.sign(csr, "other", home / "g1.pem")


def namesake_root(home, corp, csr):
    corp.root("twin", "/O=Corp/CN=Corp Root")
    corp.sign(csr, "twin", home / "g1.pem")


def with_extensions(*extensions, **more):
    def make(home, corp, csr):
        corp.sign(csr, "root", home / "g1.pem", extensions, **more)
    return make


def without(word):
    return [e for e in ISSUING if word not in e]


def past(home, corp, csr):
    """`openssl x509` of OpenSSL 3.0 takes no dates; `openssl ca` does."""
    (corp / "index.txt").write_text("")
    (corp / "ca.cnf").write_text(f"[ca]\ndefault_ca=c\n[c]\ndatabase={corp / 'index.txt'}\nnew_certs_dir={corp.folder}\n"
                                 f"rand_serial=yes\ndefault_md=sha256\npolicy=p\nx509_extensions=e\nunique_subject=no\n[p]\n"
                                 "C=optional\nO=optional\nCN=supplied\n[e]\n" + "\n".join(ISSUING) + "\n")
    run(["openssl", "ca", "-batch", "-notext", "-config", corp / "ca.cnf", "-cert", corp / "root.pem", "-keyfile",
         corp / "root.key", "-in", csr, "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-out", home / "g1.pem"])


def self_signed(home, corp, csr):
    """The request of a key that mica has not; what counts is that no parent signed."""
    corp.root("lonely", "/C=US/O=Example/CN=Milvus CA g1")
    (home / "g1.pem").write_text((corp / "lonely.pem").read_text())


WRONG = {
    "the key": (wrong_key, "the key on the token is not that of the certificate 'g1.pem'"),
    "an unrelated root": (other_root, "the certificate of 'CN=Milvus CA g1,O=Example,C=US' was issued by "
                          "'CN=Other Root,O=Other', not by 'CN=Corp Root,O=Corp'"),
    "a root of the same name": (namesake_root, "the certificate of 'CN=Milvus CA g1,O=Example,C=US' has a signature that does "
                                "not verify with the key of 'CN=Corp Root,O=Corp'"),
    "self-signed": (self_signed, "the certificate of 'CN=Milvus CA g1,O=Example,C=US' is a root's: its own key signed it"),
    "no CA": (with_extensions("basicConstraints=critical,CA:FALSE", *ISSUING[1:]),
              "the certificate in 'g1.pem' is not a CA's: basicConstraints does not say CA:TRUE"),
    "no keyCertSign": (with_extensions(ISSUING[0], "keyUsage=critical,cRLSign", *ISSUING[2:]),
                       "the certificate in 'g1.pem' may not issue: keyUsage does not say keyCertSign"),
    "no cRLSign": (with_extensions(ISSUING[0], "keyUsage=critical,keyCertSign", *ISSUING[2:]),
                   "the certificate of 'CN=Milvus CA g1,O=Example,C=US' may sign no CRLs: keyUsage does not say cRLSign"),
    "no keyUsage": (with_extensions(*without("keyUsage")),
                    "the certificate in 'g1.pem' may not issue: keyUsage does not say keyCertSign"),
    "SHA-1": (with_extensions(*ISSUING, digest="sha1"), "the certificate of 'CN=Milvus CA g1,O=Example,C=US' is signed with "
              "ecdsa-with-SHA1, which is too weak"),
    "servers alone": (with_extensions(*ISSUING, "extendedKeyUsage=serverAuth"),
                      "the certificate of 'CN=Milvus CA g1,O=Example,C=US' has an extendedKeyUsage without clientAuth, which "
                      "holds for all that stands below it"),
    "another subject": (with_extensions(*ISSUING, more=["-subj", "/O=Example/CN=Milvus CA g2"]),
                        "the certificate's subject is 'CN=Milvus CA g2,O=Example', the inventory's "
                        "'CN=Milvus CA g1,O=Example,C=US'"),
    "expired": (past, "the certificate of 'CN=Milvus CA g1,O=Example,C=US' expired on 2021-01-01"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong(home, corp, what):
    make, words = WRONG[what]
    home.write(inventory())
    make(home, corp, request(home))
    with home.unchanged():
        said = home.mica("init", "--certificate", "g1.pem", code=None)
    assert words in said.err, said
    # what cannot be read or may not issue at all is a failure, everything else a refusal
    assert said.code == (1 if "in 'g1.pem'" in words else 3), said
    # the right one is taken afterwards
    corp.sign(home / "g1.csr", "root", home / "good.pem")
    home.mica("init", "--certificate", "good.pem")


CONSTRAINTS = {
    "none": ("", "has no name constraints, 'permitted-dns' says: example.com, localhost"),
    "not critical": ("nameConstraints=permitted;DNS:example.com,permitted;DNS:localhost",
                     "the name constraints of 'CN=Milvus CA g1,O=Example,C=US' are not critical"),
    "fewer": ("nameConstraints=critical,permitted;DNS:example.com",
              "say: permitted DNS:example.com; 'permitted-dns' says: example.com, localhost"),
    "others": ("nameConstraints=critical,permitted;DNS:example.org,permitted;DNS:localhost",
               "say: permitted DNS:example.org, permitted DNS:localhost; 'permitted-dns' says: example.com, localhost"),
    "more": ("nameConstraints=critical,permitted;DNS:example.com,permitted;DNS:localhost,excluded;DNS:a.example.com",
             "say: permitted DNS:example.com, permitted DNS:localhost, excluded DNS:a.example.com; 'permitted-dns' says: "
             "example.com, localhost"),
}


@pytest.mark.parametrize("what", CONSTRAINTS)
def test_wrong_constraints(home, corp, what):
    extension, words = CONSTRAINTS[what]
    home.write(inventory(**{"permitted-dns": PERMITTED}))
    corp.sign(request(home), "root", home / "g1.pem", (*ISSUING, *([extension] if extension else [])))
    with home.unchanged():
        said = home.mica("init", "--certificate", "g1.pem", code=3)
    assert words in said.err, said


def test_another_certificate_later(home, corp):
    home.write(inventory())
    csr = request(home)
    corp.sign(csr, "root", home / "g1.pem")
    home.mica("init", "--certificate", "g1.pem")
    corp.sign(csr, "root", home / "again.pem")
    said = home.mica("init", "--certificate", "again.pem", code=3)
    assert "CA 'g1' has another certificate than 'again.pem' already" in said.err


def test_adopt(home, corp):
    """The key is there already: made by the token's own tool, named with --adopt; or with its certificate in mica.yaml."""
    home.write(inventory())
    csr = request(home)
    corp.sign(csr, "root", home / "g1.pem")
    (home / "state").rename(home / "old")
    said = home.mica("init", "--csr", "new.csr", code=3)
    assert "exists already on token" in said.err and "mica init --adopt" in said.err
    home.mica("init", "--csr", "new.csr", "--adopt")
    assert "before: the same" in home.mica("init", "--csr", "new.csr").out, "known by its request now"
    (home / "state").rename(home / "older")
    home.write(inventory(certificate="g1.pem"))
    home.mica("init")
    assert kinds(home) == [("g1", "ca", "issued")]
    home.mica("apply")
    assert len(blocks(home / "out/prod/clients/ingest/ca.pem")) == 2


# --- what stands above ------------------------------------------------------------------------

def pathlen_0(corp):
    corp.root("root", "/O=Corp/CN=Corp Root", ISSUING)


def no_ca(corp):
    corp.root("root", "/O=Corp/CN=Corp Root", ("basicConstraints=critical,CA:FALSE", *CA[1:]))


def no_cert_sign(corp):
    corp.root("root", "/O=Corp/CN=Corp Root", (CA[0], "keyUsage=critical,cRLSign", *CA[2:]))


def small_key(corp):
    corp.root("root", "/O=Corp/CN=Corp Root", algorithm=("rsa", "rsa_keygen_bits:1024"))


def purposes(corp):
    corp.root("root", "/O=Corp/CN=Corp Root", (*CA, "extendedKeyUsage=serverAuth,emailProtection"))


def subject_constraints(corp):
    corp.root("root", "/O=Corp/CN=Corp Root", (*CA, "nameConstraints=critical,permitted;dirName:d", "[d]", "O=Corp"))


def no_certificate(corp):
    (corp / "root.pem").write_text("nothing\n")


def key_beside(corp):
    (corp / "root.pem").write_text((corp / "root.pem").read_text() + (corp / "root.key").read_text())


ROOT = "mica.yaml:13:5: error: "
ABOVE = {
    "pathlen 0": (pathlen_0, "the certificate of 'CN=Corp Root,O=Corp' lets no CA stand below it: its path length is 0"),
    "no CA": (no_ca, "the certificate of 'CN=Corp Root,O=Corp' is not a CA's: basicConstraints does not say CA:TRUE"),
    "no keyCertSign": (no_cert_sign, "the certificate of 'CN=Corp Root,O=Corp' may not issue: keyUsage does not say keyCertSign"),
    "RSA-1024": (small_key, "the certificate of 'CN=Corp Root,O=Corp' has an RSA key of 1024 bits, which is too weak"),
    "no clients": (purposes, "the certificate of 'CN=Corp Root,O=Corp' has an extendedKeyUsage without clientAuth, which holds "
                   "for all that stands below it"),
    "subjects": (subject_constraints, "the certificate of 'CN=Corp Root,O=Corp' has name constraints on the subject, and the "
                 "certificates of Milvus have a common name alone"),
    "nothing": (no_certificate, "'corp/root.pem' holds no certificate"),
    "a key": (key_beside, "'corp/root.pem' holds a PEM block 'PRIVATE KEY', not only certificates"),
}


@pytest.mark.parametrize("what", ABOVE)
def test_wrong_above(home, corp, what):
    make, words = ABOVE[what]
    make(corp)
    home.write(inventory())
    with home.unchanged():
        said = home.mica("init", "--csr", "g1.csr", code=1)
    assert re.search(r"mica\.yaml:\d+:5: error: " + re.escape(words), said.err), said
    assert "names files that cannot be used" in said.err


CHAINS = {
    "the root is missing": (["policy"], "the certificate of 'CN=policy,O=Corp' was issued by 'CN=Corp Root,O=Corp', which is "
                            "missing"),
    "swapped": (["root", "policy"], "the certificate of 'CN=Corp Root,O=Corp' is a root's, and does not stand last"),
    "out of order": (["policy", "lower", "root"], "the certificate of 'CN=policy,O=Corp' was issued by 'CN=Corp Root,O=Corp', "
                     "which does not stand next"),
    "no room": (["lower", "policy", "root"], "the certificate of 'CN=policy,O=Corp' lets 1 CA stand below it, not 2: its path "
                "length"),
    "SHA-1": (["weak", "root"], "the certificate of 'CN=weak,O=Corp' is signed with ecdsa-with-SHA1, which is too weak"),
    "a forged root": (["policy", "twin"], "the certificate of 'CN=policy,O=Corp' has a signature that does not verify with the "
                      "key of 'CN=Corp Root,O=Corp'"),
}


@pytest.mark.parametrize("what", CHAINS)
def test_wrong_chain(home, corp, what):
    names, words = CHAINS[what]
    corp.under("root", "policy", extensions=("basicConstraints=critical,CA:TRUE,pathlen:1", *CA[1:]))
    corp.under("policy", "lower")
    corp.under("root", "weak", digest="sha1")
    corp.root("twin", "/O=Corp/CN=Corp Root")
    home.write(inventory([f"corp/{n}.pem" for n in names]))
    with home.unchanged():
        said = home.mica("init", "--csr", "g1.csr", code=1)
    assert re.search(r"mica\.yaml:\d+:5: error: " + re.escape(words), said.err), said


def test_an_expired_root(home, corp):
    corp.root("root", "/O=Corp/CN=Corp Root", days=0)
    home.write(inventory())
    with home.unchanged():
        said = home.mica("init", "--csr", "g1.csr", code=3)
    assert re.search(r"mica\.yaml:\d+:5: error: the certificate of 'CN=Corp Root,O=Corp' expired on ", said.err), said
    assert "nothing below 'CN=Corp Root,O=Corp' would be valid" in said.err


def test_another_parent_later(home, corp):
    home.write(inventory())
    corp.sign(request(home), "root", home / "g1.pem")
    home.mica("init", "--certificate", "g1.pem")
    corp.root("other", "/O=Other/CN=Other Root")
    home.write(inventory(["corp/other.pem"]))
    said = home.mica("plan", code=1)
    assert re.search(r"mica\.yaml:\d+:5: error: the certificate of 'CN=Milvus CA g1,O=Example,C=US' was issued by "
                     r"'CN=Corp Root,O=Corp', not by 'CN=Other Root,O=Other'", said.err), said
    home.write(Inventory())
    said = home.mica("plan", code=1)
    assert "the certificate of CA 'g1' is no root's, and the inventory does not say who stands above it" in said.err


def test_permitted_dns_is_settled(home):
    home.write().mica("init")
    inv = Inventory()
    inv.ca["permitted-dns"] = PERMITTED
    said = home.write(inv).mica("plan", code=1)
    assert re.search(r"mica\.yaml:\d+:5: error: the certificate of 'CN=Milvus CA g1,O=Example,C=US' has no name constraints",
                     said.err), said


# --- name constraints -------------------------------------------------------------------------

def test_a_root_with_constraints(home):
    inv = Inventory()
    inv.ca["permitted-dns"] = PERMITTED
    home.begin(inv)
    assert ("X509v3 Name Constraints: critical\n                Permitted:\n                  DNS:example.com\n"
            "                  DNS:localhost\n") in certificate(home / "state/g1.pem")
    for file, purpose in (("tls/server.pem", "sslserver"), ("clients/ingest/client.pem", "sslclient")):
        run(["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", home / "out/prod/tls/ca.pem",
             home / "out/prod" / file])


def test_constraints_of_a_parent(home, corp):
    """The inventory does not say them, the certificate above does: lint is who refuses."""
    corp.root("root", "/O=Corp/CN=Corp Root", (*CA, "nameConstraints=critical,permitted;DNS:example.com"))
    home.write(inventory())
    corp.sign(request(home), "root", home / "g1.pem")
    home.mica("init", "--certificate", "g1.pem")
    said = home.mica("plan", code=3)
    assert "alternative name 1 is outside what the CA may issue for" in said.err


# --- the chain's end, and its change ----------------------------------------------------------

def test_the_root_ends_first(home, corp):
    corp.root("root", "/O=Corp/CN=Corp Root", days=40)
    home.write(inventory())
    corp.sign(request(home), "root", home / "g1.pem", days=2000)
    home.mica("init", "--certificate", "g1.pem")
    said = home.mica("plan")
    assert re.search(r"'server' ends with 'CN=Corp Root,O=Corp', above its CA, on \d{4}-\d\d-\d\d, before its own days are over",
                     said.err), said
    home.mica("apply")
    ends = run(["openssl", "x509", "-in", corp / "root.pem", "-noout", "-enddate"]).out
    assert run(["openssl", "x509", "-in", home / "out/prod/tls/server.pem", "-noout", "-enddate"]).out == ends
    status = home.mica("status")
    assert re.search(r"issuing; 'CN=Corp Root,O=Corp' above it ends on \d{4}-\d\d-\d\d", status.out), status


def test_a_renewed_parent_is_delivered(home, corp):
    """The same key and name, other dates: every directory gets the new one, and no key changes."""
    home.write(inventory())
    corp.sign(request(home), "root", home / "g1.pem")
    home.mica("init", "--certificate", "g1.pem")
    home.mica("apply")
    key = (home / "out/prod/tls/server.key").read_bytes()
    corp.sign(corp / "root.csr", "root", corp / "root.pem", CA, days=2900, own=True)
    said = home.mica("plan", "--exit-code", code=4)
    assert "ca.pem" in said.out and "deliver" in said.out, said
    home.mica("apply")
    for file in ("tls/trust.pem", "clients/ingest/ca.pem"):
        assert blocks(home / "out/prod" / file)[-1] == blocks(corp / "root.pem")[0]
    assert len(blocks(home / "out/prod/tls/ca.pem")) == 1
    assert (home / "out/prod/tls/server.key").read_bytes() == key
    assert home.mica("plan", "--exit-code").code == 0


def test_an_edited_chain_is_mended(home, corp):
    home.write(inventory())
    corp.sign(request(home), "root", home / "g1.pem")
    home.mica("init", "--certificate", "g1.pem")
    home.mica("apply")
    tls = home / "out/prod/tls"
    for file, why in (("server.pem", "the chain in server.pem is not the CA's"), ("trust.pem", "trust.pem was changed"),
                      ("ca.pem", "ca.pem was changed")):
        before = (tls / file).read_text()
        (tls / file).write_text(before if file == "x" else before[:before.index("-----END CERTIFICATE-----\n") + 26] + "\n")
        said = home.mica("plan", "--exit-code", code=4)
        assert why in said.out, said
        home.mica("apply")
        assert (tls / file).read_text() == before
