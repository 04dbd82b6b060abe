# SPDX-License-Identifier: Apache-2.0
"""A PIV card, by OpenSC."""
from kinds.opensc import OpenSC as KIND  # noqa: F401
from scenarios import *  # noqa: F403: the scenarios themselves
from piv_scenarios import *  # noqa: F403
