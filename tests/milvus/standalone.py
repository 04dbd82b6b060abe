#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prepares, starts and stops a real Milvus 2.3.5 standalone, unpacked by get.sh.

  standalone.py prepare CACHE DIR          writes DIR/milvus.yaml (the release's own template, with free ports)
  standalone.py start CACHE DIR CONFIG     starts it with CONFIG as its milvus.yaml; returns when it is healthy
  standalone.py stop DIR                   ends it
  standalone.py restart CACHE DIR CONFIG   both, in this order
  standalone.py port DIR NAME              a port's number: proxy, rest, metrics
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

PORTS = ("proxy", "rest", "metrics", "proxy_internal", "etcd", "etcd_peer", "root_coord", "query_coord", "query_node",
         "index_coord", "index_node", "data_coord", "data_node")
START_SECONDS = 120


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def ports(folder):
    """Chosen once for a directory, so that what is rendered from them stays as it is. MILVUS_PORT and
    MILVUS_REST_PORT name two of them."""
    path = folder / "ports.json"
    if not path.exists():
        chosen = dict(zip(PORTS, free_ports(len(PORTS))))
        for name, variable in (("proxy", "MILVUS_PORT"), ("rest", "MILVUS_REST_PORT")):
            if os.environ.get(variable):
                chosen[name] = int(os.environ[variable])
        path.write_text(json.dumps(chosen, indent=1) + "\n")
    return json.loads(path.read_text())


def write_if_changed(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def render(template, values):
    """{{ name(type): default }} becomes values[name], or the default."""
    def one(match):
        name, default = match.group(1), (match.group(3) or "").strip()
        return str(values.get(name, default))
    return re.sub(r"\{\{\s*(\w+)(\(\w+\))?\s*(?::\s*(.*?))?\s*\}\}", one, template)


def prepare(cache, folder):
    folder.mkdir(parents=True, exist_ok=True)
    p = ports(folder)
    values = {f"{name}_port": number for name, number in p.items()}
    values.update({
        "etcd_data_dir": folder / "data/etcd", "local_storage_dir": folder / "data/storage",
        "rocksmq_data_dir": folder / "data/rocksmq", "etcd_log_path": folder / "etcd.log",
        "etcd_log_level": "warn", "system_log_path": '""',
    })
    text = render((cache / "server/config.yaml.template").read_text(), values)
    # the embedded etcd listens where a file of its own says
    client, peer = (f"http://127.0.0.1:{p[n]}" for n in ("etcd", "etcd_peer"))
    write_if_changed(folder / "etcd.yaml", "".join(f"{k}: {v}\n" for k, v in {
        "name": "default", "listen-client-urls": client, "advertise-client-urls": client,
        "listen-peer-urls": peer, "initial-advertise-peer-urls": peer, "initial-cluster": f"default={peer}"}.items()))
    text = re.sub(r"(?m)^(  use:\n)", f"  config:\n    path: {folder / 'etcd.yaml'}\n\\1", text, count=1)
    # what a server that was stopped had claimed is free again soon, so that a restart need not wait for it
    text = re.sub(r"(?m)^(    ttl:) 30\b", r"\1 3", text, count=1)
    write_if_changed(folder / "milvus.yaml", text)


def healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return answer.read().strip() == b"OK"
    except (urllib.error.URLError, OSError):
        return False


def start(cache, folder, config):
    p = ports(folder)
    for name in ("configs", "data", "logs"):
        (folder / name).mkdir(exist_ok=True)
    shutil.copy(config, folder / "configs/milvus.yaml")
    shutil.copy(cache / "server/glog.conf", folder / "configs/glog.conf")
    binaries = cache / "server/bin"
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(p["metrics"]),
           "MILVUS_RUN_DIR": str(folder), "LD_LIBRARY_PATH": str(binaries)}
    with open(folder / "milvus.log", "wb") as log:
        process = subprocess.Popen([binaries / "milvus", "run", "standalone"], cwd=folder, env=env, stdout=log,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
    (folder / "milvus.pid").write_text(f"{process.pid}\n")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if healthy(p["metrics"]):
            return process
        time.sleep(0.2)
    stop(folder)
    tail = (folder / "milvus.log").read_text(errors="replace").splitlines()[-20:]
    raise RuntimeError("milvus did not become healthy:\n" + "\n".join(tail))


def stop(folder):
    path = folder / "milvus.pid"
    if not path.exists():
        return
    pid = int(path.read_text())
    path.unlink()
    for sig, seconds in ((signal.SIGTERM, 2), (signal.SIGKILL, 5)):
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    return
            except ChildProcessError:  # not ours: started by another run of this script
                try:
                    os.kill(pid, 0)
                except ProcessLookupError:
                    return
            time.sleep(0.1)


def main(argv):
    verb, *rest = argv or ["--help"]
    if verb == "prepare" and len(rest) == 2:
        prepare(*map(lambda a: pathlib.Path(a).resolve(), rest))
    elif verb == "start" and len(rest) == 3:
        start(*map(lambda a: pathlib.Path(a).resolve(), rest))
    elif verb == "stop" and len(rest) == 1:
        stop(pathlib.Path(rest[0]))
    elif verb == "restart" and len(rest) == 3:
        cache, folder, config = map(lambda a: pathlib.Path(a).resolve(), rest)
        stop(folder)
        start(cache, folder, config)
    elif verb == "port" and len(rest) == 2:
        print(ports(pathlib.Path(rest[0]))[rest[1]])
    else:
        print(__doc__.strip())
        return 0 if verb in ("--help", "-h") else 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except RuntimeError as fault:
        sys.exit(str(fault))
