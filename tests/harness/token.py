# SPDX-License-Identifier: Apache-2.0
"""A private SoftHSM2 token: its own configuration and store, a PIN of its own."""
import secrets
import subprocess

from . import parts


class Token:
    """conf is what SOFTHSM2_CONF must name; pin is random, so that a leak of it can be told."""

    def __init__(self, folder, label="milvus-ca"):
        parts.need("softhsm2-util")
        self.folder, self.label = folder, label
        self.pin = "pin" + secrets.token_hex(8)
        self.so_pin = "so" + secrets.token_hex(8)
        self.store = folder / "tokens"
        self.store.mkdir(mode=0o700, parents=True)
        self.conf = folder / "softhsm2.conf"
        self.conf.write_text(f"directories.tokendir = {self.store}\nobjectstore.backend = file\n"
                             "log.level = ERROR\nslots.removable = false\n")
        self.add(label)

    @property
    def env(self):
        return {"SOFTHSM2_CONF": str(self.conf)}

    def add(self, label, pin=None):
        self._run(["softhsm2-util", "--init-token", "--free", "--label", label,
                   "--pin", pin or self.pin, "--so-pin", self.so_pin])

    def tool(self, *args, label=None, check=True):
        """pkcs11-tool on this token, logged in."""
        parts.need("pkcs11-tool")
        return self._run(["pkcs11-tool", "--module", parts.softhsm_module(), "--token-label", label or self.label,
                          "--login", "--pin", self.pin, *args], check)

    def _run(self, argv, check=True):
        done = subprocess.run(argv, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self.env}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert not check or done.returncode == 0, f"{argv}: {done.stdout}"
        return done.stdout
