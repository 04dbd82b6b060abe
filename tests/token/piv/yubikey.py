# SPDX-License-Identifier: Apache-2.0
"""A YubiKey in a reader in a pcscd."""
import pathlib
import shutil
import tempfile

from cryptography.hazmat.primitives.serialization import Encoding

from harness import parts
from harness.run import run

from . import applet
from .reader import Reader
from .vpcd import Inserted

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
        """Returns when pcscd has seen it."""
        self._stay = Inserted(self.card, self.reader.port, applet.ATR)
        assert self._stay.seen.wait(20), "the reader does not see the card"

    def eject(self):
        if self._stay:
            self._stay.take_out()
        self._stay = None

    def restart_service(self):
        self.eject()
        self.reader.restart()
        self.insert()

    def stop(self):
        failure = self._stay and self._stay.failure
        self.eject()
        if self.reader:
            self.reader.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        if failure:
            raise failure

    # --- the maker's tool ---

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
