# SPDX-License-Identifier: Apache-2.0
"""`restart`: run without a shell, within a deadline, again and again until it is done, and never forgotten."""
import contextlib
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import time

import pytest

from harness import parts
from harness.home import without_leak_check
from harness.inventory import Inventory
from harness.offline import Offline

# what the command sees, as JSON
LOOK = """#!/usr/bin/python3
import json, os, sys
try:
    os.close(os.open("/dev/tty", os.O_RDWR))
    tty = True
except OSError:
    tty = False
seen = json.dumps({
    "argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ), "tty": tty, "stdin": sys.stdin.read(),
    "fds": sorted(os.listdir("/proc/self/fd")), "leads": os.getsid(0) == os.getpid(),
    "fd0": os.readlink("/proc/self/fd/0")})
open("seen.json", "w").write(seen)
"""
# counts itself, and fails until it was run often enough
COUNT = """#!/bin/sh
n=$(($(cat runs 2>/dev/null || echo 0) + 1))
echo $n >runs
[ $n -gt $1 ] || { echo "no such container: milvus"; echo "(try $n)" >&2; exit 3; }
"""
# an end that stands for Milvus: reads its files once, at start
SERVER = """#!/bin/sh
echo run >>runs
[ ! -f pid ] || kill $(cat pid)
sleep ${2:-0}
setsid openssl s_server -accept 127.0.0.1:$1 -www -Verify 5 -verify_return_error -tls1_3 -cert out/prod/tls/server.pem \
    -key out/prod/tls/server.key -CAfile out/prod/tls/ca.pem </dev/null >server.log 2>&1 &
echo $! >pid
"""


def script(home, text, name="restart"):
    path = home / name
    path.write_text(text)
    path.chmod(0o755)


def inventory(*restart, **more):
    inv = Inventory()
    inv.deployment.update({"restart": list(restart), **more})
    return inv


def runs(home):
    path = home / "runs"
    return len(path.read_text().split()) if path.exists() else 0


def tried(home):
    path = home / "runs"
    return int(path.read_text()) if path.exists() else 0


def stage(home):
    return [r["state"] for r in home.records() if r["entry"] == "server"][-1]


@pytest.fixture
def server(home):
    """A port, and SERVER as ./restart; whatever it leaves running ends with the test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script(home, SERVER)
    yield port
    if (home / "pid").exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((home / "pid").read_text()), signal.SIGKILL)


# --- what is run, and how ---------------------------------------------------------------------


def test_words_are_words(home):
    """Nothing is split, expanded or run by a shell; no secret and no descriptor goes with it."""
    words = ["a b", "$HOME", "*", "x;touch y", "`id`", '"', "'", "-t", "30", "\\n", "$(touch z)"]
    script(home, LOOK)
    home.write(inventory("./restart", *words))
    home.mica("init")
    home.mica("apply", env={"MILVUS_ENV": "kept"})
    seen = json.loads((home / "seen.json").read_text())
    assert seen["argv"] == words
    assert seen["cwd"] == str(home.path)
    assert seen["env"]["MILVUS_ENV"] == "kept" and seen["env"]["PATH"] == home.env["PATH"]
    assert (seen["tty"], seen["stdin"], seen["fd0"], seen["leads"]) == (False, "", "/dev/null", True)
    assert len(seen["fds"]) == 4, seen  # the fourth is what lists them
    assert home.token.pin not in json.dumps(seen)
    assert not [name for name in ("y", "z") if (home / name).exists()]


def test_it_runs_in_the_directory_of_the_inventory(home, tmp_path):
    script(home, LOOK)
    home.write(inventory("./restart"))
    home.mica("init")
    home.mica("apply", "-f", home / "mica.yaml", prefix=["env", "-C", tmp_path])
    assert json.loads((home / "seen.json").read_text())["cwd"] == str(home.path)
    home.write(inventory("restart-by-path", "x"))
    script(home, LOOK, "restart-by-path")
    (home / "seen.json").unlink()
    home.mica("rotate", "server", env={"PATH": f"{home.path}:{home.env['PATH']}"})
    assert json.loads((home / "seen.json").read_text())["argv"] == ["x"]


def test_it_runs_when_something_changed_that_milvus_reads(home):
    script(home, COUNT)
    inv = inventory("./restart", "0")
    Offline(home.path / "corp").root("old", "/O=Corp/CN=Old CA")

    def apply(wanted):
        before = tried(home)
        home.write(inv)
        assert ("restart prod: ./restart 0" in home.mica("plan").out) == wanted
        home.mica("apply")
        assert tried(home) == before + wanted

    home.write(inv)
    home.mica("init")
    apply(True)
    apply(False)
    inv.certificate("ingest")["common-name"] = "ingest-2"  # a client's
    apply(False)
    inv["certificates"].append({"name": "query", "profile": "client", "common-name": "query"})
    inv.deployment["clients"].append("query")  # clients.md
    apply(False)
    inv.deployment["rest-port"] = 8081  # user.yaml
    apply(True)
    inv["trust"] = ["corp/old.pem"]  # ca.pem
    apply(True)
    inv.certificate("server")["dns"].append("second.example.com")
    apply(True)
    (home / "out/prod/tls/server.pem").unlink()
    apply(True)
    (home / "out/prod/user.yaml").write_text("# mine\n")  # somebody else's now: Milvus does not see user.yaml.mica
    apply(False)


def test_without_endpoints_it_is_done_when_it_succeeds(home):
    script(home, COUNT)
    home.write(inventory("./restart", "0"))
    home.mica("init")
    said = home.mica("apply")
    assert "restarting prod: ./restart 0\n" in said.err
    assert "2 configuration files, 1 Milvus restarted, in out/prod\n" in said.out.replace("configuration file,", "configuration files,")
    assert "next:" not in said.err and stage(home) == "delivered"
    home.mica("status", "--exit-code")


# --- until it is done -------------------------------------------------------------------------


def test_it_fails_ten_times(home):
    script(home, COUNT)
    home.write(inventory("./restart", "10"))
    home.mica("init")
    made = None
    for n in range(1, 11):
        said = home.mica("apply", code=5)
        assert "prod: warning: the restart failed: './restart': exit status 3\n" in said.err
        assert "prod: warning: it said: no such container: milvus\n" in said.err
        assert f"prod: warning: it said: (try {n})\n" in said.err
        assert "mica: delivered, and the restart of Milvus is still owed\nhint: mend what 'restart' says, then: mica apply" in said.err
        assert tried(home) == n
        made = made or home.records()
        assert home.records() == made, "something was issued again"
        owed = home.mica("status", "--json").json["restarts"]
        assert [(r["deployment"], r["restart"]) for r in owed] == [("prod", ["./restart", "10"])]
        first = owed[0]["owed-since"] if n == 1 else first
        assert owed[0]["owed-since"] == first, "it is owed since the first time"
    assert f"prod: restart owed since {first[:10]}: its certificate and its configuration changed; mica apply" in \
        home.mica("status", "--exit-code", code=5).out
    plan = home.mica("plan", "--exit-code", code=4)
    assert f"restart prod: ./restart 10 (owed since {first[:10]})\n1 Milvus to restart\n" in plan.out
    assert home.mica("plan", "--json").json["restarts"] == [
        {"deployment": "prod", "restart": ["./restart", "10"], "owed-since": first,
         "why": "its certificate and its configuration changed"}]
    assert "done: 1 Milvus restarted\n" in home.mica("apply").out
    home.mica("plan", "--exit-code")
    home.mica("status", "--exit-code")
    assert home.mica("status", "--json").json["restarts"] == []
    home.mica("apply")
    assert tried(home) == 11


def test_json_and_quiet_tell_it_too(home):
    script(home, COUNT)
    home.write(inventory("./restart", "2"))
    home.mica("init")
    said = home.mica("apply", "--json", code=5)
    assert said.json["restarted"] == 0
    assert {"restart-failed", "restart-said"} <= {f["rule"] for f in said.json["findings"]}
    assert "no such container" in home.mica("apply", "--quiet", code=5).err
    assert home.mica("apply", "--json").json["restarted"] == 1


@pytest.mark.parametrize("how,words", [
    (["./no-such-program"], "cannot run './no-such-program': No such file or directory"),
    (["no-such-program"], "cannot run 'no-such-program': No such file or directory"),
    (["./mica.yaml"], "cannot run './mica.yaml': Permission denied"),
    (["sh", "-c", "kill -TERM $$"], "'sh': ended by signal 15 (Terminated)"),
    (["false"], "'false': exit status 1"),
])
def test_it_does_not_work(home, how, words):
    home.write(inventory(*how))
    home.mica("init")
    assert words in home.mica("apply", code=5).err
    home.write(inventory("true"))
    home.mica("apply")


def test_only_the_end_of_much_output_is_told(home):
    home.write(inventory("sh", "-c", r"seq 200000; printf '\033[31mred\r\rblue\n' >&2; exit 1"))
    home.mica("init")
    said = home.mica("apply", code=5).err
    told = [line.removeprefix("prod: warning: it said: ") for line in said.splitlines() if "it said" in line]
    assert told == [*map(str, range(199983, 200001)), r"\x1b[31mred", "blue"]


# --- deadlines --------------------------------------------------------------------------------


def alive(pid):
    return pathlib.Path(f"/proc/{pid}/status").exists() and "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_a_command_that_hangs_is_killed_with_all_it_started(home, trap):
    home.write(inventory("sh", "-c", trap + "sleep 600 & echo $! >grandchild; echo $$ >child; echo waiting; wait; sleep 600",
                         deadline="1s"))
    home.mica("init")
    begun = time.monotonic()
    said = home.mica("apply", code=5)
    assert "'sh': not done within 1.0 s, and killed" in said.err and "it said: waiting" in said.err
    assert time.monotonic() - begun < 15
    for name in ("child", "grandchild"):
        assert not alive((home / name).read_text().strip()), f"the {name} lives on"


def test_what_it_leaves_running_lives_on(home):
    """With an output of its own; one that holds mica's is told of."""
    home.write(inventory("sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $! >left"))
    home.mica("init")
    assert "writes to mica" not in home.mica("apply").err
    left = int((home / "left").read_text())
    assert alive(left)
    os.kill(left, signal.SIGKILL)
    home.write(inventory("sh", "-c", "sleep 60 & echo $! >left"))
    said = home.mica("rotate", "server")
    assert "prod: warning: what the restart left running still writes to mica" in said.err
    os.kill(int((home / "left").read_text()), signal.SIGKILL)
    home.mica("apply")  # it holds no lock


# --- endpoints --------------------------------------------------------------------------------


def test_endpoints_are_waited_for(home, server):
    home.write(inventory("./restart", str(server), endpoints=[f"127.0.0.1:{server}"]))
    home.mica("init")
    said = home.mica("apply")
    assert "waiting for prod to serve what was delivered, at most 2 minutes" in said.err
    assert (runs(home), stage(home)) == (1, "served")
    home.mica("rotate", "server")
    assert (runs(home), stage(home)) == (2, "served")
    home.mica("apply")
    assert runs(home) == 2
    assert "warning" not in home.mica("status", "--exit-code").err


def test_a_server_that_takes_longer_is_not_restarted_again(home, server):
    """It came up after the deadline: the next run sees it, and has no reason to restart it."""
    slow = "sh -c './restart %s 3 >/dev/null 2>&1 &'" % server
    home.write(inventory(*shlex.split(slow), endpoints=[f"127.0.0.1:{server}"], deadline="1s"))
    home.mica("init")
    said = home.mica("apply", code=5)
    assert "mica: delivered and restarted, but not served within the deadline\nhint: look at what Milvus logs" in said.err
    assert stage(home) == "delivered"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server)) == 0:
                break
        time.sleep(0.2)
    home.mica("apply")
    assert (runs(home), stage(home)) == (1, "served")


def test_restarted_by_hand_meanwhile(home, server):
    script(home, "#!/bin/sh\necho run >>tries\nexit 1\n", "broken")
    home.write(inventory("./broken", endpoints=[f"127.0.0.1:{server}"]))
    home.mica("init")
    home.mica("apply", code=5)
    subprocess.run(["./restart", str(server)], cwd=home.path, check=True)
    home.mica("apply")
    assert (home / "tries").read_text() == "run\n" and stage(home) == "served"
    home.mica("status", "--exit-code")


def test_the_configuration_alone(home, server):
    """No endpoint shows that it was read: the restart is run again until it succeeds."""
    inv = inventory("./restart", str(server), endpoints=[f"127.0.0.1:{server}"])
    home.write(inv)
    home.mica("init")
    home.mica("apply")
    inv.deployment.update({"restart": ["false"], "rest-port": 8081})
    home.write(inv)
    home.mica("apply", code=5)
    home.mica("apply", code=5)
    inv.deployment["restart"] = ["./restart", str(server)]
    home.write(inv)
    home.mica("apply")
    assert runs(home) == 2


def test_somebody_says_so(home):
    home.write(inventory("false"))
    home.mica("init")
    home.mica("apply", code=5)
    home.mica("apply", "--restarted", "prod")
    home.mica("status", "--exit-code")
    home.mica("rotate", "server", code=5)  # what changes in a run comes after what it was told
    home.mica("apply", "--restarted", "ptod", code=2)
    home.mica("apply", code=5)


# --- several ----------------------------------------------------------------------------------


def two(first, second):
    inv = Inventory(**{"shared-trust": True})
    inv.deployment["restart"] = first
    inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test", "restart": second})
    return inv


def test_one_that_fails_keeps_no_other(home):
    script(home, COUNT)
    home.write(two(["false"], ["./restart", "0"]))
    home.mica("init")
    said = home.mica("apply", code=5)
    assert "prod: warning: the restart failed" in said.err and tried(home) == 1
    assert [r["deployment"] for r in home.mica("status", "--json").json["restarts"]] == ["prod"]
    home.mica("apply", code=5)
    assert tried(home) == 1


def test_only(home):
    """A certificate of two deployments is delivered to both: the other restart is owed, and left for later."""
    script(home, COUNT)
    home.write(two(["true"], ["./restart", "0"]))
    home.mica("init")
    said = home.mica("apply", "--only", "prod")
    assert "test: note: its files were changed too, and its Milvus is owed a restart" in said.err
    assert tried(home) == 0
    assert [r["deployment"] for r in home.mica("status", "--json").json["restarts"]] == ["test"]
    home.mica("apply", "--only", "prod")
    assert tried(home) == 0
    home.mica("apply", "--only", "test")
    assert tried(home) == 1
    home.mica("apply")
    assert tried(home) == 1


# --- kill -9 ----------------------------------------------------------------------------------


def killed_in_restart(home, *verb):
    """mica is killed while the command runs."""
    process = subprocess.Popen([str(parts.mica(home.build)), *verb], cwd=home.path, env={**home.env, **without_leak_check()},
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (home / "begun").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()


def test_killed_while_it_runs(home):
    script(home, COUNT)
    home.write(inventory("sh", "-c", "touch begun; sleep 3"))
    home.mica("init")
    killed_in_restart(home, "apply")
    assert "restart owed since" in home.mica("status", "--exit-code", code=5).out
    home.write(inventory("./restart", "0"))
    home.mica("apply")
    assert tried(home) == 1
    home.mica("status", "--exit-code")


def test_killed_when_it_had_restarted(home, server):
    """The server runs with the new files: it is not restarted a second time."""
    inv = inventory("sh", "-c", f"./restart {server}; touch begun; sleep 3", endpoints=[f"127.0.0.1:{server}"])
    home.write(inv)
    home.mica("init")
    killed_in_restart(home, "apply")
    time.sleep(1)  # for the server to listen
    home.mica("apply")
    assert (runs(home), stage(home)) == (1, "served")
