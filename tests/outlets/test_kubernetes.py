# SPDX-License-Identifier: Apache-2.0
"""Deployments in Kubernetes, from mica.yaml to what lies in their directories: complete, private, and the same until
something changes."""
import os
import re
import shutil
import stat

import pytest

from deployments import PODS, delivered, files_of, inventory, milvus_keys, pods, secret, volume
from harness.run import run

OUT = "out/prod"
FILES = ("secret.yaml", "deploy.md")


@pytest.fixture(params=list(PODS))
def kind(request):
    return request.param


def written(home, kind):
    return [home / OUT / name for name in (*FILES, PODS[kind])]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def judge(home, kind):
    """What must hold of every delivery."""
    manifest = secret(home)
    assert files_of(manifest) == delivered(home)
    assert manifest["immutable"] is True and manifest["type"] == "Opaque"
    assert manifest["metadata"]["namespace"] == "milvus"
    name = manifest["metadata"]["name"]
    generation = manifest["metadata"]["labels"]["mica-generation"]
    assert name == f"prod-tls-{generation}" and re.fullmatch("[0-9a-f]{10}", generation)
    volumes, mounts = volume(kind, pods(home, kind))
    assert volumes == [{"name": "mica-tls", "secret": {"secretName": name, "defaultMode": 0o440}}]
    assert mounts == [{"name": "mica-tls", "mountPath": "/milvus/tls", "readOnly": True}]
    page = (home / OUT / "deploy.md").read_text()
    assert name in page and f"mica-generation!={generation}" in page
    assert mode(home / OUT / "secret.yaml") == 0o600
    body = delivered(home)["server.key"].splitlines()[1]
    for path in written(home, kind)[1:]:
        assert body not in path.read_text() and "PRIVATE KEY" not in path.read_text()
    return name


def test_a_delivery_and_the_next(home, kind):
    home.write(inventory(kind))
    home.mica("init")
    planned = home.mica("plan")
    for path in written(home, kind):
        assert f"write {path.relative_to(home.path)}\n" in planned.out, planned
    applied = home.mica("apply")
    assert "next: bring it to Kubernetes" in applied.err and "restart" not in applied.err, applied
    first = judge(home, kind)
    with home.unchanged(mtime=True):
        home.mica("plan", "--exit-code", code=0)
        again = home.mica("apply")
        assert "kubectl" not in again.err, again
    home.mica("rotate", "server")
    second = judge(home, kind)
    assert first != second
    home.mica("plan", "--exit-code", code=0)


def test_a_client_that_changes_leaves_the_pods(home, kind):
    home.begin(inventory(kind))
    before = {path: path.read_bytes() for path in written(home, kind)}
    applied = home.mica("rotate", "ingest")
    assert "kubectl" not in applied.err, applied
    assert before == {path: path.read_bytes() for path in before}


def test_a_ca_pem_that_changes_is_another_generation(home, kind):
    home.begin(inventory(kind))
    first = judge(home, kind)
    shutil.copy(home / "state/g1.pem", home / "old.pem")
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
         "/CN=Old CA", "-keyout", home / "old.key", "-out", home / "old.pem", "-addext", "keyUsage=critical,keyCertSign"])
    inv = inventory(kind)
    inv["trust"] = ["old.pem"]
    home.write(inv)
    planned = home.mica("plan")
    assert "deliver" in planned.out and f"write {OUT}/secret.yaml" in planned.out, planned
    key = delivered(home)["server.key"]
    home.mica("apply")
    assert judge(home, kind) != first
    assert delivered(home)["server.key"] == key
    home.mica("plan", "--exit-code", code=0)


def test_the_configuration_alone(home, kind):
    """Another port: the Secret stays, and what rolls the pods changes all the same."""
    home.begin(inventory(kind))
    name, before = judge(home, kind), pods(home, kind)
    home.write(inventory(kind, rest_port=8443))
    applied = home.mica("apply")
    assert f"{OUT}/secret.yaml" in applied.err, applied  # among the commands
    assert judge(home, kind) == name
    after = pods(home, kind)
    assert milvus_keys(kind, after)["proxy"]["http"]["port"] == 8443
    if kind != "helm":  # the chart has a checksum of its own
        annotations = [d["spec"]["components"]["podAnnotations"] for d in (before, after)]
        assert annotations[0]["mica-generation"] == annotations[1]["mica-generation"]
        assert annotations[0]["mica-config"] != annotations[1]["mica-config"]


def test_what_names_the_secret_is_not_mica_s(home, kind):
    """Its commands would take the older Secret to the cluster, and remove it there."""
    home.begin(inventory(kind))
    path = written(home, kind)[-1]
    path.write_text(path.read_text() + "# mine\n")
    applied = home.mica("rotate", "server")
    assert "kubectl" not in applied.err and "before a command of deploy.md" in applied.err, applied
    path.unlink()
    assert "kubectl" in home.mica("apply").err
    judge(home, kind)


@pytest.mark.parametrize("change", ["removed", "open", "edited"])
def test_a_secret_that_was_touched(home, kind, change):
    home.begin(inventory(kind))
    path = home / OUT / "secret.yaml"
    whole = path.read_bytes()
    if change == "removed":
        path.unlink()
    elif change == "open":
        path.chmod(0o644)
    else:
        path.write_bytes(whole + b"# mine\n")
        path.chmod(0o644)
    planned = home.mica("plan", "--exit-code", code=4)
    applied = home.mica("apply")
    if change != "edited":
        assert f"write {OUT}/secret.yaml\n" in planned.out, planned
        assert path.read_bytes() == whole
        judge(home, kind)
        return
    # somebody else's file is left alone; mica's lies beside it, as private as it would have been
    assert "not as mica wrote it" in applied.err, applied
    assert path.read_bytes() == whole + b"# mine\n" and mode(path) == 0o644
    beside = home / OUT / "secret.yaml.mica"
    assert beside.read_bytes() == whole and mode(beside) == 0o600
    home.mica("plan", "--exit-code", code=0)
    home.mica("rotate", "server")
    assert files_of(secret(home, "secret.yaml.mica")) == delivered(home) and mode(beside) == 0o600
    path.unlink()
    home.mica("apply")
    judge(home, kind)
    assert not beside.exists(), "a stale key was left"


def test_owner_and_mode_are_those_of_a_key(home):
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    home.begin(inventory("helm", owner="1234:2345", key_mode="0640"))
    path = home / OUT / "secret.yaml"
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (1234, 2345, 0o640)
    assert (home / OUT / "values.yaml").stat().st_uid == 0
    os.chown(path, 0, 0)
    home.mica("plan", "--exit-code", code=4)
    home.mica("apply")
    assert path.stat().st_uid == 1234


def test_nothing_of_a_key_is_said(home, kind):
    home.write(inventory(kind, secret_form="stringData"))
    home.mica("init")
    said = ""
    for words in (["plan", "-v"], ["plan", "--json"], ["apply", "-v"], ["status", "-v"], ["rotate", "server", "--json"],
                  ["plan", "--json"], ["status", "--json"]):
        result = home.mica(*words)
        said += result.out + result.err
        for line in delivered(home)["server.key"].splitlines()[1:-1] if (home / OUT / "tls/server.key").exists() else ():
            assert line not in said
    key = delivered(home)["server.key"].splitlines()[1].encode()
    for path in (home / "state").rglob("*"):
        assert not path.is_file() or key not in path.read_bytes(), path


def test_a_shared_certificate_takes_its_secret_along(home):
    """--only names one deployment; the other one's Secret holds the same certificate, and goes with it."""
    inv = inventory("helm")
    inv["shared-trust"] = True
    inv["milvus"].append({"name": "test", "kind": "operator", "server": "server", "tls-mode": 1, "release": "other"})
    home.begin(inv)
    files = {name: (home / "out" / name / "secret.yaml").read_text() for name in ("prod", "test")}
    inv.certificate("server")["dns"].append("new.example.com")
    home.write(inv)
    applied = home.mica("apply", "--only", "prod")
    assert "out/test/secret.yaml" in applied.err, applied
    for name, before in files.items():
        assert (home / "out" / name / "secret.yaml").read_text() != before
    home.mica("plan", "--exit-code", code=0)


def test_service_names(home):
    """The certificate is due when they come, and holds those of every deployment that shows it."""
    inv = inventory("helm")
    inv["shared-trust"] = True
    inv["milvus"].append({"name": "test", "kind": "compose", "server": "server", "tls-mode": 1})
    home.begin(inv)
    for deployment in inv["milvus"]:
        deployment["service-names"] = True
    home.write(inv)
    planned = home.mica("plan", "--exit-code", code=4)
    assert re.search(r"server\s+rotate", planned.out) and not re.search(r"ingest\s+rotate", planned.out), planned
    home.mica("apply")
    shown = run(["openssl", "x509", "-in", home / OUT / "tls/server.pem", "-noout", "-ext", "subjectAltName"]).out
    for name in ("localhost", "milvus.example.com", "my-release-milvus", "my-release-milvus.milvus",
                 "my-release-milvus.milvus.svc", "my-release-milvus.milvus.svc.cluster.local", "standalone",
                 "milvus-standalone"):
        assert re.search(rf"DNS:{re.escape(name)}(,|$)", shown, re.M), shown
    home.mica("plan", "--exit-code", code=0)


def test_another_kind(home):
    """What the other kind had is not mica's to remove; the new one is complete."""
    home.begin(inventory("helm"))
    home.write(inventory("operator"))
    home.mica("apply")
    judge(home, "operator")
    home.mica("plan", "--exit-code", code=0)


def test_the_commands_are_a_shell_s(home, kind):
    """Every block of deploy.md is read by a shell, and holds one command a time with the files that are there."""
    home.write(inventory(kind, out="out/o'prod $x"))
    home.mica("init")
    home.mica("apply")
    page = (home / "out/o'prod $x/deploy.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", page, re.S)
    assert len(blocks) >= 2
    for block in blocks:
        run(["sh", "-n", "-c", block])
    # each word as the shell hands it over: a program of that name prints it
    tools = home.scratch / "tools"
    tools.mkdir()
    for name in ("kubectl", "helm"):
        (tools / name).write_text('#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done\n')
        (tools / name).chmod(0o755)
    for block in blocks:
        said = run(["sh", "-c", block], env={"PATH": f"{tools}:/usr/bin:/bin"}).out
        for line in said.splitlines():
            if line.startswith(str(home.path)):
                assert os.path.exists(line), line
    assert "my-release" in said
    # without its Secret no pod is replaced, and none is removed before all pods are
    (tools / "kubectl").write_text('#!/bin/sh\necho "$1" >>"$0.log"\nexit 1\n')
    (tools / "helm").write_text('#!/bin/sh\necho "$1" >>"${0%helm}kubectl.log"\nexit 1\n')
    for block in blocks:
        (tools / "kubectl.log").unlink(missing_ok=True)
        run(["sh", "-c", block], code=1, env={"PATH": f"{tools}:/usr/bin:/bin"})
        assert len((tools / "kubectl.log").read_text().split()) == 1, block
