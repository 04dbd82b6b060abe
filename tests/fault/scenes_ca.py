# SPDX-License-Identifier: Apache-2.0
"""Scenes of the CA itself: its key, its certificate, its requests."""
from harness.offline import Offline
from harness.points import Scene
from harness.run import run


class Init(Scene):
    name, verb = "init", ("init",)
    rerun = idle = verb
    delivers, changes_token = False, True
    objects = (2, 3)  # a key pair; the certificate's copy need not be there

    def prepare(self, stage):
        pass

    def settle(self, stage):
        assert len(stage.home.token_objects()) in self.objects, "another key, or none"
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


def second_ca(stage, state, **more):
    """A CA on another token, of the same module."""
    stage.home.token.add("second")
    stage.inv["ca"].append({**stage.inv.ca, "name": "g2", "state": state, "key": "pkcs11:token=second;object=ca",
                            "subject": {"CN": "Milvus CA g2"}, **more})
    stage.write()


class InitTwo(Init):
    """A standby CA on a second token from day one."""
    name = "init, two CAs"
    objects, logins = (4, 5, 6), 2
    then = (("init",),)  # the copy of a certificate that the first token lacks is made when there is nothing else to do

    def prepare(self, stage):
        second_ca(stage, "trusted")

    def settle(self, stage):
        super().settle(stage)
        assert (stage.home / "out/prod/tls/ca.pem").read_text().count("BEGIN CERTIFICATE") == 2


class Trust(Scene):
    """Another CA is to be trusted: nothing is signed, and every ca.pem changes."""
    name = "apply, a CA more to trust"

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")
        second_ca(stage, "trusted")
        stage.run("init")

    def settle(self, stage):
        assert (stage.home / "out/prod/tls/ca.pem").read_text().count("BEGIN CERTIFICATE") == 2


class Switch(Scene):
    """The other CA issues from now on: everything is issued anew."""
    name = "apply, another CA issues"

    def prepare(self, stage):
        second_ca(stage, "trusted")
        stage.run("init")
        stage.run("apply")
        stage.inv["ca"][0]["state"], stage.inv["ca"][1]["state"] = "trusted", "issuing"
        stage.write()

    def settle(self, stage):
        shown = run(["openssl", "x509", "-in", stage.home / "out/prod/tls/server.pem", "-noout", "-issuer"])
        assert "g2" in shown.out


class CrossSign(Trust):
    """The old CA signs for the new one."""
    name = "apply, a cross-certificate"

    def prepare(self, stage):
        second_ca(stage, "trusted", **{"cross-sign": True})
        stage.run("init")

    def settle(self, stage):
        super().settle(stage)
        assert ("g2:cross", "issued") in {(r["entry"], r["state"]) for r in stage.records()}


class Renew(Scene):
    """Another certificate for the CA's key, and then every ca.pem has it."""
    name, verb = "init --renew", ("init", "--renew")
    more = True

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")


CAS = (Init, InitTwo, InitCsr, InitCsrRenamed, InitCertificate, Trust, Switch, CrossSign, Renew)
