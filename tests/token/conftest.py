# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
pytest.register_assert_rewrite("scenarios", "token_home", "kinds")


def pytest_configure(config):
    config.addinivalue_line("markers", "where(capability): a scenario for the kinds that have it")


def applies(item):
    """A scenario for each of no algorithms or keys is none, and neither is one that there is nothing to try for: these
    were not skipped for want of something."""
    if any(m.kwargs.get("reason", "").startswith("got empty parameter set") for m in item.iter_markers("skip")):
        return False
    return all(getattr(item.module.KIND, m.args[0]) for m in item.iter_markers("where"))


def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if applies(item)]
