# SPDX-License-Identifier: Apache-2.0
"""Two certificates are delivered, two are due: after a kill the old ones are whole and current, or the new ones."""
from kill import *  # noqa: F403: the tests themselves

DELIVERED = True
