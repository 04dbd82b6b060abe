# SPDX-License-Identifier: Apache-2.0
"""Every golden outlet in the hands of somebody else's programs: a YAML parser, Compose beside a file with the services of
Milvus, and for Secrets and pods the schemas of Kubernetes' API. The operator's resource is judged by a shape written down
here: it is what mica means to write, and no proof that the operator takes it."""
import base64
import functools
import pathlib
import re
import shutil

import pytest
import yaml

from golden import GOLDEN, of, outlets
from harness import parts
from harness.run import run
from pytools import install

HERE = pathlib.Path(__file__).parent


def named(value):
    return value if value.count("\n") == 0 else "text"


KEYS = {"tls": ("serverPemPath", "serverKeyPath", "caPemPath"),
        "internaltls": ("serverPemPath", "serverKeyPath", "caPemPath", "sni")}


def once(loader, node, deep=False):
    """A mapping without a key that is there twice."""
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    assert len(keys) == len(set(keys)), keys
    assert all(isinstance(key, str) for key in keys), keys
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


class Loader(yaml.SafeLoader):
    pass


Loader.add_constructor("tag:yaml.org,2002:map", once)


def load(text):
    return yaml.load(text, Loader)


def judge_keys(name, keys):
    """The keys of milvus.yaml at their own level, of the version, each of its own type."""
    version, mode = re.search(r"-(\d\.\d)-mode(\d)", name).groups()
    assert keys["common"]["security"]["tlsMode"] == int(mode)
    assert keys["proxy"]["http"]["enabled"] is True and keys["proxy"]["http"]["port"] == 8080
    for block, names in KEYS.items():
        if block == "internaltls" and "internal" not in name:
            assert block not in keys
            continue
        assert tuple(keys[block]) == names, keys[block]
        assert all(isinstance(value, str) and value for value in keys[block].values())
    if float(version) >= 2.5:
        assert keys["common"]["security"]["internaltlsEnabled"] is ("internal" in name)
    else:
        assert "internaltlsEnabled" not in keys["common"]["security"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_yaml(path):
    for name, text in outlets(path).items():
        if not name.endswith(".yaml"):
            continue
        document = load(text)
        assert isinstance(document, dict), name
        if "odd" in path.stem:
            continue
        if name == "values.yaml":
            judge_keys(path.stem, load(document["extraConfigFiles"]["user.yaml"]))
        elif "spec" in document:
            judge_keys(path.stem, document["spec"]["config"])
        elif "common" in document:
            judge_keys(path.stem, document)


# --- Compose ----------------------------------------------------------------------------------------------------------

# what Compose 1, which Debian 12 still has, does not know; Docker's own manuals speak of Compose 2 alone
NEW = "        bind: { create_host_path: false }\n"


@pytest.fixture(scope="module")
def compose(module_scratch):
    """docker-compose, beside our docker-compose.yml; None: that file alone."""
    parts.need("docker-compose")
    old = re.search(r"version v?1\.", run(["docker-compose", "--version"]).out)
    shutil.copy(HERE / "docker-compose.yml", module_scratch)

    @functools.cache
    def config(override):
        files = ["-f", "docker-compose.yml"]
        if override is not None:
            assert override.count(NEW) == 2
            (module_scratch / "override.yaml").write_text(override.replace(NEW, "") if old else override)
            files += ["-f", "override.yaml"]
        said = run(["docker-compose", *files, "config"], cwd=module_scratch)
        return yaml.safe_load(said.out)
    return config


def without_ports(service):
    """These are written in one way or another."""
    return {key: value for key, value in service.items() if key != "ports"}


def published(service):
    return {str(port["published"]) if isinstance(port, dict) else str(port).split(":")[-2] for port in service["ports"]}


@pytest.mark.parametrize("name,text", of("compose", "docker-compose.override.yaml"), ids=named)
def test_compose(compose, name, text):
    alone, merged = compose(None), compose(text)
    ours, theirs = merged["services"]["standalone"], alone["services"]["standalone"]
    mounts = {m["target"]: m for m in ours["volumes"] if isinstance(m, dict)}
    config = "milvus.yaml" if "-2.3-" in name else "user.yaml"
    for target in ("/milvus/tls", f"/milvus/configs/{config}"):
        assert mounts[target]["type"] == "bind" and mounts[target]["read_only"] is True
        assert mounts[target].get("bind", {}).get("create_host_path", False) is False
    source = mounts["/milvus/tls"]["source"]
    # what Compose prints can be given to it again: a dollar is two
    assert source.replace("$$", "$") == ("/nonexistent/Bob's $HOME/\"x\"/prod/tls" if "odd" in name
                                         else "/nonexistent/mica/out/prod/tls")
    assert published(ours) == published(theirs) | {"8080"}
    assert len(ours["volumes"]) == len(theirs["volumes"]) + 2
    for part in ("image", "command", "environment", "depends_on"):
        assert ours[part] == theirs[part]
    for other in alone["services"].keys() - {"standalone"}:
        assert without_ports(merged["services"][other]) == without_ports(alone["services"][other])


# --- Milvus Operator -------------------------------------------------------------------------------------------------

TEXT = {str: str}
RESOURCE = {
    "apiVersion": "milvus.io/v1beta1",
    "kind": "Milvus",
    "metadata": {"name": str, "namespace": str},
    "spec": {
        "components": {
            "podAnnotations": TEXT,
            "volumes": [{"name": "mica-tls", "secret": {"secretName": str, "defaultMode": int}}],
            "volumeMounts": [{"name": "mica-tls", "mountPath": "/milvus/tls", "readOnly": True}],
            "standalone": {"serviceRestfulPort": 8080},
            "proxy": {"serviceRestfulPort": 8080},
        },
        "config": {str: dict},
    },
}


def judge_shape(value, shape, where="."):
    """A type, a value, the type of a mapping's keys and values, or exactly these keys or elements."""
    if isinstance(shape, type):
        assert type(value) is shape, where
    elif isinstance(shape, dict) and str in shape:
        assert type(value) is dict and value, where
        for key, inner in value.items():
            judge_shape(key, str, where)
            judge_shape(inner, shape[str], f"{where}.{key}")
    elif isinstance(shape, dict):
        assert type(value) is dict and value.keys() == shape.keys(), (where, value)
        for key, inner in shape.items():
            judge_shape(value[key], inner, f"{where}.{key}")
    elif isinstance(shape, list):
        assert type(value) is list and len(value) == len(shape), where
        for each, inner in zip(value, shape):
            judge_shape(each, inner, f"{where}[]")
    else:
        assert type(value) is type(shape) and value == shape, where


@pytest.mark.parametrize("name,text", of("operator", "milvus.yaml"), ids=named)
def test_resource(name, text):
    judge_shape(load(text), RESOURCE)


@pytest.mark.parametrize("name,text", of("operator", "milvus.patch.yaml"), ids=named)
def test_patch(scratch, name, text):
    """A merge patch of a resource gives what the whole one is, and keeps what it does not name."""
    there = {"apiVersion": "milvus.io/v1beta1", "kind": "Milvus",
             "metadata": {"name": "my-release", "namespace": "milvus"},
             "spec": {"mode": "cluster", "components": {"image": "milvusdb/milvus:v2.6.11",
                                                        "proxy": {"replicas": 3}},
                      "config": {"common": {"security": {"authorizationEnabled": True}}}}}
    judge_shape(load(text), {"spec": RESOURCE["spec"]})
    document = merge_patch(there, load(text))
    assert document["spec"]["mode"] == "cluster" and document["spec"]["components"]["proxy"]["replicas"] == 3
    security = document["spec"]["config"]["common"]["security"]
    assert security["authorizationEnabled"] is True and security["tlsMode"] == 2
    if shutil.which("kubectl"):  # no package of this project
        (scratch / "there.yaml").write_text(yaml.safe_dump(there))
        (scratch / "patch.yaml").write_text(text)
        said = run(["kubectl", "patch", "--local", "--filename", scratch / "there.yaml", "--type", "merge", "--patch-file",
                    scratch / "patch.yaml", "--output", "yaml"])
        assert yaml.safe_load(said.out) == document


def merge_patch(target, patch):
    """RFC 7386"""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


@pytest.mark.parametrize("path,value", [
    ("spec.component", {}), ("spec.tls", {}), ("spec.components.podAnnotations.x", 1),
    ("spec.components.proxy.serviceRestfulPort", "8080"), ("spec.components.volumeMounts", [{"name": "x"}]),
    ("spec.components.volumes", []), ("spec.config.common", None), ("metadata.name", 1)])
def test_the_shape_judges(path, value):
    """What is misspelt, or of another type, or at a wrong level, is refused."""
    bad = load(of("operator-2.6", "milvus.yaml")[0][1])
    *above, last = path.split(".")
    functools.reduce(dict.__getitem__, above, bad)[last] = value
    with pytest.raises(AssertionError):
        judge_shape(bad, RESOURCE)


# --- Kubernetes -------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def kubernetes(module_scratch):
    """What Kubernetes' schemas, strictly, say of the documents: {name: document}"""
    program = install("kubernetes-validate")

    def validate(documents, code=0):
        for name, document in documents.items():
            text = document if isinstance(document, str) else yaml.safe_dump(document)
            (module_scratch / f"{name}.yaml").write_text(text)
        said = run([program, "--strict", *(f"{name}.yaml" for name in documents)], cwd=module_scratch, code=code)
        assert code or said.err.count(" passed ") + said.out.count(" passed ") == len(documents), said
        return said.out + said.err
    return validate


def pod(name, text):
    """One that has what the outlet gives to the pods of Milvus."""
    document = load(text)
    if not name.removeprefix("odd-").startswith("helm"):
        carrier = document["spec"]["components"]
        notes = carrier["podAnnotations"]
    else:
        carrier = document if "volumes" in document else document["proxy"]
        notes = document.get("annotations") or carrier["annotations"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "annotations": notes},
            "spec": {"volumes": carrier["volumes"],
                     "containers": [{"name": "milvus", "volumeMounts": carrier["volumeMounts"]}]}}


PODS = of("operator", "milvus.yaml", "milvus.patch.yaml") + of("helm", "values.yaml")


def test_secrets_and_pods_by_their_schemas(kubernetes):
    kubernetes(dict(of("", "secret.yaml")))
    kubernetes({name: pod(name, text) for name, text in PODS})


def test_the_schemas_judge(kubernetes):
    secret = dict(of("", "secret.yaml"))["helm-2.6-mode2"]
    for good, bad, words in (("immutable:", "imutable:", "'imutable' was unexpected"),
                             ("immutable: true", "immutable: 1", "immutable"), ('type: "Opaque"', "type: 1", "type")):
        assert secret.count(good) == 1
        said = kubernetes({"bad": secret.replace(good, bad)}, code=1)
        assert "did not validate" in said and words in said, said
    for path, value in (("defaultMode", "0440"), ("secretname", "x")):
        bad = pod(*PODS[0])
        bad["spec"]["volumes"][0]["secret"][path] = value
        assert "did not validate" in kubernetes({"bad": bad}, code=1)


def test_secret_is_whole():
    """What its own schema does not ask for."""
    for name, text in of("", "secret.yaml"):
        document = load(text)
        held = "stringData" if "stringData" in document else "data"
        assert document.keys() == {"apiVersion", "kind", "metadata", "type", "immutable", held}, name
        assert document["immutable"] is True and document["type"] == "Opaque", name
        assert document[held].keys() == {"ca.pem", "server.key", "server.pem"}, name
        for value in document[held].values():
            pem = value if held == "stringData" else base64.b64decode(value, validate=True).decode()
            assert re.fullmatch(r"-----BEGIN ([A-Z ]+)-----\n[A-Za-z0-9+/=\n]+-----END \1-----\n", pem), name


@pytest.mark.parametrize("name,text", of("", "secret.yaml"), ids=named)
def test_secret_s_names(name, text):
    """Kubernetes' own rules of names, which its schema leaves to the server."""
    document = load(text)
    metadata = document["metadata"]
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", metadata["name"])
    for key, value in metadata["labels"].items():
        assert re.fullmatch(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", key)
        assert re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", value)
    for key in document.get("data", document.get("stringData")):
        assert re.fullmatch(r"[-._a-zA-Z0-9]+", key)
