# SPDX-License-Identifier: Apache-2.0
"""The real Milvus 2.3.5 under an intermediate CA, in mode 2: pymilvus and curl work with the delivered files, and a client of
another CA under the same root is refused."""
import json

import pytest

from harness.inventory import Inventory
from harness.offline import ISSUING, Offline
from test_milvus import APP, Server, cache, lets_work  # noqa: F401: cache is a fixture


class Under(Server):
    def inventory(self):
        inv = Inventory()
        inv.ca["parent"] = ["corp/root.pem"]
        return inv

    def make_ca(self):
        home, corp = self.home, Offline(self.home / "corp")
        corp.root("root", "/O=Corp/CN=Corp Root")
        home.mica("init", "--csr", "g1.csr")
        home.mica("init", "--certificate", corp.sign(home / "g1.csr", "root", home / "g1.pem"))
        corp.under("root", "other", "/O=Corp/CN=Other CA", ISSUING)
        corp.leaf("other", "stranger", "clientAuth", ())
        folder = home / "stranger"
        folder.mkdir()
        for name, source in (("client.pem", "stranger-chain.pem"), ("client.key", "stranger.key")):
            (folder / name).write_text((corp / source).read_text())


@pytest.fixture
def server(scratch):
    made = Under(scratch, 2)
    made.mode = 2
    made.home.mica("apply", code=5)
    yield made
    made.stop()


def test_own_clients_and_strangers(server):
    app, stranger = server.home / APP, server.home / "stranger"
    server.start()
    lets_work(server)
    (stranger / "ca.pem").write_text((app / "ca.pem").read_text())
    assert "refused:" in server.pymilvus(stranger, code=1).err
    said = server.curl("--cacert", app / "ca.pem", "--cert", stranger / "client.pem", "--key", stranger / "client.key", code=None)
    assert said.code != 0 and "alert" in said.err, said
    # curl's OpenSSL and gRPC take less than a root as well
    tls = server.home / "out/local/tls"
    said = server.curl("--cacert", tls / "ca.pem", "--cert", app / "client.pem", "--key", app / "client.key")
    assert json.loads(said.out)["code"] == 200
    server.home.mica("apply")
    assert "served" in server.home.mica("status").out
