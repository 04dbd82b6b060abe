# SPDX-License-Identifier: Apache-2.0
"""A PIV card, by OpenSC."""
from harness import parts
from kinds.opensc import OpenSC as KIND  # noqa: F401
from scenarios import *  # noqa: F403: the scenarios themselves
from piv_scenarios import *  # noqa: F403

if not parts.ALL:
    # what is mica's part of it test_ykcs11.py shows as well
    del test_ten_runs_with_a_stale_pin_send_it_once, test_an_attestation_under_another_root_is_refused  # noqa: F821
