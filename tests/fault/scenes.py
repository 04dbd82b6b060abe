# SPDX-License-Identifier: Apache-2.0
"""The scenes: every command that changes something, in a situation where it has something to do."""
from points import Scene


class ApplyOne(Scene):
    """One certificate is delivered, and due."""
    name = "apply, one certificate"
    delivers, idle = True, ("apply",)

    def inventory(self, stage):
        inv = super().inventory(stage)
        inv["certificates"] = [inv.certificate("server")]
        inv.deployment.update({"clients": [], "tls-mode": 1})
        return inv

    def prepare(self, stage):
        stage.run("init")
        stage.run("apply")
        stage.inv.certificate("server")["dns"].append("second.example.com")
        stage.write()

    def settle(self, stage):
        shown = stage.places()
        assert all(shown[folder] != stage.old[folder] for folder in shown), "the old certificate is still there"
