# SPDX-License-Identifier: Apache-2.0
"""The completions that the build makes from the option tables, as the shells use them."""
import re

import pytest

from harness import parts
from harness.run import run

MADE = parts.BUILD / "src/cli/completions"


def complete(*words):
    """What bash would offer for the last word."""
    script = ('. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mica; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    return set(run(["bash", "-c", script, MADE / "mica", "mica", *words]).out.split())


def shown(home, *words):
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", home.mica(*words).out, re.M))


def test_bash_offers_the_verbs(home):
    verbs = set(re.findall(r"^  ([a-z]+)  ", home.mica("--help").out, re.M))
    assert {"init", "plan", "apply", "help"} <= verbs
    assert complete("") == verbs | shown(home, "--help")
    assert complete("ro") == {"rotate"}
    assert complete("help", "st") == {"status"}


@pytest.mark.parametrize("verb", ["example", "init", "plan", "apply", "rotate", "status", "check", "revoke", "audit", "token"])
def test_every_shell_offers_what_help_shows(home, verb):
    options = shown(home, verb, "--help")
    assert complete("-f", "x.yaml", verb, "--") == options
    fish = (MADE / "mica.fish").read_text()
    assert {f"--{o}" for o in re.findall(rf'subcommand_from {verb}" -l ([a-z-]+)', fish)} == options
    zsh = re.search(rf"^\t{verb}\) _arguments.*?;;", (MADE / "_mica").read_text(), re.M | re.S).group(0)
    assert set(re.findall(r"--[a-z-]+", re.sub(r"\[.*?\]|'\(.*?\)'", "", zsh))) == options


def test_bash_offers_kinds_and_files(home, scratch):
    assert complete("example", "co") == {"compose"}
    assert complete("example", "") >= {"compose", "helm", "operator", "files"}
    (scratch / "other.yaml").write_text("")
    assert complete("plan", "-f", f"{scratch}/oth") == {f"{scratch}/other.yaml"}
