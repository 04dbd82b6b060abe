# SPDX-License-Identifier: Apache-2.0
"""docs/migrate.md on the real Milvus 2.3.5: a deployment made by gen.sh comes over to mica's CA. Applications work all the
time, with the client certificates that they had; only while Milvus restarts, twice, may an attempt fail."""
import contextlib
import json
import shutil
import subprocess
import sys
import time

import pytest
import yaml

from harness import gensh
from test_milvus import APP, CACHE, HERE, Server, cache, standalone  # noqa: F401: cache is a fixture

LEAST = 3  # attempts in each quiet stretch


class Application:
    """loop.py, from now until the block ends."""

    def __init__(self, server, folder, log):
        self.log = log
        self.process = subprocess.Popen(
            [CACHE / "venv/bin/python", HERE / "loop.py", f"https://localhost:{server.ports['proxy']}", folder, log],
            stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "HOME": str(server.home.scratch), "GRPC_VERBOSITY": "NONE"})

    def attempts(self, since=0.0, until=float("inf")):
        """Those that lie between two times as a whole."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return [a for a in found if a["begin"] >= since and a["end"] <= until]

    def wait(self, since):
        """Until it has tried a few times."""
        deadline = time.time() + 60
        while len(self.attempts(since)) < LEAST:
            assert self.process.poll() is None and time.time() < deadline, self.attempts()
            time.sleep(0.2)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Old(Server):
    """gen.sh's certificates in Milvus, and mica.yaml beside it."""

    def make_ca(self):
        home = self.home
        gensh.gen(home / "old")
        config = yaml.safe_load((self.folder / "milvus.yaml").read_text())
        config["tls"] = {"serverPemPath": str(home / "old/server.pem"), "serverKeyPath": str(home / "old/server.key"),
                         "caPemPath": str(home / "old/ca.pem")}
        config["common"]["security"]["tlsMode"] = 2
        config["proxy"]["http"] = {"enabled": True, "port": self.ports["rest"]}
        (home / "old/milvus.yaml").write_text(yaml.safe_dump(config))
        home.mica("init")

    def inventory(self):
        inv = super().inventory()
        inv["trust"] = ["old/ca.pem"]
        return inv

    def change(self, **keys):
        inv = yaml.safe_load((self.home / "mica.yaml").read_text())
        inv["milvus"][0].update(keys)
        self.home.write(yaml.safe_dump(inv, sort_keys=False))

    def untrust(self):
        inv = yaml.safe_load((self.home / "mica.yaml").read_text())
        del inv["trust"]
        self.home.write(yaml.safe_dump(inv, sort_keys=False))


@pytest.fixture
def server(scratch):
    made = Old(scratch, 2)
    made.mode = 2
    standalone.start(CACHE, made.folder, made.home / "old/milvus.yaml")
    with contextlib.ExitStack() as stack:
        made.applications = stack
        stack.callback(made.stop)
        yield made


def application(server, name, **files):
    """An application with a directory of its own, and these files in it."""
    folder = server.home.scratch / name
    folder.mkdir()
    for file, source in files.items():
        shutil.copy(source, folder / file.replace("_", "."))
    made = Application(server, folder, server.home.scratch / f"{name}.log")
    server.applications.callback(made.stop)
    return made, folder


def give(source, target):
    """As a deployment tool does: an application sees the old file or the new one."""
    new = target.with_name(target.name + ".new")
    shutil.copy(source, new)
    new.rename(target)


def failed(attempts):
    return [a for a in attempts if a["said"]]


def tell(step, said):
    print(f"--- {step}\n{said.out}{said.err}", file=sys.stderr)


def test_from_gen_sh_without_an_outage(server):
    home, old = server.home, server.home / "old"
    endpoints = [f"127.0.0.1:{server.ports[name]}" for name in ("proxy", "rest")]
    veteran, folder = application(server, "veteran", ca_pem=old / "ca.pem", client_pem=old / "client.pem",
                                  client_key=old / "client.key")
    start = time.time()
    veteran.wait(start)

    # 1: new files beside; Milvus knows nothing of them
    server.change(endpoints=endpoints)
    tell(1, home.mica("apply", code=5))
    assert "server" in home.mica("status", "--exit-code", code=5).out
    delivered = (home / APP / "ca.pem").read_text()
    assert delivered.count("BEGIN CERTIFICATE") == 2

    # 2: every application gets the ca.pem that holds both, and keeps its certificate
    give(home / APP / "ca.pem", folder / "ca.pem")
    veteran.wait(time.time())

    # 3: Milvus gets its new files
    server.change(restart=["/usr/bin/python3", str(HERE / "standalone.py"), "restart", str(CACHE), "server",
                           "out/local/milvus.yaml"])
    began = time.time()
    tell(3, home.mica("apply"))
    first = (began, time.time())
    assert [r["state"] for r in home.records() if r["entry"] == "server"] == ["served"]
    veteran.wait(first[1])

    # 4: applications get certificates of their own, whenever they like
    newcomer, new_folder = application(server, "newcomer", ca_pem=home / APP / "ca.pem", client_pem=home / APP / "client.pem",
                                       client_key=home / APP / "client.key")
    newcomer.wait(time.time())
    veteran.wait(time.time())

    # 5: the old CA is out; a Milvus that was not restarted tells so, by gRPC and by REST
    server.untrust()
    command = yaml.safe_load((home / "mica.yaml").read_text())["milvus"][0]["restart"]
    server.change(restart=[])
    said = home.mica("apply", code=5)
    for endpoint in endpoints:
        assert f"{endpoint}: warning: lets in the clients of another ca.pem than the one delivered to 'local'" in said.err, said
    server.change(restart=command)
    began = time.time()
    tell(5, home.mica("apply"))
    second = (began, time.time())
    home.mica("status", "--exit-code")
    newcomer.wait(second[1])
    veteran.wait(second[1])
    give(home / APP / "ca.pem", new_folder / "ca.pem")
    newcomer.wait(time.time())

    # until now the old client's files worked, but for the restarts; from now on they do not
    quiet = [(start, first[0]), (first[1], second[0])]
    for since, until in quiet:
        assert len(veteran.attempts(since, until)) >= 2 * LEAST
        assert not failed(veteran.attempts(since, until))
    assert len(failed(veteran.attempts(second[1]))) == len(veteran.attempts(second[1])) >= LEAST
    # the new one worked all the time
    for since, until in [(start, second[0]), (second[1], float("inf"))]:
        assert newcomer.attempts(since, until) and not failed(newcomer.attempts(since, until))
    assert (home / APP / "ca.pem").read_text().count("BEGIN CERTIFICATE") == 1
    print(f"restarts took {first[1] - first[0]:.1f} s and {second[1] - second[0]:.1f} s; "
          f"{len(veteran.attempts())} and {len(newcomer.attempts())} attempts", file=sys.stderr)


def test_who_skips_the_second_step(server):
    """Why the order matters: with its old ca.pem alone an application does not know the new server."""
    home, old = server.home, server.home / "old"
    veteran, _ = application(server, "veteran", ca_pem=old / "ca.pem", client_pem=old / "client.pem", client_key=old / "client.key")
    veteran.wait(time.time())
    server.change(restart=["/usr/bin/python3", str(HERE / "standalone.py"), "restart", str(CACHE), "server",
                           "out/local/milvus.yaml"])
    home.mica("apply")
    done = time.time()
    veteran.wait(done)
    assert len(failed(veteran.attempts(done))) == len(veteran.attempts(done)) >= LEAST
