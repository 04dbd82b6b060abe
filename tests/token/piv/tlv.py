# SPDX-License-Identifier: Apache-2.0
"""BER-TLV as PIV has it: tags of one or two octets, definite lengths (ISO/IEC 7816-4, 5.2.2)."""


class Malformed(Exception):
    pass


def put(tag, value=b""):
    """One object; tag as a number: 0x53, 0x7f49."""
    head = tag.to_bytes(2 if tag > 0xff else 1, "big")
    length = len(value)
    if length < 0x80:
        return head + bytes([length]) + value
    if length < 0x100:
        return head + bytes([0x81, length]) + value
    return head + b"\x82" + length.to_bytes(2, "big") + value


def parse(data):
    """[(tag, value)], in order."""
    found = []
    at = 0
    try:
        while at < len(data):
            tag = data[at]
            at += 1
            if tag & 0x1f == 0x1f:
                tag = tag << 8 | data[at]
                at += 1
            length = data[at]
            at += 1
            if length & 0x80:
                size = length & 0x7f
                length = int.from_bytes(data[at:at + size], "big")
                at += size
            if at + length > len(data):
                raise Malformed("a value is longer than the data")
            found.append((tag, bytes(data[at:at + length])))
            at += length
    except IndexError:
        raise Malformed("a header is cut off") from None
    return found


def get(data, tag):
    """The value of the first object with this tag; None: there is none."""
    return next((value for one, value in parse(data) if one == tag), None)
