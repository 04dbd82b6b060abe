# SPDX-License-Identifier: Apache-2.0
"""A TPM 2.0 through tpm2-pkcs11."""
from kinds.tpm2 import Tpm2 as KIND  # noqa: F401
from scenarios import *  # noqa: F403: the scenarios themselves
