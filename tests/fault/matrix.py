# SPDX-License-Identifier: Apache-2.0
"""The matrix of faults: each Cryptoki function that a run calls, each fault, each moment; what must hold afterwards.

A cell is one run with one fault, in a copy of a home that was made once. It ends with exit 0 ("recovered") or with a
message that names the call, what happened and what to do ("ended: ..."). What holds in any case: no PIN is tried
again, a second login comes only after a first that succeeded, each signature is in the ledger, nothing is delivered by
halves, no process is left, and the next run without a fault completes."""
import base64
import collections
import copy
import dataclasses
import os
import re
import shutil
import time

from harness import parts
from harness.faults import Faults, known
from harness.home import Home, without_leak_check
from harness.inventory import Inventory
from harness.run import run
from harness.tree import difference, snapshot

# what the module answers: its CKR_ name and a word of what it means
ANSWERS = {
    "DEVICE_REMOVED": (0x32, "removed"),
    "DEVICE_ERROR": (0x30, "does not work"),
    "SESSION_HANDLE_INVALID": (0xB3, "session is gone"),
    "SESSION_CLOSED": (0xB0, "session was closed"),
    "USER_NOT_LOGGED_IN": (0x101, "nobody is logged in"),
    "GENERAL_ERROR": (0x5, "cannot name"),
    "TOKEN_NOT_PRESENT": (0xE0, "no token in the slot"),
    "PIN_INCORRECT": (0xA0, "PIN is wrong"),
    "PIN_LOCKED": (0xA4, "PIN is locked"),
    "HOST_MEMORY": (0x2, "no memory"),
    "FUNCTION_NOT_SUPPORTED": (0x54, "cannot do that"),
}
FAULTS = {**{name: (f"ckr:0x{value:x}", [f"CKR_{name}", meaning]) for name, (value, meaning) in ANSWERS.items()},
          "hang": ("hang", ["hung"]), "crash": ("crash", ["ended by signal 11"])}
# all sessions are closed behind mica's back right before a signature
CLOSED = {"sessions closed": ("close", ["session is gone"])}
# what only a signature can be
SIGNATURE_FAULTS = {"flip": "flip", "short": "short:20", "empty": "short:0", "odd": "short:63", "long": "long:3",
                    "over-long": "long:100000"}
WHENS = ("first", "later", "ever", "ever since", "anew")
# it is done, and then: an answer that says otherwise, the end of mica-token, the end of mica
DONE_FAULTS = {"done, DEVICE_ERROR": "after:0x30", "done, GENERAL_ERROR": "after:0x5", "done, HOST_MEMORY": "after:0x2",
               "done, token dies": "kill", "done, mica dies": "parent"}
DONE_WORDS = {"done, DEVICE_ERROR": FAULTS["DEVICE_ERROR"], "done, GENERAL_ERROR": FAULTS["GENERAL_ERROR"],
              "done, HOST_MEMORY": FAULTS["HOST_MEMORY"], "done, token dies": ("", ["ended by signal 9"])}
HANG_MS = 4000      # the deadline where something hangs
OTHER_MS = 10000    # and elsewhere: a lost token is looked for a third of it
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
CLIENTS = 7


@dataclasses.dataclass(frozen=True)
class Cell:
    function: str
    fault: str
    when: str
    faults: str  # for MICA_FAULT

    def __str__(self):
        return f"{self.function} {self.fault} ({self.when})"


class Template:
    """A home that is made once and copied for each cell: with a CA and delivered certificates, all of them due again,
    or with an empty token."""

    def __init__(self, folder, build, empty=False):
        self.folder, self.home, self.faults = folder, Home(folder, build=build), Faults(folder)
        inv = self.inventory()
        self.home.write(inv)
        if empty:
            return
        self.home.mica("init", env=self.env())
        self.home.mica("apply", env=self.env())
        for certificate in inv["certificates"]:
            certificate["common-name"] += "-2"
        inv.certificate("server")["dns"].append(inv.certificate("server")["common-name"])
        self.home.write(inv)

    def inventory(self):
        inv = Inventory()
        inv.ca["module"] = str(self.faults.path)
        for i in range(1, CLIENTS):
            inv["certificates"].append({"name": f"c{i}", "profile": "client", "common-name": f"c{i}"})
            inv.deployment["clients"].append(f"c{i}")
        return inv

    def env(self):
        return {**self.faults.env(), **without_leak_check()}

    def copy(self, folder, build):
        return Place(self.home, folder, build)


class Place:
    """A copy of a home, with a token of its own, in which one cell is run."""

    def __init__(self, home, folder, build):
        shutil.copytree(home.path, folder / "home", symlinks=True)
        shutil.copytree(home.token.store, folder / "tokens")
        self.home, self.faults = copy.copy(home), Faults(folder)
        self.home.path, self.home.scratch, self.home.build = folder / "home", folder, build
        self.home.token = copy.copy(home.token)
        self.home.token.store, self.home.token.conf = folder / "tokens", folder / "softhsm2.conf"
        text = home.token.conf.read_text()
        self.home.token.conf.write_text(text.replace(str(home.token.store), str(folder / "tokens")))
        self.before = snapshot(self.home / "out", mtime=True) if (self.home / "out").exists() else {}

    def run(self, *args, faults="", deadline=None, **more):
        # the copies of a token have one serial number, and would wait for each other's lock
        env = {**self.faults.env(faults), **without_leak_check(), "XDG_RUNTIME_DIR": str(self.home.scratch)}
        if deadline:
            env["MICA_TOKEN_DEADLINE_MS"] = str(deadline)
        return self.home.mica(*args, env=env, **more)

    def latched(self):
        return list(self.home.path.glob("state/latch-*"))

    def delivered(self):
        """Each delivered directory is whole: its key is that of its certificate, which its ca.pem verifies."""
        leaves, out = [], self.home / "out/prod"
        for key in [*out.glob("tls/*.key"), *out.glob("clients/*/*.key")]:
            leaf = key.with_suffix(".pem")
            assert key.stat().st_mode & 0o777 == 0o600, key
            point = der(key)[-65:]
            assert point[0] == 4 and point in der(leaf), f"{key} is not the key of {leaf}"
            leaves.append(leaf)
        run(["openssl", "verify", "-x509_strict", "-CAfile", self.home / "out/prod/tls/ca.pem", *leaves])
        return leaves

    def states(self):
        return collections.Counter(r["state"] for r in self.home.records())


def der(path):
    """The first thing in a PEM file."""
    lines = path.read_text().split("-----")[2]
    return base64.b64decode(lines)


def calls(log):
    """The functions of a proxy's log, in order."""
    return [line.split()[1] for line in log.read_text().splitlines()]


# --- which cells there are --------------------------------------------------------------------------------------------

def moments(function, order, pick):
    """When a fault can strike: {name: WHEN}, and what is lost before, for a function that a run calls in this order."""
    number, before = order.count(function), order[:order.index("C_Sign")].count(function) if "C_Sign" in order else 0
    later = pick(range(2, number + 1)) if number > 1 else None
    found = {"first": "1", "ever": "*"}
    if later:
        found |= {"later": str(later), "ever since": f"{later}+"}
    if before:
        found["anew"] = str(before + 1)
    return found


def cells(order, random, slow=",C_Sign@*=delay:2"):
    """Every cell for a run that calls these functions. slow: signatures take their time, so that threads share them."""
    made = []
    for function in sorted(set(order), key=order.index):
        table = {fault: action for fault, (action, _) in FAULTS.items()}
        if function == "C_Sign":
            table |= {fault: action for fault, (action, _) in CLOSED.items()} | SIGNATURE_FAULTS
        for fault, action in table.items():
            for when, number in moments(function, order, random.choice).items():
                # "anew": in the process that is started after the first signature lost its device
                lost = ",C_Sign@1=ckr:0x30" if when == "anew" else ""
                made.append(Cell(function, fault, when, f"{function}@{number}={action}{lost}{slow}"))
    return made


def init_cells(order, random):
    """As cells(), for an init; and what was done although the module, or nobody, says so."""
    made = [cell for cell in cells(order, random, slow="") if cell.when != "anew"]
    for function in ("C_GenerateKeyPair", "C_CreateObject", "C_Sign"):
        for fault, action in DONE_FAULTS.items():
            made.append(Cell(function, fault, "first", f"{function}@1={action}"))
    return made


# --- one cell ---------------------------------------------------------------------------------------------------------

def deadline(cell):
    return HANG_MS if cell.fault == "hang" else OTHER_MS


def logins(place):
    return [words[2] for words in place.faults.calls("C_Login")]


def judge_logins(place, cell):
    """A PIN is sent twice at most, and the second time only when it was right the first time."""
    made = logins(place)
    assert len(made) <= 2, f"{len(made)} logins"
    assert len(made) < 2 or made[0] == "0x0", f"a second login after {made[0]}"
    if cell.fault.startswith("PIN_") and cell.when != "anew":
        assert len(made) <= 1, "a second login after a PIN was refused"
    if cell.function == "C_Login" and cell.when != "anew":
        assert len(made) == 1, f"{len(made)} logins"


def judge_message(said, cell):
    """The call, what it means, what to do; in a few lines."""
    words = {**FAULTS, **CLOSED, **DONE_WORDS}.get(cell.fault, ("", []))[1]
    spoilt = cell.fault in SIGNATURE_FAULTS
    for word in ["signature" if spoilt else cell.function, *words, "hint:"]:
        assert word in said.err, f"{word!r} was not said"
    assert len(said.err.splitlines()) <= 6, "that is too long"
    assert len(error_line(said)) < 500, "that line is too long"


def judge(place, said, cell):
    assert said.code in (0, 1, 3), f"exit {said.code}"
    judge_logins(place, cell)
    assert not place.faults.processes(), "a process was left behind"
    unknown = set(place.faults.signed()) - known(place.home)
    assert not unknown, f"{len(unknown)} signatures that the ledger does not know"
    if said.code == 0:
        assert len(logins(place)) < 2 or "warning: the token was lost" in said.err, "it does not say that it recovered"
        assert len(place.delivered()) == CLIENTS + 1
        return "recovered"
    judge_message(said, cell)
    changed = difference(place.before, snapshot(place.home / "out", mtime=True))
    assert not changed, f"it failed, and this was delivered:\n{changed}"
    return "ended: " + ending(said)


def ending(said):
    """The error that mica ended with, without what is the same everywhere."""
    return re.sub(r"(the )?token '[^']*' \(serial [0-9a-f]*\)", "the token", error_line(said).removeprefix("mica: "))


def error_line(said):
    return [line for line in said.err.splitlines() if line.startswith("mica: ")][-1]


def judge_rerun(place):
    """With an armed latch nothing is sent to the token; once it is cleared, or without one, all is completed."""
    if place.latched():
        place.faults.forget_calls()
        refused = place.run("apply", code=None)
        assert refused.code in (1, 3), f"it ran although the latch is armed\n{refused}"
        assert not logins(place), "a PIN was sent although the latch is armed"
        assert "--clear-latch" in refused.err, f"it does not say what to do\n{refused}"
        place.run("token", "--clear-latch")
    rerun = place.run("apply")
    assert len(place.delivered()) == CLIENTS + 1, rerun
    place.run("plan", "--exit-code")
    assert not set(place.faults.signed()) - known(place.home), "a signature of the rerun that the ledger does not know"
    assert not place.states().keys() & {"intended"}, f"an intent was left open: {place.states()}"


def objects(place):
    """What lies on the token: "Private Key Object", ..."""
    listed = place.home.token.tool("--list-objects")
    kinds = [line.split(";")[0] for line in listed.splitlines()]
    return collections.Counter(kind for kind in kinds if kind.endswith("Object"))


def judge_init(place, said, cell):
    if cell.fault == "done, mica dies":
        assert said.code == -9, f"exit {said.code}"
        outcome = "ended: killed"
        time.sleep(0.2)  # mica-token sees that mica is gone
    else:
        assert said.code in (0, 1, 3), f"exit {said.code}"
        judge_logins(place, cell)
        outcome = "recovered" if said.code == 0 else "ended: " + ending(said)
        if said.code != 0:
            judge_message(said, cell)
        elif not objects(place)["Certificate Object"]:
            assert "warning: the token" in said.err, "it does not say that the token has no copy"
    assert not place.faults.processes(), "a process was left behind"
    unknown = set(place.faults.signed()) - known(place.home)
    assert not unknown, f"{len(unknown)} signatures that the ledger does not know"
    return outcome


def keeps_no_copy(cell):
    """The token cannot have a copy of the certificate: init is done without it."""
    return cell.function == "C_CreateObject" and cell.fault == "FUNCTION_NOT_SUPPORTED"


def judge_init_again(place, cell):
    """It is completed, with one key and one certificate."""
    if place.latched():
        place.run("token", "--clear-latch")
    rerun = place.run("init")
    kept = {} if keeps_no_copy(cell) else {"Certificate Object": 1}
    found = objects(place)
    assert found == {"Private Key Object": 1, "Public Key Object": 1, **kept}, f"{dict(found)}\n{rerun}"
    assert "nothing to do" in place.run("init").out, "a third init finds something to do"
    place.run("apply")
    assert len(place.delivered()) == CLIENTS + 1, rerun
    assert not set(place.faults.signed()) - known(place.home), "a signature of the rerun that the ledger does not know"
    assert not place.states().keys() & {"intended"}, f"an intent was left open: {place.states()}"


def run_init_cell(template, folder, cell, build):
    place = template.copy(folder, build)
    said = place.run("init", faults=cell.faults, deadline=deadline(cell), code=None, timeout=60)
    try:
        outcome = judge_init(place, said, cell)
        judge_init_again(place, cell)
    except AssertionError as fault:
        raise AssertionError(f"{cell}: {fault}\nMICA_FAULT={cell.faults}\n{said}") from fault
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


def run_cell(template, folder, cell, build):
    """What came of it; AssertionError when that is not good."""
    place = template.copy(folder, build)
    begun = time.monotonic()
    said = place.run("apply", faults=cell.faults, deadline=deadline(cell), code=None, timeout=60)
    took = time.monotonic() - begun
    try:
        outcome = judge(place, said, cell)
        if cell.fault == "hang":
            assert took < 2 * HANG_MS / 1000 - 0.5, f"it took {took:.1f} s: more than one deadline"
        judge_rerun(place)
    except AssertionError as fault:
        raise AssertionError(f"{cell}: {fault}\nMICA_FAULT={cell.faults}\n{said}") from fault
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


# --- the table --------------------------------------------------------------------------------------------------------

def empty(outcomes):
    """The functions and faults of which there is no outcome at all."""
    functions = dict.fromkeys(cell.function for cell in outcomes)
    return [f"{function} {fault}" for function in functions for fault in FAULTS
            if not any(cell.function == function and cell.fault == fault for cell in outcomes)]


def table(outcomes):
    """Lines: a letter for each moment (R recovered, E ended, ! not good), functions down, faults across; then words."""
    functions = list(dict.fromkeys(cell.function for cell in outcomes))
    faults = list(dict.fromkeys(cell.fault for cell in outcomes))
    letters = collections.defaultdict(dict)
    for cell, outcome in outcomes.items():
        letters[cell.function, cell.fault][cell.when] = outcome[0].upper()
    yield "moments: " + ", ".join(WHENS) + "; R recovered, E ended with a message, ! neither, . none"
    width = max(map(len, functions))
    for fault_group in [faults[i:i + 5] for i in range(0, len(faults), 5)]:
        yield " " * width + "  " + "  ".join(f"{name:<22}" for name in fault_group).rstrip()
        for function in functions:
            if not any(letters.get((function, fault)) for fault in fault_group):
                continue
            row = ["".join(letters[function, fault].get(when, ".") for when in WHENS) for fault in fault_group]
            yield f"{function:<{width}}  " + "  ".join(f"{text:<22}" for text in row).rstrip()
    for cell, outcome in outcomes.items():
        yield f"{cell}: {outcome}"
