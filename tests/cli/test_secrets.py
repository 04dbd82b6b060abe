# SPDX-License-Identifier: Apache-2.0
"""The PIN and the leaf keys are in no argument, environment, log, error, world-readable file or core dump."""
import base64
import os
import pathlib
import re
import resource
import shutil
import signal
import stat

import pexpect
import pytest

from harness import parts
from harness.home import without_leak_check
from harness.inventory import Inventory


def prompting(home):
    inv = Inventory()
    inv.ca["pin"] = "prompt"
    home.write(inv)


def waiting_at_the_prompt(home, *args, **more):
    child = pexpect.spawn(str(parts.mica(home.build)), list(args), cwd=str(home.path), env=home.env, encoding="utf-8",
                          timeout=40, **more)
    child.expect("PIN.*:")
    return child


def key_bodies(home):
    """Secret octets of every delivered key: a piece from the middle of its DER, where the private number lies."""
    for path in (home / "out").rglob("*.key"):
        if path.is_symlink():
            continue
        body = base64.b64decode("".join(path.read_text().splitlines()[1:-1]))
        yield path, body


def needles(home):
    yield "the PIN", home.token.pin.encode()
    for path, body in key_bodies(home):
        lines = path.read_text().splitlines()[1:-1]
        yield f"{path.name} (base64)", lines[0][-32:].encode()
        yield f"{path.name} (octets)", body[36:52]


@pytest.mark.parametrize("source", ["file:pin", "credential:pin", "fd"])
def test_every_exec_and_every_write(home, source):
    """strace shows all arguments and environments of everything that was started, and all that was written anywhere:
    the PIN goes to the helper's socket alone, keys to their own files alone."""
    parts.need_strace_inside()
    home.write()
    home.mica("init")
    log = home.scratch / "strace.log"
    inv = Inventory()
    with open(home / "pin", "rb") as pin:
        inv.ca["pin"] = f"fd:{pin.fileno()}" if source == "fd" else source
        home.write(inv)
        home.mica("apply", prefix=["strace", "-f", "-v", "-xx", "-s", "100000", "-y", "-e",
                                   "trace=execve,write,pwrite64,writev,pwritev,sendto,sendmsg", "-o", log],
                  env={**without_leak_check(), "CREDENTIALS_DIRECTORY": str(home.path)}, timeout=120,
                  pass_fds=(pin.fileno(),))
    calls = log.read_text().splitlines()
    assert sum("execve(" in c for c in calls) >= 2, "the helper was not seen to start"
    for what, needle in needles(home):
        shown = "".join(f"\\x{b:02x}" for b in needle)
        for call in calls:
            if shown not in call:
                continue
            assert "execve(" not in call, f"{what} in {call[:200]}"
            where = re.search(r"(?:write|pwrite64|writev|pwritev|sendto|sendmsg)\(\d+<([^>]*)>", call)
            assert where, call[:200]
            name = re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m.group(1), 16)), where.group(1))
            if what == "the PIN":
                assert "socket" in name or "UNIX" in name or "SEQPACKET" in name, f"the PIN was written to {name}"
            else:
                assert "/out/" in name or "/state/" in name, f"{what} was written to {name}"


def test_no_file_of_ours_holds_the_pin(home):
    home.begin()
    home.mica("rotate", "--all")
    for path in home.path.rglob("*"):
        if path.is_file() and not path.is_symlink() and path != home / "pin":
            assert home.token.pin.encode() not in path.read_bytes(), path


def test_no_trace_of_a_refused_pin(home):
    """What is wrong here may be right elsewhere: it is in no latch, no message, no document."""
    home.begin()
    (home / "pin").write_text("wrong" + home.token.pin + "\n")
    said = [home.mica("-v", *args, code=None) for args in
            (["rotate", "--all"], ["rotate", "--all"], ["status"], ["status", "--json"], ["token", "--list", "--json"],
             ["token", "--clear-latch", "--json"])]
    assert [one.code for one in said] == [1, 3, 0, 0, 0, 0]
    for path in home.path.rglob("*"):
        if path.is_file() and not path.is_symlink() and path != home / "pin":
            assert home.token.pin.encode() not in path.read_bytes(), path


def test_no_key_in_a_file_that_others_can_read_or_outside_its_own(home):
    home.begin()
    home.mica("rotate", "--all")
    for what, needle in needles(home):
        for path in home.path.rglob("*"):
            if not path.is_file() or path.is_symlink():
                continue
            if needle in path.read_bytes():
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, f"{what} in {path}"
                assert path.suffix == ".key" or path.name == "pin", f"{what} in {path}"


def test_keys_are_never_readable_by_others_not_even_for_an_instant(home):
    """Files are born with their final mode: no open with a wider one, and no chmod that widens."""
    parts.need_strace_inside()
    home.write()
    home.mica("init")
    log = home.scratch / "strace.log"
    home.mica("apply", prefix=["strace", "-f", "-y", "-e", "trace=open,openat,creat", "-o", log], env=without_leak_check())
    born = [line for line in log.read_text().splitlines() if ".key" in line and "O_CREAT" in line]
    assert born, "no key was seen to be made"
    for line in born:
        assert re.search(r"O_CREAT.*, 0?[0-6]00(\)| <unfinished)", line), line
        assert "O_EXCL" in line, line


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_no_core_dump(home):
    home.begin()
    prompting(home)

    def unlimited():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard == 0:
        unlimited = None
    child = waiting_at_the_prompt(home, "rotate", "--all", preexec_fn=unlimited)
    limits = pathlib.Path(f"/proc/{child.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0\s", limits), limits
    os.kill(child.pid, signal.SIGSEGV)
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.status is not None and not os.WCOREDUMP(child.status)
    assert not [p for p in home.path.rglob("core*")]


def owner_of_proc(pid):
    return os.stat(f"/proc/{pid}/mem").st_uid


def test_neither_process_can_be_looked_into(home):
    """A process that is not dumpable has its /proc files owned by root; the helper as well. To tell this as root, mica
    runs as another user."""
    if os.geteuid() != 0:
        parts.missing("root (to run mica as another user)")
    home.write()
    home.mica("init")
    programs = home.scratch / "bin"
    programs.mkdir()
    for program in (parts.mica(home.build), parts.helper(home.build)):
        shutil.copy(program, programs)
    prompting(home)
    for path in (home.scratch, *home.scratch.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    env = {**home.env, **without_leak_check(), "MICA_TOKEN_HELPER": str(programs / "mica-token")}
    child = pexpect.spawn("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", str(programs / "mica"), "apply"],
                          cwd=str(home.path), env=env, encoding="utf-8", timeout=40)
    child.expect("PIN.*:")
    assert open(f"/proc/{child.pid}/status").read().split("Uid:")[1].split()[0] == "65534"
    assert owner_of_proc(child.pid) == 0
    for pid in children(child.pid):
        assert owner_of_proc(pid) == 0, "the helper can be looked into"
    # once more when the helper holds the PIN: it is stopped by a module that waits
    child.sendline(home.token.pin)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before


def test_verbose_and_errors_say_nothing(home):
    """home.mica looks for the PIN and for private keys in all that is said; here everything talks as much as it can."""
    home.write()
    home.mica("-v", "init")
    home.mica("-v", "apply")
    home.mica("-v", "rotate", "--all", "--json")
    (home / "pin").write_text(home.token.pin[:-1])
    said = home.mica("-v", "rotate", "--all", code=None)
    assert said.code != 0
    assert home.token.pin[:-1] not in said.out + said.err


def test_a_pin_in_the_inventory_is_not_repeated(home):
    inv = Inventory()
    inv.ca["key"] = "pkcs11:token=milvus-ca;object=ca?pin-value=" + home.token.pin
    home.write(inv)
    home.mica("plan", code=1)
    for pin in (home.token.pin, "env:" + home.token.pin, "credential:/" + home.token.pin, "fd:" + home.token.pin):
        inv = Inventory()
        inv.ca["pin"] = pin
        home.write(inv)
        home.mica("plan", code=1)
