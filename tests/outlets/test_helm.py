# SPDX-License-Identifier: Apache-2.0
"""values.yaml in the hands of Helm's own engine with the charts of milvus-helm, for standalone and cluster: what the pods
get. Each manifest is read by Kubernetes' own types, strictly. Where Go is not there, or is too old for Helm, these are
skipped, in CI too: it is no package of this project.

MICA_MILVUS_CHARTS names the charts, by ":": folders (the chart, or a clone of milvus-helm) or packed charts (.tgz). Without
it these are skipped, in CI too: nothing of milvus-helm is kept here."""
import os
import pathlib
import re
import tarfile

import pytest
import yaml

from golden import of
from gotools import build
from harness.run import run

NO_CHARTS = ("MICA_MILVUS_CHARTS is not set: `git clone` milvus-helm and name the clone; "
             "for the chart of another version, a clone with that version's tag checked out")


def chart_of(where):
    """(path of the chart, its version, the version of the Milvus that it ships as two numbers)"""
    path = pathlib.Path(where).resolve()
    if (path / "charts/milvus/Chart.yaml").exists():
        path = path / "charts/milvus"
    if path.is_dir():
        text = (path / "Chart.yaml").read_text()
    else:
        with tarfile.open(path) as archive:
            text = archive.extractfile("milvus/Chart.yaml").read()
    about = yaml.safe_load(text)
    assert about["name"] == "milvus", path
    version = tuple(map(int, re.findall(r"\d+", about["appVersion"])[:2]))
    return path, about["version"], version


CHARTS = [chart_of(where) for where in os.environ.get("MICA_MILVUS_CHARTS", "").split(":") if where]
needs_charts = pytest.mark.skipif(not CHARTS, reason=NO_CHARTS)
# values that the charts below it (etcd, MinIO, Kafka, Pulsar) bring along, for a chart without those below it
BELOW = {"minio": {"tls": {"enabled": False}}}
# what of a cluster needs no certificate
APART = {"attu", "woodpecker"}


@pytest.fixture(scope="module")
def judge():
    return build("judge", (1, 24))


def fits(version, shipped):
    """A Milvus goes with a chart of its time; only those since 2.6 give the pods a group, which 3.0 needs."""
    if version < (2, 5):
        return shipped < (2, 5)
    return shipped >= ((2, 6) if version >= (3, 0) else (2, 5))


def cases():
    for name, text in of("helm", "values.yaml"):
        found = re.search(r"-(\d)\.(\d)-", name)
        version = tuple(map(int, found.groups())) if found else (2, 6)
        for chart, number, shipped in CHARTS:
            for mode in ("standalone", "cluster") if version >= (2, 5) else ("cluster",):
                if fits(version, shipped):
                    yield pytest.param(text, chart, mode, version, id=f"{name}-{number}-{mode}")


def rendered(judge, scratch, text, chart, mode):
    """Manifests by kind and name, of a release that had values of its own before."""
    own = {"cluster": {"enabled": mode == "cluster"}, "attu": {"enabled": True}, "image": {"all": {"tag": "v9.9.9"}},
           **BELOW}
    (scratch / "own.yaml").write_text(yaml.safe_dump(own))
    (scratch / "values.yaml").write_text(text)
    said = run([judge, "helm", chart, "my-release", "milvus", scratch / "own.yaml", scratch / "values.yaml"])
    (scratch / "rendered.yaml").write_text(said.out)
    kinds = run([judge, "strict", scratch / "rendered.yaml"]).out.split()
    documents = [d for d in yaml.safe_load_all(said.out) if d]
    assert kinds.count("Deployment") == sum(d["kind"] == "Deployment" for d in documents)
    return {(d["kind"], d["metadata"]["name"]): d for d in documents}


def milvus_pods(manifests):
    for (kind, name), manifest in manifests.items():
        labels = manifest["metadata"].get("labels", {})
        if kind == "Deployment" and labels.get("app.kubernetes.io/name") == "milvus" and \
                labels.get("component") not in APART:
            yield name, manifest["spec"]["template"]


def merge(below, above):
    """As Milvus puts its files together: key by key."""
    result = dict(below)
    for key, value in above.items():
        result[key] = merge(below.get(key) or {}, value) if isinstance(value, dict) else value
    return result


@needs_charts
@pytest.mark.parametrize("text,chart,mode,version", list(cases()))
def test_pods(judge, scratch, text, chart, mode, version):
    values = yaml.safe_load(text)
    carrier = values if "volumes" in values else values["proxy"]
    manifests = rendered(judge, scratch, text, chart, mode)
    pods = dict(milvus_pods(manifests))
    wanted = {"my-release-milvus-standalone"} if mode == "standalone" else {"my-release-milvus-proxy"}
    assert wanted <= set(pods) and (mode == "standalone" or len(pods) > 4), list(pods)
    for name, template in pods.items():
        spec, container = template["spec"], template["spec"]["containers"][0]
        if version < (2, 5) and not name.endswith("-proxy"):
            assert not any(v["name"] == "mica-tls" for v in spec["volumes"])
            continue
        assert [v for v in spec["volumes"] if v["name"] == "mica-tls"] == carrier["volumes"], name
        assert [m for m in container["volumeMounts"] if m["name"] == "mica-tls"] == carrier["volumeMounts"], name
        assert len({m["mountPath"] for m in container["volumeMounts"]}) == len(container["volumeMounts"])
        assert template["metadata"]["annotations"]["mica-generation"] == values["annotations"]["mica-generation"]
        assert spec.get("securityContext") == ({"fsGroup": 999} if version >= (3, 0) else None)
        assert container["image"].endswith(":v9.9.9"), "what the release had before is gone"
    config = manifests["ConfigMap", "my-release-milvus"]["data"]
    user = yaml.safe_load(config["user.yaml"])
    assert user == yaml.safe_load(values["extraConfigFiles"]["user.yaml"])
    whole = merge(yaml.safe_load(config["default.yaml"]), user)
    assert whole["common"]["security"]["tlsMode"] == user["common"]["security"]["tlsMode"]
    assert whole["proxy"]["http"]["enabled"] is user["proxy"]["http"]["enabled"]
    # the name that service-names puts into the certificate
    assert ("Service", "my-release-milvus") in manifests


@needs_charts
@pytest.mark.parametrize("chart", [pytest.param(chart, id=number) for chart, number, shipped in CHARTS
                                   if fits((2, 6), shipped)])
def test_another_generation_replaces_every_pod(judge, scratch, chart):
    text = dict(of("helm-2.6-mode2", "values.yaml"))["helm-2.6-mode2-internal"]
    generation = yaml.safe_load(text)["annotations"]["mica-generation"]
    before = dict(milvus_pods(rendered(judge, scratch, text, chart, "cluster")))
    after = dict(milvus_pods(rendered(judge, scratch, text.replace(generation, "0123456789"), chart, "cluster")))
    assert before and before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)
