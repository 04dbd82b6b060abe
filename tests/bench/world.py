# SPDX-License-Identifier: Apache-2.0
"""A private token with a CA key that all subjects share, a CA certificate, inventories."""
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from harness import parts
from harness.home import sanitizer_options
from harness.token import Token

URI = "pkcs11:token=milvus-ca;object=ca"

ENGINE_CONF = """\
openssl_conf = begin
[begin]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
MODULE_PATH = {module}
PIN = {pin}
init = 0
[ca]
default_ca = ca_default
[ca_default]
database = index.txt
new_certs_dir = new
rand_serial = yes
default_md = sha256
policy = policy
unique_subject = no
x509_extensions = leaf
[policy]
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def spy_module():
    for folder in ("x86_64-linux-gnu", "aarch64-linux-gnu"):
        for path in (f"/usr/lib/{folder}/pkcs11-spy.so", f"/usr/lib/{folder}/pkcs11/pkcs11-spy.so"):
            if os.path.exists(path):
                return path
    sys.exit("pkcs11-spy.so is not there\nhint: apt-get install opensc")


def inventory(n, algorithm, module):
    """One deployment: a server and n - 1 clients."""
    clients = [f"client-{i:05}" for i in range(1, n)]
    lines = ["version: 1", "state-dir: state", "ca:",
             f"  - {{ name: g1, state: issuing, module: {module}, key: '{URI}', pin: 'file:pin',",
             f"      algorithm: {algorithm}, subject: {{ C: US, O: Example, CN: Milvus CA g1 }}, days: 3650 }}",
             "certificates:",
             "  - { name: server, profile: server, common-name: localhost, dns: [localhost], ip: [127.0.0.1] }"]
    lines += [f"  - {{ name: {c}, profile: client, common-name: {c} }}" for c in clients]
    lines += ["milvus:", "  - name: prod", "    kind: files", "    out: out/prod", "    server: server",
              f"    clients: [{', '.join(clients)}]", "    tls-mode: 2"]
    return "\n".join(lines) + "\n"


class World:
    """Every run that is measured has a new directory, and nothing is removed before the end: for a minute or more
    ext4 looks past each inode that was freed, which makes every new file several times as dear."""

    def __init__(self, folder, algorithm):
        self.path = folder / algorithm
        self.path.mkdir(parents=True)
        self.algorithm = algorithm
        self.module = parts.softhsm_module()
        self.spy = spy_module()
        self.token = Token(self.path / "softhsm")
        self.runs = 0
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.path), "LANG": "C.UTF-8",
                    "MICA_TOKEN_HELPER": str(parts.helper()), **sanitizer_options(), **self.token.env}
        self.home = self.folder("init")
        self._init()
        self.pin = self.home / "pin"
        self.ca = self.path / "ca.pem"
        shutil.copy(self.home / "state/g1.pem", self.ca)
        self._engine_conf("engine.cnf", self.module)
        self._engine_conf("engine-spy.cnf", self.spy)

    def _engine_conf(self, name, module):
        (self.path / name).write_text(ENGINE_CONF.format(module=module, pin=self.token.pin))

    def folder(self, name):
        """A new directory for one run."""
        self.runs += 1
        folder = self.path / f"{self.runs:04}-{name}"
        folder.mkdir(mode=0o700)
        return folder

    def _init(self):
        """`mica init`, once: every apply that is measured begins with a copy of this state directory."""
        pin = self.home / "pin"
        pin.write_text(self.token.pin + "\n")
        pin.chmod(0o600)
        subprocess.run([parts.mica(), "-q", "-f", self.inventory(1), "init"], cwd=self.home, env=self.env, check=True)
        shutil.copytree(self.home / "state", self.path / "state-new")

    def inventory(self, n, module="softhsm2"):
        """The name of an inventory with n certificates, in the home."""
        (self.home / "mica.yaml").write_text(inventory(n, self.algorithm, module))
        return "mica.yaml"

    def renew(self):
        """A home where nothing is issued and nothing delivered."""
        self.home = self.folder("mica")
        shutil.copy(self.pin, self.home / "pin")
        shutil.copytree(self.path / "state-new", self.home / "state")
        os.sync()

    def requests(self, n):
        """A directory with at least n requests."""
        folder = self.path / "requests"
        folder.mkdir(exist_ok=True)
        missing = [i for i in range(1, n + 1) if not (folder / f"{i:05}.csr").exists()]

        def make(i):
            subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-keyout", "/dev/null", "-subj", f"/CN=client{i}", "-out", folder / f"{i:05}.csr"],
                           env=self.env, check=True, stderr=subprocess.DEVNULL)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(make, missing))
        return folder
