# SPDX-License-Identifier: Apache-2.0
"""Milvus 2.3 reads milvus.yaml only: the keys are merged into the one that is given, every other byte as it was."""
import difflib

import yaml

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
