# SPDX-License-Identifier: Apache-2.0
"""Inventories as values: a base that applies, changed by a few words."""
import copy

import yaml

BASE = {
    "version": 1,
    "state-dir": "state",
    "ca": [{
        "name": "g1", "state": "issuing", "module": "softhsm2", "key": "pkcs11:token=milvus-ca;object=ca",
        "pin": "file:pin", "algorithm": "ec-p256",
        "subject": {"C": "US", "O": "Example", "CN": "Milvus CA g1"}, "days": 3650,
    }],
    "defaults": {"algorithm": "ec-p256", "days": 90, "renew-before": "1/3", "backdate": "1h"},
    "certificates": [
        {"name": "server", "profile": "server", "common-name": "localhost",
         "dns": ["localhost", "milvus.example.com"], "ip": ["127.0.0.1"]},
        {"name": "ingest", "profile": "client", "common-name": "ingest"},
    ],
    "milvus": [{
        "name": "prod", "kind": "files", "version": "2.6", "out": "out/prod", "server": "server",
        "clients": ["ingest"], "tls-mode": 2, "internal-tls": True,
    }],
}


class Plain(yaml.SafeDumper):
    """Writes a value out wherever it stands: an inventory takes no aliases."""

    def ignore_aliases(self, data):
        return True


class Inventory(dict):
    """A copy of BASE. inv.ca, inv.deployment and inv.certificate(name) are its parts, to be changed in place."""

    def __init__(self, **changes):
        super().__init__(copy.deepcopy(BASE))
        self.update(changes)

    @property
    def ca(self):
        return self["ca"][0]

    @property
    def deployment(self):
        return self["milvus"][0]

    def certificate(self, name):
        return next(c for c in self["certificates"] if c["name"] == name)

    def text(self):
        return yaml.dump(dict(self), Dumper=Plain, sort_keys=False, default_flow_style=False)
