# SPDX-License-Identifier: Apache-2.0
"""Two runs at once: one works, the other says who is in its way, or waits; nothing is mixed."""
import re
import signal
import subprocess
import threading

import pexpect

from harness import parts
from harness.home import Home
from harness.inventory import Inventory
from harness.run import run


def test_a_second_writer_is_told_who_holds_the_state(home):
    home.begin()
    inv = Inventory()
    inv.ca["pin"] = "prompt"
    home.write(inv)
    child = pexpect.spawn(str(parts.mica(home.build)), ["rotate", "--all"], cwd=str(home.path), env=home.env,
                          encoding="utf-8", timeout=40)
    child.expect("PIN.*:")
    home.write(Inventory(), name="other.yaml")
    said = home.mica("rotate", "--all", "-f", "other.yaml", code=1)
    assert str(child.pid) in said.err, said
    # readers are not in anybody's way
    home.mica("status")
    home.mica("plan")
    child.sendline(home.token.pin)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    home.mica("rotate", "--all", "-f", "other.yaml")


def test_a_holder_that_is_killed_holds_nothing(home):
    """However it ends, the state directory is free at once, and what lies there names nobody."""
    home.begin()
    inv = Inventory()
    inv.ca["pin"] = "prompt"
    home.write(inv)
    child = pexpect.spawn(str(parts.mica(home.build)), ["rotate", "--all"], cwd=str(home.path), env=home.env,
                          encoding="utf-8", timeout=40)
    child.expect("PIN.*:")
    home.write(Inventory())
    assert f"process {child.pid}" in home.mica("apply", code=1).err
    child.kill(signal.SIGKILL)
    child.wait()
    home.mica("rotate", "--all")
    home.mica("plan", "--exit-code", code=0)


def test_many_at_the_same_instant(home):
    """Who works is somebody; each of the others names one that did."""
    home.begin()
    command = [str(parts.mica(home.build)), "rotate", "--all"]
    runs = [subprocess.Popen(command, cwd=home.path, env=home.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True) for _ in range(8)]
    said = [r.communicate(timeout=120)[1] for r in runs]
    codes = [r.returncode for r in runs]
    assert set(codes) <= {0, 1} and 0 in codes, list(zip(codes, said))
    worked = {str(r.pid) for r, code in zip(runs, codes) if code == 0}
    for code, text in zip(codes, said):
        if code == 1:
            named = re.search(r"another mica (?:\(process (\d+)\) )?is working in 'state'", text)
            # no number: in the instant between its lock and its name in it
            assert named and (named[1] is None or named[1] in worked), text
    for folder, stem in (("out/prod/tls", "server"), ("out/prod/clients/ingest", "client")):
        folder = home / folder
        assert run(["openssl", "pkey", "-in", folder / f"{stem}.key", "-pubout"]).out == \
            run(["openssl", "x509", "-in", folder / f"{stem}.pem", "-noout", "-pubkey"]).out
    home.mica("plan", "--exit-code", code=0)
    home.mica("audit")


def test_two_state_directories_on_one_token(scratch):
    """SoftHSM's token is written by each login: runs on one token take turns, whatever their state directory."""
    first = Home(scratch / "a")
    second = Home(scratch / "b")
    second.token = first.token
    (second / "pin").write_text(first.token.pin)
    first.begin()
    inv = Inventory()
    inv.ca["key"] = "pkcs11:token=milvus-ca;object=other"
    second.begin(inv)
    failures = []

    def rotate(home):
        try:
            for _ in range(4):
                home.mica("rotate", "--all", timeout=120)
        except AssertionError as fault:
            failures.append(str(fault))

    threads = [threading.Thread(target=rotate, args=(h,)) for h in (first, second)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, "\n".join(failures)
