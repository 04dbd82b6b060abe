# SPDX-License-Identifier: Apache-2.0
"""`mica status --prometheus`: judged by promtool and collected by the real node exporter; its alerts by promtool."""
import os
import re
import socket
import subprocess
import time
import urllib.request

from harness import parts, peers
from harness.inventory import Inventory
from harness.run import run

RULES = parts.TOP / "docs/prometheus/mica.rules.yml"
TRIALS = parts.TESTS / "data/prometheus/mica.rules.test.yml"


def page(home, *args, code=0, name="mica.prom"):
    home.mica("status", "--prometheus", name, *args, code=code)
    return (home / name).read_text()


def samples(text):
    """{metric: {labels as they stand there: number}}"""
    seen = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, number = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (-?\d+)", line).groups()
            assert labels not in seen.setdefault(name, {}), line
            seen[name][labels or ""] = int(number)
    return seen


def check(text):
    """By promtool, warnings included, which are its lint."""
    said = run([parts.need("promtool"), "check", "metrics"], code=None, stdin=text)
    assert said.code == 0 and not said.out + said.err, said


def not_after(path):
    end = run(["openssl", "x509", "-in", path, "-noout", "-enddate"], env={**os.environ, "LC_ALL": "C"}).out
    return int(run(["date", "-u", "-d", end.split("=")[1].strip(), "+%s"]).out)


def test_what_the_page_says(home):
    home.begin()
    text = page(home)
    check(text)
    seen = samples(text)
    server, client = (not_after(home / p) for p in ("out/prod/tls/server.pem", "out/prod/clients/ingest/client.pem"))
    ends = seen["mica_certificate_not_after_timestamp_seconds"]
    assert ends == {f'ca="g1",deployment="prod",entry="{entry}",kind="{kind}",stage="{stage}"': end
                    for entry, kind, end in (("server", "server", server), ("ingest", "client", client))
                    for stage in ("issued", "delivered")}
    assert seen["mica_ca_not_after_timestamp_seconds"] == {'ca="g1",state="issuing"': not_after(home / "state/g1.pem")}
    assert seen["mica_first_outage_timestamp_seconds"] == {'deployment="prod",entry="server"': server}
    assert seen["mica_restart_owed"] == {'deployment="prod"': 0}
    assert seen["mica_certificate_unserved"] == {'entry="server"': 0}
    assert seen["mica_pin_latches"] == {'ca="g1"': 0}
    assert seen["mica_changes_pending"] == seen["mica_ca_too_short"] == {"": 0}
    assert seen["mica_up"] == {"": 1}
    version = home.mica("--version").out.split()[1]
    assert seen["mica_build_info"] == {f'version="{version}"': 1}
    assert abs(seen["mica_page_timestamp_seconds"][""] - time.time()) < 60
    due = seen["mica_certificate_renewal_timestamp_seconds"]
    assert due['entry="server",kind="server"'] == server - (90 * 86400 + 3600) // 3


def test_two_pages_differ_in_their_time_alone(home):
    home.begin()
    one, other = page(home), page(home)
    strip = re.compile(r"^mica_page_timestamp_seconds \d+$", re.M)
    assert strip.sub("", one) == strip.sub("", other)
    said = home.mica("status", "--prometheus", "-").out
    assert strip.sub("", said) == strip.sub("", one)


def test_how_it_is_written(home):
    """One rename of a name that the collector does not read, readable for others, and nothing on standard output."""
    home.begin()
    folder = home / "textfile"
    folder.mkdir()
    log = home.scratch / "strace.log"
    said = home.mica("status", "--prometheus", "textfile/mica.prom", prefix=[
        parts.need("strace"), "-e", "trace=openat,rename,renameat,renameat2,fsync", "-o", log], env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert said.out == ""
    assert [p.name for p in folder.iterdir()] == ["mica.prom"]
    assert (folder / "mica.prom").stat().st_mode & 0o7777 == 0o644
    calls = [line for line in log.read_text().splitlines() if "textfile" in line or line.startswith("fsync")]
    names = re.findall(r'textfile/([^"]*)"', "\n".join(calls))
    assert "rename" in "".join(calls) and "fsync" in "".join(calls)
    assert all(name in ("", "mica.prom") or not name.endswith(".prom") for name in names), names


def test_nothing_is_taken_away_when_it_cannot_be_written(home):
    home.begin()
    said = home.mica("status", "--prometheus", "nowhere/mica.prom", code=1)
    assert "nowhere/mica.prom" in said.err
    (home / "a-directory").mkdir()
    home.mica("status", "--prometheus", "a-directory", code=3)
    assert "exclude each other" in home.mica("status", "--json", "--prometheus", "-", code=2).err


def test_served_and_owed(home, tmp_path):
    """issued and delivered are new, served is what it was: the server still runs with the old files."""
    home.begin()
    tls, old = home / "out/prod/tls", tmp_path / "old"
    old.mkdir()
    inv = Inventory()

    def serve(folder):
        return peers.openssl_server(peers.Files(folder / "ca.pem", folder / "server.pem", folder / "server.key"), tmp_path, True)

    for name in ("server.pem", "server.key", "ca.pem"):
        (old / name).write_bytes((tls / name).read_bytes())
    with serve(old) as port:
        inv.deployment["endpoints"] = [f"127.0.0.1:{port}"]
        home.write(inv)
        home.mica("apply")
        seen = samples(page(home))
        stage = 'ca="g1",deployment="prod",entry="server",kind="server",stage="{}"'
        ends = seen["mica_certificate_not_after_timestamp_seconds"]
        before = ends[stage.format("served")]
        assert before == ends[stage.format("delivered")] == not_after(old / "server.pem")
        inv.certificate("server")["days"] = 30
        home.write(inv)
        home.mica("rotate", "server", code=5)
        text = page(home)
        check(text)
        seen = samples(text)
        ends = seen["mica_certificate_not_after_timestamp_seconds"]
        assert ends[stage.format("served")] == before != ends[stage.format("delivered")]
        assert ends[stage.format("delivered")] == ends[stage.format("issued")] == not_after(tls / "server.pem")
        assert seen["mica_restart_owed"] == {'deployment="prod"': 1}
        assert seen["mica_certificate_unserved"] == {'entry="server"': 1}
        assert seen["mica_last_run_exit_status"]['verb="rotate"'] == 5
        assert seen["mica_last_good_run_timestamp_seconds"]['verb="rotate"'] == 0


def test_runs(home):
    """When each verb last ran, and how it ended, a run that the ledger refuses too."""
    home.begin()
    begun = int(time.time())
    seen = samples(page(home))
    assert seen["mica_last_run_exit_status"] == {'verb="init"': 0, 'verb="apply"': 0}
    assert all(0 <= begun - at < 120 for at in seen["mica_last_run_timestamp_seconds"].values())
    inv = Inventory()
    inv.ca["pin"] = "prompt"
    home.write(inv)
    home.mica("rotate", "--all", "--unattended", code=3)
    home.write()
    assert samples(page(home))["mica_last_run_exit_status"]['verb="rotate"'] == 3
    assert re.search(r"^last rotate: 20\S+Z, refused by policy or lint$", home.mica("status").out, re.M)
    time.sleep(1.1)  # times are whole seconds
    home.mica("apply")
    assert "last rotate" not in home.mica("status").out, "a good apply did what was left"
    home.mica("rotate", "nobody", code=2)
    home.mica("rotate", "--all")
    seen = samples(page(home))
    assert seen["mica_last_run_exit_status"]['verb="rotate"'] == 0
    assert seen["mica_last_good_run_timestamp_seconds"] == seen["mica_last_run_timestamp_seconds"]
    with open(home / "state/ledger.db", "r+b") as file:
        file.write(b"no database")
    home.mica("apply", code=3)
    text = page(home, code=3)
    check(text)
    seen = samples(text)
    assert seen["mica_up"] == {"": 0} and set(seen) == {
        "mica_build_info", "mica_page_timestamp_seconds", "mica_up", "mica_last_run_timestamp_seconds",
        "mica_last_run_exit_status", "mica_last_good_run_timestamp_seconds"}
    assert seen["mica_last_run_exit_status"]['verb="apply"'] == 3
    assert seen["mica_last_good_run_timestamp_seconds"]['verb="apply"'] > 0


def test_an_inventory_with_a_fault(home):
    home.begin()
    page(home)
    (home / "mica.yaml").write_text("version: 1\nbroken: yes\n")
    text = page(home, code=1)
    check(text)
    assert samples(text)["mica_up"] == {"": 0} and "mica_last" not in text


def test_a_run_that_cannot_be_noted_is_still_a_run(home):
    home.begin()
    (home / "state/runs").unlink()
    (home / "state/runs").mkdir()
    said = home.mica("apply")
    assert "cannot be noted" in said.err and said.out


def test_a_damaged_note_of_runs_is_no_harm(home):
    home.begin()
    (home / "state/runs").write_bytes(b"apply 2026-11-22T08:37:00Z 0\nrotate then 0 -\n\0\xff\n" + b"x " * 5000 + b"\nplan 2026-11-22T08:37:00Z 999 -\n")
    assert "mica_last" not in page(home)
    home.mica("apply")
    assert samples(page(home))["mica_last_run_exit_status"] == {'verb="apply"': 0}


def test_what_is_to_be_done_is_counted(home):
    inv = Inventory()
    home.begin(inv)
    (home / "out/prod/user.yaml").unlink()
    inv["certificates"].append({"name": "late", "profile": "client", "common-name": "late"})
    inv.deployment["clients"].append("late")
    home.write(inv)
    plan = home.mica("plan", "--json").json
    changes = [item for item in plan["items"] if item["action"] != "keep"]
    assert len(changes) == 1 and len(plan["files"]) >= 1
    assert samples(page(home))["mica_changes_pending"][""] == plan["changes"] >= len(changes) + len(plan["files"])


def test_the_collector_takes_it(home):
    """Debian's prometheus-node-exporter reads the page, through a link into a directory that is not its own."""
    exporter = parts.need("prometheus-node-exporter")
    home.begin()
    page(home)
    folder = home.scratch / "collected"
    folder.mkdir()
    (folder / "mica.prom").symlink_to(home / "mica.prom")
    (folder / "..mica.prom.4711").write_text("no metrics\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = subprocess.Popen([exporter, "--collector.disable-defaults", "--collector.textfile", f"--web.listen-address=127.0.0.1:{port}",
                              f"--collector.textfile.directory={folder}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        text = collected(port)
    finally:
        child.kill()
        child.wait()
    assert re.search(r"^node_textfile_scrape_error 0$", text, re.M), text
    assert re.search(r'^mica_certificate_not_after_timestamp_seconds\{ca="g1",deployment="prod",entry="server",kind="server",stage="delivered"\} ', text, re.M)


def collected(port):
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the exporter does not answer")


# --- alerts --------------------------------------------------------------------------------------------------------------


def test_the_rules_are_right():
    said = run([parts.need("promtool"), "check", "rules", "--lint-fatal", RULES], code=None)
    assert said.code == 0 and "SUCCESS" in said.out, said


def test_each_alert_fires_when_it_should_and_not_before():
    promtool = parts.need("promtool")
    said = run([promtool, "test", "rules", TRIALS.name], code=None, cwd=TRIALS.parent)
    assert said.code == 0, said
    tried = set(re.findall(r"alertname: (\w+)", TRIALS.read_text()))
    assert tried == set(re.findall(r"- alert: (\w+)", RULES.read_text()))


def test_the_rules_name_no_metric_that_no_page_has(home):
    """Of the metrics and labels that the rules ask for, each is in the program."""
    source, text = (parts.TOP / "src/cli/prometheus.c").read_text(), RULES.read_text()
    for metric in set(re.findall(r"\bmica_[a-z_]+", text)):
        assert f'"{metric}"' in source, metric
    for label in set(re.findall(r"\$labels\.(\w+)", text)) - {"instance"}:
        assert f'"{label}"' in source, label


def test_every_metric_is_documented():
    text = (parts.TOP / "docs/unattended.md").read_text()
    for metric in set(re.findall(r'"(mica_[a-z_]+)"', (parts.TOP / "src/cli/prometheus.c").read_text())):
        assert f"`{metric}" in text, metric
