# SPDX-License-Identifier: Apache-2.0
"""A CA of one key kind and a server and a client certificate of every key kind under it."""
from harness.home import Home
from harness.inventory import Inventory

ALGORITHMS = ("ec-p256", "ec-p384", "rsa-2048", "rsa-3072", "rsa-4096")
NAMES = ["localhost", "*.db.example.com", "milvus.example.com"]


def inventory(ca_algorithm, leaf_algorithms=ALGORITHMS):
    inv = Inventory()
    inv.ca["algorithm"] = ca_algorithm
    inv["certificates"], inv["milvus"] = [], []
    for alg in leaf_algorithms:
        inv["certificates"] += [
            {"name": f"server-{alg}", "profile": "server", "algorithm": alg, "common-name": "localhost", "dns": NAMES,
             "ip": ["127.0.0.1", "::1"]},
            {"name": f"client-{alg}", "profile": "client", "algorithm": alg, "common-name": f"reader of {alg}"}]
        first = alg == leaf_algorithms[0]
        # one deployment lets clients in by this CA; the others are one-way
        inv["milvus"].append({
            "name": f"d-{alg}", "kind": "files", "version": "2.6", "out": f"out/{alg}", "server": f"server-{alg}",
            "clients": [f"client-{a}" for a in leaf_algorithms] if first else [],
            "tls-mode": 2 if first else 1})
    return inv


class Issued:
    def __init__(self, folder, ca_algorithm, leaf_algorithms=ALGORITHMS):
        self.home = Home(folder).begin(inventory(ca_algorithm, leaf_algorithms))
        self.first = leaf_algorithms[0]

    def server(self, alg, name):
        return self.home / f"out/{alg}/tls/{name}"

    def client(self, alg, name):
        return self.home / f"out/{self.first}/clients/client-{alg}/{name}"
