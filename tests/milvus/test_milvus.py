# SPDX-License-Identifier: Apache-2.0
"""The real Milvus 2.3.5, started with the delivered files in mode 2 and mode 1: pymilvus and curl work with it, others are
refused; after a rotation and a restart the same with the new certificates."""
import importlib.util
import json
import pathlib
import platform

import pytest

from harness import parts
from harness.home import Home
from harness.inventory import Inventory
from harness.run import run

HERE = pathlib.Path(__file__).parent
CACHE = parts.TOP / "build/milvus"
APP = "out/local/clients/ingest"

spec = importlib.util.spec_from_file_location("standalone", HERE / "standalone.py")
standalone = importlib.util.module_from_spec(spec)
spec.loader.exec_module(standalone)


@pytest.fixture(scope="session", autouse=True)
def cache():
    parts.need("curl")
    if platform.machine() != "x86_64":
        parts.missing("a Milvus 2.3.5 for this machine")
    got = run([HERE / "get.sh", CACHE], code=None, timeout=900)
    if got.code != 0:
        parts.missing(f"the real Milvus (PyPI)\n{got}")


class Server:
    """One Milvus, and what its clients see of it."""

    OUT = "out/local"

    def __init__(self, scratch, mode):
        self.home = Home(scratch)
        self.folder, self.out = self.home / "server", self.home / self.OUT
        standalone.prepare(CACHE, self.folder)
        self.ports = standalone.ports(self.folder)
        inv = self.inventory()
        inv.deployment.update({"name": "local", "version": "2.3", "out": self.OUT, "tls-mode": mode,
                               "internal-tls": False, "milvus-yaml": "server/milvus.yaml", "rest-port": self.ports["rest"],
                               "mount": str(self.out / "tls"),
                               "endpoints": [f"127.0.0.1:{self.ports[name]}" for name in ("proxy", "rest")]})
        self.home.write(inv)
        self.make_ca()

    def inventory(self):
        return Inventory()

    def make_ca(self):
        self.home.mica("init")

    def start(self):
        standalone.start(CACHE, self.folder, self.out / "milvus.yaml")

    def stop(self):
        standalone.stop(self.folder)

    def pymilvus(self, *how, scheme="https", code=0):
        return run([CACHE / "venv/bin/python", HERE / "use.py", f"{scheme}://localhost:{self.ports['proxy']}", *how],
                   code=code, timeout=90, env={"PATH": "/usr/bin:/bin", "HOME": str(self.home.scratch)})

    def curl(self, *how, scheme="https", code=0):
        return run(["curl", "--silent", "--show-error", "--fail", "--max-time", "20", *how,
                    f"{scheme}://localhost:{self.ports['rest']}/v1/vector/collections"], code=code)

    def shown(self):
        """SHA-256 of the certificate that the server presents."""
        said = run(["sh", "-c", f"openssl s_client -connect 127.0.0.1:{self.ports['proxy']} -servername localhost "
                    "</dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256"], code=None)
        return said.out.strip()

    def delivered(self):
        return run(["openssl", "x509", "-in", self.out / "tls/server.pem", "-noout", "-fingerprint", "-sha256"]).out.strip()


@pytest.fixture(params=[2, 1], ids=["mutual", "one-way"])
def server(request, scratch):
    made = Server(scratch, request.param)
    made.mode = request.param
    # nobody listens yet: delivered, but not served
    made.home.mica("apply", code=5)
    yield made
    made.stop()


def lets_work(server):
    app = server.home / APP
    mutual = ["--cacert", app / "ca.pem", "--cert", app / "client.pem", "--key", app / "client.key"]
    one_way = ["--ca", app / "ca.pem"]
    how = [app] if server.mode == 2 else one_way
    said = server.pymilvus(*how)
    for words in ("created collection", "inserted 10 vectors", "nearest are [3,", "dropped collection"):
        assert words in said.out, said
    answer = json.loads(server.curl(*(mutual if server.mode == 2 else mutual[:2])).out)
    assert answer["code"] == 200 and isinstance(answer.get("data", []), list), answer
    assert server.shown() == server.delivered()


def refuses(server):
    app = server.home / APP
    if server.mode == 2:
        assert "refused:" in server.pymilvus("--ca", app / "ca.pem", code=1).err
        assert "alert" in server.curl("--cacert", app / "ca.pem", code=None).err
        tls = server.home / "out/local/tls"
        said = server.curl("--cacert", app / "ca.pem", "--cert", tls / "server.pem", "--key", tls / "server.key", code=None)
        assert said.code != 0, "a server's certificate was taken from a client"
    assert "refused:" in server.pymilvus("--plain", scheme="http", code=1).err
    assert server.curl(scheme="http", code=None).code != 0


def test_use_rotate_restart_use(server):
    server.start()
    lets_work(server)
    refuses(server)
    server.home.mica("apply", code=0)
    assert "served" in server.home.mica("status").out
    old = server.shown()
    # new files are not read by a server that runs
    server.home.mica("rotate", "--all", code=5)
    assert server.shown() == old != server.delivered()
    server.stop()
    server.start()
    assert server.shown() == server.delivered() != old
    lets_work(server)
    refuses(server)
    server.home.mica("apply", code=0)
    assert "served" in server.home.mica("status").out
