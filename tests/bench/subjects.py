# SPDX-License-Identifier: Apache-2.0
"""What is measured: mica, and the peers that are asked for the same certificates with the same CA key."""
import pathlib
import subprocess
import sys

from harness import parts

import measure

HERE = pathlib.Path(__file__).resolve().parent
# A loop of processes is linear in the number of certificates: so many are made of a thousand
LOOP = 50


class Subject:
    def __init__(self, world, name):
        self.world, self.name = world, name

    def made(self, n):
        return n

    def prepare(self, n):
        pass

    def check(self, n):
        pass

    def counted(self, n):
        """{function: calls} of one run with pkcs11-spy between it and the token."""
        log = self.world.path / "spy.log"
        log.unlink(missing_ok=True)
        self.prepare(n)
        self.run(n, {"PKCS11SPY": self.world.module, "PKCS11SPY_OUTPUT": str(log)})
        if not log.exists():
            sys.exit(f"{self.name}: no call of the token was seen")
        return measure.spy_counts(log)


class Mica(Subject):
    """`mica apply` of n certificates that are all to be issued, from exec to exit."""

    def __init__(self, world):
        super().__init__(world, "mica apply")

    def prepare(self, n):
        self.world.renew()

    def run(self, n, spy=None):
        name = self.world.inventory(n, self.world.spy if spy else "softhsm2")
        return measure.run([parts.mica(), "-f", name, "apply"], self.world.home, {**self.world.env, **(spy or {})})

    def check(self, n):
        links = ["out/prod/tls/server.pem", f"out/prod/clients/client-{n - 1:05}/client.pem"]
        for link in links[:1 if n == 1 else 2]:
            verify(self.world, [self.world.home / link])


class Loop(Subject):
    """A script of tests/bench/peers that runs its programs once for each certificate."""

    def __init__(self, world, name, script):
        super().__init__(world, name)
        self.script = HERE / "peers" / script
        self.folder = None

    def made(self, n):
        return min(n, LOOP)

    def prepare(self, n):
        self.folder = self.world.folder(self.script.stem)

    def env(self, spy):
        world = self.world
        return {**world.env, "CA": str(world.ca), "URI": "pkcs11:token=milvus-ca;object=ca;type=private",
                "MODULE": world.spy if spy else world.module, "GNUTLS_PIN": world.token.pin,
                "ENGINE_CONF": str(world.path / ("engine-spy.cnf" if spy else "engine.cnf")), **(spy or {})}

    def run(self, n, spy=None):
        return measure.run([self.script, self.made(n)], self.folder, self.env(spy))

    def check(self, n):
        verify(self.world, [self.folder / f"{i}.pem" for i in range(1, self.made(n) + 1)])


class OpensslCa(Loop):
    def __init__(self, world):
        super().__init__(world, "openssl ca -infiles", "openssl-ca.sh")

    def made(self, n):
        return n

    def prepare(self, n):
        super().prepare(n)
        (self.folder / "new").mkdir()
        (self.folder / "index.txt").touch()
        self.requests = self.world.requests(n)

    def env(self, spy):
        return {**super().env(spy), "REQUESTS": str(self.requests)}

    def check(self, n):
        made = sorted((self.folder / "new").glob("*.pem"))
        if len(made) != n:
            sys.exit(f"openssl ca made {len(made)} certificates of {n}")
        verify(self.world, made[:1])


class Bare(Subject):
    """bench_token, many times: what the token itself does."""

    COUNT = {"sign": 20000, "floor": 4000}
    RSA_COUNT = {"sign": 1500, "floor": 1000}

    def __init__(self, world, name, what, threads):
        super().__init__(world, name)
        self.what, self.threads = what, threads

    def run(self, n, spy=None):
        world = self.world
        count = (self.RSA_COUNT if world.algorithm.startswith("rsa") else self.COUNT)[self.what]
        count = min(count, 100 * n)  # a smoke run is short
        done = subprocess.run([parts.BUILD / "tests/bench/bench_token", self.what, world.module, world.token.label, "ca",
                               world.pin, str(self.threads), str(count)], env=world.env, check=True,
                              stdout=subprocess.PIPE, text=True)
        return measure.Sample(float(done.stdout) / 1000 * self.made(n), 0, 0)


def verify(world, files):
    """Untimed: nobody is measured for work that was not done."""
    subprocess.run(["openssl", "verify", "-CAfile", str(world.ca), *map(str, files)], env=world.env, check=True,
                   stdout=subprocess.DEVNULL)


def peers(world):
    return [Loop(world, "openssl genpkey, req, x509", "documentation.sh"), Loop(world, "certtool", "certtool.sh"),
            OpensslCa(world)]


def token(world):
    return [Bare(world, f"{title}, {threads} thread{'s' * (threads > 1)}", what, threads)
            for what, title in (("floor", "floor: key made, C_Sign"), ("sign", "bare C_Sign")) for threads in (1, 2)]


class Idle(Subject):
    """A verb with nothing due, over n entries; the world was applied before."""

    def __init__(self, world, verb):
        super().__init__(world, f"mica {verb}, nothing due")
        self.verb = verb

    def run(self, n, spy=None):
        return measure.run([parts.mica(), "-f", self.world.inventory(n), self.verb], self.world.home, self.world.env)
