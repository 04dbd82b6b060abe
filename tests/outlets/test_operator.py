# SPDX-License-Identifier: Apache-2.0
"""The operator's resource held against the operator's own schema, strictly, as `kubectl --validate=strict` does.

MICA_MILVUS_CRD names that schema (milvus-operator's config/crd/bases/milvus.io_milvuses.yaml). Without it these are skipped,
in CI too: nothing of milvus-operator is kept here, and no package has it. test_judges.py has a shape of our own."""
import os
import pathlib

import pytest
import yaml

from golden import of

NO_SCHEMA = "MICA_MILVUS_CRD is not set: `git clone` milvus-operator and name config/crd/bases/milvus.io_milvuses.yaml"


def strict(schema):
    """What a structural schema does not name is a fault."""
    if isinstance(schema, dict):
        for value in schema.values():
            strict(value)
        open_ended = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
        if "properties" in schema and not open_ended:
            schema["additionalProperties"] = False
    elif isinstance(schema, list):
        for value in schema:
            strict(value)
    return schema


@pytest.fixture(scope="module")
def resource():
    if "MICA_MILVUS_CRD" not in os.environ:
        pytest.skip(NO_SCHEMA)
    jsonschema = pytest.importorskip("jsonschema")
    crd = yaml.safe_load(pathlib.Path(os.environ["MICA_MILVUS_CRD"]).read_text())
    version = next(v for v in crd["spec"]["versions"] if v["name"] == "v1beta1")
    schema = strict(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object", "required": ["name", "namespace"]}
    schema["properties"]["spec"].pop("required", None)  # a patch need not have what its resource has
    return crd, jsonschema.Draft7Validator(schema)


@pytest.mark.parametrize("name,text", of("operator", "milvus.yaml"))
def test_resource(resource, name, text):
    crd, validator = resource
    document = yaml.safe_load(text)
    assert document["apiVersion"] == f"{crd['spec']['group']}/v1beta1" and document["kind"] == crd["spec"]["names"]["kind"]
    validator.validate(document)


@pytest.mark.parametrize("name,text", of("operator", "milvus.patch.yaml"))
def test_patch(resource, name, text):
    resource[1].validate({"apiVersion": "milvus.io/v1beta1", "kind": "Milvus",
                          "metadata": {"name": "my-release", "namespace": "milvus"}, **yaml.safe_load(text)})


def test_a_misspelt_field_is_found(resource):
    _, text = of("operator", "milvus.yaml")[0]
    document = yaml.safe_load(text)
    document["spec"]["components"]["volumeMount"] = document["spec"]["components"].pop("volumeMounts")
    assert not resource[1].is_valid(document)
