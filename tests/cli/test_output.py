# SPDX-License-Identifier: Apache-2.0
"""Results on stdout, talk on stderr; one JSON document with --json; options before or after the verb."""
import json
import subprocess

import pexpect
import pytest

from harness import parts
from harness.inventory import Inventory


def many(n):
    inv = Inventory()
    for i in range(n):
        inv["certificates"].append({"name": f"c{i}", "profile": "client", "common-name": f"c{i}"})
        inv.deployment["clients"].append(f"c{i}")
    return inv


@pytest.mark.parametrize("words", [["init"], ["plan"], ["apply"], ["rotate", "--all"], ["status"], ["token"]], ids=" ".join)
def test_json_is_one_document(home, words):
    home.write()
    if words != ["init"]:
        home.mica("init")
    if words[0] in ("rotate", "status"):
        home.mica("apply")
    said = home.mica(*words, "--json")
    assert isinstance(json.loads(said.out), dict)
    assert said.out.endswith("}\n")


def test_json_before_the_verb(home):
    home.begin()
    before, after = home.mica("--json", "status").json, home.mica("status", "--json").json
    assert before.pop("at") and after.pop("at")
    assert before == after


def test_failures_are_on_stderr_with_json_too(home):
    home.write()
    said = home.mica("apply", "--json", code=None)
    assert said.code == 1 and "init" in said.err
    if said.out:
        json.loads(said.out)


def test_quiet(home):
    home.write()
    home.mica("init")
    assert home.mica("-q", "apply").err == ""
    assert home.mica("rotate", "--all", "--quiet").err == ""


def test_file_elsewhere_paths_are_relative_to_it(home):
    home.write()
    home.mica("init")
    subprocess.run([parts.mica(home.build), "apply", "-f", str(home / "mica.yaml")], cwd="/", env=home.env, check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)
    assert (home / "out/prod/tls/server.pem").exists()


def test_no_colours_or_controls_when_not_on_a_terminal(home):
    home.begin()
    for words in (["plan"], ["status"], ["token"], ["rotate", "--all"]):
        said = home.mica(*words)
        assert "\x1b" not in said.out + said.err and "\r" not in said.out + said.err


def test_progress_on_a_terminal(home):
    home.write(many(150))
    home.mica("init")
    child = pexpect.spawn(str(parts.mica(home.build)), ["apply"], cwd=str(home.path), env=home.env, encoding="utf-8",
                          timeout=100)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    assert "\r" in child.before and "150" in child.before or "152" in child.before


def test_a_name_cannot_drive_the_terminal(home):
    said = home.mica("rotate", "evil\x1b]0;owned\x07", code=None)
    assert said.code != 0
    assert "\x1b" not in said.err and "\x07" not in said.err


def test_stdout_is_flushed_and_checked(home):
    home.begin()
    said = home.mica("status", code=1, prefix=["sh", "-c", 'exec "$@" >/dev/full', "sh"])
    assert "No space left" in said.err or "no space left" in said.err, said


@pytest.mark.parametrize("words", [["status"], ["plan"], ["apply"], ["rotate", "--all"], ["check"]], ids=" ".join)
def test_json_is_one_document_when_it_fails_too(home, words):
    home.write()
    home.mica("init")
    (home / "mica.yaml").write_text("version: 1\nstate-dir: state\n")
    said = home.mica(*words, "--json", code=1)
    assert said.json["error"]["exit-status"] == 1 and "fault" in said.json["error"]["text"], said
    assert any(f["level"] == "error" for f in said.json["findings"]), said
    assert said.json["error"]["text"] in said.err


def test_json_says_why_it_was_refused(home):
    home.begin()
    (home / "state/host").write_text("0" * 64 + "\n")
    for words in (["status"], ["plan"], ["apply"]):
        said = home.mica(*words, "--json", code=3)
        assert said.json["error"]["exit-status"] == 3 and said.json["error"]["text"] in said.err, said


def test_json_of_what_is_not_served_is_one_document(home):
    inv = Inventory()
    inv.deployment["endpoints"] = ["127.0.0.1:1"]
    home.write(inv)
    home.mica("init")
    said = home.mica("apply", "--json", code=5)
    assert said.json["served"] is False and "error" not in said.json


def test_a_wrong_command_line_has_no_document(home):
    assert home.mica("status", "--jso", "--json", code=2).out == ""
    assert home.mica("plan", "--only", "nobody", "--json", code=1).json["error"]
