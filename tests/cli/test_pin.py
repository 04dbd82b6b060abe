# SPDX-License-Identifier: Apache-2.0
"""The PIN's ways in: a prompt on the terminal, a pad, a descriptor, a file, a credential; and where it has none."""
import os
import re

import pexpect
import pytest

from harness import parts
from harness.faults import Faults
from harness.inventory import Inventory


def inventory(pin):
    inv = Inventory()
    inv.ca["pin"] = pin
    return inv


def spawn(home, *args, env=None):
    return pexpect.spawn(str(parts.mica(home.build)), list(args), cwd=str(home.path), env={**home.env, **(env or {})},
                         encoding="utf-8", timeout=40)


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


def test_a_wrong_pin_before_is_heeded_whoever_attends(home):
    """SoftHSM2 counts nothing, but says that a wrong PIN was given since the last login."""
    home.begin()
    right = (home / "pin").read_text()
    (home / "pin").write_text("12345678\n")
    assert "CKR_PIN_INCORRECT" in home.mica("rotate", "--all", "--unattended", code=1).err
    home.mica("token", "--clear-latch")
    (home / "pin").write_text(right)
    for args in (["--unattended"], []):
        said = home.mica("rotate", "--all", *args, code=3).err
        assert "a wrong PIN was given since the last login" in said and "mica token --use-last-try\n" in said, said
    home.mica("token", "--use-last-try")
    home.mica("rotate", "--all", "--unattended")


def flagged(home, flags):
    faults = Faults(home.scratch)
    inv = inventory("prompt")
    inv.ca["module"] = str(faults.path)
    home.write(inv)
    return faults, faults.env(f"C_GetTokenInfo@*=flags:{flags}")


@pytest.mark.parametrize("flags, code, words", [
    ("0x40000", 1, "its PIN is locked"),
    ("0x20000", 3, "wrong PINs were given before, and one more locks it"),
    ("0x10000", 3, "a wrong PIN was given since the last login"),
])
def test_refused_before_anybody_types(home, flags, code, words):
    home.begin()
    faults, env = flagged(home, flags)
    child = spawn(home, "rotate", "--all", env=env)
    assert child.expect([pexpect.EOF, "PIN of token"]) == 0
    child.close()
    assert child.exitstatus == code and words in child.before.replace("\r\n", "\n"), child.before
    assert not faults.calls("C_Login")
    if flags == "0x40000":  # no option forces a PIN that is locked
        child = spawn(home, "rotate", "--all", "--use-last-try", env=env)
        assert child.expect([pexpect.EOF, "PIN of token"]) == 0


@pytest.mark.parametrize("flags, words", [("0x20000", "one try left"), ("0x10000", "a wrong PIN was given before")])
def test_the_prompt_tells_what_the_token_tells(home, flags, words):
    home.begin()
    _, env = flagged(home, flags)
    child = spawn(home, "rotate", "--all", "--use-last-try", env=env)
    child.expect(rf"PIN of token 'milvus-ca' \(serial [0-9a-f]{{16}}, {words}\): ")
    child.sendline(home.token.pin)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before


# --- a pad ---


def padded(home, pin="pad"):
    """The token with a pad, on which the right PIN is typed."""
    faults = Faults(home.scratch)
    inv = inventory(pin)
    inv.ca["module"] = str(faults.path)
    home.write(inv)
    return faults, {**faults.env(), "MICA_FAULT_PAD": str(home / "pin")}


def test_pad(home):
    faults, env = padded(home)
    for verb in ("init", "apply"):
        said = home.mica(verb, env=env)
        assert re.search(r"enter the PIN on the pad of token 'milvus-ca' \(serial [0-9a-f]{16}\)\n", said.err), said
    assert len(faults.calls("C_Login")) == 2 and (home / "out/prod/tls/server.pem").exists()
    with home.unchanged():
        said = home.mica("rotate", "--all", "--unattended", env=env, code=3)
    assert "'pin: pad' needs a person" in said.err and len(faults.calls("C_Login")) == 2


def test_pad_of_a_key_that_wants_the_pin_each_time(home):
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "9c", "--always-auth")
    faults, env = padded(home)
    home.mica("init", "--adopt", env=env)
    faults.forget()
    home.mica("apply", env=env)
    assert len(faults.calls("C_Login")) == 4  # for the run, for each of two certificates, and for the CRL


def test_a_wrong_pin_on_the_pad(home):
    faults, env = padded(home)
    home.mica("init", env=env)
    (home / "wrong").write_text("not the pin")
    home.mica("apply", env={**env, "MICA_FAULT_PAD": str(home / "wrong")}, code=1)
    # somebody stands there: told, not refused
    quiet = {"MICA_FAULT": "C_GetTokenInfo@*=noflags:0x70000"}
    assert "did not succeed: C_Login said CKR_PIN_INCORRECT" in home.mica("apply", env={**env, **quiet}).err
    assert not list((home / "state").glob("latch-*"))


def test_a_pad_that_the_inventory_does_not_know_of(home):
    _, env = padded(home, "none")
    said = home.mica("init", env=env, code=3).err
    assert "the token 'milvus-ca' wants a PIN on its pad\nhint: set 'pin' of CA 'g1' to pad\n" in said, said


# --- credentials of systemd's ---


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600])
def test_credential(home, mode):
    folder = home.scratch / "credentials"
    folder.mkdir(mode=0o500)
    os.chmod(folder, 0o700)
    (folder / "ca-pin").write_text(home.token.pin + "\n")
    (folder / "ca-pin").chmod(mode)
    home.write(inventory("credential:ca-pin"))
    for verb in ("init", "apply"):
        home.mica(verb, "--unattended", env={"CREDENTIALS_DIRECTORY": str(folder)})
    assert (home / "out/prod/tls/server.pem").exists()


@pytest.mark.parametrize("directory", [None, "", "relative"])
def test_credential_without_a_directory(home, directory):
    home.write(inventory("credential:pin"))
    said = home.mica("init", env={} if directory is None else {"CREDENTIALS_DIRECTORY": directory}, code=1).err
    assert "$CREDENTIALS_DIRECTORY is " in said and "LoadCredential=pin:PATH" in said, said


# --- where a PIN is never taken from ---


@pytest.mark.parametrize("args", [["apply", "--pin=PIN"], ["apply", "--pin", "PIN"], ["--pin=PIN", "apply"],
                                  ["apply", "-pPIN"], ["apply", "--PIN=PIN"], ["token", "--user-pin=PIN"],
                                  ["apply", "--unknown=PIN"], ["apply", "--unattended=PIN"]])
def test_a_pin_in_an_argument_is_refused_and_not_repeated(home, args):
    home.begin()
    home.mica(*[a.replace("PIN", home.token.pin, 1) if a != "--PIN=PIN" else "--PIN=" + home.token.pin for a in args],
              code=2)


def test_a_pin_in_the_environment_is_not_looked_at(home):
    home.begin()
    home.write(inventory("env:MICA_PIN"))
    said = home.mica("rotate", "--all", env={"MICA_PIN": home.token.pin}, code=1).err
    assert "'pin' is not taken from the environment" in said and "MICA_PIN" not in said
    (home / "pin").unlink()
    home.write(inventory("file:pin"))
    home.mica("rotate", "--all", env={"MICA_PIN": home.token.pin, "PIN": home.token.pin}, code=1)
