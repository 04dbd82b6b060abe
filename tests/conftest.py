# SPDX-License-Identifier: Apache-2.0
import shutil
import sys
import tempfile
import pathlib

import pytest

pytest.register_assert_rewrite("harness.points")

from harness import parts  # noqa: E402
from harness.home import Home  # noqa: E402


@pytest.fixture
def scratch():
    """A directory with a short name (Unix sockets), removed when the test passed."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mica-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def module_scratch():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mica-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(scratch):
    return Home(scratch)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """A run in which something was skipped for want of a component has not passed: 77 is ctest's "skipped"."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        session.exitstatus = 77


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    """The points that were tried: in the test's output, and in a file of each test module in the build directory."""
    points = sys.modules.get("harness.points")
    if not points or not points.TABLE.rows:
        return
    terminalreporter.section("points tried")
    for line in points.TABLE.lines():
        terminalreporter.write_line(line)
    points.TABLE.write(parts.BUILD / "tests/points")
