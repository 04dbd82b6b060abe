# SPDX-License-Identifier: Apache-2.0
"""opencryptoki's software token: the one that counts wrong PINs and says so."""
from kinds.opencryptoki import Opencryptoki as KIND  # noqa: F401
from scenarios import *  # noqa: F403: the scenarios themselves
