# SPDX-License-Identifier: Apache-2.0
"""CRLs as other people's tools read them, and the ledger's hash chain as its header describes it."""
import base64
import hashlib
import re

from .run import run

PEM = re.compile(r"-----BEGIN X509 CRL-----\n(.+?)-----END X509 CRL-----\n", re.S)
OID = "1.2.840.113556.1.8000.2554.31129.25732.47932.18203.36874.14646281.15259375"


def lists(path):
    """The DER of every CRL of a PEM file that holds nothing else."""
    text = path.read_text()
    assert PEM.sub("", text) == "", text
    return [base64.b64decode(body) for body in PEM.findall(text)]


def read(path):
    """The first CRL of a file: {number, this, next, revoked, text}, by openssl."""
    said = run(["openssl", "crl", "-in", path, "-noout", "-text", "-crlnumber", "-lastupdate", "-nextupdate"]).out
    value = dict(line.split("=", 1) for line in said.splitlines() if re.match(r"(crlNumber|lastUpdate|nextUpdate)=", line))
    return {"number": int(value["crlNumber"], 16), "this": value["lastUpdate"], "next": value["nextUpdate"],
            "revoked": re.findall(r"Serial Number: (\w+)", said), "text": said}


def anchor(path):
    """(events, records, hash) of the first CRL of a file, by openssl asn1parse."""
    lines = run(["openssl", "asn1parse", "-in", path]).out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.rstrip().endswith(":" + OID))
    octets = lines[at + 1]
    assert "OCTET STRING" in octets, "the extension is critical"  # else a BOOLEAN would stand here
    inner = run(["openssl", "asn1parse", "-in", path, "-strparse", octets.split(":")[0].strip()]).out
    values = [line.rsplit(":", 1)[1] for line in inner.splitlines() if re.search(r"prim: +(INTEGER|OCTET STRING)", line)]
    assert int(values[0], 16) == 1 and len(values) == 4, inner
    return int(values[1], 16), int(values[2], 16), values[3].lower()


def _column(value):
    if isinstance(value, int):
        value = value.to_bytes(8, "big")
    elif isinstance(value, str):
        value = value.encode()
    return len(value).to_bytes(4, "big") + bytes(value)


def chain(db):
    """{seq: hash} of all events, computed anew: hash(n) = SHA-256(hash(n-1) || seq record at state detail)"""
    found, last = {0: hashlib.sha256(b"mica ledger 1").digest()}, 0
    for seq, *columns in db.execute("SELECT seq, record, at, state, detail FROM event ORDER BY seq"):
        found[seq] = hashlib.sha256(found[last] + b"".join(_column(c) for c in (seq, *columns))).digest()
        last = seq
    return found


def mend(db):
    """Whoever edits events and knows the format: every hash, and the head, fit again."""
    hashes = chain(db)
    for seq, value in hashes.items():
        db.execute("UPDATE event SET hash = ? WHERE seq = ?", (value, seq))
    last = max(hashes)
    db.execute("UPDATE meta SET value = ? WHERE name = '.head'", (last.to_bytes(8, "big") + hashes[last],))
