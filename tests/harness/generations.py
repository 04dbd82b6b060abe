# SPDX-License-Identifier: Apache-2.0
"""CAs beside the first one: each with a token, a PIN and a subject of its own."""
import re
import secrets
import shutil

from .run import run


def _common_names(pem, what):
    said = run(["openssl", "storeutl", "-noout", "-text", "-certs", pem]).out
    return re.findall(rf"^ *{what}:.*CN ?= ?([^,\n]*)$", said, re.MULTILINE)


def names(pem):
    """The common names of the certificates in a file, in its order."""
    return _common_names(pem, "Subject")


def issuers(pem):
    """Those of the CAs that signed them."""
    return _common_names(pem, "Issuer")


class Generations:
    """home's inventory, with g1, g2, ... in its list."""

    def __init__(self, home, inv):
        self.home, self.inv = home, inv
        self.tokens = {"g1": next(p for p in home.token.store.iterdir() if p.is_dir())}

    def add(self, n, state="trusted", **keys):
        """gN on a token of its own; the inventory is not written."""
        before = set(self.home.token.store.iterdir())
        pin = "pin" + secrets.token_hex(8)
        self.home.token.add(f"milvus-ca-{n}", pin)
        (self.home / f"pin{n}").write_text(pin + "\n")
        (self.home / f"pin{n}").chmod(0o600)
        (self.tokens[f"g{n}"],) = (p for p in set(self.home.token.store.iterdir()) - before if p.is_dir())
        self.inv["ca"].append({**self.inv.ca, "name": f"g{n}", "state": state,
                               "key": f"pkcs11:token=milvus-ca-{n};object=ca", "pin": f"file:pin{n}",
                               "subject": {"C": "US", "O": "Example", "CN": f"Milvus CA g{n}"}, **keys})
        return self

    def of(self, name):
        return next(ca for ca in self.inv["ca"] if ca["name"] == name)

    def state(self, **states):
        """g1="trusted", g2="issuing": the words that are edited."""
        for name, state in states.items():
            self.of(name)["state"] = state
        self.write()
        return self

    def drop(self, name):
        self.inv["ca"].remove(self.of(name))
        self.write()
        return self

    def write(self):
        self.home.write(self.inv)
        return self

    def lose(self, name):
        """Its token is gone, with the key."""
        shutil.rmtree(self.tokens[name])
