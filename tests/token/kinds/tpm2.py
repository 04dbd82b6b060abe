# SPDX-License-Identifier: Apache-2.0
"""A TPM 2.0 through tpm2-pkcs11: swtpm and a resource manager of its own (hsm/tpm2/swtpm.sh), a store in files."""
import functools
import json
import os
import select
import shutil
import signal
import subprocess

from harness import parts
from kinds import PATH, Kind, library

FOLDER = parts.TOP / "hsm/tpm2"
START_SECONDS = 30


@functools.cache
def features():
    """What this swtpm can do, in its own words."""
    if not shutil.which("swtpm", path=PATH):
        return ()
    done = subprocess.run(["swtpm", "socket", "--tpm2", "--print-capabilities"], env={"PATH": PATH}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return tuple(json.loads(done.stdout)["features"])


def algorithms():
    """The RSA sizes that the emulation was built with: every TPM has 2048, few have more."""
    return ("ec-p256", "rsa-2048", "ec-p384",
            *(f"rsa-{bits}" for bits in (3072, 4096) if f"rsa-keysize-{bits}" in features()))


class Tpm2(Kind):
    module = "tpm2"
    grade = "claimed"
    algorithms = algorithms()
    lacks = {"algorithm": "this token makes RSA keys of "}
    # no flags at all, and a real lock: the TPM counts, in its lockout counter
    shows = {n: set() for n in range(1, 4)}
    tries = 3
    foreign = ("ec-p521",)
    able = ("modifiable", "copyable")
    can_be_lost = True
    signs_per_second = 100

    def __init__(self, folder):
        super().__init__(folder)
        for program in ("swtpm", "dbus-daemon", "tpm2-abrmd", "tpm2_getcap"):
            if not shutil.which(program, path=PATH):
                parts.missing(program)
        self.module_path = library("/usr/lib/{}/pkcs11/libtpm2_pkcs11.so", "/usr/lib/{}/libtpm2_pkcs11.so.1",
                                   what="libtpm2_pkcs11.so")
        library("/usr/lib/{}/libtss2-tcti-tabrmd.so.0", what="libtss2-tcti-tabrmd.so")
        self.tpm = None
        self.come_back()
        self.make_token()
        self.pin = (folder / "token/pin").read_text().strip()

    def make_token(self, label=None):
        self.run([FOLDER / "token.sh", self.folder / "token", label or self.label])

    def stop(self):
        if self.tpm:
            self.tpm.terminate()
            self.tpm.wait()
            self.tpm.stdout.close()
            self.tpm = None

    @property
    def env(self):
        # the store and the serial number (all zeros) do not tell two TPMs apart, so the lock is private as well
        return {"TPM2_PKCS11_STORE": str(self.folder / "token/store"), "TPM2_PKCS11_TCTI": "tabrmd:bus_type=session",
                "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.folder}/tpm/bus", "XDG_RUNTIME_DIR": str(self.folder)}

    # --- the TPM

    def tpm2(self, command, *args, check=True):
        """One of tpm2-tools."""
        return self.run([f"tpm2_{command}", *args], check, env={"TPM2TOOLS_TCTI": self.env["TPM2_PKCS11_TCTI"]})

    def tpm_tool(self, script, *args, prefix=()):
        """One of hsm/tpm2's programs."""
        return self.run([*prefix, FOLDER / script, *args], env={"TPM2TOOLS_TCTI": self.env["TPM2_PKCS11_TCTI"]})

    def lockout_counter(self):
        for line in self.tpm2("getcap", "properties-variable").splitlines():
            if line.startswith("TPM2_PT_LOCKOUT_COUNTER:"):
                return int(line.split(":")[1], 0)
        raise AssertionError("no lockout counter")

    def unlock(self):
        self.tpm2("dictionarylockout", "--clear-lockout")

    def lose(self):
        """The TPM dies without a word, as by a power failure."""
        os.kill(int((self.folder / "tpm/swtpm.pid").read_text()), signal.SIGKILL)

    def come_back(self):
        self.stop()
        self.tpm = subprocess.Popen([FOLDER / "swtpm.sh", self.folder / "tpm"], stdin=subprocess.DEVNULL, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    env={"PATH": PATH, "HOME": str(self.folder)})
        ready, _, _ = select.select([self.tpm.stdout], [], [], START_SECONDS)
        said = self.tpm.stdout.readline() if ready else ""
        assert said == "ready\n", said + (self.tpm.stdout.read() if self.tpm.poll() is not None else "")
