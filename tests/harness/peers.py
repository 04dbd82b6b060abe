# SPDX-License-Identifier: Apache-2.0
"""TLS servers and clients of OpenSSL and GnuTLS, given files. A client's request must be answered: with TLS 1.3
a client that the server refuses still ends its handshake well, and only the answer tells."""
import contextlib
import re
import socket
import subprocess
import time

from . import parts

ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "GNUTLS_NO_TOFU": "1"}
REQUEST = "GET / HTTP/1.0\r\n\r\n"


class Files:
    """What one side is given. cert and key may be None: a client that shows nothing."""

    def __init__(self, ca, cert=None, key=None):
        self.ca, self.cert, self.key = ca, cert, key


@contextlib.contextmanager
def listening(argv, pattern, tmp):
    """Runs a server until the block ends; yields the port that it says it listens on."""
    log = tmp / f"server-{time.monotonic_ns()}.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, env=ENV)
    try:
        deadline = time.monotonic() + 20
        while True:
            found = re.search(pattern, log.read_text(errors="replace"))
            if found:
                break
            assert process.poll() is None and time.monotonic() < deadline, f"{argv}: {log.read_text()}"
            time.sleep(0.05)
        yield int(found.group(1))
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def openssl_server(files, tmp, mutual):
    parts.need("openssl")
    argv = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", files.cert, "-key", files.key,
            "-CAfile", files.ca]
    if mutual:
        argv += ["-Verify", "5", "-verify_return_error", "-tls1_3"]
    with listening(argv, r"ACCEPT .*:(\d+)", tmp) as port:
        yield port


@contextlib.contextmanager
def gnutls_server(files, tmp, mutual):
    parts.need("gnutls-serv")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = ["gnutls-serv", "--http", "--port", port, "--x509certfile", files.cert, "--x509keyfile", files.key,
            "--x509cafile", files.ca]
    argv += ["--require-client-cert", "--verify-client-cert"] if mutual else ["--disable-client-cert"]
    with listening(argv, r"listening on IPv4 .* port (\d+)", tmp) as port:
        yield port


def openssl_client(files, port, name):
    parts.need("openssl")
    argv = ["openssl", "s_client", "-brief", "-ign_eof", "-connect", f"127.0.0.1:{port}", "-servername", name,
            "-verify_hostname", name, "-verify_return_error", "-CAfile", files.ca]
    if files.cert:
        argv += ["-cert", files.cert, "-key", files.key]
    return _ask(argv)


def gnutls_client(files, port, name):
    parts.need("gnutls-cli")
    argv = ["gnutls-cli", "--port", port, "--x509cafile", files.ca, "--sni-hostname", name, "--verify-hostname", name,
            "--no-ca-verification" if files.ca is None else "--ca-verification"]
    if files.cert:
        argv += ["--x509certfile", files.cert, "--x509keyfile", files.key]
    return _ask(argv + ["127.0.0.1"])


def _ask(argv):
    """(answered, everything that was said)"""
    process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=ENV, text=True, errors="replace")
    try:
        # standard input stays open while the answer is awaited: gnutls-cli leaves at its end
        process.stdin.write(REQUEST)
        process.stdin.flush()
    except BrokenPipeError:
        pass
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        pass
    try:
        said, _ = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    return bool(re.search(r"HTTP/1\.[01] 200", said)), said
