# SPDX-License-Identifier: Apache-2.0
"""SoftHSM2, the embedded default."""
from kinds.softhsm2 import SoftHSM2 as KIND  # noqa: F401
from scenarios import *  # noqa: F403: the scenarios themselves
