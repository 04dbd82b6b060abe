# SPDX-License-Identifier: Apache-2.0
"""An operator's directory whose CA key lies on a token of some kind."""
from harness.faults import Faults
from harness.home import Home
from harness.inventory import Inventory
from harness.run import run
from harness.tree import difference


class TokenHome(Home):
    """As harness.home.Home; inventory() names the kind's module and key. With `proxied` everything goes through
    tests/fault's proxy, whose log says what the module was asked (self.faults)."""

    def __init__(self, folder, kind, proxied=False):
        super().__init__(folder, token=kind)
        self.kind = kind
        self.faults = Faults(folder, module=kind.module_path) if proxied else None
        self.uri = kind.uri()

    @property
    def env(self):
        """Locks are by label and serial, which some kinds give to every token."""
        return {**super().env, "XDG_RUNTIME_DIR": str(self.scratch)}

    def inventory(self, algorithm=None, **ca):
        inv = Inventory()
        inv.ca.update({"module": str(self.faults.path) if self.faults else self.kind.module, "key": self.uri,
                       "algorithm": algorithm or self.kind.algorithms[0], **ca})
        if self.kind.module_args is not None:
            inv.ca["module-args"] = self.kind.module_args
        return inv

    def mica(self, *args, prefix=(), env=None, faults="", timeout=180, **more):
        env = {**(self.faults.env(faults) if self.faults else {}), **(env or {})}
        return super().mica(*args, prefix=[*self.kind.prefix, *prefix], env=env, timeout=timeout, **more)

    def init(self, algorithm=None, **ca):
        """The CA: its key made by mica, or by the token's own tool and adopted."""
        algorithm = algorithm or self.kind.algorithms[0]
        if self.kind.can_generate:
            self.write(self.inventory(algorithm, **ca))
            return self.mica("init")
        self.uri = self.kind.make_key(algorithm)
        self.write(self.inventory(algorithm, **ca))
        return self.mica("init", "--adopt")

    def refused(self, *args, code=None, **more):
        """mica fails (exit 1), or refuses by policy (3); nothing was recorded, signed or delivered."""
        before, records = self._without_latch(), self.records()
        said = self.mica(*args, code=code, **more)
        assert said.code in (1, 3), said
        after = self._without_latch()
        if "state" not in before:  # an empty ledger, made before the token is asked
            after = {path: what for path, what in after.items() if path.split("/")[0] != "state"}
        changed = difference(before, after)
        assert not changed and self.records() == records, f"{changed}\n{said}"
        return said

    def _without_latch(self):
        return {path: what for path, what in self.snapshot().items() if not path.startswith("state/latch-")}

    def set_pin(self, pin):
        (self.path / "pin").write_text(pin + "\n")

    def logins(self):
        """What every C_Login that was made answered, in hex: the proxy's log."""
        return [int(words[2], 16) for words in self.faults.calls("C_Login")]

    def delivered(self):
        """(certificate file, its serial) of what lies delivered, each judged by openssl and beside its key."""
        found = []
        for folder, stem in (("out/prod/tls", "server"), ("out/prod/clients/ingest", "client")):
            folder = self / folder
            run(["openssl", "verify", "-x509_strict", "-CAfile", folder / "ca.pem", folder / f"{stem}.pem"])
            public = run(["openssl", "x509", "-in", folder / f"{stem}.pem", "-noout", "-pubkey"]).out
            assert public == run(["openssl", "pkey", "-in", folder / f"{stem}.key", "-pubout"]).out
            serial = run(["openssl", "x509", "-in", folder / f"{stem}.pem", "-noout", "-serial"]).out.strip()
            found.append((folder / f"{stem}.pem", serial))
        return found
