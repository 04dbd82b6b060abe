# SPDX-License-Identifier: Apache-2.0
"""The PIN's ways in: a prompt on the terminal, a descriptor, a file."""
import os

import pexpect
import pytest

from harness import parts
from harness.inventory import Inventory


def inventory(pin):
    inv = Inventory()
    inv.ca["pin"] = pin
    return inv


def spawn(home, *args):
    return pexpect.spawn(str(parts.mica(home.build)), list(args), cwd=str(home.path), env=home.env, encoding="utf-8", timeout=40)


def test_prompt(home):
    home.write(inventory("prompt"))
    for verb in ("init", "apply"):
        child = spawn(home, verb)
        child.expect("PIN.*:")
        assert not child.waitnoecho(timeout=5) is False, "the PIN would be shown"
        child.sendline(home.token.pin)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0, child.before
        assert home.token.pin not in child.before
    assert (home / "out/prod/tls/server.pem").exists()


def test_prompt_is_on_the_terminal_when_stdout_is_not(home):
    home.begin()
    home.write(inventory("prompt"))
    child = pexpect.spawn("sh", ["-c", f'"{parts.mica(home.build)}" rotate --all --json >result.json </dev/null'],
                          cwd=str(home.path), env=home.env, encoding="utf-8", timeout=40)
    child.expect("PIN.*:")
    child.sendline(home.token.pin)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    assert "PIN" not in (home / "result.json").read_text()


def test_the_terminal_is_as_before_after_an_interrupt(home):
    import termios
    home.begin()
    home.write(inventory("prompt"))
    with home.unchanged():
        child = spawn(home, "rotate", "--all")
        child.expect("PIN.*:")
        child.waitnoecho(timeout=5)
        child.sendintr()
        child.expect(pexpect.EOF)
        flags = termios.tcgetattr(child.child_fd)[3]
        child.close()
        assert flags & termios.ECHO, "the terminal does not echo any more"
    assert child.signalstatus or child.exitstatus


def test_one_prompt_for_a_batch(home):
    inv = inventory("prompt")
    for i in range(20):
        inv["certificates"].append({"name": f"c{i}", "profile": "client", "common-name": f"c{i}"})
        inv.deployment["clients"].append(f"c{i}")
    home.write(inv)
    for verb in ("init", "apply"):
        child = spawn(home, verb)
        child.expect("PIN.*:")
        child.sendline(home.token.pin)
        assert child.expect([pexpect.EOF, "PIN.*:"]) == 0
        child.close()
        assert child.exitstatus == 0
    assert len(list((home / "out/prod/clients").iterdir())) == 21


def test_descriptor(home):
    for verb in ("init", "apply"):
        read, write = os.pipe()
        home.write(inventory(f"fd:{read}"))
        os.write(write, home.token.pin.encode() + b"\n")
        os.close(write)
        try:
            home.mica(verb, pass_fds=(read,))
        finally:
            os.close(read)
    assert (home / "out/prod/tls/server.pem").exists()


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_final_newline_is_no_part_of_the_pin(home, ending):
    (home / "pin").write_text(home.token.pin + ending)
    home.write()
    home.mica("init")


def test_nothing_due_asks_for_nothing(home):
    home.begin()
    home.write(inventory("prompt"))
    with home.unchanged():
        home.mica("apply")
        home.mica("status")
        home.mica("plan")


def test_a_stale_pin_is_tried_once_by_a_timer(home):
    """SoftHSM2 counts nothing, but says that a wrong PIN was given: what an unattended run heeds."""
    home.begin()
    right = (home / "pin").read_text()
    (home / "pin").write_text("12345678\n")
    assert "CKR_PIN_INCORRECT" in home.mica("rotate", "--all", "--unattended", code=1).err
    (home / "pin").write_text(right)
    for _ in range(2):
        said = home.mica("rotate", "--all", "--unattended", code=3).err
        assert "a wrong PIN was given since the last login" in said and "mica token --use-last-try\n" in said, said
    home.mica("token", "--use-last-try")
    home.mica("rotate", "--all", "--unattended")
