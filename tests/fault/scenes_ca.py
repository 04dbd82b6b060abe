# SPDX-License-Identifier: Apache-2.0
"""Scenes of the CA itself: its key, its certificate, its requests."""
from harness.inventory import Inventory
from harness.offline import Offline
from harness.points import Scene
from harness.run import run


class Init(Scene):
    name, verb = "init", ("init",)
    rerun = idle = verb
    delivers, changes_token = False, True

    def prepare(self, stage):
        pass

    def settle(self, stage):
        assert len(stage.home.token_objects()) in (2, 3), "another key, or none"
        stage.run("apply")
        stage.judge_files(complete=True)


class InitUnder(Scene):
    """A CA under another one, that lives elsewhere."""
    delivers, changes_token = False, True

    def inventory(self, stage):
        inv = super().inventory(stage)
        inv.ca["parent"] = ["corp/root.pem"]
        return inv

    def prepare(self, stage):
        self.corp = Offline(stage.home / "corp")
        self.corp.root("root", "/O=Corp/CN=Corp Root")
        (stage.home / "corp/root.key").chmod(0o600)

    def states(self, stage):
        return {(r["entry"], r["state"]) for r in stage.records() if r["state"] != "abandoned"}


class InitCsr(InitUnder):
    name, verb = "init --csr", ("init", "--csr", "g1.csr")
    rerun = idle = verb
    rewritten = ("g1.csr", "lock")
    expected = {("g1:request", "issued")}

    def judge_crash(self, stage):
        request = stage.home / "g1.csr"
        self.seen = request.read_bytes() if request.exists() else None

    def settle(self, stage):
        request = stage.home / "g1.csr"
        assert len(stage.home.token_objects()) in (2, 3), "another key, or none"
        assert "verify OK" in str(run(["openssl", "req", "-in", request, "-noout", "-verify"]))
        assert self.seen in (None, request.read_bytes()), "another request than the one that was seen"
        assert self.states(stage) == self.expected


class InitCsrRenamed(InitCsr):
    name = "init --csr, under another name"
    expected = {("g1:request", "superseded"), ("g1:request", "issued")}

    def prepare(self, stage):
        super().prepare(stage)
        stage.run("init", "--csr", "g1.csr")
        (stage.home / "g1.csr").unlink()
        stage.inv.ca["subject"] = {"CN": "Renamed"}
        stage.write()


class InitCertificate(InitUnder):
    name, verb = "init --certificate", ("init", "--certificate", "g1.pem")
    rerun = idle = verb

    def prepare(self, stage):
        super().prepare(stage)
        stage.run("init", "--csr", "g1.csr")
        self.corp.sign(stage.home / "g1.csr", "root", stage.home / "g1.pem")

    def settle(self, stage):
        assert self.states(stage) == {("g1:request", "superseded"), ("g1", "issued")}
        taken, given = ((stage.home / name).read_text().split("-----")[2] for name in ("state/g1.pem", "g1.pem"))
        assert taken == given
        stage.run("apply")
        stage.judge_files(complete=True)


CAS = (Init, InitCsr, InitCsrRenamed, InitCertificate)
