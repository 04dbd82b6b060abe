# SPDX-License-Identifier: Apache-2.0
"""A pcscd of our own, with one reader of vsmartcard's in it.

The daemon's socket is compiled in, but it takes one that is handed to it, as systemd does (sd_listen_fds(3)): so many
run at once, each on a socket that PCSCLITE_CSOCK_NAME names to its clients. /run/pcscd, where it writes its pid, is a
private one where namespaces are to be had."""
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

from harness import parts

DRIVER = pathlib.Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SLOTS = 2  # vpcd has two, on ports that follow each other; the second stays empty


def _namespace():
    """The words to run something with a /run of its own."""
    mount = 'mount -t tmpfs -o size=1m tmpfs /run && exec "$@"'
    for words in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        prefix = [*words, "sh", "-c", mount, "sh"]
        if subprocess.run([*prefix, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return prefix
    if os.geteuid() != 0:
        parts.missing("a user namespace, or root (for pcscd)")
    return []


def _free_ports():
    for _ in range(100):
        first = random.randrange(20000, 32000, 2)
        try:
            for port in range(first, first + SLOTS):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("0.0.0.0", port))
            return first
        except OSError:
            continue
    raise RuntimeError("no two free ports")


class Reader:
    """folder: a directory with a short name. name: what the modules look at; ykcs11 wants it to begin with Yubico."""

    def __init__(self, folder, name="Yubico YubiKey CCID"):
        self.daemon = "/usr/sbin/pcscd"
        if not os.access(self.daemon, os.X_OK):
            parts.missing("pcscd")
        if not DRIVER.exists():
            parts.missing("vsmartcard-vpcd")
        self.folder, self.name = folder, name
        folder.mkdir(mode=0o755, exist_ok=True)
        self.path, self.log = folder / "pcscd.comm", folder / "pcscd.log"
        self.port = None
        self._process = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self.path.chmod(0o666)
        self._listener.listen(16)
        self.start()

    @property
    def env(self):
        return {"PCSCLITE_CSOCK_NAME": str(self.path)}

    def start(self):
        for _ in range(5):
            self.port = _free_ports()
            self._begin()
            if self._listens():
                return
            self._end()
        raise RuntimeError(f"pcscd does not start: {self.log.read_text(errors='replace')}")

    def _begin(self):
        config = self.folder / "reader.conf.d"
        config.mkdir(exist_ok=True)
        (config / "piv").write_text(f'FRIENDLYNAME "{self.name}"\nDEVICENAME /dev/null:{self.port:#x}\n'
                                    f"LIBPATH {DRIVER}\nCHANNELID {self.port:#x}\n")
        drop = self.folder / "drivers"  # no USB driver is looked for
        drop.mkdir(exist_ok=True)
        argv = [*_namespace(), "setpriv", "--pdeathsig", "KILL", "sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh",
                self.daemon, "--foreground", "--config", str(config)]
        if "--disable-polkit" in subprocess.run([self.daemon, "--help"], stdout=subprocess.PIPE, text=True).stdout:
            argv.append("--disable-polkit")
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LISTEN_FDS": "1", "PCSCLITE_HP_DROPDIR": str(drop)}
        fd = self._listener.fileno()
        with open(self.log, "ab") as log:
            null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
            self._process = os.posix_spawnp(argv[0], argv, env, file_actions=[
                (os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2), (os.POSIX_SPAWN_DUP2, fd, 3)])
            os.close(null)

    def _listens(self):
        """Whether this pcscd has the port; another may have been quicker."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if os.waitpid(self._process, os.WNOHANG)[0]:
                self._process = None
                return False
            with socket.socket() as probe:
                try:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("0.0.0.0", self.port + SLOTS - 1))
                except OSError:
                    return True
            time.sleep(0.02)
        return False

    def _end(self):
        if not self._process:
            return
        os.kill(self._process, signal.SIGTERM)
        deadline = time.monotonic() + 3
        while not os.waitpid(self._process, os.WNOHANG)[0]:
            if time.monotonic() > deadline:
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)
                break
            time.sleep(0.01)
        self._process = None

    def restart(self):
        """The service ends, and begins anew."""
        self._end()
        self.start()

    def stop(self):
        self._end()
        self._listener.close()
