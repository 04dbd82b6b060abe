# SPDX-License-Identifier: Apache-2.0
"""A YubiKey in a reader in a pcscd."""
import pathlib
import shutil
import tempfile
import time

from cryptography.hazmat.primitives.serialization import Encoding

from harness import parts
from harness.run import run

from . import applet
from .reader import Reader
from .vpcd import Inserted

POLL = 0.4  # seconds: how often pcscd looks whether a card is there
NAMES = {"ec-p256": "ECCP256", "ec-p384": "ECCP384", "rsa-2048": "RSA2048"}


class YubiKey:
    """pin: what it is set to. More arguments are the card's (applet.Card)."""

    def __init__(self, pin="123456", name="Yubico YubiKey CCID", **card):
        self.pin = pin
        self.card = applet.Card(**card)
        self.card.set_pin(pin)
        # the name of a socket has at most 107 octets: not below whatever scratch directory there is
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mica-piv-"))
        self.folder.chmod(0o755)
        self._stay = self.reader = None
        self._ejected = -1.0
        try:
            self.reader = Reader(self.folder, name)
            self.insert()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def env(self):
        return self.reader.env

    def insert(self):
        """Returns when pcscd has seen it; it must have seen the reader empty before."""
        time.sleep(max(0, self._ejected + 2.2 * POLL - time.monotonic()))
        self._stay = Inserted(self.card, self.reader.port, applet.ATR)
        assert self._stay.seen.wait(20), "the reader does not see the card"

    def eject(self):
        if self._stay:
            self._stay.take_out()
            self._ejected = time.monotonic()
        self._stay = None

    def restart_service(self):
        self.eject()
        self.reader.restart()
        self.insert()

    def renew(self, pin):
        """As it came up, whatever happened to it meanwhile."""
        if self._stay and self._stay.failure:
            raise self._stay.failure
        self.card.renew()
        self.card.set_pin(pin)
        self.pin = pin
        if not self._stay:
            self.insert()

    def stop(self):
        failure = self._stay and self._stay.failure
        self.eject()
        if self.reader:
            self.reader.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        if failure:
            raise failure

    # --- the maker's tools ---

    def ykman(self, *args, code=0, **more):
        """ykman ends every scdaemon of the machine when it cannot connect; not from here."""
        parts.need("ykman")
        tame = self.folder / "bin"
        tame.mkdir(exist_ok=True)
        (tame / "pkill").write_text("#!/bin/sh\nexit 1\n")
        (tame / "pkill").chmod(0o755)
        env = {"PATH": f"{tame}:/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8", **self.env}
        return run(["ykman", "--reader", f"{self.reader.name} 00 00", *args], code=code, env=env, **more)

    def tool(self, *args, code=0, **more):
        """yubico-piv-tool."""
        parts.need("yubico-piv-tool")
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **self.env}
        return run(["yubico-piv-tool", "--reader=Yubico", *args], code=code, env=env, **more)

    def generate(self, slot, algorithm, pin_policy=None, touch_policy=None):
        """Makes a key; its public half, PEM."""
        args = [f"--slot={slot}", f"--algorithm={NAMES[algorithm]}", "--action=generate"]
        if pin_policy:
            args.append(f"--pin-policy={pin_policy}")
        if touch_policy:
            args.append(f"--touch-policy={touch_policy}")
        return self.tool(*args).out

    def attestation(self, slot):
        """What the device says of a key, and by what authority: the slot's attestation certificate, and f9's."""
        return (self.tool(f"--slot={slot}", "--action=attest").out +
                self.tool("--slot=f9", "--action=read-certificate").out)

    @property
    def root(self):
        """The maker's root, PEM: what a person gets from the maker's site."""
        return self.card.maker.root.public_bytes(Encoding.PEM).decode()
