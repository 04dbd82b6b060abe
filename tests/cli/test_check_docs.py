# SPDX-License-Identifier: Apache-2.0
"""`mica check` on the deployments that the documentation of Milvus tells people to make, 2.3 to 2.6.

The commands below make what gen.sh of each version makes when it is run as it is printed, and the configuration is
what the page says to write, appended where it says so. What is found lies in tests/data/check; MICA_RECORD=1 writes
it anew: read the diff."""
import hashlib
import os
import re
import shutil

import pytest

from harness import parts
from harness.run import run

GOLDEN = parts.TESTS / "data/check"
RECORD = bool(os.environ.get("MICA_RECORD"))
MILVUS_YAML = (parts.TESTS / "data/milvus-2.3.5.yaml").read_text()

OLD = "/C=CN/O=milvus/OU=milvus/CN=localhost"
NEW = "/C=US/ST=CA/L=Redwood City/O=zilliz/OU=devops/CN=localhost"
USAGE = ["basicConstraints=CA:FALSE", "keyUsage=nonRepudiation,digitalSignature,keyEncipherment"]
NAMES = "subjectAltName=DNS:localhost,DNS:*.ronething.cn,DNS:*.ronething.com"


class Page:
    """A folder as somebody has it who followed a page. kept: where what gen.sh made once is kept for the next page."""

    def __init__(self, folder, kept):
        self.folder, self.kept = folder, kept
        folder.mkdir()

    def write(self, name, text):
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text)

    def openssl(self, *args):
        run(["openssl", *args], cwd=self.folder / "cert")

    def gen(self, ca, leaf, extensions, days):
        """gen.sh: a CA without a keyUsage, and two leaves whose extensions do not tell server from client."""
        kept = self.kept / hashlib.sha256(repr((ca, leaf, extensions, days)).encode()).hexdigest()
        if not kept.exists():
            self.make(ca, leaf, extensions, days)
            shutil.copytree(self.folder / "cert", kept)
        shutil.copytree(kept, self.folder / "cert", dirs_exist_ok=True)

    def make(self, ca, leaf, extensions, days):
        (self.folder / "cert").mkdir()
        # what OpenSSL adds by itself depends on its version
        self.write("cert/openssl.cnf", "\n".join(["[req]", "distinguished_name=dn", "[dn]", "[v3_ca]", "basicConstraints=CA:true",
                   "subjectKeyIdentifier=hash", "[v3_req]", "authorityKeyIdentifier=none", *extensions, ""]))
        self.openssl("genrsa", "-out", "ca.key", "2048")
        self.openssl("req", "-new", "-x509", "-key", "ca.key", "-out", "ca.pem", "-days", days, "-subj", ca, "-config",
                     "openssl.cnf", "-extensions", "v3_ca")
        for who in ("server", "client"):
            self.openssl("genpkey", "-algorithm", "RSA", "-out", f"{who}.key")
            os.chmod(self.folder / f"cert/{who}.key", 0o600)
            self.openssl("req", "-new", "-key", f"{who}.key", "-out", f"{who}.csr", "-subj", leaf, "-config", "openssl.cnf")
            self.openssl("x509", "-req", "-days", "3650", "-in", f"{who}.csr", "-out", f"{who}.pem", "-CA", "ca.pem", "-CAkey",
                         "ca.key", "-CAcreateserial", "-extfile", "openssl.cnf", "-extensions", "v3_req")

    def gen_2_3(self):
        self.gen("/C=CN/ST=Shanghai/L=Shanghai/O=milvus/OU=milvus/CN=localhost", OLD, [*USAGE, NAMES], "3650")

    def gen_2_4(self):
        """The page of 2.4 has no [alt_names] any more."""
        self.gen("/C=CN/ST=Shanghai/L=Shanghai/O=milvus/OU=milvus/CN=localhost", OLD, USAGE, "3650")

    def gen_2_5(self):
        self.gen(NEW, NEW, [*USAGE, "extendedKeyUsage=serverAuth", "subjectAltName=DNS:localhost"], "36500")

    def tls(self):
        """Copies what the page says to copy into tls/."""
        for name in ("server.pem", "server.key", "ca.pem"):
            self.write(f"tls/{name}", (self.folder / "cert" / name).read_text())
        os.chmod(self.folder / "tls/server.key", 0o600)


TWO_WAY = "client_pem_path=cert/client.pem,client_key_path=cert/client.key,ca_pem_path=cert/ca.pem,server_name=localhost"
ONE_WAY = "server_pem_path=cert/server.pem,server_name=localhost"


def v2_3_operator(page):
    page.gen_2_3()
    (page.folder / "cert/server.pem").unlink()  # gen.sh writes server5.csr and reads server.csr
    page.write("milvus.yaml", """apiVersion: milvus.io/v1beta1
kind: Milvus
metadata:
  name: my-release
spec:
  config:
    tls:
      serverPemPath: configs/cert/server.pem
      serverKeyPath: configs/cert/server.key
      caPemPath: configs/cert/ca.pem
    common:
      security:
        tlsMode: 2
""")
    return ["--operator", "milvus.yaml", "--milvus", "2.3", "--client", TWO_WAY]


def v2_3_appended(page):
    page.gen_2_3()
    page.write("milvus.yaml", MILVUS_YAML + """
tls:
  serverPemPath: configs/cert/server.pem
  serverKeyPath: configs/cert/server.key
  caPemPath: configs/cert/ca.pem

common:
  security:
    tlsMode: 2
""")
    return ["--config", "milvus.yaml", "--mount", "configs/cert=cert", "--milvus", "2.3", "--client", TWO_WAY]


APPENDED = """
tls:
  serverPemPath: /milvus/tls/server.pem
  serverKeyPath: /milvus/tls/server.key
  caPemPath: /milvus/tls/ca.pem

common:
  security:
    tlsMode: 1
"""


def v2_4_compose(page):
    page.gen_2_4()
    page.tls()
    page.write("milvus.yaml", MILVUS_YAML + APPENDED)
    return ["--config", "milvus.yaml", "--mount", "/milvus/tls=tls", "--milvus", "2.4", "--client",
            f"uri=http://localhost:19530,secure=True,{ONE_WAY}"]


# as the page shows it: without indentation
FLAT = """
proxy:
  http:
    # for now milvus do not support config restful on same port with grpc
    # so we set to 8080, grpc will still use 19530
    port: 8080
tls:
  serverPemPath: /milvus/tls/server.pem
  serverKeyPath: /milvus/tls/server.key
  caPemPath: /milvus/tls/ca.pem

common:
security:
tlsMode: 1
"""
FLAT_INTERNAL = """
internaltls:
  serverPemPath: /milvus/tls/server.pem
  serverKeyPath: /milvus/tls/server.key
  caPemPath: /milvus/tls/ca.pem

common:
security:
internaltlsEnabled: true
"""


def v2_5_compose(page):
    page.gen_2_5()
    page.tls()
    page.write("milvus.yaml", MILVUS_YAML + FLAT)
    return ["--config", "milvus.yaml", "--mount", "/milvus/tls=tls", "--milvus", "2.5", "--client",
            f"uri=https://localhost:19530,{ONE_WAY}"]


def v2_5_compose_internal(page):
    args = v2_5_compose(page)
    page.write("milvus.yaml", MILVUS_YAML + FLAT + FLAT_INTERNAL)
    return args


def indented(text, level):
    return re.sub(r"^(?=.)", " " * level, text, flags=re.M)


CONFIG = """proxy:
  http:
    port: 8080
common:
  security:
    tlsMode: 2
tls:
  serverPemPath: /certs/server.pem
  serverKeyPath: /certs/server.key
  caPemPath: /certs/ca.pem
"""
INTERNAL = """common:
  security:
    internaltlsEnabled: true
internaltls:
  serverPemPath: /certs/server.pem
  serverKeyPath: /certs/server.key
  caPemPath: /certs/ca.pem
  sni: localhost
"""


def v2_6_operator(page):
    """Two-way, which the page says tlsMode 2 is."""
    page.gen_2_5()
    page.tls()
    page.write("milvus.yaml", "apiVersion: milvus.io/v1beta1\nkind: Milvus\nmetadata:\n  name: my-release\nspec:\n  config:\n"
               + indented(CONFIG, 4))
    return ["--operator", "milvus.yaml", "--mount", "/certs=tls", "--client", f"uri=https://localhost:19530,{TWO_WAY}"]


def v2_6_helm(page):
    """Both additions of the page, one after the other."""
    page.gen_2_5()
    page.tls()
    page.write("values.yaml", f"extraConfigFiles:\n  user.yaml: |+\n{indented(CONFIG, 4)}"
               f"extraConfigFiles:\n  user.yaml: |+\n{indented(INTERNAL, 4)}")
    return ["--helm", "values.yaml", "--mount", "/certs=tls", "--client", f"uri=https://localhost:19530,{TWO_WAY}"]


PAGES = [v2_3_operator, v2_3_appended, v2_4_compose, v2_5_compose, v2_5_compose_internal, v2_6_operator, v2_6_helm]

# What must be among it, whatever else is: the reason why each of them does not do what it is meant to.
REASONS = {
    "v2_3_operator": {"demo-key", "rest-shared-port", "ca-key-beside"},
    "v2_3_appended": {"duplicate-key", "rest-shared-port", "ca-key-beside", "ca-usage"},
    "v2_4_compose": {"duplicate-key", "names-missing", "rest-shared-port", "client-leaf"},
    "v2_5_compose": {"wrong-level", "plaintext", "duplicate-key"},
    "v2_5_compose_internal": {"wrong-level", "plaintext", "duplicate-key"},
    "v2_6_operator": {"purpose-client", "subject-issuer", "ca-key-beside"},
    "v2_6_helm": {"duplicate-key", "plaintext", "purpose-client"},
}


@pytest.mark.parametrize("make", PAGES, ids=lambda make: make.__name__)
def test_what_is_wrong_with_it_is_found(scratch, module_scratch, make):
    page = Page(scratch / "page", module_scratch)
    args = make(page)
    found = run([parts.mica(), "check", *args], code=3, cwd=page.folder, env={"LANG": "C.UTF-8"}).out
    rules = set(re.findall(r" \[([a-z-]+)\]$", found, re.M))
    assert REASONS[make.__name__] <= rules, found
    golden = GOLDEN / f"{make.__name__}.txt"
    if RECORD:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(found)
    assert found == golden.read_text()
