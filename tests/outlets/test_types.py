# SPDX-License-Identifier: Apache-2.0
"""What of the outlets is Kubernetes' own, read by its own types, strictly. Where Go is not there, or is too old for them,
these are skipped, in CI too: it is no package of this project."""
import pytest
import yaml

from golden import of
from gotools import build
from harness.run import run


@pytest.fixture(scope="module")
def judge():
    return build("judge", (1, 24))


def test_the_secret_by_its_type(judge, scratch):
    for name, text in of("", "secret.yaml"):
        (scratch / "secret.yaml").write_text(text)
        assert run([judge, "strict", scratch / "secret.yaml"]).out == "Secret\n", name
        (scratch / "secret.yaml").write_text(text.replace("immutable:", "imutable:"))
        assert 'unknown field "imutable"' in run([judge, "strict", scratch / "secret.yaml"], code=1).err


def test_the_operator_s_pods_by_their_type(judge, scratch):
    """The operator hands volumes and mounts over as they are, without a schema of its own."""
    for name, text in of("operator", "milvus.yaml", "milvus.patch.yaml"):
        components = yaml.safe_load(text)["spec"]["components"]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": components["podAnnotations"]},
               "spec": {"volumes": components["volumes"],
                        "containers": [{"name": "standalone", "volumeMounts": components["volumeMounts"]}]}}
        (scratch / "pod.yaml").write_text(yaml.safe_dump(pod))
        assert run([judge, "strict", scratch / "pod.yaml"]).out == "Pod\n", name
