# SPDX-License-Identifier: Apache-2.0
"""Every golden outlet in the hands of somebody else's programs: a YAML parser, Compose with upstream's own file, the schema
of the operator's resource and that of a Secret. tests/data/README.md says where these are from."""
import functools
import re
import shutil

import jsonschema
import pytest
import yaml

from golden import GOLDEN, UPSTREAM, of, outlets
from harness import parts
from harness.run import run

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
    """docker-compose, beside upstream's file; None: that file alone."""
    parts.need("docker-compose")
    old = re.search(r"version v?1\.", run(["docker-compose", "--version"]).out)
    shutil.copy(UPSTREAM / "docker-compose.yml", module_scratch)

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


# --- Kubernetes -------------------------------------------------------------------------------------------------------

def strict(schema):
    """A structural schema as the API server judges with --validate=strict: what it does not name is a fault."""
    if isinstance(schema, dict):
        for value in schema.values():
            strict(value)
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    elif isinstance(schema, list):
        for value in schema:
            strict(value)
    return schema


@pytest.fixture(scope="module")
def resource():
    crd = yaml.safe_load((UPSTREAM / "milvus-crd.yaml").read_text())
    version = next(v for v in crd["spec"]["versions"] if v["name"] == "v1beta1")
    schema = strict(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object", "required": ["name", "namespace"]}
    return crd, jsonschema.Draft7Validator(schema)


@pytest.mark.parametrize("name,text", of("operator", "milvus.yaml"), ids=named)
def test_resource(resource, name, text):
    crd, validator = resource
    document = load(text)
    assert document["apiVersion"] == f"{crd['spec']['group']}/v1beta1" and document["kind"] == crd["spec"]["names"]["kind"]
    validator.validate(document)
    for where in ("config", "components"):
        assert document["spec"][where]


@pytest.mark.parametrize("name,text", of("operator", "milvus.patch.yaml"), ids=named)
def test_patch(resource, scratch, name, text):
    """A merge patch of a resource gives what the whole one is, and keeps what it does not name."""
    there = {"apiVersion": "milvus.io/v1beta1", "kind": "Milvus",
             "metadata": {"name": "my-release", "namespace": "milvus"},
             "spec": {"mode": "cluster", "components": {"image": "milvusdb/milvus:v2.6.11",
                                                        "proxy": {"replicas": 3}},
                      "config": {"common": {"security": {"authorizationEnabled": True}}}}}
    document = merge_patch(there, load(text))
    resource[1].validate(document)
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


def test_the_schema_judges(resource):
    """What is misspelt, or of another type, or at a wrong level, is refused."""
    good = load(of("operator-2.6", "milvus.yaml")[0][1])
    resource[1].validate(good)
    for path, value in ((("spec", "component"), {}), (("spec", "components", "podAnnotations", "x"), 1),
                        (("spec", "components", "proxy", "serviceRestfulPort"), "8080"),
                        (("spec", "components", "volumeMounts"), [{"name": "x"}]), (("spec", "tls"), {})):
        bad = load(of("operator-2.6", "milvus.yaml")[0][1])
        at = bad
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        with pytest.raises(jsonschema.ValidationError):
            resource[1].validate(bad)


@pytest.mark.parametrize("name,text", of("", "secret.yaml"), ids=named)
def test_secret(name, text):
    schema = yaml.safe_load((UPSTREAM / "secret-v1.json").read_text())
    document = load(text)
    jsonschema.Draft7Validator(schema).validate(document)
    bad = {**document, "data ": {}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(bad)
    # Kubernetes' own rules of names, which its schema leaves to the server
    metadata = document["metadata"]
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", metadata["name"])
    for key, value in metadata["labels"].items():
        assert re.fullmatch(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", key)
        assert re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", value)
    for key in document.get("data", document.get("stringData")):
        assert re.fullmatch(r"[-._a-zA-Z0-9]+", key)
