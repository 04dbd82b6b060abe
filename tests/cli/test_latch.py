# SPDX-License-Identifier: Apache-2.0
"""No PIN is tried twice, whatever became of the first try and of mica: the latch in the state directory. The token is
SoftHSM2 behind the proxy of tests/fault, whose log tells every C_Login."""
import os
import re
import signal
import stat
import subprocess
import time

import pexpect
import pytest

from harness import parts
from harness.faults import Faults
from harness.home import Home, without_leak_check
from harness.inventory import Inventory
from harness.run import capless

WRONG = "not the pin"
# as with a token that shows no flags (tpm2-pkcs11): the latch is then all that there is
NO_FLAGS = "C_GetTokenInfo@*=noflags:0x70000"


class World:
    """A home whose CA was made and applied, on the proxy."""

    def __init__(self, home, applied=True):
        self.home, self.faults = home, Faults(home.scratch)
        self.inventory = Inventory()
        self.inventory.ca["module"] = str(self.faults.path)
        home.write(self.inventory)
        if applied:
            self.run("init")
            self.run("apply")
        self.faults.forget()

    def run(self, *args, faults=NO_FLAGS, **more):
        return self.home.mica(*args, env=self.faults.env(faults), **more)

    def timer(self, **more):
        return self.run("rotate", "--all", "--unattended", **more)

    def pin(self, text):
        (self.home / "pin").write_text(text + "\n")

    def logins(self):
        return len(self.faults.calls("C_Login"))

    def latches(self):
        return sorted(p.name for p in (self.home / "state").glob("latch-*"))

    def spawn(self, *args, faults=NO_FLAGS):
        return pexpect.spawn(str(parts.mica(self.home.build)), list(args), cwd=str(self.home.path),
                             env={**self.home.env, **self.faults.env(faults)}, encoding="utf-8", timeout=40)


@pytest.fixture
def world(home):
    return World(home)


@pytest.fixture(scope="module")
def same_world(module_scratch):
    return World(Home(module_scratch))


@pytest.fixture
def shared(same_world):
    """One world for the tests that leave it as it was."""
    same_world.pin(same_world.home.token.pin)
    same_world.faults.forget()
    yield same_world
    assert not same_world.latches()


def test_ten_runs_of_a_timer_with_a_stale_pin_are_one_try(world):
    world.pin(WRONG)
    assert "CKR_PIN_INCORRECT" in world.timer(code=1).err
    for _ in range(9):
        said = world.timer(code=3).err
        assert "did not succeed: C_Login said CKR_PIN_INCORRECT: the PIN is wrong\n" in said, said
        assert "hint: put the PIN right, then: mica token --clear-latch\n" in said, said
    assert world.logins() == 1
    world.pin(world.home.token.pin)
    # a right PIN is not tried either, by no verb and however urgently: nobody knows that it is right
    for args in (["apply", "--use-last-try"], ["rotate", "server"], ["token"], ["token", "--unattended"]):
        done = world.run(*args, code=None)
        assert done.code == (0 if args[0] == "apply" else 3), done  # nothing is due for apply: no login
    assert world.logins() == 1


def test_a_revocation_is_not_even_recorded(world):
    world.pin(WRONG)
    world.timer(code=1)
    said = world.run("revoke", "ingest", "--reason", "keyCompromise", "--unattended", code=3)
    assert "mica token --clear-latch" in said.err, said
    assert not [r for r in world.home.records() if r["state"] == "revoked"]
    assert world.logins() == 1


def test_status_and_token_say_so(world):
    world.pin(WRONG)
    before = int(time.time())
    world.timer(code=1)
    words = re.compile(r"warning: the login of (\S+) to token 'milvus-ca' \(serial [0-9a-f]{16}\) did not succeed: "
                       r"C_Login said CKR_PIN_INCORRECT: the PIN is wrong\n.*mica token --clear-latch\n")
    for args in (["status"], ["token", "--list"]):
        said = world.run(*args)
        assert words.search(said.err), said
        found = world.run(*args, "--json").json
        latch, = found["latches"]
        assert latch["token"] == "milvus-ca" and re.fullmatch("[0-9a-f]{16}", latch["serial"])
        assert latch["why"] == "C_Login said CKR_PIN_INCORRECT: the PIN is wrong"
        assert words.search(said.err).group(1) == latch["since"]
        stamp = time.mktime(time.strptime(latch["since"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        assert before <= stamp <= time.time()
        assert "pin-latch" in [f["rule"] for f in found["findings"]]
    # nothing is due, but a person is wanted
    world.run("status", "--exit-code", code=4)


def test_clear_latch_is_the_way_out(shared):
    assert "nothing to clear" in shared.run("token", "--clear-latch").out
    assert shared.run("token", "--clear-latch", "--json").json["cleared"] == []
    shared.pin(WRONG)
    shared.timer(code=1)
    said = shared.run("token", "--clear-latch", faults="C_Initialize@*=hang")
    assert re.fullmatch(r"cleared: the latch of token 'milvus-ca' \(serial [0-9a-f]{16}\)\n", said.out), said
    assert not shared.latches() and shared.logins() == 1
    shared.pin(shared.home.token.pin)
    shared.timer()
    assert shared.logins() == 2 and not shared.latches()
    assert "latches" in shared.run("status", "--json").json and shared.run("status", "--json").json["latches"] == []


def test_nothing_else_changes_when_a_latch_is_cleared(world):
    world.pin(WRONG)
    with world.home.unchanged():
        world.timer(code=1)
        world.run("token", code=3)
        world.run("token", "--clear-latch")


@pytest.mark.parametrize("args", [["rotate", "--all"], ["token"]])
def test_killed_in_the_middle_of_a_login(world, args):
    """kill -9, while the token thinks: whether the PIN was right, nobody knows any more."""
    process = subprocess.Popen([str(parts.mica(world.home.build)), *args], cwd=world.home.path,
                               env={**world.home.env, **world.faults.env("C_Login@1=hang")},
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not world.logins():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for _ in range(9):
        said = world.timer(code=3).err
        assert "did not succeed: it was begun, and how it ended is not known\n" in said, said
    assert world.logins() == 1
    world.run("token", "--clear-latch")
    world.timer()


@pytest.mark.parametrize("fault, why", [
    ("parent", "it was begun, and how it ended is not known"),
    ("kill", "mica-token was ended by signal 9 (Killed) in C_Login"),
    ("crash", "mica-token was ended by signal 11 (Segmentation fault) in C_Login"),
    ("exit", "mica-token ended by itself (status 7) in C_Login"),
    ("ckr:0xa0", "C_Login said CKR_PIN_INCORRECT: the PIN is wrong"),
    ("ckr:0xa4", "C_Login said CKR_PIN_LOCKED: "),
    ("ckr:0xa2", "C_Login said CKR_PIN_LEN_RANGE: "),
    ("ckr:0x5", "C_Login said CKR_GENERAL_ERROR: "),
    ("ckr:0x6", "C_Login said CKR_FUNCTION_FAILED: "),
    ("ckr:0x30", "C_Login said CKR_DEVICE_ERROR: "),
    ("ckr:0x32", "C_Login said CKR_DEVICE_REMOVED: "),
    ("ckr:0x80000007", "C_Login said "),
])
def test_what_may_have_cost_a_try_is_not_tried_again(shared, fault, why):
    shared.timer(faults=f"C_Login@1={fault}", code=None)
    assert len(shared.latches()) == 1
    for _ in range(2):
        said = shared.timer(code=3).err
        assert f"did not succeed: {why}" in said, said
    assert shared.logins() == 1
    shared.run("token", "--clear-latch")
    shared.timer()


@pytest.mark.parametrize("fault", ["C_Login@1=ckr:0x2", "C_Login@1=ckr:0xb0", "C_Login@1=ckr:0xb3", "C_Login@1=ckr:0xe0",
                                   "C_Login@*=ckr:0x102", "C_GetTokenInfo@3=ckr:0x30", "C_GetTokenInfo@3=crash",
                                   "C_GetTokenInfo@*=flags:0x40000", "C_GetTokenInfo@*=flags:0x10000",
                                   "C_OpenSession@*=ckr:0xb1"])
def test_what_judged_no_pin_leaves_no_latch(shared, fault):
    """No memory, no session, no token, no PIN on it; or it did not come as far as C_Login."""
    shared.timer(faults=fault, code=None)
    assert not shared.latches()
    shared.timer()


def test_an_empty_or_too_short_pin_is_not_sent_and_leaves_no_latch(shared):
    for pin in ("", "1"):
        shared.pin(pin)
        shared.timer(code=1)
    assert shared.logins() == 0 and not shared.latches()


def test_the_second_login_of_a_restart_is_latched_too(world):
    said = world.run("rotate", "--all", faults="C_Sign@1=crash,C_Login@2=ckr:0xa0", code=1).err
    assert "CKR_PIN_INCORRECT" in said and world.logins() == 2
    world.timer(code=3)
    assert world.logins() == 2


@pytest.mark.parametrize("fault, tries", [("ckr:0xa0", 1), ("crash", 1), ("parent", 1), ("ckr:0x5", 1), ("ckr:0xb3", 0)])
def test_a_key_that_asks_for_another_pin_each_time(home, fault, tries):
    """CKA_ALWAYS_AUTHENTICATE: the login succeeds, the PIN for the signature is refused. That one has a count too."""
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "9c", "--always-auth")
    world = World(home, applied=False)
    world.run("init", "--adopt")
    world.run("apply")
    world.faults.forget()
    world.run("rotate", "--all", faults=f"{NO_FLAGS},C_Login@2={fault}", code=None)
    if tries == 0:  # no session: nothing was asked of the key; a new start signed
        assert not world.latches()
        return
    assert world.logins() == 2 and len(world.latches()) == 1
    for _ in range(2):
        world.run("rotate", "--all", code=3)
    assert world.logins() == 2
    world.run("token", "--clear-latch")
    world.run("rotate", "--all")
    assert not world.latches()


def test_a_person_who_types_the_pin_is_told_and_goes_on(world):
    world.pin(WRONG)
    world.timer(code=1)
    world.inventory.ca["pin"] = "prompt"
    world.home.write(world.inventory)
    for pin, code in ((WRONG, 1), (world.home.token.pin, 0)):
        child = world.spawn("rotate", "--all")
        child.expect("warning: the login of .* did not succeed: C_Login said CKR_PIN_INCORRECT")
        child.expect("PIN of token 'milvus-ca'.*:")
        child.sendline(pin)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code, child.before
        assert bool(world.latches()) == (code != 0)
    assert world.logins() == 3


def test_a_person_who_goes_away_leaves_the_latch_as_it_was(world):
    world.pin(WRONG)
    world.timer(code=1)
    before = world.home.snapshot()
    world.inventory.ca["pin"] = "prompt"
    world.home.write(world.inventory)
    child = world.spawn("rotate", "--all")
    child.expect("PIN of token.*:")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    after = world.home.snapshot()
    assert {k: v for k, v in before.items() if "latch" in k} == {k: v for k, v in after.items() if "latch" in k}
    assert world.logins() == 1


def test_a_typed_pin_that_is_no_pin_leaves_the_latch_as_it_was(world):
    world.pin(WRONG)
    world.timer(code=1)
    name, = world.latches()
    before = (world.home / "state" / name).read_text()
    world.inventory.ca["pin"] = "prompt"
    world.home.write(world.inventory)
    child = world.spawn("rotate", "--all")
    child.expect("PIN of token.*:")
    child.sendline("1")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1 and world.logins() == 1
    assert (world.home / "state" / name).read_text() == before


def test_init_with_a_wrong_pin(home):
    """There is no state directory yet: it is made for the latch, and holds nothing else."""
    world = World(home, applied=False)
    world.pin(WRONG)
    world.run("init", code=1)
    assert sorted(p.name for p in (home / "state").iterdir()) == [*world.latches(), "runs"]
    world.run("init", code=3)
    assert world.logins() == 1
    world.run("token", "--clear-latch")
    world.pin(home.token.pin)
    world.run("init")
    world.run("apply")


def test_the_latch_of_one_token_is_none_of_another(world):
    world.pin(WRONG)
    world.timer(code=1)
    world.home.token.add("second")
    world.inventory.ca["key"] = "pkcs11:token=second;object=ca"
    world.home.write(world.inventory)
    assert "nothing to clear" in world.run("token", "--clear-latch").out
    assert world.run("status", "--json").json["latches"] == []
    world.pin(world.home.token.pin)
    world.run("token", code=1)  # the key is not there; the login was made
    assert world.logins() == 2 and len(world.latches()) == 1


def test_the_file_is_its_owners_alone_and_can_be_read(world):
    world.pin(WRONG)
    world.timer(code=1)
    name, = world.latches()
    path = world.home / "state" / name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    for word in ("\nlabel: milvus-ca\n", "\nwhy: C_Login said CKR_PIN_INCORRECT", "\nserial: ", "\nsince: 20",
                 "mica token --clear-latch"):
        assert word in text
    assert WRONG not in text


@pytest.mark.parametrize("text", ["", "label", "label: \n", "since: soon\nwhy: %zz%\n", "\0\0\0"])
def test_a_latch_that_cannot_be_read_is_one(shared, text):
    shared.pin(WRONG)
    shared.timer(code=1)
    name, = shared.latches()
    (shared.home / "state" / name).write_text(text)
    shared.pin(shared.home.token.pin)
    assert "--clear-latch" in shared.timer(code=3).err
    assert len(shared.run("status", "--json").json["latches"]) == 1
    assert "cleared: the latch of an unknown token" in shared.run("token", "--clear-latch").out
    shared.timer()


def test_without_a_latch_no_login(shared):
    """A state directory that cannot be written: `mica token` needs no more of it than that."""
    os.chmod(shared.home / "state", 0o500)
    said = shared.home.mica("token", prefix=capless(), env={**shared.faults.env(NO_FLAGS), **without_leak_check()}, code=1)
    os.chmod(shared.home / "state", 0o700)
    assert "no PIN is tried without a latch" in said.err, said
    assert shared.logins() == 0


def test_a_full_disk_means_no_login(shared):
    strace = [parts.need("strace"), "-f", "-o", "/dev/null", "--inject=fsync:error=ENOSPC:when=1+"]
    said = shared.home.mica("token", prefix=strace, env={**shared.faults.env(NO_FLAGS), **without_leak_check()}, code=1)
    assert "no PIN is tried without a latch" in said.err and "No space left" in said.err, said
    assert shared.logins() == 0 and not shared.latches()


def test_the_latch_is_on_disk_before_the_login(shared):
    """strace: the file and its directory are synced, then the helper is told the PIN."""
    parts.need_strace_inside()
    log = shared.home.scratch / "strace.log"
    shared.home.mica("token", prefix=["strace", "-y", "-xx", "-s", "64", "-e", "trace=fsync,rename,renameat,unlink,sendmsg",
                                     "-o", log],
                    env={**shared.faults.env(NO_FLAGS), **without_leak_check()})
    pin = "".join(f"\\x{b:02x}" for b in shared.home.token.pin.encode())
    # a path is written in hexadecimal too
    plain = [re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m.group(1), 16)), line) if pin not in line else "PIN"
             for line in log.read_text().splitlines()]
    steps = [n for n, line in enumerate(plain) if "latch-" in line or line == "PIN" or
             (line.startswith("fsync") and "/state" in line)]
    words = ["PIN" if plain[n] == "PIN" else plain[n].split("(")[0] for n in steps]
    assert words[:4] == ["fsync", words[1], "fsync", "PIN"] and words[1].startswith("rename"), plain
    assert words[4:] == ["unlink"], plain
