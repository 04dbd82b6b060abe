# SPDX-License-Identifier: Apache-2.0
"""opencryptoki's software token: a daemon in namespaces of its own, brought up as hsm/opencryptoki/README.md says."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from harness import parts
from kinds import PATH, Kind, library, random_pin

# the software token learnt elliptic curves, and the package got p11sak, between 3.8 and 3.23
CURVES = os.path.exists("/usr/sbin/p11sak")
FOLDER = parts.TOP / "hsm/opencryptoki"
DAEMON_SECONDS = 20


# A token as it was after its PINs were set, which takes a second of key derivation: every later one begins as a copy.
_fresh = None


class Opencryptoki(Kind):
    module = "opencryptoki"
    algorithms = (*(("ec-p256", "ec-p384") if CURVES else ()), "rsa-2048", "rsa-3072", "rsa-4096")
    lacks = {"algorithm": "C_GenerateKeyPair said CKR_MECHANISM_INVALID"}
    shows = {1: {"count_low"}, 2: {"final_try"}, 3: {"locked"}}
    tries = 3
    foreign = ("rsa-pss", "secret", *(("ec-p521",) if CURVES else ()))
    allowed_mechanisms = False
    extractable_key = True
    can_be_lost = True
    signs_per_second = 300

    def __init__(self, folder):
        super().__init__(folder)
        if os.geteuid() != 0:
            parts.missing("root (for a daemon in namespaces of its own)")
        for program in ("pkcsslotd", "pkcsconf", "nsenter", "unshare"):
            parts.need(program)
        self.module_path = library("/usr/lib/{}/pkcs11/libopencryptoki.so", "/usr/lib/{}/opencryptoki/libopencryptoki.so",
                                   what="libopencryptoki.so")
        self.ock = folder / "ock"
        self.log = folder / "pkcsslotd.log"
        self.prefix = (FOLDER / "private.sh", "run", self.ock)
        if _fresh:
            shutil.copytree(_fresh.name + "/lib", self.ock / "lib")
        with open(self.log, "ab") as out:
            self.holder = subprocess.Popen([FOLDER / "private.sh", "start", self.ock], env={"PATH": PATH},
                                           stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        self.wait_for(lambda: (self.ock / "pid").exists())
        if not _fresh:
            self.initialise()
        self.pin, self.so_pin = ((pathlib.Path(_fresh.name) / name).read_text() for name in ("pin", "so-pin"))

    def initialise(self):
        global _fresh
        made = tempfile.TemporaryDirectory(prefix="mica-ock-")
        pins = [pathlib.Path(made.name) / name for name in ("pin", "so-pin")]
        for pin in pins:
            pin.write_text(random_pin(8))
        self.run([FOLDER / "token.sh", self.label, *pins])
        shutil.copytree(self.ock / "lib", made.name + "/lib")
        _fresh = made

    def wait_for(self, holds):
        deadline = time.monotonic() + DAEMON_SECONDS
        while not holds():
            assert self.holder.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def stop(self):
        self.holder.terminate()
        try:
            self.holder.wait(DAEMON_SECONDS)
        except subprocess.TimeoutExpired:
            self.holder.kill()

    def lose(self):
        """The daemon ends; running programs keep what they have, new ones find nothing."""
        os.kill(int((self.ock / "daemon.pid").read_text()), signal.SIGKILL)

    def come_back(self):
        self.holder.send_signal(signal.SIGUSR1)
        self.wait_for(lambda: self.label in self.run(["pkcsconf", "-t"], check=False))

    def unlock(self):
        """The SO sets the PIN anew, and the user changes it, here to the same."""
        self.run(["pkcsconf", "-u", "-c", "0"], stdin=f"{self.so_pin}\n{self.pin}\n{self.pin}\n")
        self.run(["pkcsconf", "-p", "-c", "0"], stdin=f"{self.pin}\n{self.pin}\n{self.pin}\n")
