# SPDX-License-Identifier: Apache-2.0
"""values.yaml in the hands of Helm's own engine with the charts of milvus-helm, for standalone and cluster: what the pods
get. Each manifest is read by Kubernetes' own types, strictly. Where Go is not there, or is too old for Helm, these are
skipped, in CI too: it is no package of this project."""
import re
import tarfile

import pytest
import yaml

from golden import UPSTREAM, of
from gotools import build
from harness.run import run

# the charts by the Milvus that they ship: 2.4.1, 2.5.0, 2.6.15
CHARTS = {"2.3": ["4.1.31"], "2.4": ["4.1.31"], "2.6": ["4.2.33", "5.0.19"], "3.0": ["5.0.19"]}
# values that the charts below it (etcd, MinIO, Kafka, Pulsar) bring along, of which these archives have none
BELOW = {"minio": {"tls": {"enabled": False}}}
# what of a cluster needs no certificate
APART = {"attu", "woodpecker"}


@pytest.fixture(scope="module")
def judge():
    return build("judge", (1, 24))


@pytest.fixture(scope="module")
def charts(module_scratch):
    for packed in UPSTREAM.glob("milvus-*.tgz"):
        with tarfile.open(packed) as archive:
            archive.extractall(module_scratch / packed.stem)
    return module_scratch


def cases():
    for name, text in of("helm", "values.yaml"):
        version = re.search(r"-(\d\.\d)-", name)
        for chart in CHARTS[version.group(1)] if version else ["5.0.19"]:
            for mode in ("standalone", "cluster") if float(version.group(1) if version else 2.6) >= 2.5 else ("cluster",):
                yield pytest.param(text, chart, mode, version.group(1) if version else "2.6", id=f"{name}-{chart}-{mode}")


def rendered(judge, charts, text, chart, mode):
    """Manifests by kind and name, of a release that had values of its own before."""
    own = {"cluster": {"enabled": mode == "cluster"}, "attu": {"enabled": True}, "image": {"all": {"tag": "v9.9.9"}},
           **BELOW}
    (charts / "own.yaml").write_text(yaml.safe_dump(own))
    (charts / "values.yaml").write_text(text)
    said = run([judge, "helm", charts / f"milvus-{chart}/milvus", "my-release", "milvus", charts / "own.yaml",
                charts / "values.yaml"])
    (charts / "rendered.yaml").write_text(said.out)
    kinds = run([judge, "strict", charts / "rendered.yaml"]).out.split()
    documents = [d for d in yaml.safe_load_all(said.out) if d]
    assert kinds.count("Deployment") == sum(d["kind"] == "Deployment" for d in documents)
    return {(d["kind"], d["metadata"]["name"]): d for d in documents}


def milvus_pods(manifests):
    for (kind, name), manifest in manifests.items():
        if kind == "Deployment" and manifest["metadata"]["labels"].get("component") not in APART:
            yield name, manifest["spec"]["template"]


def merge(below, above):
    """As Milvus puts its files together: key by key."""
    result = dict(below)
    for key, value in above.items():
        result[key] = merge(below.get(key) or {}, value) if isinstance(value, dict) else value
    return result


@pytest.mark.parametrize("text,chart,mode,version", cases())
def test_pods(judge, charts, text, chart, mode, version):
    values = yaml.safe_load(text)
    carrier = values if "volumes" in values else values["proxy"]
    manifests = rendered(judge, charts, text, chart, mode)
    pods = dict(milvus_pods(manifests))
    wanted = {"my-release-milvus-standalone"} if mode == "standalone" else {"my-release-milvus-proxy"}
    assert wanted <= set(pods) and (mode == "standalone" or len(pods) > 4), list(pods)
    for name, template in pods.items():
        spec, container = template["spec"], template["spec"]["containers"][0]
        if float(version) < 2.5 and not name.endswith("-proxy"):
            assert not any(v["name"] == "mica-tls" for v in spec["volumes"])
            continue
        assert [v for v in spec["volumes"] if v["name"] == "mica-tls"] == carrier["volumes"], name
        assert [m for m in container["volumeMounts"] if m["name"] == "mica-tls"] == carrier["volumeMounts"], name
        assert len({m["mountPath"] for m in container["volumeMounts"]}) == len(container["volumeMounts"])
        assert template["metadata"]["annotations"]["mica-generation"] == values["annotations"]["mica-generation"]
        assert spec.get("securityContext") == ({"fsGroup": 999} if float(version) >= 3 else None)
        assert container["image"].endswith(":v9.9.9"), "what the release had before is gone"
    config = manifests["ConfigMap", "my-release-milvus"]["data"]
    user = yaml.safe_load(config["user.yaml"])
    assert user == yaml.safe_load(values["extraConfigFiles"]["user.yaml"])
    whole = merge(yaml.safe_load(config["default.yaml"]), user)
    assert whole["common"]["security"]["tlsMode"] == user["common"]["security"]["tlsMode"]
    assert whole["proxy"]["http"]["enabled"] is user["proxy"]["http"]["enabled"]
    # the name that service-names puts into the certificate
    assert ("Service", "my-release-milvus") in manifests


def test_another_generation_replaces_every_pod(judge, charts):
    text = dict(of("helm-2.6-mode2", "values.yaml"))["helm-2.6-mode2-internal"]
    generation = yaml.safe_load(text)["annotations"]["mica-generation"]
    before = dict(milvus_pods(rendered(judge, charts, text, "5.0.19", "cluster")))
    after = dict(milvus_pods(rendered(judge, charts, text.replace(generation, "0123456789"), "5.0.19", "cluster")))
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)


def test_the_secret_by_its_type(judge, charts):
    for name, text in of("", "secret.yaml"):
        (charts / "secret.yaml").write_text(text)
        assert run([judge, "strict", charts / "secret.yaml"]).out == "Secret\n", name
        (charts / "secret.yaml").write_text(text.replace("immutable:", "imutable:"))
        assert 'unknown field "imutable"' in run([judge, "strict", charts / "secret.yaml"], code=1).err


def test_the_operator_s_pods_by_their_type(judge, charts):
    """The operator hands volumes and mounts over as they are, without a schema of its own."""
    for name, text in of("operator", "milvus.yaml", "milvus.patch.yaml"):
        components = yaml.safe_load(text)["spec"]["components"]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": components["podAnnotations"]},
               "spec": {"volumes": components["volumes"],
                        "containers": [{"name": "standalone", "volumeMounts": components["volumeMounts"]}]}}
        (charts / "pod.yaml").write_text(yaml.safe_dump(pod))
        assert run([judge, "strict", charts / "pod.yaml"]).out == "Pod\n", name
