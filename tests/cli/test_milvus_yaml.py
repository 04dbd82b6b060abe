# SPDX-License-Identifier: Apache-2.0
"""Milvus 2.3 reads milvus.yaml only: the keys are merged into the one that is given, every other byte as it was."""
import difflib
import os
import pathlib
import re

import pytest
import yaml

from harness import parts
from harness.inventory import Inventory

MILVUS_YAML = """\
# Licensed to somebody: this comment stays.

etcd:
  endpoints: localhost:2379   # and this one

proxy:
  http:
    enabled: true # Whether to enable the http server
    debug_mode: false
  port: 19530
  internalPort: 19529

tls:
  serverPemPath: configs/cert/server.pem
  serverKeyPath: configs/cert/server.key
  caPemPath: configs/cert/ca.pem

common:
  defaultPartitionName: "_default"
  security:
    authorizationEnabled: false
    # tls mode values [0, 1, 2]
    tlsMode: 0
  session:
    ttl: 30
"""


def inventory():
    inv = Inventory()
    inv.deployment.update({"version": "2.3", "milvus-yaml": "milvus.yaml", "internal-tls": False, "rest-port": 8081,
                           "mount": "/milvus/tls"})
    return inv


def test_keys_are_merged_and_the_rest_stays(home):
    (home / "milvus.yaml").write_text(MILVUS_YAML)
    home.begin(inventory())
    text = (home / "out/prod/milvus.yaml").read_text()
    merged, given = yaml.safe_load(text), yaml.safe_load(MILVUS_YAML)
    assert merged["common"]["security"]["tlsMode"] == 2
    assert merged["tls"] == {"serverPemPath": "/milvus/tls/server.pem", "serverKeyPath": "/milvus/tls/server.key",
                             "caPemPath": "/milvus/tls/ca.pem"}
    assert merged["proxy"]["http"]["port"] == 8081 and merged["proxy"]["port"] == 19530
    assert merged["etcd"] == given["etcd"] and merged["common"]["session"] == {"ttl": 30}
    assert merged["common"]["security"]["authorizationEnabled"] is False
    # only the lines of the keys that were set have changed; every comment is there
    gone = [line[2:] for line in difflib.ndiff(MILVUS_YAML.splitlines(), text.splitlines()) if line.startswith("- ")]
    assert all(any(k in line for k in ("PemPath", "KeyPath", "tlsMode", "port:")) for line in gone), gone
    for comment in ("# Licensed to somebody: this comment stays.", "# and this one", "# tls mode values [0, 1, 2]",
                    "# Whether to enable the http server"):
        assert comment in text
    assert (home / "milvus.yaml").read_text() == MILVUS_YAML


def test_again_there_is_nothing_to_do(home):
    (home / "milvus.yaml").write_text(MILVUS_YAML)
    home.begin(inventory())
    with home.unchanged(mtime=True):
        home.mica("plan", "--exit-code", code=0)
        home.mica("apply")


def test_a_changed_template_is_rendered_again(home):
    (home / "milvus.yaml").write_text(MILVUS_YAML)
    home.begin(inventory())
    key = (home / "out/prod/tls/server.key").read_bytes()
    (home / "milvus.yaml").write_text(MILVUS_YAML.replace("ttl: 30", "ttl: 60"))
    home.mica("plan", "--exit-code", code=4)
    home.mica("apply")
    assert yaml.safe_load((home / "out/prod/milvus.yaml").read_text())["common"]["session"]["ttl"] == 60
    assert (home / "out/prod/tls/server.key").read_bytes() == key


# --- what Milvus ships ---

# of this repository, and of a directory of one's own
OWN = pathlib.Path(os.environ.get("MICA_MILVUS_YAML", "/nonexistent"))
SHIPPED = [*sorted((parts.TESTS / "data").glob("milvus-*.yaml")), *sorted(OWN.glob("*.yaml"))]
FILES = {"ca": "/certs/ca.pem", "cert": "/certs/client.pem", "key": "/certs/client.key"}
SEEN = {"caPemPath": "/certs/ca.pem", "clientPemPath": "/certs/client.pem", "clientKeyPath": "/certs/client.key"}
STORED = {"tlsCert": "/certs/client.pem", "tlsKey": "/certs/client.key"}


def everything():
    """Every key that mica ever sets, and what it is to be."""
    inv = inventory()
    inv.deployment.update({"version": "2.6.12", "internal-tls": True, "cdc": {"dc2": FILES, "7": FILES},
                           "dependencies": {"etcd": {**FILES, "min-version": "1.2"}, "kafka": {**FILES, "sasl": True}, "tikv": FILES,
                                            "minio": {"ca": "/certs/ca.pem", "min-version": "1.3"}}})
    tls = {"serverPemPath": "/milvus/tls/server.pem", "serverKeyPath": "/milvus/tls/server.key", "caPemPath": "/milvus/tls/ca.pem"}
    return inv, flat({
        "proxy": {"http": {"enabled": True, "port": 8081}}, "tls": {**tls, "clusters": {"dc2": SEEN, "7": SEEN}},
        "internaltls": {**tls, "sni": "localhost"}, "common": {"security": {"tlsMode": 2, "internaltlsEnabled": True}},
        "etcd": {"ssl": {"enabled": True, **STORED, "tlsCACert": "/certs/ca.pem", "tlsMinVersion": "1.2"}},
        "minio": {"useSSL": True, "ssl": {"tlsCACert": "/certs/ca.pem", "tlsMinVersion": "1.3"}},
        "kafka": {"securityProtocol": "SASL_SSL", "ssl": {"enabled": True, **STORED, "tlsCaCert": "/certs/ca.pem"}},
        "tikv": {"ssl": {"enabled": True, **STORED, "tlsCACert": "/certs/ca.pem"}}})


def flat(value, at=()):
    """{("common", "security", "tlsMode"): 2, ...}; a map that holds nothing is a value."""
    if not isinstance(value, dict) or not value:
        return {at: value}
    return {path: leaf for key, inner in value.items() for path, leaf in flat(inner, (*at, key)).items()}


def tail(line):
    """What stands behind a value of one line: blanks and a comment."""
    return re.fullmatch(r"""\s*[\w-]+:\s*("[^"]*"|'[^']*'|[^\s#"']*)(\s*(#.*)?)""", line.rstrip("\n")).group(2)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_what_milvus_ships_keeps_every_other_byte(home, path, newline):
    inv, expected = everything()
    given = path.read_text().replace("\n", newline)
    (home / "milvus.yaml").write_bytes(given.encode())
    home.begin(inv)
    merged = (home / "out/prod/milvus.yaml").read_bytes().decode()
    # each key at its level, to a reader that is not ours, and no other value touched
    before, after = flat(yaml.safe_load(given)), flat(yaml.safe_load(merged))
    gone = {p for p in before if p not in after}
    assert all(before[p] is None and any(e[:len(p)] == p for e in expected) for p in gone), gone  # "kafka:" without a value
    assert after == {**{p: v for p, v in before.items() if p not in gone}, **expected}
    # every line is there as it was, but for the value of a line that was set; what was added is of mica's keys
    names = {name for p in expected for name in p}
    assert given.endswith("\n") == merged.endswith("\n")
    old, new = ((t if t.endswith("\n") else t + newline).splitlines(keepends=True) for t in (given, merged))
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        assert kind in ("insert", "replace"), (old[a:b], new[c:d])
        for was, is_ in zip(old[a:b], new[c:d]):
            assert was.split(":")[0] == is_.split(":")[0] and tail(was).strip() == tail(is_).strip(), (was, is_)
        for line in new[c:d]:
            assert line.strip().split(":")[0].strip('"') in names and line.endswith(newline), line


@pytest.mark.parametrize("other, path", [
    ("tls.serverPemPath: x.pem\n", "tls.serverPemPath"),
    ("TLS:\n  serverPemPath: x.pem\n", "tls.serverPemPath"),
    ("common:\n  security.tlsMode: 0\n", "common.security.tlsMode"),
    ("COMMON_SECURITY_TLSMODE: 0\n", "common.security.tlsMode"),
    ("proxy:\n  HTTP:\n    Port:\n", "proxy.http.port"),
    ("internaltls:\n  sni: a\n  S_NI: b\n", "internaltls.sni"),
])
def test_another_spelling_of_a_key_is_refused(home, other, path):
    """To Milvus it is the same key: of two values chance would decide."""
    (home / "milvus.yaml").write_text("# mine\n" + other)
    inv = inventory()
    inv.deployment.update({"version": "2.6", "internal-tls": True})
    home.write(inv)
    home.mica("init")
    with home.unchanged():
        said = home.mica("apply", code=1)
    assert f"is the same key as '{path}', which must be set" in said.err, said
    assert re.search(r"milvus\.yaml:[2-4]:\d+: error:", said.err), said
