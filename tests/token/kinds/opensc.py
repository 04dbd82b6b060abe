# SPDX-License-Identifier: Apache-2.0
"""A PIV card by OpenSC: the same card, which is another token to another module. OpenSC shows a key only beside a
certificate, so the slot gets one that the key itself signed: hsm/smartcard/README.md."""
from harness import parts
from kinds import library
from kinds.ykcs11 import IDS, YKCS11
from piv import applet
from piv.yubikey import NAMES


class OpenSC(YKCS11):
    module = "opensc"
    lacks = {"generate": "C_GenerateKeyPair said CKR_", "store-certificate": "CKR_FUNCTION_NOT_SUPPORTED"}

    can_hang = True
    shows = {2: {"final_try"}, 3: {"locked"}}  # it does not know how many tries there were at first

    def __init__(self, folder):
        super().__init__(folder)
        self.label = "PIV_II"  # until there is a certificate, whose name it takes

    def find_module(self):
        return library("/usr/lib/{}/opensc-pkcs11.so", what="opensc-pkcs11")

    @property
    def env(self):
        # OpenSC 0.23 hangs in a login now and then when the card is pulled out: mica's half a minute is not waited for
        return {**super().env, "OPENSC_CONF": str(parts.TOP / "hsm/smartcard/opensc.conf"),
                "MICA_TOKEN_DEADLINE_MS": "8000"}

    def uri(self, name="ca"):
        return f"pkcs11:token={self.label};id=%{IDS[self.slot if name == 'ca' else name]:02x}"

    def make_key(self, algorithm, name="ca", id=None, extractable=False, pin_policy="DEFAULT", touch_policy="DEFAULT"):
        slot = self.slot if name == "ca" else name
        public = self.folder / "public.pem"
        manage = ["--pin", self.pin, "--management-key", applet.DEFAULT_KEY.hex()]
        self.yubikey.ykman("piv", "keys", "generate", *manage, "--algorithm", NAMES[algorithm], "--pin-policy",
                           pin_policy.upper(), "--touch-policy", touch_policy.upper(), slot, public)
        self.card.finger = 0
        self.yubikey.ykman("piv", "certificates", "generate", *manage, "--subject", "CN=milvus-ca", slot, public)
        self.card.finger = None
        self.label = "milvus-ca"
        self.card.forget()
        return self.uri(name)
