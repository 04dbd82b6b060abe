# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
pytest.register_assert_rewrite("kill", "matrix", "disk", "points", "scenes")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    """The points that were tried: in the test's output, and a file of each test module in the build directory."""
    points = sys.modules.get("points")
    if not points or not points.TABLE.rows:
        return
    from harness import parts
    lines = points.TABLE.lines()
    terminalreporter.section("points tried")
    for line in lines:
        terminalreporter.write_line(line)
    (parts.BUILD / f"tests/fault/{points.TABLE.module}.points.txt").write_text("\n".join(lines) + "\n")
