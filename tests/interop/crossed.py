# SPDX-License-Identifier: Apache-2.0
"""Two roots with keys in files: the old one's cross-certificate for the new one, leaves, and a revocation list of each
(crossed.c)."""
from harness import parts
from harness.run import run
from kinds import ALGORITHMS

# every kind as the old and as the new one; with --all every pair
PAIRS = [(old, new) for i, old in enumerate(ALGORITHMS) for j, new in enumerate(ALGORITHMS)
         if parts.ALL or (i + 2) % len(ALGORITHMS) == j]

_KINDS = {"ec-p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "ec-p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]}


class Crossed:
    def __init__(self, folder, old, new, more=0):
        self.folder = folder / f"{old}-{new}-{more}"
        self.folder.mkdir(parents=True)
        program = parts.BUILD / "tests/interop/crossed"
        if not program.exists():
            parts.missing("crossed")
        run([program, self._key(folder, "old", old), old, self._key(folder, "new", new), new, self.folder, more])
        self.both("both.pem", "old.pem", "new.pem")
        self.both("both.crl", "old.crl", "new.crl")

    def __truediv__(self, name):
        return self.folder / name

    def both(self, name, *parts_of_it):
        (self / name).write_text("".join((self / part).read_text() for part in parts_of_it))

    @staticmethod
    def _key(folder, whose, algorithm):
        """One a kind, for all pairs: a long RSA key takes a while."""
        path = folder / f"{whose}-{algorithm}.key"
        if not path.exists():
            kind = _KINDS.get(algorithm) or ["RSA", "-pkeyopt", "rsa_keygen_bits:" + algorithm.split("-")[1]]
            run(["openssl", "genpkey", "-algorithm", *kind, "-out", path])
        return path
