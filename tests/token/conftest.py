# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
pytest.register_assert_rewrite("scenarios", "token_home", "kinds")


def pytest_collection_modifyitems(items):
    """A scenario for each of no algorithms or keys is no scenario: not one that was skipped for want of something."""
    items[:] = [i for i in items if not any(m.kwargs.get("reason", "").startswith("got empty parameter set")
                                            for m in i.iter_markers("skip"))]
