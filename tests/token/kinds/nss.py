# SPDX-License-Identifier: Apache-2.0
"""NSS's software token, a database in files, brought up as hsm/nss/README.md says."""
import os
import re
import subprocess

from harness import parts
from kinds import PATH, Kind, library


class NSS(Kind):
    module = "nss"
    foreign = ("rsa-pss", "ec-p521", "secret", "x25519")
    allowed_mechanisms = False
    # CKA_EXTRACTABLE of a key in the database is looked at by nobody, and it can be changed in a copy
    leaks = ("wrap-aes-key-wrap-pad", "wrap-aes-cbc-pad", "copy-extractable", "derive-ecdh")
    extractable_key = True

    def __init__(self, folder):
        super().__init__(folder)
        parts.need("certutil")
        self.module_path = library("/usr/lib/{}/libsoftokn3.so", "/usr/lib/{}/nss/libsoftokn3.so", what="libsoftokn3.so")
        done = subprocess.run([parts.TOP / "hsm/nss/token.sh", folder / "nss", self.label], env={"PATH": PATH}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        self.module_args = re.search(r'module-args: "(.*)"', done.stdout)[1]
        self.pin = (folder / "nss/pin").read_text()

    def tool(self, *args, pin=None, check=True):
        """pkcs11-tool cannot give a module its arguments: the proxy does."""
        proxy = parts.BUILD / "tests/fault/libmica-fault.so"
        if not proxy.exists():
            parts.missing("libmica-fault.so")
        return self.run(["pkcs11-tool", "--module", proxy, "--token-label", self.label, "--login", "--pin",
                         pin or self.pin, *args], check,
                        env={"MICA_FAULT_MODULE": self.module_path, "MICA_FAULT_RESERVED": self.module_args})

    def make_foreign(self, sort):
        """NSS's own tool makes the one kind of key that only NSS has among these tokens."""
        if sort != "x25519":
            super().make_foreign(sort)
            return
        (self.folder / "noise").write_bytes(os.urandom(64))
        self.run(["certutil", "-G", "-d", f"sql:{self.folder}/nss", "-k", "ec", "-q", "curve25519", "-f",
                  self.folder / "nss/pin", "-z", self.folder / "noise"])
