# SPDX-License-Identifier: Apache-2.0
"""A deployment of Milvus made by hand, in a folder: what `mica check` is run on. As it is made, nothing is wrong."""
import copy
import os

import yaml

from . import parts
from .offline import Offline
from .run import run

CONFIG = {
    "etcd": {"endpoints": "etcd:2379"},
    "proxy": {"port": 19530, "http": {"enabled": True, "port": 8080}},
    "tls": {"serverPemPath": "/milvus/tls/server.pem", "serverKeyPath": "/milvus/tls/server.key",
            "caPemPath": "/milvus/tls/ca.pem"},
    "internaltls": {"serverPemPath": "/milvus/tls/server.pem", "serverKeyPath": "/milvus/tls/server.key",
                    "caPemPath": "/milvus/tls/ca.pem", "sni": "localhost"},
    "common": {"security": {"tlsMode": 2, "internaltlsEnabled": True}},
}
CLIENT = {"uri": "https://localhost:19530", "client_pem_path": "client/client.pem", "client_key_path": "client/client.key",
          "ca_pem_path": "client/ca.pem"}
LEAF = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "subjectKeyIdentifier=hash",
        "authorityKeyIdentifier=keyid"]


class Site:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.config = copy.deepcopy(CONFIG)
        self.text = None     # milvus.yaml, when it is not config
        self.client = dict(CLIENT)
        self.version = "2.6"
        self.more = []       # further arguments
        self.base = True     # milvus.yaml is given
        self.ca = Offline(folder / "elsewhere")
        for name in ("tls", "client"):
            (folder / name).mkdir()
        self.ca.root("ca", "/O=Example/CN=Milvus CA")
        self.issue("server")
        self.issue("client")
        for name in ("tls", "client"):
            self.put(f"{name}/ca.pem", self.ca / "ca.pem")

    def __truediv__(self, name):
        return self.folder / name

    def put(self, name, source):
        (self / name).write_text(source if isinstance(source, str) else source.read_text())

    def issue(self, who, issuer="ca", purpose=None, names=("DNS:localhost", "IP:127.0.0.1"), extensions=LEAF, subject=None,
              algorithm=("ec", "ec_paramgen_curve:P-256"), days=100, digest="sha256", key=None):
        """who: server or client. Its pair, new, in tls/ or client/. key: take this key instead of a new one."""
        folder = self / ("tls" if who == "server" else "client")
        if key:
            run(["openssl", "req", "-new", "-key", key, "-out", self.ca / f"{who}.csr", "-subj", subject or f"/CN={who}"])
            self.put(f"{folder.name}/{who}.key", key)
        else:
            self.ca.key(who, subject or f"/CN={who}", algorithm)
            self.put(f"{folder.name}/{who}.key", self.ca / f"{who}.key")
        os.chmod(folder / f"{who}.key", 0o600)
        wanted = {"server": "serverAuth", "client": "clientAuth"}[who] if purpose is None else purpose
        more = [f"extendedKeyUsage={wanted}"] if wanted else []
        if names and who == "server":
            more.append("subjectAltName=" + ",".join(names))
        self.ca.sign(self.ca / f"{who}.csr", issuer, folder / f"{who}.pem", [*extensions, *more], days, digest)

    def arguments(self):
        args = []
        if self.base:
            self.put("milvus.yaml", self.text if self.text is not None else yaml.dump(self.config, sort_keys=False))
            args += ["--config", "milvus.yaml"]
        if self.client:
            args += ["--client", ",".join(f"{k}={v}" for k, v in self.client.items())]
        return [*args, "--mount", "/milvus/tls=tls", "--milvus", self.version, *self.more]

    def mica(self, *args, code=None):
        return run([parts.mica(), *args], code=code, cwd=self.folder, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})

    def check(self, *args):
        """What is found, as --json has it."""
        result = self.mica("check", "--json", *self.arguments(), *args)
        assert result.code in (0, 3), result
        document = result.json
        assert (result.code == 3) == (document["errors"] > 0), result
        return document["findings"]

    def rules(self, *args):
        return [f["rule"] for f in self.check(*args)]
