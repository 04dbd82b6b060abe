# SPDX-License-Identifier: Apache-2.0
"""The keys of the slots: made, imported, used, attested."""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.x509.oid import NameOID

from . import tlv

RSA_1024, RSA_2048, EC_P256, EC_P384 = 0x06, 0x07, 0x11, 0x14
PIN_NEVER, PIN_ONCE, PIN_ALWAYS = 1, 2, 3
TOUCH_NEVER, TOUCH_ALWAYS, TOUCH_CACHED = 1, 2, 3
GENERATED, IMPORTED = 1, 2

BITS = {RSA_1024: 1024, RSA_2048: 2048, EC_P256: 256, EC_P384: 384}
CURVES = {EC_P256: ec.SECP256R1(), EC_P384: ec.SECP384R1()}
YUBICO = "1.3.6.1.4.1.41482.3."  # what an attestation says: .3 firmware, .7 serial, .8 policies, .9 form factor


class Key:
    def __init__(self, algorithm, private, pin, touch, origin=GENERATED):
        self.algorithm, self.private, self.origin = algorithm, private, origin
        self.pin, self.touch = pin, touch

    @property
    def is_rsa(self):
        return self.algorithm in (RSA_1024, RSA_2048)

    def public(self):
        """The contents of 7F49, and of a metadata's 04."""
        if self.is_rsa:
            numbers = self.private.public_key().public_numbers()
            return (tlv.put(0x81, numbers.n.to_bytes(BITS[self.algorithm] // 8, "big")) +
                    tlv.put(0x82, numbers.e.to_bytes(3, "big")))
        point = self.private.public_key().public_bytes(serialization.Encoding.X962,
                                                       serialization.PublicFormat.UncompressedPoint)
        return tlv.put(0x86, point)

    def use(self, data):
        """RSA: the bare private operation on a padded block. Elliptic: ECDSA of a digest, in DER. None: refused."""
        if self.is_rsa:
            return self._raw_rsa(data)
        size = BITS[self.algorithm] // 8
        if len(data) > size:
            return None
        digest = {32: hashes.SHA256(), 48: hashes.SHA384()}[size]
        return self.private.sign(data.rjust(size, b"\0"), ec.ECDSA(utils.Prehashed(digest)))

    def _raw_rsa(self, data):
        size = BITS[self.algorithm] // 8
        p = self.private.private_numbers()
        value = int.from_bytes(data, "big")
        if len(data) != size or value >= p.public_numbers.n:
            return None
        first, second = pow(value, p.dmp1, p.p), pow(value, p.dmq1, p.q)
        return (second + p.q * ((first - second) * p.iqmp % p.p)).to_bytes(size, "big")

    def agree(self, point):
        """ECDH: the x of the common point. None: refused."""
        try:
            other = ec.EllipticCurvePublicKey.from_encoded_point(CURVES[self.algorithm], point)
        except (KeyError, ValueError):
            return None
        return self.private.exchange(ec.ECDH(), other)


def generate(algorithm, pin, touch):
    if algorithm in CURVES:
        return Key(algorithm, ec.generate_private_key(CURVES[algorithm]), pin, touch)
    return Key(algorithm, rsa.generate_private_key(65537, BITS[algorithm]), pin, touch)


def load(algorithm, parts, pin, touch):
    """From the fields of an IMPORT: 01 p, 02 q (the rest follows from them), or 06 the scalar."""
    if algorithm in CURVES:
        private = ec.derive_private_key(int.from_bytes(parts[0x06], "big"), CURVES[algorithm])
        return Key(algorithm, private, pin, touch, IMPORTED)
    p, q = (int.from_bytes(parts[tag], "big") for tag in (0x01, 0x02))
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q),
                                    rsa.RSAPublicNumbers(65537, p * q))
    return Key(algorithm, numbers.private_key(), pin, touch, IMPORTED)


# --- attestation -----------------------------------------------------------------

FROM, UNTIL = datetime.datetime(2016, 3, 14), datetime.datetime(2052, 4, 17)


def _name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(subject, public, issuer, signer, extensions):
    builder = (x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(issuer)).public_key(public)
               .serial_number(x509.random_serial_number()).not_valid_before(FROM).not_valid_after(UNTIL))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())


def _said(last, value):
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(YUBICO + last), value), False


class Maker:
    """Who made the device: a root, and the attestation key (slot f9) that it certified when the device was made."""

    ROOT, DEVICE = "Test PIV Root CA", "Test PIV Attestation"

    def __init__(self, firmware):
        self.root_key = rsa.generate_private_key(65537, 2048)
        self.device_key = rsa.generate_private_key(65537, 2048)
        self.root = _certificate(self.ROOT, self.root_key.public_key(), self.ROOT, self.root_key,
                                 [(x509.BasicConstraints(True, None), True)])
        self.device = _certificate(self.DEVICE, self.device_key.public_key(), self.ROOT, self.root_key,
                                   [(x509.BasicConstraints(True, 0), True), _said("3", firmware)])

    def attest(self, slot, key, firmware, serial):
        """The certificate, in DER, that says: this key was made in this slot of this device, and cannot leave it."""
        number = tlv.put(0x02, serial.to_bytes(serial.bit_length() // 8 + 1, "big"))
        return _certificate(f"YubiKey PIV Attestation {slot:02x}", key.private.public_key(), self.DEVICE,
                            self.device_key, [_said("3", firmware), _said("7", number),
                                              _said("8", bytes([key.pin, key.touch])), _said("9", b"\x03")]
                            ).public_bytes(serialization.Encoding.DER)
