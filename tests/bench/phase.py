# SPDX-License-Identifier: Apache-2.0
"""The signing phase alone: from the begin of the first C_SignInit to the end of the last C_Sign, as the proxy of
tests/fault sees it, beside what the same token does for a program that does nothing else."""
import re
import struct
import subprocess
import sys

import pytest

from harness import parts

import measure

sys.path.insert(0, str(parts.TESTS / "token"))
from token_home import TokenHome  # noqa: E402

SESSIONS = 16
CALLS = 2  # a signature's
ROW = struct.Struct("5Q")  # tests/fault/proxy.c: struct stat_row


class Place:
    """A token of a kind (tests/token/kinds), with a CA key, behind the proxy; delay: milliseconds added to each call."""

    def __init__(self, folder, kind, delay=0):
        folder.mkdir(parents=True)
        (folder / "token").mkdir(mode=0o700)
        self.kind = kind(folder / "token")
        self.home = TokenHome(folder, self.kind, proxied=True)
        self.faults = f"*@*=delay:{delay}" if delay else ""
        self.stats = folder / "stats"
        self.home.init("ec-p256")
        self.uri = self.home.uri

    def stop(self):
        self.kind.stop()

    @property
    def env(self):
        """Nothing is logged while time is taken."""
        return {"MICA_FAULT_MODULE": str(self.kind.module_path), "MICA_FAULT": self.faults,
                "MICA_FAULT_STATS": str(self.stats)}

    @property
    def object(self):
        """As bench_token wants it."""
        id = re.search(r"id=%(\w\w)", self.uri)
        return f"id:{id[1]}" if id else "ca"


class Phase:
    name = "mica apply, its signing phase"

    def __init__(self, place):
        self.place = place

    def made(self, n):
        return n + 1  # a CRL is signed with n certificates

    def prepare(self, n):
        home = self.place.home
        inv = home.inventory("ec-p256")
        names = [f"client-{i:05}" for i in range(n - 1)]
        inv["certificates"] = [inv.certificate("server"),
                               *({"name": c, "profile": "client", "common-name": c} for c in names)]
        inv.deployment["clients"] = names
        home.write(inv)
        self.place.stats.unlink(missing_ok=True)

    def run(self, n):
        place = self.place
        place.home.mica("rotate", "--all", env={**place.env, "MICA_FAULT_LOG": "/dev/null"})
        rows = counts(place.stats)
        calls = {f: rows[f][0] for f in ("C_SignInit", "C_Sign", "C_Login")}
        if calls != {"C_SignInit": n + 1, "C_Sign": n + 1, "C_Login": 1}:
            sys.exit(f"{n} certificates took {calls}")
        begun = min(rows[f][3] for f in ("C_SignInit", "C_Sign"))
        return measure.Sample((rows["C_Sign"][4] - begun) / 1e6, 0, 0)

    def check(self, n):
        pass


def counts(path):
    """{function: (calls, now, most at once, first, last)}"""
    names = re.findall(r"^X\((\w+)", (parts.TESTS / "fault/functions.h").read_text(), re.M)
    return dict(zip(names, ROW.iter_unpack(path.read_bytes()[:ROW.size * len(names)])))


class Program:
    """bench_token, which tells microseconds for one."""

    def __init__(self, name, *argv, prefix=(), env=None):
        self.name, self.argv, self.prefix, self.env = name, argv, prefix, env

    def made(self, n):
        return n

    def prepare(self, n):
        pass

    def run(self, n):
        argv = [*self.prefix, parts.BUILD / "tests/bench/bench_token", *self.argv, str(n)]
        done = subprocess.run(argv, env=self.env, check=True, stdout=subprocess.PIPE, text=True)
        return measure.Sample(float(done.stdout) / 1000 * n, 0, 0)

    def check(self, n):
        pass


def bare(place, threads):
    kind, home = place.kind, place.home
    env = {**kind.tool_env(), **place.env, "MICA_FAULT_STATS": str(home.scratch / "bare.stats")}
    return Program(f"bare C_SignInit, C_Sign, {threads} thread{'s' * (threads > 1)}", "sign", home.faults.path, kind.label,
                   place.object, home / "pin", str(threads), prefix=kind.prefix, env=env)


def sleepers(delay):
    return Program(f"{SESSIONS} threads that sleep {CALLS} x {delay} ms", "sleep", str(CALLS * delay), str(SESSIONS),
                   env={"PATH": "/usr/bin:/bin"})


def far(folder, delays, n, turns, say):
    """SoftHSM2 with a latency added to each call, as that of an HSM across a network."""
    from kinds.softhsm2 import SoftHSM2
    for delay in delays:
        place = Place(folder / f"far-{delay}", SoftHSM2, delay)
        try:
            subjects = [Phase(place), sleepers(delay), bare(place, SESSIONS)]
            yield {"token": f"SoftHSM2, {delay} ms added to each call", "n": n,
                   "results": measure.in_turns(subjects, n, turns, say)}
        finally:
            place.stop()


def remote(folder):
    """5 ms each way on the wire."""
    from kinds.remote import Remote
    kind = Remote(folder)
    kind.wire.delay = 0.005
    return kind


def tpm2(folder):
    from kinds.tpm2 import Tpm2
    return Tpm2(folder)


def yubikey(folder):
    from kinds.ykcs11 import YKCS11
    return YKCS11(folder)


# name, kind, threads of the bare program, signatures
TOKENS = [("p11-kit server, 5 ms each way", remote, SESSIONS, 1000), ("TPM 2.0: tpm2-pkcs11, swtpm", tpm2, 1, 200),
          ("YubiKey, slot 9a: ykcs11, emulated card", yubikey, 1, 100)]


def tokens(folder, most, turns, say):
    """The others, as they are: threads help only where the way to the token is what takes the time."""
    for i, (name, kind, threads, n) in enumerate(TOKENS):
        n = min(n, most)
        try:
            place = Place(folder / f"token-{i}", kind)
        except (pytest.skip.Exception, pytest.fail.Exception) as absent:
            yield {"token": name, "n": n, "absent": str(absent)}
            continue
        try:
            yield {"token": name, "n": n,
                   "results": measure.in_turns([Phase(place), bare(place, threads)], n, turns, say)}
        finally:
            place.stop()
