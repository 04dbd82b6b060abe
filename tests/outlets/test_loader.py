# SPDX-License-Identifier: Apache-2.0
"""What Milvus says of the keys that it is given: its own configuration loader (of 2.6) reads every golden user.yaml,
milvus.yaml, the charts' user.yaml and the operator's spec.config, beside a milvus.yaml of its own.

The loader takes minutes to build, and a Go that is newer than Debian's: with --all, or where it was built before."""
import json
import re
import shutil

import pytest
import yaml

from golden import DATA, GOLDEN, outlets
from gotools import CACHE, build
from harness import parts
from harness.run import run


@pytest.fixture(scope="module")
def loader():
    if not parts.ALL and not (CACHE / "loader").exists():
        pytest.skip("Milvus' configuration loader was not built: --all builds it")
    return build("loader", (1, 25))


def effective(loader, folder, files):
    """{file name: text}, beside the milvus.yaml that Milvus 2.3.5 ships"""
    folder.mkdir(exist_ok=True)
    shutil.copy(DATA / "milvus-2.3.5.yaml", folder / "milvus.yaml")
    for name in ("user.yaml", "default.yaml"):
        (folder / name).unlink(missing_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    said = run([loader, folder], env={"DEPLOY_MODE": "STANDALONE"}).out
    return json.loads(said.splitlines()[-1])  # behind what it logs


def configurations():
    """(golden file's name, the files that Milvus reads)"""
    for path in GOLDEN:
        there = outlets(path)
        if "odd" in path.stem:
            continue
        if "values.yaml" in there:
            yield path.stem, {"user.yaml": yaml.safe_load(there["values.yaml"])["extraConfigFiles"]["user.yaml"]}
        elif "user.yaml" in there:
            yield path.stem, {"user.yaml": there["user.yaml"]}
        elif path.stem.startswith("operator"):
            text = there.get("milvus.yaml") or there["milvus.patch.yaml"]
            yield path.stem, {"user.yaml": yaml.safe_dump(yaml.safe_load(text)["spec"]["config"])}
        else:
            yield path.stem, {"milvus.yaml": there["milvus.yaml"]}


def test_what_milvus_works_with(loader, module_scratch):
    for name, files in configurations():
        got = effective(loader, module_scratch / "configs", files)
        mount = "/nonexistent/mica/out/prod/tls" if name.startswith("files") else "/milvus/tls"
        assert got["tls-mode"] == int(re.search(r"mode(\d)", name).group(1)), name
        assert [got[key] for key in ("server", "key", "ca")] == \
            [f"{mount}/{file}" for file in ("server.pem", "server.key", "ca.pem")], name
        assert got["rest"] is True and got["rest-port"] == "8080", name
        assert got["internal-tls"] is ("internal" in name), name
        if "internal" in name:
            assert [got[key] for key in ("internal-server", "internal-key", "internal-ca", "sni")] == \
                [f"{mount}/server.pem", f"{mount}/server.key", f"{mount}/ca.pem", "localhost"], name


def test_the_loader_judges(loader, module_scratch):
    """A tlsMode at a wrong level is no tlsMode to Milvus, and a second `common` takes the first one's place."""
    wrong = "common:\n  tlsMode: 2\n"
    assert effective(loader, module_scratch / "configs", {"user.yaml": wrong})["tls-mode"] == 0
    alone = effective(loader, module_scratch / "configs", {})
    assert alone["tls-mode"] == 0 and "/milvus" not in alone["server"]
