# SPDX-License-Identifier: Apache-2.0
"""The code of a delivered clients.md, run as it is printed against the real Milvus 2.3.5 in mode 2 and mode 1: pymilvus
and curl, and the SDKs for Go, Java and Node where the toolchain is there. They see what is in Milvus; with another CA's
certificate, without one, or when another CA is trusted, they are refused.

A toolchain that is missing is skipped by its name, in CI too: a Debian of its own has none that is new enough.
"""
import shutil

import pytest
import yaml

import blocks
from harness.offline import Offline
from harness.run import run
from test_milvus import CACHE, Server, cache  # noqa: F401: cache is a fixture

SHOWN = "seen_by_every_client"
MAKE = """
import sys
from pymilvus import DataType
from use import connect
client = connect(sys.argv[1], sys.argv[3:])
schema = client.create_schema(auto_id=False)
schema.add_field("id", DataType.INT64, is_primary=True)
schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
client.create_collection(sys.argv[2], schema=schema)
"""


class Deployed(Server):
    """Beside the deployment that runs, another with the same certificate in mode 1: its page is what a client has who shows
    no certificate."""

    # what each language, the shell, YAML and Docker must quote, each in its own way
    OUT = "out/Bob's \"local\", $HOME \\u0041 é😀"

    def inventory(self):
        inv = super().inventory()
        inv["milvus"].append({**inv.deployment, "name": "open", "version": "2.3", "out": "out/open", "tls-mode": 1, "clients": [],
                              "internal-tls": False, "milvus-yaml": "server/milvus.yaml", "rest-port": self.ports["rest"],
                              "endpoints": [f"127.0.0.1:{self.ports['proxy']}"]})
        return inv

    def make_ca(self):
        super().make_ca()
        other = Offline(self.home / "other")
        other.root("root", "/O=Other/CN=Other Root")
        other.leaf("root", "stranger", "clientAuth", ())

    def trusted(self):
        """The directories in which a client of this deployment finds its files."""
        return self.out / ("clients/ingest" if self.mode == 2 else "tls")

    def fill(self):
        """Something to see, so that an empty list is no success."""
        how = [self.trusted()] if self.mode == 2 else ["--ca", self.trusted() / "ca.pem"]
        run([CACHE / "venv/bin/python", "-c", MAKE, f"https://localhost:{self.ports['proxy']}", SHOWN, *how], timeout=90,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.home.scratch), "PYTHONPATH": str(blocks.HERE)})

    def instead(self, **files):
        """Other files in place of the delivered ones, for a while: {"ca.pem": path}."""
        return Instead(self.trusted(), {name.replace("_", "."): path for name, path in files.items()})


class Instead:
    def __init__(self, folder, files):
        self.folder, self.files = folder, files
        self.kept = folder.with_name(folder.name + ".kept")

    def __enter__(self):
        self.folder.rename(self.kept)
        shutil.copytree(self.kept, self.folder)
        for name, path in self.files.items():
            (self.folder / name).write_bytes(path.read_bytes())

    def __exit__(self, *_):
        shutil.rmtree(self.folder)
        self.kept.rename(self.folder)


@pytest.fixture(scope="module", params=[2, 1], ids=["mutual", "one-way"])
def said(request, module_scratch):
    """What every program said, {case: {client: Result}}; programs["works"] has those that there are."""
    server = Deployed(module_scratch / f"mode{request.param}", request.param)
    server.mode = request.param
    try:
        server.home.mica("apply", code=5)
        server.start()
        server.fill()
        yield observe(server)
    finally:
        server.stop()


def observe(server):
    made = server.home.scratch / "made"
    other = server.home / "other"
    programs = blocks.make(made / "local", server.out / "clients.md")
    said = {"programs": programs, "page": server.out / "clients.md", "ports": server.ports, "mode": server.mode,
            "trusted": server.trusted(), "works": blocks.run_all(programs)}
    tried = {name: programs[name] for name in blocks.REFUSED}
    with server.instead(ca_pem=other / "root.pem"):
        said["another server"] = blocks.run_all(tried)
    if server.mode == 2:
        with server.instead(client_pem=other / "stranger.pem", client_key=other / "stranger.key"):
            said["stranger"] = blocks.run_all(tried)
        said["no certificate"] = blocks.run_all(
            blocks.make(made / "open", server.home / "out/open/clients.md", blocks.REFUSED))
    said["works again"] = blocks.run_all({"pymilvus": programs["pymilvus"], "curl": programs["curl"]})
    return said


def of(said, case, client):
    program = said["programs"][client]
    if isinstance(program, blocks.Missing):
        pytest.skip(f"{program} is not there")
    if isinstance(program, AssertionError):
        raise program
    return said[case][client]


@pytest.mark.parametrize("client", blocks.KINDS)
def test_works_as_printed(said, client):
    result = of(said, "works", client)
    assert result.code == 0 and SHOWN in result.out, str(result)


@pytest.mark.parametrize("client", blocks.REFUSED)
def test_refuses_another_server(said, client):
    result = of(said, "another server", client)
    assert result.code != 0 and SHOWN not in result.out, str(result)


@pytest.mark.parametrize("said", [2], indirect=True, ids=["mutual"])  # else no client is asked for a certificate
@pytest.mark.parametrize("case", ["stranger", "no certificate"])
@pytest.mark.parametrize("client", blocks.REFUSED)
def test_is_refused(said, client, case):
    result = of(said, case, client)
    assert result.code != 0 and SHOWN not in result.out, str(result)


def test_what_was_refused_was_the_certificate(said):
    """The server lived through it, and lets in who may."""
    for result in said["works again"].values():
        assert result.code == 0 and SHOWN in result.out, str(result)


def test_what_milvus_backup_reads(said):
    """Its module is in no registry, so its own loader cannot be asked here: the keys of both forms of its backup.yaml, and
    files that are there."""
    page, ports, mutual = said["page"], said["ports"], said["mode"] == 2
    second, first = (yaml.safe_load(text) for _, text in blocks.sections(page)["milvus-backup"])
    files = {"caCertPath": said["trusted"] / "ca.pem"}
    if mutual:
        files.update(mtlsCertPath=said["trusted"] / "client.pem", mtlsKeyPath=said["trusted"] / "client.key")
    told = {"address": "127.0.0.1", "port": ports["proxy"], "serverName": "127.0.0.1", **{k: str(v) for k, v in files.items()}}
    assert first == {"milvus": {**told, "tlsMode": said["mode"]}}
    assert second == {"configVersion": "v2",
                      "milvus": {"grpc": {**told, "tlsMode": "mutual" if mutual else "server"},
                                 "rest": {"endpoint": f"https://127.0.0.1:{ports['rest']}"}}}
    assert all(path.is_file() for path in files.values())
