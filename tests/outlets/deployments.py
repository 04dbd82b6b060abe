# SPDX-License-Identifier: Apache-2.0
"""Inventories with a deployment of each kind, and what lies in its directory, read by a YAML parser that is not mica's."""
import base64

import yaml

from harness.inventory import Inventory

PODS = {"helm": "values.yaml", "operator": "milvus.yaml", "patch": "milvus.patch.yaml"}


def inventory(kind, **more):
    """kind: one of mica.yaml, or "patch" for the operator's other one."""
    inv = Inventory()
    inv.deployment["kind"] = "operator" if kind == "patch" else kind
    if kind in PODS:
        inv.deployment.update({"namespace": "milvus", "release": "my-release"})
    if kind == "patch":
        inv.deployment["patch"] = True
    inv.deployment.update({key.replace("_", "-"): value for key, value in more.items()})
    if int(str(inv.deployment["version"]).split(".")[0]) == 2 and float(inv.deployment["version"]) < 2.5:
        inv.deployment["internal-tls"] = False
    return inv


def secret(home, name="secret.yaml"):
    return yaml.safe_load((home / "out/prod" / name).read_text())


def files_of(manifest):
    """What the pods will find: name to text."""
    if "stringData" in manifest:
        return manifest["stringData"]
    return {name: base64.b64decode(value, validate=True).decode() for name, value in manifest["data"].items()}


def delivered(home):
    return {name: (home / "out/prod/tls" / name).read_text() for name in ("server.pem", "server.key", "ca.pem")}


def pods(home, kind):
    return yaml.safe_load((home / "out/prod" / PODS[kind]).read_text())


def volume(kind, document):
    """(volumes, mounts) as the pods get them, of the version's charts or the operator"""
    if kind != "helm":
        document = document["spec"]["components"]
    elif "volumes" not in document:
        document = document["proxy"]
    return document["volumes"], document["volumeMounts"]


def milvus_keys(kind, document):
    if kind == "helm":
        return yaml.safe_load(document["extraConfigFiles"]["user.yaml"])
    return document["spec"]["config"]
