# SPDX-License-Identifier: Apache-2.0
"""The scenes: every command that changes something, in a situation where it has something to do."""
import shutil

from harness.points import Scene
from harness.run import run


def rename_all(inv):
    """Every certificate is due."""
    for certificate in inv["certificates"]:
        certificate["common-name"] += "-2"
        if certificate["profile"] == "server":
            certificate["dns"].append(certificate["common-name"])


class Delivered(Scene):
    """Everything was delivered, and is changed: what lies there in the end is not what lay there before."""

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")
        self.change(stage)
        stage.write()

    def change(self, stage):
        rename_all(stage.inv)

    def settle(self, stage):
        shown = stage.places()
        assert all(shown[folder] != stage.old[folder] for folder in shown), "an old certificate is still there"


class ApplyOne(Delivered):
    name = "apply, one certificate"

    def inventory(self, stage):
        inv = super().inventory(stage)
        inv["certificates"] = [inv.certificate("server")]
        inv.deployment.update({"clients": [], "tls-mode": 1})
        return inv


class ApplyTwo(Delivered):
    name = "apply, two certificates"


class ApplyFirst(Scene):
    name = "apply, the first"

    def prepare(self, stage):
        stage.run("init")


class ApplySeveral(Delivered):
    name = "apply, nine certificates"

    def inventory(self, stage):
        inv = super().inventory(stage)
        for i in range(7):
            inv["certificates"].append({"name": f"c{i}", "profile": "client", "common-name": f"c{i}"})
            inv.deployment["clients"].append(f"c{i}")
        return inv


class ApplyOutlet(Scene):
    """Nothing is signed: a configuration is written, and a client is gone."""
    name = "apply, a configuration"

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")
        stage.inv.deployment.update({"rest-port": 8443, "clients": [], "tls-mode": 1})
        stage.inv["certificates"] = [stage.inv.certificate("server")]
        stage.write()

    def settle(self, stage):
        assert "8443" in (stage.home / "out/prod/user.yaml").read_text()


class Rotate(Scene):
    """What an interrupted rotation has not begun, the next apply does not know of."""
    name, verb = "rotate NAME", ("rotate", "server")

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")


class RotateAll(Rotate):
    name, verb = "rotate --all", ("rotate", "--all")


class Again(Delivered):
    """The run before this one was killed when its certificates were signed and not delivered."""
    name = "apply after a kill"

    def prepare(self, stage):
        super().prepare(stage)
        calls = stage.tracer.run("apply", env=stage.env())[1]
        stage.inv.certificate("server")["dns"].append("third.example.com")
        rename_all(stage.inv)
        stage.write()
        swap = [call["n"] for call in calls if call.get("path2", "").endswith("tls/..data")][-1]
        stage.tracer.run("apply", fault="before", at=swap, env=stage.env())


class Request(Delivered):
    """A client made its own key."""
    name = "apply, of a request"

    def prepare(self, stage):
        stage.run("init")
        run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
             "-keyout", stage.home.scratch / "own.key", "-out", stage.home / "own.csr"])
        stage.run("apply")
        stage.inv.certificate("server")["dns"].append("second.example.com")
        stage.inv["certificates"].append({"name": "own", "profile": "client", "common-name": "own", "csr": "own.csr"})
        stage.inv.deployment["clients"].append("own")
        stage.write()

    def settle(self, stage):
        folder = stage.home / "out/prod/clients/own"
        assert (folder / "client.pem").exists() and not (folder / "client.key").exists()


class Restart(Scene):
    """./restart stands for Milvus, which reads its files once, at start: it copies them. Whatever lies there and was not
    read yet is known to be owed; after the next run, what was read is what lies there."""
    name = "apply, with a restart"
    READ = ("tls/server.pem", "tls/server.key", "tls/ca.pem", "user.yaml")
    SCRIPT = """#!/bin/sh
umask 077
exec 9>restart.lock
flock 9
for file in %s; do mkdir -p running/$(dirname $file); cat out/prod/$file >running/$file; done
echo done >>restarts
""" % " ".join(READ)

    def inventory(self, stage):
        inv = super().inventory(stage)
        inv.deployment["restart"] = ["./restart"]
        return inv

    def prepare(self, stage):
        (stage.home / "restart").write_text(self.SCRIPT)
        (stage.home / "restart").chmod(0o755)
        stage.run("init")
        (stage.home / "old.pem").write_bytes((stage.home / "state/g1.pem").read_bytes())
        stage.run("apply")
        stage.inv.deployment["rest-port"] = 8081
        stage.inv.certificate("server")["dns"].append("second.example.com")
        stage.inv["trust"] = ["old.pem"]
        stage.write()

    def files(self, stage, folder):
        return {name: (stage.home / folder / name).read_bytes() for name in self.READ}

    def cut(self, stage, calls, after):
        """What Milvus read it read; whether it had read it all when the command's end was not known yet cannot be told."""
        ended = [call["n"] for call in calls if call["call"] == "waitid"]
        if ended and after >= ended[-1]:
            for name in ("running", "restarts"):
                path = stage.home / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                copy = shutil.copytree if (stage.folder / "ended" / name).is_dir() else shutil.copy
                copy(stage.folder / "ended" / name, path)

    def judge_crash(self, stage):
        unread = self.files(stage, "out/prod") != self.files(stage, "running")
        owed = stage.run("status", "--json").json["restarts"]
        assert owed or not unread, "what lies there was not read, and nobody knows"

    def settle(self, stage):
        assert self.files(stage, "out/prod") == self.files(stage, "running"), "Milvus has not read what lies there"
        stage.run("status", "--exit-code")


class Restarted(Scene):
    """A person says that Milvus was restarted."""
    name, verb = "apply --restarted", ("apply", "--restarted", "prod")
    rerun = verb

    def inventory(self, stage):
        inv = super().inventory(stage)
        inv.deployment["restart"] = ["false"]
        return inv

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply", code=5)
        stage.inv.certificate("ingest")["common-name"] = "ingest-2"
        stage.write()

    def settle(self, stage):
        assert not stage.run("status", "--json").json["restarts"]


class ClearLatch(Scene):
    name, verb = "token --clear-latch", ("token", "--clear-latch")
    rerun = verb
    needs_room = False

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")
        pin = (stage.home / "pin").read_text()
        (stage.home / "pin").write_text("wrong\n")
        stage.run("rotate", "server", code=1)
        (stage.home / "pin").write_text(pin)
        assert stage.latched()


APPLIES = (ApplyFirst, ApplySeveral, ApplyOutlet, Rotate, RotateAll, Again, Request, Restart, Restarted, ClearLatch)
