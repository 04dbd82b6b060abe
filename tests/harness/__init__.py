# SPDX-License-Identifier: Apache-2.0
"""What the scenarios stand on: programs, a private token, an inventory, runs and snapshots."""
