# SPDX-License-Identifier: Apache-2.0
"""Kinds of tokens: what the scenarios (scenarios.py) need to know of one, and do with it.

A kind is a subclass of Kind in a file of its own, kinds/NAME.py. Making an instance brings a private token up in a
folder: its own daemons, stores, sockets and free ports; stop() takes all of that down again. Every scenario gets a
fresh one. A test file is

    from kinds.softhsm2 import SoftHSM2 as KIND
    from scenarios import *  # noqa: F403: the scenarios themselves

and, below, tests that only this token has. Scenarios are driven by capabilities: what a kind says that it cannot do
(`lacks`), mica must refuse, and the scenario asserts the exit status and the words of that refusal instead.

What `lacks` may name, and what mica is then asked for:

    generate           mica init without --adopt (its words: those of the refusal)
    algorithm          mica init with an algorithm that is not in `algorithms`
    store-certificate  nothing is refused: mica init says these words, and goes on

Missing programs or modules: harness.parts.need() and missing(), which fail in CI and skip elsewhere.
"""
import os
import secrets
import subprocess

from harness import parts

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
MULTIARCH = ("x86_64-linux-gnu", "aarch64-linux-gnu")
EC_NAMES = {"ec-p256": "EC:prime256v1", "ec-p384": "EC:secp384r1"}


def library(*patterns, what):
    """The first of these paths that is there; {} stands for the multiarch directory."""
    for pattern in patterns:
        for arch in MULTIARCH:
            if os.path.exists(pattern.format(arch)):
                return pattern.format(arch)
    parts.missing(what)


class Kind:
    module = None           # what mica.yaml says: a known name or a path
    module_args = None      # likewise (C_Initialize's reserved string), or None
    module_path = None      # the library itself, for the proxy and for tools
    label = "milvus-ca"     # of the token
    pin = None              # right now; random where the token lets us, so that a leak of it can be told
    wrong_pin = "93170465"  # one that the token's rules of length allow

    algorithms = ("ec-p256", "ec-p384", "rsa-2048", "rsa-3072", "rsa-4096")  # that a CA key can have here
    usual_algorithms = 3    # the first so many of them are tried in every run, all with MICA_TEST_ALL
    can_generate = True     # mica init makes the key; else make_key() does, and init adopts it
    can_name_keys = True    # keys can have any label and id, shared ones too
    stores_certificate = True
    grade = "software"      # of the evidence that mica gives without an attestation: software | claimed
    leaks = ()              # trials of the evidence that the token allows, though they must fail
    attested = False        # attestation() gives what makes it "attested"
    lacks = {}              # capability: words that must be in mica's refusal (above)

    # PIN counter: which flags C_GetTokenInfo shows when that many wrong PINs were given since the last right one
    shows = {}              # e.g. {1: {"count_low"}, 2: {"count_low", "final_try"}, 3: {"locked"}}
    tries = None            # wrong PINs until it is locked; None: never

    foreign = ()            # sorts of other keys that can lie beside the CA key: rsa-pss, ed25519, ec-p521, secret
    allowed_mechanisms = True  # a key can be bound to mechanisms (CKA_ALLOWED_MECHANISMS)
    able = ()               # what a key made by mica can do beside signing, since the token does not let itself be told
    extractable_key = False # make_key(..., extractable=True) can make one
    can_be_lost = False     # lose() and come_back() work

    signs_per_second = 100  # about; scenarios with many certificates take fewer where it is slow

    def __init__(self, folder):
        """Brings a blank, initialised token with a PIN up in folder, which is there and empty."""
        self.folder = folder

    def stop(self):
        """Ends everything that was started. Called once, whatever happened."""

    # --- how programs reach it

    @property
    def env(self):
        """What the module needs in the environment of mica and of tools."""
        return {}

    prefix = ()             # argv before a program that is to reach it (nsenter ...), such as mica

    def tool_env(self):
        """The environment of tools that cannot give module_args."""
        return {"PATH": PATH, "HOME": str(self.folder), "LANG": "C.UTF-8", **self.env}

    def run(self, argv, check=True, env=None, stdin=None):
        """Runs a tool where the token can be reached; what it says on both channels."""
        done = subprocess.run([*self.prefix, *map(str, argv)], env={**self.tool_env(), **(env or {})}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, errors="replace",
                              **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        assert not check or done.returncode == 0, f"{argv}: exit {done.returncode}\n{done.stdout}"
        return done.stdout

    def tool(self, *args, pin=None, check=True):
        """pkcs11-tool on this token, logged in."""
        parts.need("pkcs11-tool")
        return self.run(["pkcs11-tool", "--module", self.module_path, "--token-label", self.label, "--login",
                         "--pin", pin or self.pin, *args], check)

    # --- keys

    def uri(self, name="ca"):
        """The URI of the key that mica init makes, or that make_key() made under this name."""
        return f"pkcs11:token={self.label};object={name}"

    def make_key(self, algorithm, name="ca", id="07", extractable=False):
        """A key by the token's own tool, as an operator makes one; its URI."""
        sort = EC_NAMES.get(algorithm, algorithm.replace("-", ":"))
        self.tool("--keypairgen", "--key-type", sort, "--label", name, "--id", id, "--usage-sign",
                  *(["--extractable"] if extractable else []))
        return self.uri(name)

    def make_foreign(self, sort):
        """One of `foreign` beside the CA key."""
        if sort == "rsa-pss":
            only = ["--allowed-mechanisms", "RSA-PKCS-PSS,SHA256-RSA-PKCS-PSS"] if self.allowed_mechanisms else []
            self.tool("--keypairgen", "--key-type", "rsa:2048", "--label", "pss", "--id", "a1", "--usage-sign", *only)
            (self.folder / "text").write_text("signed by another than mica")
            self.tool("--sign", "--id", "a1", "--mechanism", "SHA256-RSA-PKCS-PSS", "--input-file", self.folder / "text",
                      "--output-file", self.folder / "text.sig")
        elif sort == "ed25519":
            self.tool("--keypairgen", "--key-type", "EC:edwards25519", "--label", "edwards", "--id", "a2")
        elif sort == "ec-p521":
            self.tool("--keypairgen", "--key-type", "EC:secp521r1", "--label", "p521", "--id", "a3")
        elif sort == "secret":
            self.tool("--keygen", "--key-type", "AES:32", "--label", "secret", "--id", "a4")
        else:
            raise AssertionError(sort)

    def private_keys(self):
        """The labels of the private keys on the token, by a tool's eyes."""
        said = self.tool("--list-objects", "--type", "privkey")
        return sorted(line.split(":", 1)[1].strip() for line in said.splitlines() if line.strip().startswith("label:"))

    # --- PINs

    def give_wrong_pin(self):
        """One wrong C_Login by another program than mica."""
        self.tool("--list-objects", pin=self.wrong_pin, check=False)

    def unlock(self):
        """After `tries` wrong PINs: the SO's way back. Called only where tries is set."""
        raise NotImplementedError

    # --- loss

    def lose(self):
        """The token goes away under a running program: unplugged, its daemon or connection ended."""
        raise NotImplementedError

    def come_back(self):
        raise NotImplementedError


def random_pin(digits=12):
    """Digits only, never the wrong one: what every token takes."""
    return str(secrets.randbelow(9) + 1) + "".join(str(secrets.randbelow(10)) for _ in range(digits - 1))
