# SPDX-License-Identifier: Apache-2.0
"""SoftHSM2, the embedded default: a store in files, brought up as hsm/softhsm2/README.md says."""
import subprocess

from harness import parts
from kinds import PATH, Kind


class SoftHSM2(Kind):
    module = "softhsm2"
    usual_algorithms = 5
    # SoftHSM2 counts nothing: it only remembers that there was a wrong one
    shows = {n: {"count_low"} for n in range(1, 5)}
    foreign = ("rsa-pss", "ed25519", "ec-p521", "secret")
    extractable_key = True
    can_be_lost = True
    signs_per_second = 500

    def __init__(self, folder):
        super().__init__(folder)
        parts.need("softhsm2-util")
        self.module_path = parts.softhsm_module()
        done = subprocess.run([parts.TOP / "hsm/softhsm2/token.sh", folder / "softhsm", self.label],
                              env={"PATH": PATH}, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        self.pin = (folder / "softhsm/pin").read_text().strip()

    @property
    def env(self):
        return {"SOFTHSM2_CONF": str(self.folder / "softhsm/softhsm2.conf")}

    def lose(self):
        """Its files are somewhere else: a disk that is not mounted."""
        (self.folder / "softhsm/tokens").rename(self.folder / "softhsm/gone")

    def come_back(self):
        (self.folder / "softhsm/gone").rename(self.folder / "softhsm/tokens")
