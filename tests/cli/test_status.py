# SPDX-License-Identifier: Apache-2.0
"""status: serial, expiry and stage of every certificate; what happens if the token is lost now."""
import datetime

import pexpect
import pytest

from harness import parts, peers
from harness.inventory import Inventory
from harness.run import run


def test_every_certificate_is_told(home):
    home.begin()
    said = home.mica("status").out
    for word in ("g1", "server", "ingest", "delivered"):
        assert word in said, word
    for path in ("out/prod/tls/server.pem", "out/prod/clients/ingest/client.pem"):
        serial = run(["openssl", "x509", "-in", home / path, "-noout", "-serial"]).out.strip().split("=")[1].lower()
        assert serial[:8] in said.lower().replace(":", ""), serial


def test_the_first_outage_is_told(home):
    home.begin()
    end = run(["openssl", "x509", "-in", home / "out/prod/tls/server.pem", "-noout", "-enddate"]).out.split("=")[1].strip()
    day = datetime.datetime.strptime(end, "%b %d %H:%M:%S %Y %Z").strftime("%Y-%m-%d")
    assert f"token lost now: first outage on {day}, at prod/server, in " in home.mica("status").out


def on_terminal(home, columns):
    child = pexpect.spawn(str(parts.mica(home.build)), ["status"], cwd=str(home.path), env=home.env,
                          encoding="utf-8", timeout=60, dimensions=(24, columns))
    return child.read().splitlines()


@pytest.mark.parametrize("columns", [70, 80, 100])
def test_it_fits_the_terminal(home, columns):
    home.begin()
    lines = on_terminal(home, columns)
    rows = [line for line in lines if "delivered" in line]
    assert len(rows) == 2 and max(map(len, rows)) <= columns, lines
    assert all((".." in row) == (columns < 100) for row in rows), rows


def test_what_is_due_fits_the_terminal(home):
    """The table says what is next; why is a line of its own."""
    home.begin()
    (home / "out/prod/tls/server.key").unlink()
    (home / "out/prod/clients/ingest/client.pem").unlink()
    lines = on_terminal(home, 80)
    rows = [line.split() for line in lines if "delivered" in line]
    assert [row[-1] for row in rows] == ["rotate", "deliver"], lines
    assert "server: the key is lost in out/prod/tls: server.key is missing" in lines, lines
    assert "ingest: files are out of date in out/prod/clients/ingest: client.pem is missing" in lines, lines
    assert max(map(len, lines[:4])) <= 80, lines


def test_verbose_names_the_places(home):
    home.begin()
    said = home.mica("status", "-v").out
    for entry, folder, stem in (("server", "out/prod/tls", "server"), ("ingest", "out/prod/clients/ingest", "client")):
        serial = run(["openssl", "x509", "-in", home / folder / f"{stem}.pem", "-noout", "-serial"]).out.strip().split("=")[1].lower()
        assert [entry, serial, folder] in [line.split() for line in said.splitlines()], said


def test_it_needs_no_token_and_changes_nothing(home):
    home.begin()
    with home.unchanged(mtime=True):
        home.mica("status", env={"SOFTHSM2_CONF": "/nowhere"})


def test_before_anything_was_made(home):
    home.write()
    with home.unchanged():
        said = home.mica("status", code=None)
    assert said.code in (0, 1), said


def test_json(home):
    home.begin()
    text = str(home.mica("status", "--json").json)
    for word in ("server", "ingest", "delivered"):
        assert word in text


@pytest.mark.parametrize("mode", [1, 2])
def test_served_is_seen_at_the_endpoint(home, mode, tmp_path):
    """delivered, but an old server still runs: exit 5; restarted with the new files: served."""
    home.begin()
    tls = home / "out/prod/tls"
    old = tmp_path / "old"
    old.mkdir()
    for name in ("server.pem", "server.key", "ca.pem"):
        (old / name).write_bytes((tls / name).read_bytes())
    inv = Inventory()
    inv.deployment["tls-mode"] = mode
    with peers.openssl_server(peers.Files(old / "ca.pem", old / "server.pem", old / "server.key"), tmp_path, mode == 2) as port:
        inv.deployment["endpoints"] = [f"127.0.0.1:{port}"]
        home.write(inv)
        if mode == 1:  # its configuration changes, which the endpoint does not show
            assert "mica apply --restarted prod" in home.mica("apply", code=5).err
            home.mica("apply", "--restarted", "prod")
        home.mica("apply", code=0)
        assert "served" in home.mica("status").out
        said = home.mica("rotate", "server", code=5)
        assert f"127.0.0.1:{port}" in said.out + said.err
        told = home.mica("status", "--exit-code", code=5)
        today = datetime.date.today()
        assert f"prod: restart owed since {today}: its certificate changed; restart Milvus, then mica apply" in told.out, told
        owed = home.mica("status", "--json").json["restarts"]
        assert [(r["deployment"], r["restart"], r["why"]) for r in owed] == [("prod", None, "its certificate changed")]
        assert [c["awaited"] for c in home.mica("status", "--json").json["certificates"]] == [False, True, False]
        said = home.mica("apply", code=5)
    with peers.openssl_server(peers.Files(tls / "ca.pem", tls / "server.pem", tls / "server.key"), tmp_path, mode == 2) as port:
        inv.deployment["endpoints"] = [f"127.0.0.1:{port}"]
        home.write(inv)
        home.mica("apply", code=0)
        home.mica("status", "--exit-code", code=0)
        records = [r for r in home.records() if r["entry"] == "server"]
        assert "served" in str(records[-1]["state"]) or "served" in home.mica("status").out


def test_nobody_listens(home):
    inv = Inventory()
    inv.deployment["endpoints"] = ["127.0.0.1:1"]
    home.write(inv)
    home.mica("init")
    said = home.mica("apply", code=5)
    assert "127.0.0.1:1" in said.err + said.out
    assert (home / "out/prod/tls/server.pem").exists()
