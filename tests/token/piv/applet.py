# SPDX-License-Identifier: Apache-2.0
"""The applet: a command in, an answer out. It knows nothing of readers.

What it was asked is there to be counted: pins (VERIFY commands that brought a PIN), wrong_pins, signed (what was to be
signed: a digest, for RSA padded), touches, missed, log (names and status words of all commands, never their data)."""
import os
import threading
import time

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding

try:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
except ImportError:  # before 43
    from cryptography.hazmat.primitives.ciphers.algorithms import TripleDES

from . import keys, tlv

OK, WRONG_LENGTH, NOT_ALLOWED, BLOCKED = 0x9000, 0x6700, 0x6982, 0x6983
CONDITIONS, WRONG_DATA, NOT_SUPPORTED, NOT_FOUND = 0x6985, 0x6a80, 0x6d00, 0x6a82
WRONG_P1P2, NO_REFERENCE, WRONG_CLASS = 0x6a86, 0x6a88, 0x6e00

ATR = bytes.fromhex("3bfd1300008131fe158073c021c057597562694b657940")
PIV, MANAGEMENT = bytes.fromhex("a000000308000010000100"), bytes.fromhex("a000000527471117")
DISCOVERY = bytes.fromhex("7e124f0ba0000003080000100001005f2f024000")
PRIVATE_OBJECTS = (0x5fc109, 0x5fc103, 0x5fc108, 0x5fc121)  # read after the PIN

SLOTS = (0x9a, 0x9c, 0x9d, 0x9e, *range(0x82, 0x96))
ATTESTATION, MANAGEMENT_KEY, PIN, PUK = 0xf9, 0x9b, 0x80, 0x81
DEFAULT_KEY = bytes.fromhex("010203040506070801020304050607080102030405060708")
# management keys: number -> (cipher, length of the key, length of a block)
CIPHERS = {0x03: (TripleDES, 24, 8), 0x08: (algorithms.AES, 16, 16), 0x0a: (algorithms.AES, 24, 16),
           0x0c: (algorithms.AES, 32, 16)}
DEFAULT_PIN_POLICY = {0x9c: keys.PIN_ALWAYS, 0x9e: keys.PIN_NEVER}

TOUCH_CACHE = 15  # seconds


class Answer(Exception):
    """A status word other than OK."""

    def __init__(self, status):
        super().__init__(f"{status:04x}")
        self.status = status


class Secret:
    """A PIN or a PUK, with its counter."""

    def __init__(self, value, tries):
        self.value, self.total, self.left = value, tries, tries
        self.is_default = True

    def try_it(self, value):
        if self.left == 0:
            raise Answer(BLOCKED)
        if value != self.value:
            self.left -= 1
            raise Answer(0x63c0 | self.left)
        self.left = self.total

    def set(self, value):
        self.value, self.left, self.is_default = value, self.total, False

    def metadata(self):
        return tlv.put(0x01, b"\xff") + tlv.put(0x05, bytes([self.is_default])) + \
            tlv.put(0x06, bytes([self.total, self.left]))


def padded(pin):
    return pin.encode().ljust(8, b"\xff")


class Card:
    """firmware (5, 4, 3) makes certain what commands there are. delay: seconds that a signature takes."""

    def __init__(self, serial=12345678, firmware=(5, 4, 3), delay=0.0, touch_seconds=15.0):
        self.serial, self.firmware = serial, bytes(firmware)
        self._defaults = delay, touch_seconds
        self.maker = keys.Maker(self.firmware)
        self._touched, self.waiting = threading.Event(), threading.Event()
        self.renew()

    # --- what a test does ---

    def forget(self):
        """Counts from nothing."""
        self.pins = self.wrong_pins = self.touches = self.missed = 0
        self.signed, self.log = [], []

    @property
    def signatures(self):
        return len(self.signed)

    def touch(self):
        self._touched.set()

    def set_pin(self, pin):
        self.pin.set(padded(pin))

    def renew(self):
        """As it was made: other tests were with it."""
        self.delay, self.touch_seconds = self._defaults
        self.finger = None  # seconds after which somebody touches it whenever it blinks; None: nobody does
        self.removed = False
        self._last_touch = -TOUCH_CACHE
        self._touched.clear()
        self.waiting.clear()
        self.forget()
        self.reset()
        self.power()

    def power(self):
        """What a loss of power forgets."""
        self.application = None
        self.verified = self.fresh = self.managed = False
        self._challenge = None
        self._chain, self._rest = b"", b""

    def reset(self):
        """As new, but for the attestation key."""
        self.pin, self.puk = Secret(padded("123456"), 3), Secret(padded("12345678"), 3)
        self.management = (0x03, DEFAULT_KEY)
        self.management_touch = keys.TOUCH_NEVER
        self.keys, self.objects = {}, {}
        self.objects[0x5fff01] = tlv.put(0x70, self.maker.device.public_bytes(Encoding.DER)) + \
            tlv.put(0x71, b"\0") + tlv.put(0xfe)

    # --- commands ---

    def process(self, command):
        """bytes to bytes, as ISO 7816-4 has them."""
        if len(command) < 4:
            return WRONG_LENGTH.to_bytes(2, "big")
        cla, ins, p1, p2 = command[:4]
        data, expected = self._body(command)
        if ins == 0xc0:
            return self._more(expected)
        if cla & 0x10:
            self._chain += data
            return OK.to_bytes(2, "big")
        data, self._chain, self._rest = self._chain + data, b"", b""
        name, handler = self.COMMANDS.get(ins, (f"{ins:02X}", None))
        fresh, self.fresh = self.fresh, False
        answer, status = b"", OK
        try:
            if cla & ~0x10:
                raise Answer(WRONG_CLASS)
            if handler is None or (self.application != PIV and ins not in (0xa4, 0x1d)):
                raise Answer(NOT_SUPPORTED)
            answer = handler(self, p1, p2, data, fresh) if ins == 0x87 else handler(self, p1, p2, data)
        except Answer as other:
            status = other.status
        except tlv.Malformed:
            status = WRONG_DATA
        self.log.append((name, status))
        if status != OK:
            return status.to_bytes(2, "big")
        self._rest = answer
        return self._more(expected)

    @staticmethod
    def _body(command):
        """The data, and how long the answer may be: short and extended lengths."""
        body = command[4:]
        if not body:
            return b"", 256
        if body[0] == 0 and len(body) >= 3:
            if len(body) == 3:
                return b"", int.from_bytes(body[1:], "big") or 65536
            length = int.from_bytes(body[1:3], "big")
            rest = body[3 + length:]
            return body[3:3 + length], int.from_bytes(rest, "big") or 65536
        if len(body) == 1:
            return b"", body[0] or 256
        rest = body[1 + body[0]:]
        return body[1:1 + body[0]], (rest[0] or 256) if rest else 256

    def _more(self, expected):
        part, self._rest = self._rest[:expected], self._rest[expected:]
        status = 0x6100 | min(len(self._rest), 0xff) if self._rest else OK
        return part + status.to_bytes(2, "big")

    def _select(self, p1, _p2, data):
        if p1 != 0x04:
            raise Answer(NOT_FOUND)
        self.verified = self.managed = False
        self._challenge = None
        for name, answer in ((PIV, tlv.put(0x61, tlv.put(0x4f, PIV[5:]) + tlv.put(0x79, tlv.put(0x4f, PIV[:5])))),
                             (MANAGEMENT, b"Virtual mgr - FW version %d.%d.%d" % tuple(self.firmware))):
            if len(data) >= 5 and name.startswith(data):
                self.application = name
                return answer
        self.application = None
        raise Answer(NOT_FOUND)

    def _device_info(self, _p1, _p2, _data):
        if self.application != MANAGEMENT:
            raise Answer(NOT_SUPPORTED)
        info = (tlv.put(0x01, b"\x02\x3f") + tlv.put(0x02, self.serial.to_bytes(4, "big")) +
                tlv.put(0x03, b"\x00\x10") + tlv.put(0x04, b"\x03") + tlv.put(0x05, self.firmware))
        return bytes([len(info)]) + info

    def _verify(self, p1, p2, data):
        if p2 != PIN:
            raise Answer(NO_REFERENCE)
        if p1 == 0xff and not data:
            self.verified = False
            return b""
        if p1 != 0:
            raise Answer(WRONG_P1P2)
        if not data:
            if self.verified:
                return b""
            raise Answer(0x63c0 | self.pin.left if self.pin.left else BLOCKED)
        if len(data) != 8:
            raise Answer(WRONG_DATA)
        self.pins += 1
        self.verified = False
        try:
            self.pin.try_it(data)
        except Answer:
            self.wrong_pins += 1
            raise
        self.verified = self.fresh = True
        return b""

    def _change(self, p1, p2, data):
        secret = {PIN: self.pin, PUK: self.puk}.get(p2)
        if secret is None:
            raise Answer(NO_REFERENCE)
        if p1 != 0 or len(data) != 16:
            raise Answer(WRONG_DATA)
        secret.try_it(data[:8])
        secret.set(data[8:])
        return b""

    def _unblock(self, p1, p2, data):
        if p2 != PIN:
            raise Answer(NO_REFERENCE)
        if p1 != 0 or len(data) != 16:
            raise Answer(WRONG_DATA)
        self.puk.try_it(data[:8])
        self.pin.set(data[8:])
        return b""

    def _set_tries(self, pin, puk, _data):
        if not self.managed or not self.verified or not pin or not puk:
            raise Answer(NOT_ALLOWED)
        self.pin, self.puk = Secret(padded("123456"), pin), Secret(padded("12345678"), puk)
        return b""

    def _reset(self, _p1, _p2, _data):
        if self.pin.left or self.puk.left:
            raise Answer(CONDITIONS)
        self.reset()
        return b""

    # --- objects ---

    @staticmethod
    def _object_id(data):
        tag = tlv.get(data, 0x5c)
        if not tag:
            raise Answer(WRONG_DATA)
        return int.from_bytes(tag, "big")

    def _get_data(self, p1, p2, data):
        if (p1, p2) != (0x3f, 0xff):
            raise Answer(WRONG_P1P2)
        number = self._object_id(data)
        if number == 0x7e:
            return DISCOVERY
        if number in PRIVATE_OBJECTS and not self.verified:
            raise Answer(NOT_ALLOWED)
        if number not in self.objects:
            raise Answer(NOT_FOUND)
        return tlv.put(0x53, self.objects[number])

    def _put_data(self, p1, p2, data):
        if (p1, p2) != (0x3f, 0xff):
            raise Answer(WRONG_P1P2)
        if not self.managed:
            raise Answer(NOT_ALLOWED)
        number, value = self._object_id(data), tlv.get(data, 0x53)
        if value:
            self.objects[number] = value
        else:
            self.objects.pop(number, None)
        return b""

    # --- keys ---

    def _slot(self, number, also=()):
        if number not in SLOTS and number not in also:
            raise Answer(WRONG_P1P2)
        return number

    def _policies(self, slot, fields):
        pin, touch = (fields.get(tag, b"\0")[0] for tag in (0xaa, 0xab))
        return pin or DEFAULT_PIN_POLICY.get(slot, keys.PIN_ONCE), touch or keys.TOUCH_NEVER

    def _generate(self, p1, p2, data):
        if not self.managed:
            raise Answer(NOT_ALLOWED)
        slot = self._slot(p2)
        fields = dict(tlv.parse(tlv.get(data, 0xac) or b""))
        algorithm = fields.get(0x80, b"\0")[0]
        if p1 != 0 or algorithm not in keys.BITS:
            raise Answer(WRONG_DATA)
        self.keys[slot] = keys.generate(algorithm, *self._policies(slot, fields))
        return tlv.put(0x7f49, self.keys[slot].public())

    def _import(self, p1, p2, data):
        if not self.managed:
            raise Answer(NOT_ALLOWED)
        slot, fields = self._slot(p2), dict(tlv.parse(data))
        try:
            self.keys[slot] = keys.load(p1, fields, *self._policies(slot, fields))
        except (KeyError, ValueError):
            raise Answer(WRONG_DATA) from None
        return b""

    def _attest(self, p1, p2, data):
        slot = self._slot(p1)
        if slot not in self.keys:
            raise Answer(NO_REFERENCE)
        if p2 != 0 or data or self.keys[slot].origin != keys.GENERATED:
            raise Answer(WRONG_DATA)
        return self.maker.attest(slot, self.keys[slot], self.firmware, self.serial)

    def _metadata(self, _p1, p2, _data):
        if self.firmware < b"\5\3\0":
            raise Answer(NOT_SUPPORTED)
        if p2 in (PIN, PUK):
            return {PIN: self.pin, PUK: self.puk}[p2].metadata()
        if p2 == MANAGEMENT_KEY:
            return (tlv.put(0x01, bytes([self.management[0]])) + tlv.put(0x02, bytes([0, self.management_touch])) +
                    tlv.put(0x05, bytes([self.management[1] == DEFAULT_KEY])))
        key = self.keys.get(self._slot(p2, (ATTESTATION,)))
        if key is None:
            raise Answer(NO_REFERENCE)
        return (tlv.put(0x01, bytes([key.algorithm])) + tlv.put(0x02, bytes([key.pin, key.touch])) +
                tlv.put(0x03, bytes([key.origin])) + tlv.put(0x04, key.public()))

    # --- the use of keys ---

    def _authenticate(self, p1, p2, data, fresh):
        fields = dict(tlv.parse(tlv.get(data, 0x7c) or b""))
        if p2 == MANAGEMENT_KEY:
            return self._manage(p1, fields)
        key = self.keys.get(self._slot(p2))
        if key is None or p1 != key.algorithm or 0x82 not in fields:
            raise Answer(WRONG_DATA)
        if key.pin == keys.PIN_ALWAYS and not fresh or key.pin == keys.PIN_ONCE and not self.verified:
            raise Answer(NOT_ALLOWED)
        self._await_touch(key)
        time.sleep(self.delay)
        result = key.use(fields[0x81]) if 0x81 in fields else key.agree(fields.get(0x85, b""))
        if result is None:
            raise Answer(WRONG_DATA)
        self.signed.append(bytes(fields.get(0x81, b"")))
        return tlv.put(0x7c, tlv.put(0x82, result))

    def _await_touch(self, key):
        if key.touch == keys.TOUCH_NEVER:
            return
        if key.touch == keys.TOUCH_CACHED and time.monotonic() - self._last_touch < TOUCH_CACHE:
            return
        self._touched.clear()
        self.waiting.set()
        finger = self.finger is not None and self.finger < self.touch_seconds
        touched = self._touched.wait(self.finger if finger else self.touch_seconds) or finger
        self.waiting.clear()
        if self.removed or not touched:
            self.missed += not self.removed
            raise Answer(NOT_ALLOWED)
        self.touches += 1
        self._last_touch = time.monotonic()

    def _manage(self, number, fields):
        """Both ways of SP 800-73-4, part 2, A.1: the card proves itself as well, or not."""
        cipher, _, block = CIPHERS.get(number, (None, 0, 0))
        if number != self.management[0]:
            raise Answer(WRONG_DATA)
        both = Cipher(cipher(self.management[1]), modes.ECB())
        encrypt = lambda value: both.encryptor().update(value)
        challenge, self._challenge = self._challenge, None
        if fields.get(0x80) == b"":
            self._challenge = ("witness", os.urandom(block))
            return tlv.put(0x7c, tlv.put(0x80, encrypt(self._challenge[1])))
        if fields.get(0x81) == b"":
            self._challenge = ("challenge", os.urandom(block))
            return tlv.put(0x7c, tlv.put(0x81, self._challenge[1]))
        if challenge and challenge[0] == "witness" and fields.get(0x80) == challenge[1] and 0x81 in fields:
            self.managed = True
            return tlv.put(0x7c, tlv.put(0x82, encrypt(fields[0x81])))
        if challenge and challenge[0] == "challenge" and fields.get(0x82) == encrypt(challenge[1]):
            self.managed = True
            return b""
        raise Answer(NOT_ALLOWED)

    def _set_management_key(self, p1, p2, data):
        if not self.managed:
            raise Answer(NOT_ALLOWED)
        if p1 != 0xff or len(data) < 3 or data[1] != MANAGEMENT_KEY or data[0] not in CIPHERS or \
           len(data) != 3 + data[2] or data[2] != CIPHERS[data[0]][1]:
            raise Answer(WRONG_DATA)
        self.management = (data[0], bytes(data[3:]))
        self.management_touch = keys.TOUCH_ALWAYS if p2 == 0xfe else keys.TOUCH_NEVER
        return b""

    COMMANDS = {
        0xa4: ("SELECT", _select), 0x1d: ("READ CONFIG", _device_info), 0x20: ("VERIFY", _verify),
        0x24: ("CHANGE REFERENCE DATA", _change), 0x2c: ("RESET RETRY COUNTER", _unblock),
        0x47: ("GENERATE ASYMMETRIC", _generate), 0x87: ("GENERAL AUTHENTICATE", _authenticate),
        0xcb: ("GET DATA", _get_data), 0xdb: ("PUT DATA", _put_data), 0xf7: ("GET METADATA", _metadata),
        0xf8: ("GET SERIAL", lambda self, *_: self.serial.to_bytes(4, "big")), 0xf9: ("ATTEST", _attest),
        0xfa: ("SET PIN RETRIES", _set_tries), 0xfb: ("RESET", _reset),
        0xfd: ("GET VERSION", lambda self, *_: self.firmware), 0xfe: ("IMPORT KEY", _import),
        0xff: ("SET MANAGEMENT KEY", _set_management_key),
    }
