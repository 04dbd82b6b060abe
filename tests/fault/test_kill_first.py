# SPDX-License-Identifier: Apache-2.0
"""Nothing was delivered yet: after a kill there is nothing in sight, or all of it."""
from kill import *  # noqa: F403: the tests themselves

DELIVERED = False
