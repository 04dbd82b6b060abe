# SPDX-License-Identifier: Apache-2.0
"""A CA under a policy CA under a corporate root, what mica issues under it, and a stranger: a client and a server of
another CA under the same root."""
from harness.home import Home
from harness.inventory import Inventory
from harness.offline import CA, ISSUING, Offline

DOMAINS = ["example.com", "localhost"]


class Under:
    def __init__(self, folder, algorithm="ec-p256"):
        self.home = home = Home(folder)
        self.corp = corp = Offline(home / "corp")
        corp.root("root", "/O=Corp/CN=Corp Root")
        corp.under("root", "policy", "/O=Corp/CN=Policy CA", ("basicConstraints=critical,CA:TRUE,pathlen:1", *CA[1:]))
        inv = Inventory()
        inv.ca.update({"algorithm": algorithm, "parent": ["corp/policy.pem", "corp/root.pem"], "permitted-dns": DOMAINS})
        home.write(inv).mica("init", "--csr", "g1.csr")
        corp.sign(home / "g1.csr", "policy", home / "g1.pem",
                  (*ISSUING, "nameConstraints=critical," + ",".join(f"permitted;DNS:{d}" for d in DOMAINS)))
        home.mica("init", "--certificate", "g1.pem")
        home.mica("apply")
        corp.under("policy", "other", "/O=Corp/CN=Other CA", ISSUING)
        corp.leaf("other", "stranger", "clientAuth", ())
        corp.leaf("other", "impostor", "serverAuth")
        for name in ("stranger", "impostor"):
            text = (corp / f"{name}-chain.pem").read_text() + (corp / "policy.pem").read_text()
            (corp / f"{name}-chain.pem").write_text(text)

    def tls(self, name):
        return self.home / "out/prod/tls" / name

    def client(self, name):
        return self.home / "out/prod/clients/ingest" / name
