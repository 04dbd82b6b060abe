# SPDX-License-Identifier: Apache-2.0
"""From `mica example` to delivered files, as a newcomer types it; and again, and nothing changes."""
import re
import stat

import pytest
import yaml

from harness.home import Home
from harness.run import run
from harness.token import Token

KINDS = ("compose", "helm", "operator", "files")


@pytest.fixture(params=KINDS)
def example(request, scratch):
    """A home whose inventory is what `mica example` printed, and a token with the label that it names."""
    home = Home(scratch)
    home.write(home.mica("example", request.param).out)
    label = re.search(r"token=([^;\"]+)", (home / "mica.yaml").read_text()).group(1)
    if label != home.token.label:
        home.token = Token(scratch / "other", label)
        (home / "pin").write_text(home.token.pin + "\n")
    return home


def test_it_applies_as_it_is(example):
    inventory = yaml.safe_load((example / "mica.yaml").read_text())
    assert inventory["ca"][0]["pin"] == "file:pin"
    example.mica("init")
    assert example.mica("plan").out
    example.mica("apply")
    deployment = inventory["milvus"][0]
    tls = example / deployment["out"] / "tls"
    assert {p.name for p in tls.iterdir() if not p.name.startswith("..")} == {"server.pem", "server.key", "ca.pem", "crl.pem"}
    for client in deployment["clients"]:
        folder = example / deployment["out"] / "clients" / client
        assert {p.name for p in folder.iterdir() if not p.name.startswith("..")} == \
            {"client.pem", "client.key", "ca.pem", "crl.pem"}
        run(["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", folder / "ca.pem", folder / "client.pem"])
    run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", tls / "ca.pem", tls / "server.pem"])
    for key in (example / deployment["out"]).rglob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    written = {p.name for p in (example / deployment["out"]).iterdir()}
    outlets = {"compose": {"user.yaml", "docker-compose.override.yaml"}, "files": {"user.yaml"},
               "helm": {"values.yaml", "secret.yaml", "deploy.md"}, "operator": {"milvus.yaml", "secret.yaml", "deploy.md"}}
    assert written == {"tls", "clients", "requests", "clients.md"} | outlets[deployment["kind"]]


def test_every_step_again_changes_nothing(example):
    example.mica("init")
    example.mica("apply")
    records, objects = example.records(), example.token_objects()
    with example.unchanged(mtime=True):
        for words in (["init"], ["plan"], ["plan", "--exit-code"], ["apply"], ["status"]):
            example.mica(*words)
    assert example.records() == records
    assert example.token_objects() == objects


def told(out, kind):
    """What Milvus is told: of each kind its outlet has it at another place."""
    if kind == "helm":
        return yaml.safe_load(yaml.safe_load((out / "values.yaml").read_text())["extraConfigFiles"]["user.yaml"])
    if kind == "operator":
        return yaml.safe_load((out / "milvus.yaml").read_text())["spec"]["config"]
    return yaml.safe_load((out / "user.yaml").read_text())


def test_user_yaml_says_what_was_asked(example):
    example.mica("init")
    example.mica("apply")
    deployment = yaml.safe_load((example / "mica.yaml").read_text())["milvus"][0]
    user = told(example / deployment["out"], deployment["kind"])
    # a container sees /milvus/tls; a Milvus that runs from a directory sees the delivered files where they are
    own = str(example / deployment["out"] / "tls") if deployment["kind"] == "files" else "/milvus/tls"
    mount = deployment.get("mount", own)
    assert user["common"]["security"]["tlsMode"] == deployment["tls-mode"]
    assert user["common"]["security"]["internaltlsEnabled"] is deployment["internal-tls"]
    expected = {"serverPemPath": f"{mount}/server.pem", "serverKeyPath": f"{mount}/server.key", "caPemPath": f"{mount}/ca.pem"}
    assert user["tls"] == expected
    assert user["internaltls"] == {**expected, "sni": deployment.get("sni", "localhost")}
    assert user["proxy"]["http"]["enabled"] is True and user["proxy"]["http"]["port"] == deployment.get("rest-port", 8080)


def test_the_readme_of_the_clients_names_their_files(example):
    example.mica("init")
    example.mica("apply")
    deployment = yaml.safe_load((example / "mica.yaml").read_text())["milvus"][0]
    text = (example / deployment["out"] / "clients.md").read_text()
    for word in ("client_pem_path", "client_key_path", "ca_pem_path", "server_pem_path", "curl", "--cacert", "--cert",
                 *deployment["clients"]):
        assert word in text, word


def test_example_is_commented_and_strict(home):
    for kind in KINDS:
        text = home.mica("example", kind).out
        assert sum("#" in line for line in text.splitlines()) >= 10
        assert yaml.safe_load(text)["version"] == 1
