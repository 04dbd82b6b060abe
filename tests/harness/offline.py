# SPDX-License-Identifier: Apache-2.0
"""CAs that live elsewhere, made with the openssl program: roots, CAs under them, and what they sign of others."""
from .run import run

CA = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash",
      "authorityKeyIdentifier=keyid")
ISSUING = ("basicConstraints=critical,CA:TRUE,pathlen:0", *CA[1:])
LEAF = ("basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "subjectKeyIdentifier=hash",
        "authorityKeyIdentifier=keyid")


class Offline:
    """A folder with NAME.key, NAME.csr and NAME.pem for each CA."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __truediv__(self, name):
        return self.folder / name

    def key(self, name, subject, algorithm=("ec", "ec_paramgen_curve:P-256")):
        run(["openssl", "req", "-newkey", algorithm[0], "-pkeyopt", algorithm[1], "-nodes", "-keyout", self / f"{name}.key",
             "-out", self / f"{name}.csr", "-subj", subject])
        return self / f"{name}.csr"

    def sign(self, csr, issuer, out, extensions=ISSUING, days=2000, digest="sha256", own=False, more=()):
        """The certificate that issuer makes of a request; own: with the request's own key."""
        file = self / "extensions.cnf"
        file.write_text("\n".join(extensions) + "\n")
        signer = ["-signkey", self / f"{issuer}.key"] if own else ["-CA", self / f"{issuer}.pem", "-CAkey", self / f"{issuer}.key",
                                                                   "-CAcreateserial"]
        run(["openssl", "x509", "-req", "-in", csr, *signer, f"-{digest}", "-days", days, "-extfile", file, "-out", out, *more])
        return out

    def root(self, name, subject=None, extensions=CA, days=3000, **more):
        csr = self.key(name, subject or f"/O=Corp/CN={name}", **more)
        return self.sign(csr, name, self / f"{name}.pem", extensions, days, own=True)

    def under(self, issuer, name, subject=None, extensions=CA, days=2500, digest="sha256", **more):
        csr = self.key(name, subject or f"/O=Corp/CN={name}", **more)
        return self.sign(csr, issuer, self / f"{name}.pem", extensions, days, digest)

    def leaf(self, issuer, name, purpose, names=("DNS:localhost",)):
        """NAME.pem, NAME.key and NAME-chain.pem, with its issuer's certificate behind it."""
        csr = self.key(name, f"/CN={name}")
        extensions = [*LEAF, f"extendedKeyUsage={purpose}", *([f"subjectAltName={','.join(names)}"] if names else [])]
        self.sign(csr, issuer, self / f"{name}.pem", extensions, 100)
        (self / f"{name}-chain.pem").write_text((self / f"{name}.pem").read_text() + (self / f"{issuer}.pem").read_text())
        return self / f"{name}-chain.pem"
