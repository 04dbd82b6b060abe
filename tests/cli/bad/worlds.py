# SPDX-License-Identifier: Apache-2.0
"""Worlds in which a good inventory and a good command line fail: tokens, PINs, directories, disks.

Each is a function that prepares a home with base.yaml in it and gives back what is to be run: a function whose result
is judged. The state just before that run must be the state after it."""
import os
import shutil
import sqlite3

from harness.home import without_leak_check
from harness.parts import need
from harness.run import capless

WORLDS = {}


def world(name):
    def add(function):
        WORLDS[name] = function
        return function
    return add


def edit(home, *edits):
    text = (home / "mica.yaml").read_text()
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (home / "mica.yaml").write_text(text)


def mica(home, *args, **more):
    return lambda: home.mica(*args, code=None, **more)


def init(home):
    home.mica("init")


def applied(home):
    home.mica("init")
    home.mica("apply")


def unprivileged(home, *args):
    """mica bound by file modes, as anybody is."""
    return mica(home, *args, prefix=capless(), env=without_leak_check())


def failing(home, inject, *args):
    """mica with one system call made to fail."""
    strace = [need("strace"), "-f", "-o", "/dev/null", f"--inject={inject}"]
    return mica(home, *args, prefix=strace, env=without_leak_check())


# --- before init ---


@world("init-not-run")
def _(home):
    return mica(home, "apply")


@world("rotate-init-not-run")
def _(home):
    return mica(home, "rotate", "--all")


# --- PINs ---


@world("pin-wrong")
def _(home):
    init(home)
    (home / "pin").write_text("not the pin\n")
    home.leaves = r"state/latch-[0-9a-f]{32}"
    return mica(home, "apply")


@world("pin-file-missing")
def _(home):
    init(home)
    (home / "pin").unlink()
    return mica(home, "apply")


@world("pin-file-empty")
def _(home):
    init(home)
    (home / "pin").write_text("")
    return mica(home, "apply")


@world("pin-file-only-a-newline")
def _(home):
    init(home)
    (home / "pin").write_text("\n")
    return mica(home, "apply")


@world("pin-file-a-directory")
def _(home):
    init(home)
    (home / "pin").unlink()
    (home / "pin").mkdir()
    return mica(home, "apply")


@world("pin-file-too-long")
def _(home):
    init(home)
    (home / "pin").write_text(5000 * "1")
    return mica(home, "apply")


@world("pin-file-world-readable")
def _(home):
    init(home)
    (home / "pin").chmod(0o644)
    return mica(home, "apply")


@world("pin-fd-closed")
def _(home):
    init(home)
    edit(home, ("pin: file:pin", "pin: fd:9"))
    return mica(home, "apply")


@world("pin-prompt-without-terminal")
def _(home):
    init(home)
    edit(home, ("pin: file:pin", "pin: prompt"))
    return mica(home, "apply", prefix=["setsid", "--wait"])


@world("pin-prompt-unattended")
def _(home):
    init(home)
    edit(home, ("pin: file:pin", "pin: prompt"))
    return mica(home, "apply", "--unattended")


@world("pin-none-where-one-is-needed")
def _(home):
    init(home)
    edit(home, ("pin: file:pin", "pin: none"))
    return mica(home, "apply")


@world("pin-wrong-at-init")
def _(home):
    (home / "pin").write_text("not the pin\n")
    home.leaves = r"state(/latch-[0-9a-f]{32})?"
    return mica(home, "init")


@world("pin-refused-before")
def _(home):
    init(home)
    right = (home / "pin").read_text()
    (home / "pin").write_text("not the pin\n")
    home.mica("apply", code=1)
    (home / "pin").write_text(right)
    return mica(home, "apply", "--unattended")


@world("pin-wrong-one-given-before")
def _(home):
    init(home)
    right = (home / "pin").read_text()
    (home / "pin").write_text("not the pin\n")
    home.mica("apply", code=1)
    home.mica("token", "--clear-latch")
    (home / "pin").write_text(right)
    return mica(home, "apply")


@world("pin-pad-unattended")
def _(home):
    init(home)
    edit(home, ("pin: file:pin", "pin: pad"))
    return mica(home, "apply", "--unattended")


@world("pin-pad-without-a-pad")
def _(home):
    init(home)
    edit(home, ("pin: file:pin", "pin: pad"))
    return mica(home, "apply")


@world("pin-credential-outside-a-unit")
def _(home):
    init(home)
    edit(home, ("pin: file:pin", "pin: credential:ca-pin"))
    return mica(home, "apply", "--unattended")


@world("pin-credential-not-there")
def _(home):
    init(home)
    edit(home, ("pin: file:pin", "pin: credential:ca-pin"))
    return mica(home, "apply", "--unattended", env={"CREDENTIALS_DIRECTORY": str(home.path)})


@world("pin-credential-others-can-read")
def _(home):
    init(home)
    edit(home, ("pin: file:pin", "pin: credential:pin"))
    (home / "pin").chmod(0o444)
    return mica(home, "apply", "--unattended", env={"CREDENTIALS_DIRECTORY": str(home.path)})


# --- modules and tokens ---


@world("module-unknown")
def _(home):
    edit(home, ("module: softhsm2", "module: softhsm3"))
    return mica(home, "init")


@world("module-path-missing")
def _(home):
    edit(home, ("module: softhsm2", "module: /nowhere/libpkcs11.so"))
    return mica(home, "init")


@world("module-no-cryptoki")
def _(home):
    (home / "module.so").write_text(100 * "not a shared library\n")
    edit(home, ("module: softhsm2", "module: ./module.so"))
    return mica(home, "init")


@world("helper-missing")
def _(home):
    return mica(home, "init", env={"MICA_TOKEN_HELPER": "/nowhere/mica-token"})


@world("helper-another-program")
def _(home):
    return mica(home, "init", env={"MICA_TOKEN_HELPER": "/usr/bin/true"})


@world("token-not-there")
def _(home):
    edit(home, ("token=milvus-ca", "token=elsewhere"))
    return mica(home, "init")


@world("token-store-empty")
def _(home):
    shutil.rmtree(home.token.store)
    home.token.store.mkdir()
    return mica(home, "init")


@world("token-label-twice")
def _(home):
    home.token.add("milvus-ca")
    return mica(home, "init")


@world("key-label-in-use")
def _(home):
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "07")
    return mica(home, "init")


@world("key-adopt-without-a-key")
def _(home):
    return mica(home, "init", "--adopt")


@world("key-adopt-extractable")
def _(home):
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "07", "--extractable")
    return mica(home, "init", "--adopt")


@world("key-adopt-two")
def _(home):
    for number in ("07", "08"):
        home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", number)
    return mica(home, "init", "--adopt")


@world("key-gone")
def _(home):
    init(home)
    home.token.tool("--delete-object", "--type", "privkey", "--label", "ca")
    return mica(home, "apply")


@world("key-twice")
def _(home):
    init(home)
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "07")
    return mica(home, "apply")


@world("key-replaced")
def _(home):
    init(home)
    for kind in ("privkey", "pubkey"):
        home.token.tool("--delete-object", "--type", kind, "--label", "ca")
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "07")
    return mica(home, "apply")


@world("key-replaced-by-an-extractable-one")
def _(home):
    init(home)
    for kind in ("privkey", "pubkey"):
        home.token.tool("--delete-object", "--type", kind, "--label", "ca")
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "07", "--extractable")
    return mica(home, "apply")


# --- the state directory and the ledger ---


@world("state-is-a-file")
def _(home):
    (home / "state").write_text("")
    return mica(home, "init")


@world("state-cannot-be-made")
def _(home):
    os.chmod(home.path, 0o500)
    home.mend = lambda: os.chmod(home.path, 0o700)
    return unprivileged(home, "init")


@world("state-read-only")
def _(home):
    init(home)
    os.chmod(home / "state", 0o500)
    home.mend = lambda: os.chmod(home / "state", 0o700)
    return unprivileged(home, "apply")


@world("ledger-no-database")
def _(home):
    init(home)
    (home / "state/ledger.db").write_text("this is not a database, and long enough to be read as one" * 20)
    return mica(home, "apply")


@world("ledger-empty-file")
def _(home):
    init(home)
    (home / "state/ledger.db").write_text("")
    return mica(home, "apply")


def change_ledger(home, *statements):
    with sqlite3.connect(home / "state/ledger.db") as db:
        for statement in statements:
            db.execute(statement)
    db.close()


@world("ledger-newer-schema")
def _(home):
    init(home)
    change_ledger(home, "PRAGMA user_version = 99")
    return mica(home, "apply")


@world("ledger-an-event-taken-out")
def _(home):
    applied(home)
    change_ledger(home, "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)")
    return mica(home, "rotate", "--all")


@world("ledger-gone")
def _(home):
    applied(home)
    (home / "state/ledger.db").unlink()
    (home / "state/host").unlink()  # either tells that there was a ledger, whichever is seen first
    return mica(home, "apply")


@world("state-of-another-host")
def _(home):
    applied(home)
    (home / "state/host").write_text("another\n")
    return mica(home, "apply")


@world("state-anybody-may-write")
def _(home):
    applied(home)
    os.chmod(home / "state", 0o777)
    return mica(home, "apply")


@world("state-moved-away")
def _(home):
    applied(home)
    (home / "state").rename(home / "elsewhere")
    return mica(home, "apply")


# --- where files are delivered ---


@world("out-is-a-file")
def _(home):
    init(home)
    (home / "out").write_text("")
    return mica(home, "apply")


@world("out-read-only")
def _(home):
    init(home)
    (home / "out").mkdir(mode=0o500)
    return unprivileged(home, "apply")


@world("out-holds-anothers-key")
def _(home):
    init(home)
    (home / "out/prod/tls").mkdir(parents=True)
    (home / "out/prod/tls/server.key").write_text("somebody's only copy\n")
    return mica(home, "apply")


@world("out-link-elsewhere")
def _(home):
    init(home)
    (home / "out/prod").mkdir(parents=True)
    (home / "out/prod/tls").symlink_to("/nowhere")
    return mica(home, "apply")


@world("owner-not-ours-to-give")
def _(home):
    init(home)
    edit(home, ("    rest-port: 8080\n", '    rest-port: 8080\n    owner: "12345:12345"\n'))
    return unprivileged(home, "apply")


# --- files that the inventory names ---


@world("csr-not-a-csr")
def _(home):
    init(home)
    edit(home, ("common-name: ingest\n", "common-name: ingest\n    csr: ingest.csr\n"))
    (home / "ingest.csr").write_text("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")
    return mica(home, "apply")


@world("trust-not-a-certificate")
def _(home):
    init(home)
    edit(home, ("version: 1\n", "version: 1\ntrust: [old.pem]\n"))
    (home / "old.pem").write_text("nothing of the kind\n")
    return mica(home, "apply")


@world("trust-holds-a-key")
def _(home):
    applied(home)
    edit(home, ("version: 1\n", "version: 1\ntrust: [old.pem]\n"))
    (home / "old.pem").write_text((home / "state/g1.pem").read_text() + (home / "out/prod/tls/server.key").read_text())
    return mica(home, "apply")


@world("milvus-yaml-missing")
def _(home):
    applied(home)
    edit(home, ('version: "2.6"', 'version: "2.3"'), ("internal-tls: true", "internal-tls: false"),
         ("    rest-port: 8080\n", "    rest-port: 8080\n    milvus-yaml: milvus.yaml\n"))
    return mica(home, "apply")


@world("milvus-yaml-not-yaml")
def _(home):
    applied(home)
    edit(home, ('version: "2.6"', 'version: "2.3"'), ("internal-tls: true", "internal-tls: false"),
         ("    rest-port: 8080\n", "    rest-port: 8080\n    milvus-yaml: milvus.yaml\n"))
    (home / "milvus.yaml").write_text("common:\n  security: [unclosed\n")
    return mica(home, "apply")


# --- disks ---


@world("stdout-full")
def _(home):
    applied(home)
    return mica(home, "status", prefix=["sh", "-c", 'exec "$@" >/dev/full', "sh"])


@world("disk-full-while-staging")
def _(home):
    init(home)
    return failing(home, "fsync:error=ENOSPC:when=1+", "apply")


@world("disk-error-at-the-ledger")
def _(home):
    applied(home)
    return failing(home, "fdatasync:error=EIO:when=1+", "rotate", "--all")
