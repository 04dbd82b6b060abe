# SPDX-License-Identifier: Apache-2.0
"""NSS: a token in a database, told what it is by module-args."""
from kinds.nss import NSS as KIND  # noqa: F401
from scenarios import *  # noqa: F403: the scenarios themselves
