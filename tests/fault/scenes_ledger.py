# SPDX-License-Identifier: Apache-2.0
"""Scenes of the ledger: revocation, what is restored, what an older program wrote, and what is written of it all."""
import shutil

from harness.older import older
from harness.points import Scene
from harness.run import run


class Revoke(Scene):
    """The certificate stays where it is until the next apply: Milvus reads no CRL."""
    name, verb = "revoke NAME", ("revoke", "ingest", "--reason", "keyCompromise")
    rerun = idle = verb
    revokes = True

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")

    def settle(self, stage):
        serials = [bytes(r["serial"]).hex().upper() for r in stage.records() if r["state"] == "revoked"]
        listed = run(["openssl", "crl", "-in", stage.home / "state/g1.crl", "-noout", "-text"]).out
        assert len(serials) == 1 and serials[0].lstrip("0") in listed
        assert (stage.home / "out/prod/tls/crl.pem").read_text() in (stage.home / "state/g1.crl").read_text()


class RevokeCrl(Scene):
    """Each time another CRL."""
    name, verb = "revoke --crl", ("revoke", "--crl")

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")


class AcceptRestore(Scene):
    """The ledger was restored from before the last run."""
    name, verb = "audit --accept-restore", ("audit", "--accept-restore")
    rerun, then = verb, (("apply",),)
    forgets = more = True

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")
        shutil.copy(stage.home / "state/ledger.db", stage.folder / "older.db")
        stage.run("rotate", "--all")
        shutil.copy(stage.folder / "older.db", stage.home / "state/ledger.db")
        stage.run("apply", code=3)


class Upgrade(Scene):
    """The ledger was written by an older program, and something is due."""
    name = "apply, an older ledger"

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")
        older(stage.home / "state/ledger.db", stage.folder / "older.db")
        stage.inv.certificate("server")["dns"].append("second.example.com")
        stage.write()


class Evidence(Scene):
    name, verb = "audit --evidence", ("audit", "--evidence", "evidence.json")
    rerun = verb
    rewritten = ("evidence.json",)

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")

    def settle(self, stage):
        stage.run("audit", "--verify", "evidence.json")


class Page(Scene):
    name, verb = "status --prometheus", ("status", "--prometheus", "mica.prom")
    rerun = verb
    rewritten = ("mica.prom",)

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")

    def judge_crash(self, stage):
        page = stage.home / "mica.prom"
        assert not page.exists() or page.read_text().endswith("\n"), "half a page"


LEDGERS = (Revoke, RevokeCrl, AcceptRestore, Upgrade, Evidence, Page)
