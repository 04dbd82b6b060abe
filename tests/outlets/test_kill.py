# SPDX-License-Identifier: Apache-2.0
"""A Kubernetes deployment, disturbed between the trees and the outlets, among the outlets, before they are noted. No key is
ever in a file that others can read; the next run completes all of it, and takes nothing of its own for a stranger's."""
import os
import re

import pytest
import yaml

from deployments import delivered, files_of, inventory, pods, secret, volume
from harness.crash import FAILURES, KILLS
from harness.points import Scene, Stage, cut_power, try_points

SAMPLE = {"before": 30, "after": 10, "ENOSPC": 10, "EIO": 10, "short": 4, "full": 10}


class Kubernetes(Scene):
    """A deployment that was delivered, and whose server is due."""
    name = "apply, kubernetes"

    def inventory(self, stage):
        return inventory("helm", owner=f"{os.geteuid()}:{os.getegid()}")

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")
        stage.inv.certificate("server")["dns"].append("second.example.com")
        stage.write()

    def judge_crash(self, stage):
        for name in ("secret.yaml", "values.yaml"):
            assert yaml.safe_load((stage.home / "out/prod" / name).read_text()), f"{name} is no whole text"

    def judge_whole(self, stage):
        manifest, values = secret(stage.home), pods(stage.home, "helm")
        assert files_of(manifest) == delivered(stage.home)
        assert volume("helm", values)[0][0]["secret"]["secretName"] == manifest["metadata"]["name"]
        assert manifest["metadata"]["name"] in (stage.home / "out/prod/deploy.md").read_text()
        names = {path.name for path in (stage.home / "out/prod").iterdir()}
        assert not any(name.endswith(".mica") or name.startswith("..") for name in names), names

    def settle(self, stage):
        self.judge_whole(stage)
        # what was written and not noted is known for mica's by now, whatever is to change next
        text = (stage.home / "mica.yaml").read_text()
        stage.home.write(re.sub(r"^(  internal-tls: .*)$", r"\1\n  rest-port: 8443", text, flags=re.M))
        said = stage.run("apply")
        assert "not as mica wrote it" not in said.err, said
        assert "8443" in (stage.home / "out/prod/values.yaml").read_text()
        self.judge_whole(stage)


class KubernetesRotated(Kubernetes):
    """The next run is one that makes the certificate anew once more."""
    name = "apply, kubernetes, then rotate"
    rerun = ("rotate", "server")


@pytest.fixture(scope="module")
def stage(request):
    made = Stage(request.param())
    yield made
    made.close()


CASES = [(Kubernetes, fault) for fault in (*KILLS, *FAILURES, "power cut")] + [(KubernetesRotated, "before")]


@pytest.mark.parametrize("stage,fault", CASES, indirect=["stage"], scope="module")
def test_points(stage, fault):
    if fault == "power cut":
        cut_power(stage, most=40)
    else:
        try_points(stage, fault, SAMPLE[fault])
