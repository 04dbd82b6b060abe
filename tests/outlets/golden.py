# SPDX-License-Identifier: Apache-2.0
"""The golden files of tests/data, which the unit test holds src/milvus against: every kind, version and mode."""
from harness import parts

DATA = parts.TESTS / "data"
GOLDEN = sorted((DATA / "golden").glob("*.txt"))


def outlets(path):
    """{file name: text} of one golden file."""
    texts = {}
    for part in path.read_text().split("=== ")[1:]:
        name, text = part.split("\n", 1)
        texts[name] = text
    return texts


def of(prefix, *names):
    """(golden file's name, outlet's text) for those whose name begins so and that have one of the outlets."""
    return [(path.stem, outlets(path)[name]) for path in GOLDEN for name in names
            if path.stem.removeprefix("odd-").startswith(prefix) and name in outlets(path)]
