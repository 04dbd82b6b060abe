# SPDX-License-Identifier: Apache-2.0
"""The blocks of a delivered clients.md, and programs made of them as they are printed.

A program is made once (Go's are compiled) and run as often as is wanted. A toolchain that is not there, or is too old,
is told as Missing.
"""
import concurrent.futures
import csv
import os
import pathlib
import re
import shlex
import shutil
import threading

from harness import parts
from harness.run import run

HERE = pathlib.Path(__file__).parent
CACHE = parts.TOP / "build/milvus"
# what a person has in the environment, as far as these programs care
PLACES = "/usr/local/go/bin:/usr/lib/go/bin:/usr/local/bin:/usr/bin:/bin"
_fetching = {language: threading.Lock() for language in ("go", "java", "node")}
_fetched = {}


class Missing(Exception):
    """A toolchain is not there: its message says which."""


def sections(path):
    """{"Go": [("go", text), ...], ...}: the blocks of each section of a clients.md."""
    found = {}
    for part in re.split(r"(?m)^## ", path.read_text())[1:]:
        title, _, body = part.partition("\n")
        found[title] = re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", body)
    return found


def fetch(language):
    """The SDK, by get-client.sh; the directory it lies in. What cannot be had is missing, in CI too."""
    with _fetching[language]:
        if language not in _fetched:
            _fetched[language] = run([HERE / "get-client.sh", language, CACHE], code=None, timeout=900,
                                     env={**os.environ, "PATH": f"{os.environ['PATH']}:{PLACES}"})
    got = _fetched[language]
    if got.code == 77:
        raise Missing(got.err.strip().splitlines()[-1])
    assert got.code == 0, f"the SDK for {language} could not be fetched\n{got}"
    return CACHE / language


class Program:
    """One block, made to be run."""

    def __init__(self, folder, text):
        self.folder, self.text = folder, text
        folder.mkdir(parents=True)
        self.env = {"PATH": f"{os.environ['PATH']}:{PLACES}", "HOME": str(folder), "LANG": "C.UTF-8"}
        self.make()

    def run(self):
        return run(self.argv, code=None, cwd=self.folder, env=self.env, timeout=120)

    def put(self, name):
        (self.folder / name).write_text(self.text)
        return self.folder / name


class Python(Program):
    def make(self):
        self.argv = [CACHE / "venv/bin/python", self.put("demo.py")]


class Go(Program):
    which = "new"

    def make(self):
        cache = fetch("go")
        self.env.update(GOFLAGS="-mod=mod", GOTOOLCHAIN="local", GOMODCACHE=str(cache / "mod"), GOCACHE=str(cache / "cache"),
                        GOPROXY="off", CGO_ENABLED="0")
        for name in ("go.mod", "go.sum"):
            shutil.copy(cache / self.which / name, self.folder)
        self.put("main.go")
        formatted = run(["gofmt", "-l", "."], cwd=self.folder, env=self.env)
        assert formatted.out == "", f"gofmt would write it otherwise\n{self.text}"
        self.argv = [self.folder / "demo"]
        run(["go", "build", "-gcflags=all=-N -l", "-ldflags=-s -w", "-o", "demo", "."], cwd=self.folder, env=self.env,
            timeout=600)


class OldGo(Go):
    """What is printed for older versions works with newer ones; with --all an older one is fetched."""
    which = "old" if parts.ALL else "new"


class Java(Program):
    def make(self):
        self.put("Demo.java")
        self.argv = ["java", "-Djava.net.preferIPv4Stack=true", "-XX:TieredStopAtLevel=1", "-cp", f"{fetch('java')}/lib/*",
                     "Demo.java"]


class Node(Program):
    def make(self):
        (self.folder / "node_modules").symlink_to(fetch("node") / "node_modules")
        self.argv = ["node", self.put("demo.mjs")]


class Shell(Program):
    def make(self):
        self.argv = ["bash", "-eu", self.put("demo.sh")]


class Attu(Program):
    """Attu is an image and no package. What its server does with these variables is what its documentation shows: it
    hands them to the SDK for Node, which is done here, with the mounted files where they really lie."""

    def make(self):
        (self.folder / "node_modules").symlink_to(fetch("node") / "node_modules")
        words = shlex.split(self.text.replace("\\\n", " "))
        assert words[:2] == ["docker", "run"] and words[-1].startswith("zilliz/attu:"), words
        mounts = [dict(field.partition("=")[::2] for field in next(csv.reader([words[i + 1]]))) for i, w in enumerate(words)
                  if w == "--mount"]
        told = dict(words[i + 1].split("=", 1) for i, w in enumerate(words) if w == "--env")
        for name, value in told.items():
            for mount in mounts:
                if value.startswith(mount["target"]):
                    told[name] = value.replace(mount["target"], mount["source"], 1)
        self.env.update(told)
        (self.folder / "attu.mjs").write_text(ATTU)
        self.argv = ["node", "attu.mjs"]


ATTU = """\
import { MilvusClient } from "@zilliz/milvus2-sdk-node";
const env = (...names) => names.map((name) => process.env[name]).find((value) => value !== undefined);
const tls = {
  rootCertPath: env("MILVUS_TLS_ROOT_CERT_PATH", "ROOT_CERT_PATH"),
  privateKeyPath: env("MILVUS_TLS_PRIVATE_KEY_PATH", "PRIVATE_KEY_PATH"),
  certChainPath: env("MILVUS_TLS_CERT_CHAIN_PATH", "CERT_CHAIN_PATH"),
  serverName: env("MILVUS_TLS_SERVER_NAME", "SERVER_NAME"),
};
const client = new MilvusClient({ address: env("MILVUS_ADDRESS", "MILVUS_URL"), ssl: env("MILVUS_SSL") === "true", tls });
console.log((await client.listCollections()).data);
await client.closeConnection();
"""

# section, which of its blocks, and how it is run
KINDS = {
    "pymilvus": ("pymilvus", 0, Python),
    "go": ("Go", 0, Go),
    "go-old": ("Go", 1, OldGo),
    "java": ("Java", 0, Java),
    "node": ("Node", 0, Node),
    "curl": ("REST with curl", 0, Shell),
    "attu": ("Attu", 0, Attu),
}


# the others do what these do; with --all they are refused as well
REFUSED = tuple(kind for kind in KINDS if parts.ALL or kind not in ("go-old", "attu"))


def make(folder, page, kinds=KINDS):
    """A program, or why there is none, for each kind; side by side."""
    found = sections(page)

    def one(name):
        title, place, kind = KINDS[name]
        try:
            return kind(folder / name, found[title][place][1])
        except (Missing, AssertionError) as why:
            return why
    with concurrent.futures.ThreadPoolExecutor(len(KINDS)) as pool:
        return dict(zip(kinds, pool.map(one, kinds)))


def run_all(programs):
    """What each said; side by side, since a client that is refused tries for a while."""
    able = {name: program for name, program in programs.items() if isinstance(program, Program)}
    with concurrent.futures.ThreadPoolExecutor(len(KINDS)) as pool:
        return dict(zip(able, pool.map(lambda program: program.run(), able.values())))
