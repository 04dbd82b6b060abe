# SPDX-License-Identifier: Apache-2.0
"""The manual pages and `--help` tell the same: every verb, every option, every exit status, every key."""
import re

import pytest

from harness import parts
from harness.run import run

MAN = parts.TOP / "docs/man"
VERBS = ("example", "init", "plan", "apply", "rotate", "status", "check", "revoke", "audit", "token")


def page(name):
    parts.need("mandoc")
    return re.sub(r".\x08", "", run(["mandoc", "-T", "utf8", MAN / name]).out)  # bold is a letter over itself


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def section(text, title):
    """The lines under a heading of the page, to the next heading."""
    found = re.search(rf"^{title}\n(.*?)(?=^\S|\Z)", text, re.M | re.S)
    assert found, f"no section {title}"
    return found.group(1)


@pytest.mark.parametrize("name", ["mica.1", "mica.yaml.5"])
def test_the_page_is_well_formed(name):
    parts.need("mandoc")
    said = run(["mandoc", "-T", "lint", "-W", "warning", MAN / name], code=None)
    assert said.code == 0 and not said.out, said.out


def test_every_verb_is_in_help_and_manual(home):
    text, manual = home.mica("--help").out, page("mica.1")
    for verb in VERBS:
        assert re.search(rf"^\s+{verb}\b", text, re.M), verb
        assert re.search(rf"^\s+(mica )?{verb}\b", manual, re.M), verb


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_a_verb_is_in_the_manual(home, verb):
    help_text = home.mica(verb, "--help").out
    assert help_text.startswith("usage: mica"), help_text
    missing = options(help_text) - options(page("mica.1"))
    assert not missing, missing


@pytest.mark.parametrize("verb", VERBS)
def test_the_synopsis_of_a_verb_has_all_its_options(home, verb):
    lines = re.findall(rf"^\s+mica {verb}\b(.*?)(?=^\s+mica |\Z)", section(page("mica.1"), "SYNOPSIS"), re.M | re.S)
    common = options(home.mica("--help").out)
    missing = options(home.mica(verb, "--help").out) - options("".join(lines)) - common
    assert lines and not missing, missing


def test_the_manual_has_no_option_that_no_verb_knows(home):
    known = options(home.mica("--help").out)
    for verb in VERBS:
        known |= options(home.mica(verb, "--help").out)
    unknown = options(page("mica.1")) - known
    assert not unknown, unknown


def test_exit_statuses(home):
    text = section(page("mica.1"), "EXIT STATUS")
    for number in range(6):
        assert re.search(rf"^\s+{number}\s", text, re.M), number


def test_help_goes_to_stdout_and_before_or_after_the_verb(home):
    assert home.mica("--help", "plan").out == home.mica("plan", "--help").out
    assert home.mica("--version").out.startswith("mica ")
