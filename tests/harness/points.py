# SPDX-License-Identifier: Apache-2.0
"""Points: a scene's command is disturbed at one call that writes; what must hold right then, and after the next run.

Right then: every directory that was delivered holds its old files or new ones, whole and matching; nothing secret can be
read by others; what the module signed is in the ledger; no PIN was given twice. The next run completes: it refuses to try a
PIN after a login whose end is not known, until the latch is cleared, then delivers what is due; the ledger and the files
pass `mica audit`; nothing half-made is left; and one more run changes nothing."""
import base64
import collections
import contextlib
import hashlib
import os
import pathlib
import random
import re
import shutil
import sqlite3
import stat
import tempfile
import time

from . import parts
from .crash import KILLED, Tracer, can_strike, place, struck
from .disk import Disk, digest, lay
from .faults import Faults
from .home import Home, without_leak_check
from .inventory import Inventory
from .run import run
from .tree import difference, snapshot

KEY = (b"BEGIN PRIVATE KEY", b"BEGIN EC PRIVATE KEY", b"LS0tLS1CRUdJTiBQUklWQVRFIEtF")  # and in base64
# what lies in a state directory at rest
STATE = re.compile(r"host|lock|runs|ledger\.db|latch-[0-9a-f]+|g[0-9]+\.(pem|crl)")
RUNS = ("runs",)  # when which command ran: every run writes it
OPEN_STATES = ("intended",)
MOST_TOLD = 6


class Scene:
    """One command in one situation. prepare() makes the situation in an empty home; verb is the command; rerun is what a
    person gives after it failed, until it says 0 or 5; then settle() tells what must hold."""

    name = None
    verb = rerun = idle = ("apply",)
    rewritten = ()  # names of files that are written again each time
    changes_token = False
    revokes = False  # what is delivered
    logins = 1  # at most
    more = False  # is to be done by an apply, also when it went well
    then = ()  # what else is given until everything is done
    forgets = False  # the ledger lost something before
    delivers = True  # in the end every place of the inventory has its files
    needs_room = True  # on the disk; what only removes something does not notice that it is full

    def inventory(self, stage):
        return Inventory()

    def prepare(self, stage):
        raise NotImplementedError

    def judge_crash(self, stage):
        """More that must hold right after the crash."""

    def settle(self, stage):
        """More that must hold after the rerun."""

    def cut(self, stage, calls, after):
        """The power was cut after so many calls: what others than mica had done by then. The end is in stage.folder/ended."""


class Judge:
    """What openssl and the bytes say of files, each asked once: a crash leaves most as it was."""

    def __init__(self, folder):
        self.folder, self.said = folder, {}

    def _file(self, name, text):
        path = self.folder / f"judged-{name}.pem"
        path.write_bytes(text)
        return path

    def _once(self, ask, *what):
        if (ask, what) not in self.said:
            self.said[ask, what] = ask(self, *what)
        return self.said[ask, what]

    def _pair(self, key, certificate, trust, crl):
        if key is not None and public_point(der(key)) != public_point(der(certificate)):
            return "the key is not the certificate's"
        listed = ["-crl_check", "-CRLfile", self._file("crl", crl)] if crl is not None else []
        verified = run(["openssl", "verify", "-x509_strict", "-partial_chain", *listed, "-CAfile",
                        self._file("trust", trust), self._file("certificate", certificate)], code=None)
        return None if verified.code == 0 else str(verified)

    def _parsed(self, kind, text):
        parsed = run(["openssl", kind, "-in", self._file(kind, text), "-noout"], code=None)
        return None if parsed.code == 0 else str(parsed)

    def pair(self, key, certificate, trust, crl):
        """What is wrong with the files of one place, or None. key, crl: None for none."""
        return self._once(Judge._pair, key, certificate, trust, crl)

    def parsed(self, kind, path):
        """kind: x509 or crl."""
        assert not (fault := self._once(Judge._parsed, kind, path.read_bytes())), f"{path}: {fault}"


def der(pem):
    return base64.b64decode(b"".join(pem.split(b"-----")[2].split()), validate=True)


def public_point(structure):
    """The point of a P-256 public key, in a certificate's SubjectPublicKeyInfo or beside a private key."""
    at = structure.index(b"\x03\x42\x00\x04")
    return structure[at + 3:at + 68]


class Stage:
    """A scene that is made once and put back as often as one likes, in memory where that can be."""

    def __init__(self, scene):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mica-", dir=memory))
        self.scene = scene
        self.home = Home(self.folder, build=parts.RELEASE)
        self.faults = Faults(self.folder)
        self.tracer = Tracer(self.home, watch=self.faults.log)
        self.judges = Judge(self.folder)
        self.inv = scene.inventory(self)
        self.inv.ca["module"] = str(self.faults.path)
        self.write()
        scene.prepare(self)
        self.save()

    def close(self):
        shutil.rmtree(self.folder)

    def write(self):
        self.home.write(self.inv)

    def env(self, more=None):
        return {**self.faults.env(), **without_leak_check(), **(more or {})}

    def run(self, *args, **more):
        return self.home.mica(*args, env=self.env(more.pop("env", None)), **more)

    def save(self):
        self.saved = self.folder / "saved"
        self.log = self.faults.log.read_text() if self.faults.log.exists() else ""
        shutil.copytree(self.home.path, self.saved / "home", symlinks=True)
        shutil.copytree(self.home.token.store, self.saved / "store")
        self.old = self.places()
        self.begun = self.fingerprint()

    def reset(self):
        for here, name in ((self.home.path, "home"), (self.home.token.store, "store")):
            shutil.rmtree(here)
            shutil.copytree(self.saved / name, here, symlinks=True)
        self.faults.forget()
        self.faults.log.write_text(self.log)

    # --- looking ---

    def tree_paths(self):
        """(directory, how its files are called, whether the key lies elsewhere) of each place of the inventory."""
        for deployment in self.inv["milvus"]:
            out = self.home / deployment["out"]
            yield out / "tls", "server", "csr" in self.inv.certificate(deployment["server"])
            for client in deployment["clients"]:
                yield out / "clients" / client, "client", "csr" in self.inv.certificate(client)

    def places(self):
        """{directory: {name: bytes}} of what can be seen; a link that leads nowhere shows nothing."""
        seen = {}
        for folder, _, _ in self.tree_paths():
            names = os.listdir(folder) if folder.is_dir() else []
            seen[folder] = {name: (folder / name).read_bytes() for name in sorted(names)
                            if not name.startswith("..") and (folder / name).exists()}
        return seen

    def records(self):
        """The ledger's, of a copy: reading a database that a crash left is not without effect."""
        look = self.folder / "look"
        look.mkdir(exist_ok=True)
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
            (look / name).unlink(missing_ok=True)
        for name in ("ledger.db", "ledger.db-wal"):
            if (self.home / "state" / name).exists():
                shutil.copy(self.home / "state" / name, look)
        if not (look / "ledger.db").exists():
            return []
        with contextlib.closing(sqlite3.connect(look / "ledger.db")) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute("SELECT * FROM record ORDER BY seq")]

    def fingerprint(self):
        """What was recorded, and what can be seen: mica's own notes and locks left out."""
        seen = []
        for folder, dirs, files in os.walk(self.home.path):
            dirs[:] = sorted(d for d in dirs if not d.startswith(".."))
            for name in sorted(files):
                path = pathlib.Path(folder, name)
                if name.startswith("..") or name in ("lock", *RUNS) or name.startswith("ledger.db") or not path.exists():
                    continue
                # a file that is written again each time tells the second when it was
                again = name in self.scene.rewritten
                seen.append((str(path), "there" if again else hashlib.sha256(path.read_bytes()).hexdigest()))
        return [(r["seq"], r["entry"], r["state"]) for r in self.records()], seen

    def latched(self):
        return list(self.home.path.glob("state/latch-*"))

    def logins(self):
        return len(self.faults.calls("C_Login"))

    # --- judging ---

    def judge_files(self, complete):
        """complete: every place has its files; otherwise it may have none."""
        listed = list(self.home.path.glob("state/*.crl"))
        for (folder, stem, keyless), shown in zip(self.tree_paths(), self.places().values()):
            if not shown and not complete:
                continue
            wanted = {f"{stem}.pem", "ca.pem"} | (set() if keyless else {f"{stem}.key"})
            wanted |= {"crl.pem"} if complete and listed else set()
            assert wanted <= set(shown), f"{folder} lacks {wanted - set(shown)}"
            assert self.records(), "certificates, and an empty ledger"
            listing = None if self.scene.revokes else shown.get("crl.pem")
            fault = self.judges.pair(shown.get(f"{stem}.key"), shown[f"{stem}.pem"], shown["ca.pem"], listing)
            assert not fault, f"{folder}: {fault}"
        for path in self.home.path.glob("state/g*.pem"):
            self.judges.parsed("x509", path)
        for path in listed:
            self.judges.parsed("crl", path)
        for path in self.home.path.glob("out/*/*/crl.pem"):
            if path.exists():
                self.judges.parsed("crl", path)

    def judge_secrets(self):
        for path in self.home.path.rglob("*"):
            if path.is_symlink() or not path.is_file() or path.stat().st_size > 1 << 20:
                continue
            text = path.read_bytes()
            if any(key in text for key in KEY) or self.home.token.pin.encode() in text:
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, f"{path} can be read by others"

    def judge_signed(self):
        unknown = set(self.faults.signed()) - {bytes(r["tbs_sha256"]).hex() for r in self.records()}
        assert not unknown, f"signed, and not in the ledger: {unknown}"

    def judge_crash(self):
        self.judge_files(complete=False)
        for folder, shown in self.places().items():
            assert shown or not self.old[folder], f"{folder} is empty"
        self.judge_secrets()
        if not self.scene.forgets:
            self.judge_signed()
        self.scene.judge_crash(self)

    def clear_latch(self):
        """A kill within a login leaves the latch: the PIN may have been wrong, and is not tried by itself again."""
        before = self.logins()
        refused = self.run(*self.scene.rerun, code=None)
        assert self.logins() == before, "a PIN was tried although the latch is armed"
        if refused.code in (0, 5):  # there was nothing to sign
            self.run("token", "--clear-latch")
            return refused
        assert refused.code == 3 and "mica token --clear-latch" in refused.err, f"the latch is not heeded\n{refused}"
        self.run("token", "--clear-latch")
        return None

    def again(self):
        """The next run, as a person gives it."""
        done = self.clear_latch() if self.latched() else None
        if done is None:
            before = self.logins()
            done = self.run(*self.scene.rerun, code=None)
            assert done.code in (0, 5), f"the next run fails\n{done}"
            assert self.logins() - before <= self.scene.logins, f"a PIN was tried twice\n{done}"
        assert not self.latched()
        for words in self.scene.then:
            done = self.run(*words)
        return done

    def judge_rest(self, done, idle):
        """At rest: everything is there, and nothing else. idle: the run had nothing to do, and so nothing to tidy."""
        self.judge_files(complete=bool(self.scene.delivers))
        self.judge_secrets()
        self.judge_signed()
        records = self.records()
        assert not [r for r in records if r["state"] in OPEN_STATES], f"an intent was left open\n{done}"
        active = collections.Counter((r["entry"], r["kind"]) for r in records
                                     if r["state"] in ("issued", "delivered", "served") and r["kind"] != "crl")
        assert not active or max(active.values()) == 1, f"two active certificates of one entry: {active}"
        strange = [n for n in os.listdir(self.home / "state") if not STATE.fullmatch(n)]
        strange += [str(p) for p in self.home.path.rglob("*") if p.name.endswith((".tmp", ".new", "_tmp"))]
        if idle:
            strange = [n for n in strange if not os.path.basename(n).startswith("..")]
        assert not strange, f"this was left: {strange}\n{done}"
        self.scene.settle(self)

    def judge_again(self, then):
        """What a crash, or a failure, left is mended by one run, and another has nothing to do. Had the first one?"""
        done = self.again()
        idle = then == self.fingerprint()
        self.judge_rest(done, idle)
        self.run("audit")
        skip = (*RUNS, *self.scene.rewritten)
        before = snapshot(self.home.path, skip=skip, mtime=True)
        last = self.run(*self.scene.idle)
        changed = difference(before, snapshot(self.home.path, skip=skip, mtime=True))
        assert not changed, f"one more run changed this:\n{changed}\n{done}\n{last}"
        return idle

    # --- points ---

    def judge(self):
        """After a crash: returns how it went on, "before", "completed" or "after"."""
        self.judge_crash()
        then = self.fingerprint()
        idle = self.judge_again(then)
        if then == self.begun:
            return "before"
        return "after" if idle else "completed"

    def strike(self, fault, at):
        """One point: what was struck, and how it went on. None when there is nothing to strike."""
        self.reset()
        before = self.logins()
        result, calls = self.tracer.run(*self.scene.verb, fault=fault, at=at, env=self.env())
        call = struck(calls)
        if call is None:
            return None
        try:
            assert self.logins() - before <= self.scene.logins, "a PIN was tried twice"
            self.judge_end(fault, call, result)
            end = self.judge()
            assert result.code != 0 or end == "after" or self.scene.more, "it said that all is done, and there was more to do"
            return end
        except AssertionError as wrong:
            raise AssertionError(f"{self.scene.name}: {fault} at {at}, {place(call)}: {wrong}\n{result}") from wrong

    def judge_end(self, fault, call, result):
        if fault in ("before", "after"):
            assert result.code == KILLED
            return
        assert result.code in (0, 1, 3, 5), result.code
        if result.code in (1, 3):
            assert result.err.strip(), "it failed, and says nothing"

    def count(self):
        """The calls of an undisturbed run."""
        self.reset()
        result, calls = self.tracer.run(*self.scene.verb, env=self.env())
        assert result.code in (0, 5), result
        return calls


    # --- power cuts ---

    def record(self, fault=None, at=0):
        """A run, or the beginning of one, as a disk that may lose power."""
        self.reset()
        disk = Disk(self.home.path, time.time())
        result, calls = self.tracer.run(*self.scene.verb, fault=fault, at=at, record=True, env=self.env())
        assert result.code in (0, 5, KILLED), result
        self.signed_log = self.faults.log.read_bytes() if self.faults.log.exists() else b""
        for name, here in (("ended", self.home.path), ("store", self.home.token.store)):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            shutil.copytree(here, self.folder / name, symlinks=True)
        disk.take(calls)
        return disk, calls

    def cut(self, tree, log):
        """The power is cut, and this is what is found. log: how long the module's was then."""
        lay(tree, self.home.path)
        shutil.rmtree(self.home.token.store)
        shutil.copytree(self.folder / "store", self.home.token.store)
        self.faults.forget()
        self.faults.log.write_bytes(self.signed_log[:log])


# --- many points ---

class Table:
    """What was tried: printed at the end of the tests, and kept in the build directory."""

    HEAD = ("command", "fault", "points", "before anything", "completed by the next run", "all done before")

    def __init__(self):
        self.rows, self.module = [], None

    def add(self, scene, fault, ends):
        counted = collections.Counter(ends)
        self.module = pathlib.Path(os.environ["PYTEST_CURRENT_TEST"].split("::")[0]).stem
        self.rows.append((scene.name, fault, len(ends), *(counted[e] for e in ("before", "completed", "after"))))

    def lines(self):
        rows = [self.HEAD, *[tuple(map(str, row)) for row in self.rows]]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self.HEAD))]
        return ["  ".join(cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
                for row in rows]

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.module}.txt").write_text("\n".join(self.lines()) + "\n")


TABLE = Table()


def sample(scene, fault, numbers, most):
    """Some of the numbers, the same in each run; all with MICA_TEST_ALL."""
    if parts.ALL or most is None or len(numbers) <= most:
        return numbers
    return sorted(random.Random(f"{scene.name} {fault}").sample(numbers, most))


def try_points(stage, fault, most=None):
    """Strikes at every call that there is, or at a sample; all that is wrong is told at the end."""
    calls = stage.count()
    numbers = [call["n"] for call in calls if can_strike(fault, call)]
    ends, wrong = [], []
    for number in sample(stage.scene, fault, numbers, most):
        try:
            ends.append(stage.strike(fault, number))
        except AssertionError as fault_found:
            wrong.append(str(fault_found))
    assert not wrong, f"{len(wrong)} of {len(ends) + len(wrong)} points:\n\n" + "\n\n".join(wrong[:MOST_TOLD])
    ends = [end for end in ends if end]
    assert ends, "nothing was struck"
    TABLE.add(stage.scene, fault, ends)


def logging_in(calls):
    """After which calls a login was begun, and not yet known to have succeeded: the latch must be on the disk."""
    latches = [call["n"] for call in calls if "/state/latch-" in call.get("path", "") and call["call"] == "unlink"]
    sends = [call["n"] for call in calls if call["call"] == "sendmsg" and call["n"] < min(latches, default=0)]
    return range(sends[-1], latches[0]) if sends else range(0)


def cut_power(stage, most=None, rarer=0):
    """The power is cut after each call, with everything that may then be found, or a sample of it; rarer: how many of the
    rarer variants are tried as well."""
    ends, wrong = [], []
    runs = [(None, 0)]
    if stage.scene.changes_token:  # what the token holds is that of a run that was killed right there
        runs = [("after", call["n"]) for call in stage.count()]
        runs = sample(stage.scene, "power cut", runs, most and most // 6)
    for fault, at in runs:
        disk, calls = stage.record(fault, at)
        for after, told, tree, log in sample(stage.scene, "power cut", list(cuts(disk, calls, at, rarer)), most):
            stage.cut(tree, log)
            stage.scene.cut(stage, calls, after)
            try:
                ends.append(stage.judge())
            except AssertionError as found:
                wrong.append(f"{stage.scene.name}: {told}: {found}")
    assert not wrong, f"{len(wrong)} of {len(ends) + len(wrong)} points:\n\n" + "\n\n".join(wrong[:MOST_TOLD])
    TABLE.add(stage.scene, "power cut", ends)


def cuts(disk, calls, at, rarer):
    """(what was done, the tree that is found, how long the module's log was), each once."""
    armed, seen, tries = logging_in(calls), set(), []
    numbers = [0, *disk.numbers] if at == 0 else [disk.numbers[-1]]
    for after in numbers:
        tries += [(after, name, tree) for name, tree in disk.variants(after)]
    more = [(after, name, tree) for after in disk.numbers for name, tree in (disk.rarer(after) if rarer else ())]
    tries += more if parts.ALL else random.Random(len(more)).sample(more, min(rarer, len(more)))
    for after, name, tree in tries:
        told = f"power cut after call {after}, {place(calls[after - 1]) if after else 'nothing'}; {name}"
        assert after not in armed or any("state/latch-" in path for path in tree), \
            f"{told}: a login was begun, and the latch is lost"
        log = next((call["watched"] for call in calls if call["n"] > after), None)
        if (digest(tree), log) not in seen:
            seen.add((digest(tree), log))
            yield after, told, tree, log
