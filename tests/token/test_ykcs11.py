# SPDX-License-Identifier: Apache-2.0
"""A YubiKey, by Yubico's module."""
from kinds.ykcs11 import YKCS11 as KIND  # noqa: F401
from scenarios import *  # noqa: F403: the scenarios themselves
from piv_scenarios import *  # noqa: F403
