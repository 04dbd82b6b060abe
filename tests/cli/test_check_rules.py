# SPDX-License-Identifier: Apache-2.0
"""Every rule of `mica check` on a deployment that breaks it and on one that does not."""
import copy
import os
import pathlib
import re
import shutil

import pytest
import yaml

from harness import parts
from harness.run import run
from harness.site import CONFIG, LEAF, Site
from harness.tree import difference, snapshot

RULES = re.findall(r"^\| `([a-z-]+)` \|", (parts.TOP / "docs/check.md").read_text(), re.M)
PAIRS = {}


def pair(rule, level="error", good=None):
    """Notes what breaks a rule; good: what is done to the other deployment, which does not. None: it is left as made."""
    def note(breaks):
        PAIRS.setdefault(rule, []).append((breaks, level, good))
        return breaks
    return note


def setting(path, value):
    def change(site):
        at = site.config
        *way, last = path.split(".")
        for name in way:
            at = at.setdefault(name, {})
        at[last] = value
    return change


def without(path):
    def change(site):
        at = site.config
        *way, last = path.split(".")
        for name in way:
            at = at[name]
        del at[last]
    return change


def all_of(*changes):
    def change(site):
        for one in changes:
            one(site)
    return change


def argument(*args):
    def change(site):
        site.more += args
    return change


def version(text):
    def change(site):
        site.version = text
    return change


def one_way(site):
    setting("common.security.tlsMode", 1)(site)
    site.client = {"uri": "https://localhost:19530", "server_pem_path": "client/ca.pem"}


def client(**changes):
    def change(site):
        site.client.update(changes)
        for name in [n for n, value in site.client.items() if value is None]:
            del site.client[name]
    return change


def appended(text):
    """milvus.yaml as it is, and text behind it: what "add the following" of a manual makes of it."""
    def change(site):
        site.text = yaml.dump(site.config, sort_keys=False) + text
    return change


def without_internal(site):
    setting("common.security.internaltlsEnabled", False)(site)


# --- the text ---------------------------------------------------------------------------------------------------------

pair("yaml-unreadable")(appended("proxy: [\n"))
pair("yaml-unreadable")(lambda site: setattr(site, "text", "- a\n- b\n"))
pair("duplicate-key", good=appended("quotaAndLimits:\n  enabled: true\n"))(appended("common:\n  security:\n    tlsMode: 2\n"))
pair("duplicate-key", "warning")(appended("log:\n  level: info\nlog:\n  level: warn\n"))
pair("ambiguous-key", good=setting("grpc", {"serverMaxSendSize": 1}))(setting("common.security.tlsmode", 2))
pair("ambiguous-key")(setting("COMMON_SECURITY_TLSMODE", 2))
pair("wrong-level")(appended("tlsMode: 2\n"))
pair("wrong-level")(all_of(without("common.security.tlsMode"), setting("common.tlsMode", 2)))
pair("wrong-level")(setting("proxy.tls.serverPemPath", "/milvus/tls/server.pem"))
pair("user-yaml-unread", good=argument("--user", "extra.yaml"))(all_of(version("2.3"), argument("--user", "extra.yaml")))
pair("empty-variable", good=argument("--env", "COMMON_SECURITY_TLSMODE=2"))(argument("--env", "COMMON_SECURITY_TLSMODE="))
pair("empty-variable")(argument("--env", "MILVUS_CONF_TLS_SERVERPEMPATH="))
pair("bool-value", good=setting("proxy.http.enabled", "True"))(setting("common.security.internaltlsEnabled", "yes"))


def helm(text):
    def change(site):
        site.base = False
        site.put("values.yaml", text)
        site.more += ["--helm", "values.yaml"]
    return change


def values(**more):
    return yaml.dump({"extraConfigFiles": {"user.yaml": yaml.dump(CONFIG)}, **more}, default_style=None)


pair("helm-custom-configmap", good=helm(values()))(helm(values(customConfigMap="mine")))
pair("helm-custom-configmap", "warning")(helm("customConfigMap: mine\n"))

# --- TLS of clients ---------------------------------------------------------------------------------------------------

pair("tls-mode", good=setting("common.security.tlsMode", "2"))(setting("common.security.tlsMode", 3))
pair("tls-mode")(setting("common.security.tlsMode", "two"))
pair("tls-mode")(setting("common.security.tlsMode", True))
pair("tls-enabled-unread")(setting("common.security.tlsEnabled", True))
pair("plaintext", "warning", good=one_way)(setting("common.security.tlsMode", 0))
pair("plaintext", "warning")(without("common.security.tlsMode"))
pair("path-missing", good=all_of(one_way, without("tls.caPemPath")))(without("tls.caPemPath"))
pair("path-missing")(setting("tls.serverKeyPath", ""))
pair("rest-shared-port", good=all_of(setting("proxy.http.enabled", False), setting("proxy.http.port", None)))(
    setting("proxy.http.port", None))
pair("rest-shared-port")(setting("proxy.http.port", 19530))
pair("rest-shared-port", "warning")(all_of(version("2.4"), without_internal, setting("proxy.http.port", "")))
pair("rest-plaintext", "warning", good=all_of(setting("common.security.tlsMode", 0), setting("proxy.http.enabled", False)))(
    setting("common.security.tlsMode", 0))

# --- TLS inside -------------------------------------------------------------------------------------------------------

pair("internal-unsupported", good=all_of(version("2.4"), without_internal))(version("2.4"))
pair("internal-fallback", good=without_internal)(setting("internaltls.serverKeyPath", "/milvus/tls/gone.key"))
pair("internal-fallback")(setting("internaltls.serverKeyPath", "/milvus/tls/ca.pem"))
pair("internal-fallback")(setting("internaltls.serverPemPath", ""))


def other_key(site):
    site.issue("client", names=())
    site.put("tls/other.key", site / "client/client.key")


pair("internal-fallback")(all_of(other_key, setting("internaltls.serverKeyPath", "/milvus/tls/other.key")))
pair("sni-empty", good=without("internaltls.sni"))(setting("internaltls.sni", ""))
pair("sni-missing", good=setting("internaltls.sni", "127.0.0.1"))(setting("internaltls.sni", "milvus"))
pair("sni-missing")(all_of(without("internaltls.sni"), client(server_name="milvus"),
                           lambda site: site.issue("server", names=("DNS:milvus",))))

# --- what Milvus depends on -------------------------------------------------------------------------------------------

ETCD = {"enabled": True, "tlsCert": "/milvus/tls/etcd.pem", "tlsKey": "/milvus/tls/etcd.key", "tlsCACert": "/milvus/tls/ca.pem"}


def etcd(**changes):
    def change(site):
        site.put("tls/etcd.pem", site / "client/client.pem")
        site.put("tls/etcd.key", site / "client/client.key")
        os.chmod(site / "tls/etcd.key", 0o600)
        site.config["etcd"]["ssl"] = {k: v for k, v in {**ETCD, **changes}.items() if v is not None}
    return change


pair("etcd-key-pair", good=etcd())(etcd(tlsKey=None))
pair("etcd-key-pair")(etcd(tlsCert=""))
pair("etcd-key-pair")(etcd(tlsCert="/path/to/etcd-client.pem"))
pair("min-version", good=etcd(tlsMinVersion="1.2"))(etcd(tlsMinVersion=1.0))
pair("min-version")(etcd(tlsMinVersion=""))
pair("min-version", "warning")(etcd(tlsMinVersion="1.1"))
pair("min-version", good=setting("minio", {"useSSL": True, "ssl": {"tlsMinVersion": "default"}}))(
    setting("minio", {"useSSL": True, "ssl": {"tlsMinVersion": "TLS1.2"}}))

TARGET = {"caPemPath": "/milvus/tls/ca.pem", "clientPemPath": "/milvus/tls/etcd.pem", "clientKeyPath": "/milvus/tls/etcd.key"}
pair("cdc-id-collides", good=setting("tls.clusters", {"by-dev1": TARGET, "bydev1": TARGET}))(
    setting("tls.clusters", {"by_dev1": TARGET, "bydev1": TARGET}))
pair("cdc-id-collides")(setting("tls.clusters", {"East": TARGET, "east": TARGET}))
pair("cdc-incomplete", good=setting("tls.clusters", {"east": TARGET}))(
    setting("tls.clusters", {"east": {"caPemPath": "/milvus/tls/ca.pem"}}))
pair("cdc-incomplete", "warning")(all_of(version("2.5"), setting("tls.clusters", {"east": TARGET})))

# --- files ------------------------------------------------------------------------------------------------------------


def remove(name):
    return lambda site: (site / name).unlink()


def write(name, text):
    return lambda site: site.put(name, text)


def mode(name, bits):
    return lambda site: os.chmod(site / name, bits)


pair("file-missing")(remove("tls/server.pem"))
pair("file-missing", "warning")(setting("tls.caPemPath", "/certs/ca.pem"))
pair("file-missing")(remove("client/client.key"))
pair("file-unreadable")(write("tls/server.pem", "hello\n"))
pair("file-unreadable")(lambda site: site.put("tls/ca.pem", site / "tls/server.key"))
pair("file-unreadable")(write("tls/server.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
pair("file-unreadable")(all_of(remove("tls/server.pem"), lambda site: (site / "tls/server.pem").mkdir()))
pair("key-exposed", good=mode("tls/server.key", 0o440))(mode("tls/server.key", 0o644))
pair("key-exposed")(mode("client/client.key", 0o604))
pair("file-writable")(mode("tls/ca.pem", 0o646))


def roots_alone(site):
    version("3.0")(site)
    if os.geteuid() == 0:
        os.chown(site / "tls/server.key", 0, 0)


if os.geteuid() == 0:  # only root can make it root's
    pair("key-owner", good=all_of(version("3.0"), mode("tls/server.key", 0o440)))(roots_alone)
    pair("key-owner", good=all_of(version("3.0"), lambda site: os.chown(site / "tls/server.key", 1000, 1000)))(roots_alone)
pair("ca-key-beside", good=lambda site: site.put("tls/a.key", site.ca / "server.key"))(
    lambda site: site.put("tls/ca.key", site.ca / "ca.key"))
pair("ca-key-beside")(lambda site: site.put("client/notes.txt", site.ca / "ca.key"))

# --- certificates and keys --------------------------------------------------------------------------------------------


# Milvus' own certificates are not ours to keep here: MICA_MILVUS_CERT names its configs/cert. unit_milvus_config has
# the digests of their keys.
if "MICA_MILVUS_CERT" in os.environ:
    @pytest.mark.parametrize("name,place", [("server", "tls"), ("ca", "tls"), ("client", "client")])
    def test_keys_of_the_image_are_known(site, name, place):
        site.put(f"{place}/{name}.pem", pathlib.Path(os.environ["MICA_MILVUS_CERT"]) / f"{name}.pem")
        assert "demo-key" in site.rules()


pair("demo-key", good=all_of(setting("tls.serverPemPath", "configs/cert/server.pem"), argument("--mount", "configs/cert=tls")))(
    setting("tls.serverPemPath", "configs/cert/server.pem"))
pair("demo-key", good=argument("--user", "extra.yaml"))(all_of(
    lambda site: setattr(site, "base", False), write("extra.yaml", "common: {security: {tlsMode: 1}, }\nproxy: {http: {port: 80}}\n"),
    argument("--user", "extra.yaml")))
pair("key-mismatch")(lambda site: site.put("tls/server.key", site / "client/client.key"))
pair("same-key")(lambda site: site.issue("client", key=site / "tls/server.key"))
pair("key-algorithm", good=lambda site: site.issue("server", algorithm=("rsa", "rsa_keygen_bits:2048")))(
    lambda site: site.issue("server", algorithm=("rsa", "rsa_keygen_bits:1024")))
pair("key-algorithm", good=lambda site: site.issue("server", algorithm=("ec", "ec_paramgen_curve:P-384")))(
    lambda site: site.issue("server", algorithm=("ec", "ec_paramgen_curve:P-521")))
pair("signature-weak")(lambda site: site.issue("client", digest="sha1"))


def traditional(who):
    def change(site):
        key = site / f"{'tls' if who == 'server' else 'client'}/{who}.key"
        key.write_text(run(["openssl", "ec", "-in", key]).out)
    return change


def encrypted(site):
    key = site / "tls/server.key"
    key.write_text(run(["openssl", "pkcs8", "-topk8", "-in", key, "-passout", "pass:secret"]).out)


pair("key-form", "warning", good=traditional("server"))(traditional("client"))
pair("key-form")(encrypted)
pair("names-missing")(lambda site: site.issue("server", names=(), subject="/CN=localhost"))
pair("purpose-server", good=lambda site: site.issue("server", purpose=""))(lambda site: site.issue("server", purpose="clientAuth"))
pair("purpose-client", good=lambda site: site.issue("client", purpose=""))(lambda site: site.issue("client", purpose="serverAuth"))
pair("purpose-client", good=lambda site: site.issue("client", purpose="serverAuth,clientAuth"))(
    lambda site: site.issue("client", purpose="serverAuth"))


def intermediate(*order):
    """The server's certificate under an intermediate CA; order: what its file holds."""
    def change(site):
        if not (site.ca / "under.pem").exists():
            site.ca.under("ca", "under", "/O=Example/CN=Milvus CA below")
        site.issue("server", issuer="under")
        files = {"leaf": site / "tls/server.pem", "under": site.ca / "under.pem", "root": site.ca / "ca.pem"}
        site.put("tls/server.pem", "".join(files[name].read_text() for name in order))
    return change


pair("chain-order", "warning", good=intermediate("leaf", "under", "root"))(intermediate("leaf", "root", "under"))
pair("chain-incomplete", good=intermediate("leaf", "under"))(intermediate("leaf"))


def another_ca(site):
    site.ca.root("other", "/O=Example/CN=Another CA")
    site.put("tls/ca.pem", site.ca / "other.pem")


pair("chain-incomplete")(another_ca)


def same_subject(site):
    site.issue("server", subject="/O=Example/CN=Milvus CA", extensions=[*LEAF[:3], "authorityKeyIdentifier=none"])


pair("subject-issuer")(same_subject)


def trust_below(site):
    intermediate("leaf", "under")(site)
    site.put("tls/ca.pem", site.ca / "under.pem")


pair("trust-not-root", "warning", good=intermediate("leaf", "under"))(trust_below)


def ca_without_usage(site):
    site.ca.sign(site.ca / "ca.csr", "ca", site.ca / "ca.pem", ["basicConstraints=CA:TRUE", "subjectKeyIdentifier=hash"], 3000,
                 own=True)
    for name in ("tls", "client"):
        site.put(f"{name}/ca.pem", site.ca / "ca.pem")


pair("ca-usage", "warning")(ca_without_usage)
pair("ca-usage", "warning")(lambda site: site.put("tls/ca.pem", (site / "tls/ca.pem").read_text() + (site / "tls/server.pem").read_text()))
pair("not-yet-valid")(argument("--at", "2001-01-01"))
pair("expired")(argument("--at", "2199-01-01"))
pair("expires-soon", "warning", good=argument("--ahead", "90d"))(argument("--ahead", "110d"))
pair("expires-soon", "warning")(lambda site: site.issue("client", days=29))
pair("long-lived", "warning", good=lambda site: site.issue("client", days=800))(lambda site: site.issue("client", days=3650))

# --- revocation lists -------------------------------------------------------------------------------------------------


def crl(issuer="ca", revoked=(), until="20990101000000Z", place="tls", begin="20250101000000Z"):
    """What `openssl ca -gencrl` makes, beside ca.pem."""
    def change(site):
        elsewhere = site.ca.folder
        if not (elsewhere / f"{issuer}.pem").exists():
            site.ca.root(issuer, f"/O=Example/CN={issuer}")
        (elsewhere / "index.txt").write_text("".join(
            f"R\t350101000000Z\t260101000000Z,keyCompromise\t{serial_of(site / name)}\tunknown\t/CN=x\n" for name in revoked))
        (elsewhere / "ca.cnf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={elsewhere}/index.txt\ndefault_md=sha256\n"
                                          "crl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n")
        run(["openssl", "ca", "-gencrl", "-config", elsewhere / "ca.cnf", "-keyfile", elsewhere / f"{issuer}.key", "-cert",
             elsewhere / f"{issuer}.pem", "-crl_lastupdate", begin, "-crl_nextupdate", until, "-out", site / place / "crl.pem"])
    return change


def serial_of(path):
    return run(["openssl", "x509", "-in", path, "-noout", "-serial"]).out.strip().split("=")[1]


def in_directory(site):
    (site / "tls/crl.pem").mkdir()


pair("revoked", good=crl(revoked=["client/client.pem"], issuer="other"))(crl(revoked=["tls/server.pem"]))
pair("revoked", good=crl())(crl(revoked=["client/client.pem"], place="client"))
pair("crl-stale", "warning", good=crl())(crl(until="20250201000000Z"))
pair("crl-stale", "warning", good=argument("--user", "extra.yaml"))(crl(until="20250201000000Z", place="client"))
pair("crl-foreign", "warning", good=crl())(crl(issuer="other"))
pair("crl-foreign", "warning")(lambda site: site.put("tls/crl.pem", site / "tls/ca.pem"))
pair("crl-foreign", "warning")(lambda site: site.put("tls/crl.pem", ""))
pair("crl-foreign", "warning", good=all_of(one_way, client(server_pem_path="tls/server.pem"), without("tls.caPemPath"),
                                           lambda site: (site / "tls/ca.pem").unlink(), lambda site: site.put("tls/crl.pem", "")))(in_directory)

# --- clients ----------------------------------------------------------------------------------------------------------

pair("client-certificate-dropped")(client(server_pem_path="client/ca.pem"))
pair("client-ca-ignored", good=one_way)(all_of(one_way, client(server_pem_path=None, ca_pem_path="client/ca.pem")))
pair("client-incomplete")(client(client_key_path=None))
pair("client-incomplete")(client(ca_pem_path=None))
pair("client-plaintext", good=client(uri="http://localhost:19530", secure="True"))(client(uri="http://localhost:19530"))
pair("client-no-certificate", good=one_way)(all_of(one_way, setting("common.security.tlsMode", 2)))
pair("client-name", good=client(uri="https://db.example.com:19530", server_name="localhost"))(client(uri="https://db.example.com:19530"))
pair("client-name")(client(server_name="milvus"))
pair("client-name", good=client(uri="https://root:secret@localhost:19530"))(client(uri="https://root:localhost@db:19530"))


def trusts_another(site):
    site.ca.root("other", "/O=Example/CN=Another CA")
    site.put("client/ca.pem", site.ca / "other.pem")


pair("client-trust")(trusts_another)
pair("client-leaf", "warning", good=one_way)(all_of(one_way, client(server_pem_path="tls/server.pem")))
pair("client-leaf", "warning")(all_of(
    one_way, client(server_pem_path="client/copy.pem"), lambda site: site.put("client/copy.pem", site / "tls/server.pem")))

LIVE = {"unreachable", "served-plaintext", "served-differs", "served-unverified", "served-version", "served-open",
        "client-refused", "metrics-open"}
OWN = {"ledger", "not-delivered", "outlet-differs", "restart-owed", "crl-due"}


@pytest.fixture(scope="module")
def made(module_scratch):
    """One deployment's keys and certificates, copied for each test."""
    return Site(module_scratch / "made")


@pytest.fixture
def site(made, scratch):
    site = copy.deepcopy(made)
    site.folder = scratch / "site"
    shutil.copytree(made.folder, site.folder)
    site.ca.folder = site.folder / "elsewhere"
    site.put("extra.yaml", "log: {level: info}\n")
    for name in ("pem", "key"):  # of another client, for what Milvus itself is a client of
        site.put(f"tls/etcd.{name}", site / f"client/client.{name}")
    os.chmod(site / "tls/etcd.key", 0o600)
    return site


def test_nothing_is_wrong_with_what_is_well(site):
    assert site.check() == []
    assert "nothing is wrong" in site.mica("check", *site.arguments(), code=0).out


CASES = [pytest.param(rule, *case, id=f"{rule}-{i}") for rule, cases in PAIRS.items() for i, case in enumerate(cases)]


@pytest.mark.parametrize("rule,breaks,level,good", CASES)
def test_what_breaks_a_rule_is_found(site, rule, breaks, level, good):
    breaks(site)
    found = [f for f in site.check() if f["rule"] == rule]
    assert found and level in [f["level"] for f in found], found
    for finding in found:
        assert finding["text"] and finding["why"] and finding["hint"]
        assert finding["file"], f"no place: {finding}"


@pytest.mark.parametrize("rule,breaks,level,good", [c for c in CASES if c.values[3]])
def test_what_does_not_break_it_is_not(site, rule, breaks, level, good):
    good(site)
    assert rule not in site.rules()


def test_every_rule_is_tried():
    tried = set(PAIRS) | LIVE | OWN | ({"key-owner"} if os.geteuid() != 0 else set())
    assert tried == set(RULES)
    text = "".join((pathlib.Path(__file__).parent / name).read_text() for name in ("test_check_live.py", "test_check_own.py"))
    missing = [rule for rule in LIVE | OWN if f'"{rule}"' not in text]
    assert not missing


def test_places_are_those_of_the_file(site):
    site.text = "common:\n  security:\n    tlsMode: 5\nproxy: {http: {port: 8080}}\n"
    found = {f["rule"]: f for f in site.check()}
    assert (found["tls-mode"]["file"], found["tls-mode"]["line"], found["tls-mode"]["column"]) == ("milvus.yaml", 3, 14)


def test_places_in_helm_values_are_those_of_the_values(site):
    helm("replicas: 1\nextraConfigFiles:\n  user.yaml: |+\n    proxy:\n      http: {port: 8080}\n"
         "    common:\n      security:\n        tlsMode: 7\n")(site)
    found = {f["rule"]: f for f in site.check()}
    assert (found["tls-mode"]["file"], found["tls-mode"]["line"], found["tls-mode"]["column"]) == ("values.yaml", 8, 18)


def test_no_password_of_a_uri_is_repeated(site):
    site.client["uri"] = "http://root:s3cret@elsewhere:19530"
    said = site.mica("check", *site.arguments(), code=3)
    assert "s3cret" not in said.out + said.err


def test_nothing_is_changed(site):
    arguments = site.arguments()
    before = snapshot(site.folder)
    site.mica("check", *arguments)
    assert not difference(before, snapshot(site.folder))


@pytest.mark.parametrize("args,says", [
    (["--mount", "here"], "INSIDE=HERE"),
    (["--env", "TLS"], "is not a variable"),
    (["--client", "sever_pem_path=x"], "did you mean 'server_pem_path'"),
    (["--client", "uri"], "NAME=VALUE"),
    (["--client", "uri=a,uri=b"], "twice"),
    (["--milvus", "new"], "is not a version"),
    (["--config", "x.yaml", "--only", "prod"], "--only"),
    (["-f", "mica.yaml", "--user", "x.yaml"], "--file"),
])
def test_a_wrong_command_line(scratch, args, says):
    result = run([parts.mica(), "check", *args], code=2, cwd=scratch)
    assert says in result.err, result


def test_a_file_that_is_not_there_is_a_failure(scratch):
    assert "x.yaml" in run([parts.mica(), "check", "--config", "x.yaml"], code=1, cwd=scratch).err
