#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Has a TPM certify a key that tpm2-pkcs11 made in it: TPM2_Certify by an attestation key (ak.sh makes one).

The result is what `mica token --prove FILE --attestation CERTIFICATION --root ROOT` takes: one PEM file with the TPM's
statement, its signature, the key's public area and the attestation key's certificates.

TPM2_Certify wants the authorisation of the certified key, which tpm2-pkcs11 keeps under the PIN. So the PIN is given to
the TPM once, as by a login: a wrong one counts. Nothing secret is in an argument or stays on a disk. TPM2_PKCS11_STORE
names the store, TPM2TOOLS_TCTI the TPM. Needs tpm2-tools, python3-cryptography and python3-yaml."""
import argparse
import base64
import contextlib
import hashlib
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

import yaml
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# attributes of an object, as the store has them: PKCS#11's, and tpm2-pkcs11's own
CLASS, LABEL, PRIVATE_KEY = 0x0, 0x3, 3
PUBLIC_BLOB, PRIVATE_BLOB, WRAPPED_AUTH = 0x8F000002, 0x8F000003, 0x8F000001


class Fault(Exception):
    pass


class Yaml(yaml.SafeLoader):
    """The store's mappings have numbers as keys, and tags of YAML's own."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--token", default="milvus-ca", help="label of the token (milvus-ca)")
    parser.add_argument("--key", default="ca", help="label of the key (ca)")
    parser.add_argument("--pin-file", required=True, help="file that holds the token's PIN")
    parser.add_argument("--ak", required=True, help="the attestation key: ak.handle, or what else tpm2-tools take")
    parser.add_argument("--ak-auth-file", help="file that holds its authorisation, where it has one")
    parser.add_argument("--certificates", required=True, nargs="+", metavar="PEM",
                        help="the attestation key's certificate, then those above it, without the root")
    parser.add_argument("--out", required=True, help="the certification, written whole or not at all")
    return parser.parse_args()


# --- the store ------------------------------------------------------------------------------------


def read_store(token_label, key_label):
    """The token's primary key and sealed wrapping key, and the attributes of one private key."""
    folder = os.environ.get("TPM2_PKCS11_STORE")
    if not folder:
        raise Fault("TPM2_PKCS11_STORE is not set: it names the store's directory")
    path = pathlib.Path(folder) / "tpm2_pkcs11.sqlite3"
    if not path.exists():
        raise Fault(f"there is no store '{path}'")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        token = db.execute("SELECT * FROM tokens WHERE label = ?", (token_label,)).fetchone()
        if not token:
            raise Fault(f"the store holds no token '{token_label}'")
        primary = db.execute("SELECT * FROM pobjects WHERE id = ?", (token["pid"],)).fetchone()
        sealed = db.execute("SELECT * FROM sealobjects WHERE tokid = ?", (token["id"],)).fetchone()
        objects = [yaml.load(row["attrs"], Yaml) for row in
                   db.execute("SELECT attrs FROM tobjects WHERE tokid = ? ORDER BY id", (token["id"],))]
    label = key_label.encode().hex()
    found = [o for o in objects if o.get(CLASS) == PRIVATE_KEY and o.get(LABEL) == label]
    if len(found) != 1:
        raise Fault(f"{len(found)} private keys have the label '{key_label}' on the token '{token_label}'")
    if not sealed["userpub"]:
        raise Fault(f"the token '{token_label}' has no PIN yet")
    return primary, sealed, found[0]


# --- the TPM --------------------------------------------------------------------------------------


class Tpm:
    """tpm2-tools in a directory of its own, in memory where there is one: what they are given and give are files."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def file(self, name, content=None):
        path = self.folder / name
        if content is not None:
            path.write_bytes(content)
        return str(path)

    def auth(self, name, secret):
        """An authorisation by file; none for an empty one."""
        return f"file:{self.file(name, secret)}" if secret else ""

    def run(self, command, *args):
        try:
            done = subprocess.run([f"tpm2_{command}", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace")
        except FileNotFoundError:
            raise Fault(f"tpm2_{command} is not there: install tpm2-tools") from None
        if done.returncode != 0:
            raise Fault(f"tpm2_{command} failed:\n{done.stdout.strip()}")

    def load(self, name, primary, public, private):
        context = self.file(f"{name}.ctx")
        parent, auth = primary
        self.run("load", "-C", parent, *(["-P", auth] if auth else []), "-u", self.file(f"{name}.pub", public),
                 "-r", self.file(f"{name}.priv", private), "-c", context)
        return context


def primary_of(tpm, row):
    """The primary key's context, and its authorisation."""
    config = yaml.load(row["config"], Yaml)
    handle = config.get("esys-tr")
    if config.get("transient") not in (False, "false") or not handle:
        raise Fault("the store's primary key is made anew at each start (transient): make the store by token.sh")
    return tpm.file("primary", bytes.fromhex(handle)), tpm.auth("primary.auth", (row["objauth"] or "").encode())


def key_auth(tpm, primary, sealed, key, pin):
    """The key's authorisation: encrypted by the key that the TPM unseals for the PIN."""
    salt = sealed["userauthsalt"]  # text of the module's, bytes of tpm2_ptool's
    digest = hashlib.sha256(pin + (salt if isinstance(salt, bytes) else salt.encode())).hexdigest()[:32]
    context = tpm.load("seal", primary, sealed["userpub"], sealed["userpriv"])
    tpm.run("unseal", "-c", context, "-p", tpm.auth("seal.auth", digest.encode()), "-o", tpm.file("wrapping"))
    wrapping = bytes.fromhex((tpm.folder / "wrapping").read_text().strip())
    wrapped = bytes.fromhex(key[WRAPPED_AUTH]).decode()
    nonce, tag, text = (bytes.fromhex(part) for part in wrapped.split(":"))
    try:
        return AESGCM(wrapping).decrypt(nonce, text + tag, None)
    except InvalidTag:
        raise Fault("the store's authorisation of the key was changed") from None


def certify(tpm, options, pin):
    """TPMS_ATTEST, TPMT_SIGNATURE and TPMT_PUBLIC"""
    row, sealed, key = read_store(options.token, options.key)
    primary = primary_of(tpm, row)
    public = bytes.fromhex(key[PUBLIC_BLOB])
    auth = key_auth(tpm, primary, sealed, key, pin)
    context = tpm.load("key", primary, public, bytes.fromhex(key[PRIVATE_BLOB]))
    signer = ["-p", tpm.auth("ak.auth", pathlib.Path(options.ak_auth_file).read_bytes().rstrip(b"\n"))] \
        if options.ak_auth_file else []
    tpm.run("certify", "-c", context, "-P", tpm.auth("key.auth", auth), "-C", options.ak, *signer, "-g", "sha256",
            "-f", "tss", "-o", tpm.file("attest"), "-s", tpm.file("signature"))
    # the blob is a TPM2B_PUBLIC: a length, then what is named
    return (tpm.folder / "attest").read_bytes(), (tpm.folder / "signature").read_bytes(), public[2:]


# --- the file -------------------------------------------------------------------------------------


def block(label, content):
    text = base64.b64encode(content).decode()
    lines = [text[at:at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def write(path, text):
    path = pathlib.Path(path)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix="..", delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def main():
    options = arguments()
    os.umask(0o077)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    try:
        pin = pathlib.Path(options.pin_file).read_bytes().rstrip(b"\n")
        certificates = "".join(pathlib.Path(name).read_text() for name in options.certificates)
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            attest, signature, public = certify(Tpm(folder), options, pin)
        write(options.out, block("TPM2 ATTEST", attest) + block("TPM2 SIGNATURE", signature) +
              block("TPM2 PUBLIC", public) + certificates)
    except (Fault, OSError, sqlite3.Error, KeyError) as fault:
        sys.exit(f"certify.py: {fault}")


if __name__ == "__main__":
    main()
