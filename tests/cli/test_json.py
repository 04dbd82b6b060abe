# SPDX-License-Identifier: Apache-2.0
"""docs/json.md against the program: no key is printed that is not there, none stands there that is not printed."""
import re

import pytest

from harness import parts
from harness.home import Home
from harness.inventory import Inventory

PAGE = (parts.TOP / "docs/json.md").read_text()
FINDING = {"level", "rule", "file", "line", "column", "text", "hint", "why"}


@pytest.fixture
def home(scratch):
    return Home(scratch)


def documented(verb):
    section = re.search(rf"^## `mica {verb}`.*?(?=^## |\Z)", PAGE, re.M | re.S)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {key for cell in cells for key in re.findall(r"`([^`]+)`", cell)}


def paths(value, at=""):
    if isinstance(value, dict) and value:
        return {p for key, inner in value.items() for p in paths(inner, f"{at}.{key}" if at else key)}
    if isinstance(value, list):
        return {p for inner in value for p in paths(inner, at + "[]")} if value else {at + "[]"}
    return {at}


def compare(verb, *documents):
    wanted = documented(verb)
    for document in documents:
        findings = document.pop("findings")
        assert {key for finding in findings for key in finding} <= FINDING
        seen = paths(document)
        # null, or an empty list, stands for all that is below it
        unknown = {p for p in seen - wanted if not any(k.startswith((p + ".", p + "[") if p[-1] != "]" else p) for k in wanted)}
        assert not unknown, unknown
    top = {re.split(r"[.\[]", key)[0] for key in wanted}
    assert top == {key for document in documents for key in document}


def test_every_key(home):
    inv = Inventory()
    inv.deployment["restart"] = ["false"]
    home.write(inv)
    home.mica("init")
    plan = home.mica("plan", "--json").json
    apply = home.mica("apply", "--json", code=5).json
    compare("plan", plan, home.mica("plan", "--json").json)
    compare("status", home.mica("status", "--json").json)
    compare("check", home.mica("check", "--json", code=None).json)
    shared = {key: apply.pop(key) for key in ("crl", "items", "files")}
    assert all(plan[key].keys() == value.keys() if isinstance(value, dict) else True for key, value in shared.items())
    compare("apply", {**apply, "crl": None, "items": [], "files": []})
    compare("revoke", home.mica("revoke", "ingest", "--reason", "superseded", "--json").json,
            home.mica("revoke", "--crl", "--json").json)
    home.mica("audit", "--evidence", "evidence.json")
    compare("audit", home.mica("audit", "--json").json, home.mica("audit", "--verify", "evidence.json", "--json").json)
    compare("audit --accept-restore", home.mica("audit", "--accept-restore", "--json").json)
    failed = home.mica("revoke", "nobody", "--reason", "superseded", "--json", code=1).json
    assert set(failed) == {"error", "findings"} and set(failed["error"]) == {"exit-status", "text", "hint"}
    assert home.mica("plan", "--only", "nothing", "--json", code=2).out == ""
