# SPDX-License-Identifier: Apache-2.0
"""One operator's directory: mica.yaml, a PIN file, a private token; and mica run in it."""
import contextlib
import os
import sqlite3

from . import parts
from .inventory import Inventory
from .run import PRIVATE_KEY, run
from .token import Token
from .tree import difference, snapshot

# what reading the ledger may touch: SQLite's shared memory and an empty log beside it; and when mica last ran
LEDGER_SIDE = ("ledger.db-shm", "ledger.db-wal", "runs")


class Home:
    def __init__(self, folder, build=parts.BUILD, token=None):
        """token: something with a PIN and an environment; a private SoftHSM2 token if there is none."""
        self.path = folder / "home"
        self.path.mkdir(mode=0o700, parents=True)
        self.token = token or Token(folder / "softhsm")
        self.build = build
        self.scratch = folder
        pin = self.path / "pin"
        pin.write_text(self.token.pin + "\n")
        pin.chmod(0o600)

    def __truediv__(self, name):
        return self.path / name

    @property
    def env(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.scratch), "LANG": "C.UTF-8",
                "MICA_TOKEN_HELPER": str(parts.helper(self.build)), **sanitizer_options(), **self.token.env}

    def write(self, inventory=None, name="mica.yaml"):
        text = inventory if isinstance(inventory, str) else (inventory or Inventory()).text()
        (self.path / name).write_text(text)
        return self

    def mica(self, *args, code=0, prefix=(), env=None, **more):
        """Runs mica here. Neither the PIN nor a private key may be in what it says."""
        result = run([*prefix, parts.mica(self.build), *args], code=code, cwd=self.path,
                     env={**self.env, **(env or {})}, **more)
        said = result.out + result.err
        assert self.token.pin not in said, f"the PIN was printed\n{result}"
        assert not PRIVATE_KEY.search(said), f"a private key was printed\n{result}"
        return result

    def begin(self, inventory=None, code=0):
        """An inventory written, the CA made, everything applied."""
        self.write(inventory)
        self.mica("init")
        self.mica("apply", code=code)
        return self

    def records(self):
        """The ledger's records, oldest first."""
        path = self.path / "state/ledger.db"
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute("SELECT * FROM record ORDER BY seq")]

    @contextlib.contextmanager
    def ledger(self):
        """The database itself, to be looked into or spoilt; what was changed is committed."""
        with contextlib.closing(sqlite3.connect(self.path / "state/ledger.db")) as db:
            yield db
            db.commit()

    def snapshot(self, *folders, **more):
        """The whole directory, or some folders of it."""
        if not folders:
            return snapshot(self.path, skip=LEDGER_SIDE, **more)
        return {name: snapshot(self.path / name, skip=LEDGER_SIDE, **more) for name in folders}

    def token_objects(self):
        """What lies on the token: one file an object, by SoftHSM's names."""
        return sorted(str(p.relative_to(self.token.store)) for p in self.token.store.rglob("*.object")
                      if p.name != "token.object")

    @contextlib.contextmanager
    def unchanged(self, **more):
        before = self.snapshot(**more)
        yield
        changed = difference(before, self.snapshot(**more))
        assert not changed, f"this was left behind or changed:\n{changed}"


_options = {}


def sanitizer_options():
    """AddressSanitizer's leak check reads the process as a debugger does, which a process that is not dumpable
    refuses to anybody without CAP_SYS_PTRACE; then leaks are not looked for."""
    if not _options:
        options = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
        probe = run([parts.mica(), "--version"], code=None, env=options)
        if "LeakSanitizer has encountered a fatal error" in probe.err:
            options["ASAN_OPTIONS"] = "detect_leaks=0"
        _options.update(options)
    return _options


def without_leak_check():
    return {"ASAN_OPTIONS": "detect_leaks=0"}


def certificate(path):
    """The certificates of a PEM file, as OpenSSL shows them."""
    return run(["openssl", "x509", "-in", path, "-noout", "-text"], env=os.environ.copy()).out
