# SPDX-License-Identifier: Apache-2.0
"""docs/generations.md on the real Milvus 2.3.5. An application connects to it again and again, all the time, with the files
that lie in its directory; an attempt may fail only while a restart that was planned goes on."""
import contextlib
import json
import shutil
import sys
import time

import pytest

from harness import parts
from harness.generations import Generations, issuers, names
from harness.inventory import Inventory
from harness.run import run
from test_migration import LEAST, Application, failed, give, tell
from test_milvus import APP, CACHE, HERE, Server, cache, standalone  # noqa: F401: cache is a fixture

TLS = "out/local/tls"


class Changing(Server):
    """With `restart`, which notes when it began and ended, and a CA beside g1."""

    SCRIPT = """#!/bin/sh
begin=$(date +%s.%N)
/usr/bin/python3 {standalone} restart {cache} server out/local/milvus.yaml || exit
# healthy is not yet listening
until openssl s_client -connect 127.0.0.1:{port} </dev/null 2>&1 | grep -q BEGIN; do sleep 0.1; done
echo "[$begin, $(date +%s.%N)]" >>restarts
"""

    def make_ca(self):
        path = self.home / "restart"
        path.write_text(self.SCRIPT.format(standalone=HERE / "standalone.py", cache=CACHE, port=self.ports["proxy"]))
        path.chmod(0o755)
        self.ca = Generations(self.home, self.inv)

    def inventory(self):
        self.inv = Inventory()
        self.inv.deployment["restart"] = ["./restart"]
        return self.inv

    def restarts(self):
        path = self.home / "restarts"
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def server(scratch):
    made = Changing(scratch, 2)
    with contextlib.ExitStack() as stack:
        made.applications = stack
        stack.callback(made.stop)
        yield made


def application(server, name, source=APP):
    """One with a copy of these files, which nobody changes unless it is given others."""
    folder = server.home.scratch / name
    shutil.copytree(server.home / source, folder, ignore=shutil.ignore_patterns("..*"))
    made = Application(server, folder, server.home.scratch / f"{name}.log")
    server.applications.callback(made.stop)
    made.folder = folder
    return made


def judge(server, app, planned):
    """No attempt failed but while a restart went on, of which there were as many as were planned."""
    restarts = server.restarts()
    assert len(restarts) == planned, restarts
    fine = [a for a in app.attempts()
            if not any(a["begin"] < end and begin < a["end"] for begin, end in restarts)]
    assert not failed(fine), (failed(fine), restarts)
    last = restarts[-1][1] if restarts else 0.0
    assert len(app.attempts(last)) >= LEAST and not failed(app.attempts(last))
    took = ", ".join(f"{end - begin:.1f} s" for begin, end in restarts)
    print(f"{len(app.attempts())} attempts, {len(failed(app.attempts()))} of them failed, while it was restarted ({took})",
          file=sys.stderr)


def test_the_token_is_lost(server):
    """A CA that is trusted from day one stands by: two words are edited, and what clients were given before will do."""
    home, ca = server.home, server.ca
    ca.add(2).write()
    home.mica("init")
    tell("begin", home.mica("apply"))
    app = application(server, "app")
    app.wait(time.time())
    assert names(app.folder / "ca.pem") == ["Milvus CA g1", "Milvus CA g2"]

    ca.lose("g1")
    assert home.mica("rotate", "ingest", code=1).err
    app.wait(time.time())

    ca.state(g1="trusted", g2="issuing")
    tell("plan", home.mica("plan"))
    tell("apply", home.mica("apply"))
    assert issuers(home / TLS / "server.pem") == issuers(home / APP / "client.pem") == ["Milvus CA g2"]
    app.wait(time.time())  # with the client certificate of g1, and the ca.pem of before
    for file in ("client.key", "client.pem", "ca.pem"):
        give(home / APP / file, app.folder / file)
    app.wait(time.time())
    judge(server, app, planned=2)
    home.mica("status", "--exit-code")
    home.mica("audit")


def test_one_after_the_other(server):
    """g1, then g1 and g2, then g2: each step an edit and an apply. Beside it one who has but g1's certificate, for good:
    the cross-certificate is for that one."""
    home, ca = server.home, server.ca
    ca.write()
    home.mica("init")
    home.mica("apply")
    app, hermit = application(server, "app"), application(server, "hermit")
    for one in (app, hermit):
        one.wait(time.time())

    ca.add(2, **{"cross-sign": True}).write()
    home.mica("init")
    tell("trust", home.mica("apply"))
    assert names(home / TLS / "ca.pem") == ["Milvus CA g1", "Milvus CA g2"]
    give(home / APP / "ca.pem", app.folder / "ca.pem")
    app.wait(time.time())

    ca.state(g1="trusted", g2="issuing")
    tell("issue", home.mica("apply"))
    assert names(home / TLS / "server.pem") == ["localhost", "Milvus CA g2"]
    assert issuers(home / TLS / "server.pem") == ["Milvus CA g2", "Milvus CA g1"]
    for one in (app, hermit):
        one.wait(time.time())
    judge(server, hermit, planned=3)
    assert names(hermit.folder / "ca.pem") == ["Milvus CA g1"]
    for file in ("client.key", "client.pem", "ca.pem"):
        give(home / APP / file, app.folder / file)
    app.wait(time.time())

    ca.state(g1="retired")
    tell("drop", home.mica("apply"))
    assert names(home / TLS / "ca.pem") == ["Milvus CA g2"]
    app.wait(time.time())
    judge(server, app, planned=4)
    ca.drop("g1")
    assert "nothing to do" in home.mica("apply").out
    home.mica("audit")
    # whoever kept g1's client certificate is out now
    gone = time.time()
    hermit.wait(gone)
    assert len(failed(hermit.attempts(gone))) == len(hermit.attempts(gone))


def all_in_one_edit(server):
    """The order is kept within one apply: trust, restart, issue, restart."""
    home, ca = server.home, server.ca
    ca.write()
    home.mica("init")
    home.mica("apply")
    app = application(server, "app")
    app.wait(time.time())
    ca.add(2).state(g1="trusted", g2="issuing")
    home.mica("init")
    tell("plan", home.mica("plan"))
    apply = home.mica("apply")
    tell("apply", apply)
    assert len(server.restarts()) == 3 and "rotated" in apply.out
    # this one reads its files late: it has nothing but g1, and the new server shows a certificate of g2
    since = server.restarts()[-1][1]
    app.wait(since)
    assert failed(app.attempts(since))
    give(home / APP / "ca.pem", app.folder / "ca.pem")
    given = time.time()
    app.wait(given)
    assert not failed(app.attempts(given))
    run(["openssl", "verify", "-CAfile", home / APP / "ca.pem", home / TLS / "server.pem"])


if parts.ALL:
    test_all_in_one_edit = all_in_one_edit
