# SPDX-License-Identifier: Apache-2.0
"""A YubiKey, by Yubico's own module: the card of piv/ in a private pcscd, as hsm/yubikey/README.md says."""
import atexit

from kinds import Kind, library, random_pin
from piv.yubikey import YubiKey

# the CKA_ID of each slot's key
IDS = {"9a": 1, "9c": 2, "9d": 3, "9e": 4, **{f"{0x82 + i:02x}": 5 + i for i in range(20)}}

# Cards between two tests: to reset one is quicker than to bring up another with its reader and its pcscd.
_spare = []


@atexit.register
def _stop_spare():
    while _spare:
        _spare.pop().stop()


def take_card(pin):
    """A card as new, but for its PIN."""
    if not _spare:
        return YubiKey(pin=pin)
    yubikey = _spare.pop()
    yubikey.renew(pin)
    return yubikey


class YKCS11(Kind):
    module = "ykcs11"
    algorithms = ("ec-p256", "ec-p384", "rsa-2048")
    can_generate = can_name_keys = False
    can_name_keys = False
    stores_certificate = False
    grade = "claimed"
    attested = True
    lacks = {"generate": "C_GenerateKeyPair said CKR_", "store-certificate": "CKR_USER_TYPE_INVALID"}
    shows = {1: {"count_low"}, 2: {"final_try"}, 3: {"locked"}}
    tries = 3
    can_be_lost = True
    signs_per_second = 40
    can_hang = False
    slot = "9a"  # that make_key() fills; 9c wants the PIN for each signature

    def __init__(self, folder):
        super().__init__(folder)
        self.module_path = self.find_module()
        self.pin = random_pin(8)
        self.yubikey = take_card(self.pin)
        self.card = self.yubikey.card
        self.label = f"YubiKey PIV #{self.card.serial}"

    def find_module(self):
        return library("/usr/lib/{}/libykcs11.so.2", what="ykcs11")

    def stop(self):
        _spare.append(self.yubikey)

    @property
    def env(self):
        return self.yubikey.env

    def uri(self, name="ca"):
        return f"pkcs11:serial={self.card.serial};id=%{IDS[self.slot if name == 'ca' else name]:02x}"

    def make_key(self, algorithm, name="ca", id=None, extractable=False, **policies):
        """name: "ca" or a slot; pin_policy and touch_policy as yubico-piv-tool has them."""
        self.yubikey.generate(self.slot if name == "ca" else name, algorithm, **policies)
        return self.uri(name)

    def attestation(self):
        """(attestation, root), both PEM."""
        return self.yubikey.attestation(self.slot), self.yubikey.root

    def unlock(self):
        self.yubikey.tool("--action=unblock-pin", "--pin=12345678", f"--new-pin={self.pin}")

    def lose(self):
        self.yubikey.eject()

    def come_back(self):
        self.yubikey.insert()
