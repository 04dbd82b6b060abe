# SPDX-License-Identifier: Apache-2.0
"""An HSM across a network: p11-kit server with SoftHSM2 behind it, p11-kit-client.so before it, and between the two a
wire that is slow, counts what is under way, and can be cut."""
import asyncio
import socket
import struct
import subprocess
import threading
import time

from harness import parts
from kinds import Kind, library
from kinds.softhsm2 import SoftHSM2

HEADER = struct.Struct(">III")  # p11-kit's RPC: code of the call, length of options, length of data


class Remote(Kind):
    module = "p11-kit-client"
    shows = SoftHSM2.shows
    foreign = SoftHSM2.foreign
    extractable_key = True
    signs_per_second = 400
    can_be_lost = True

    def __init__(self, folder):
        super().__init__(folder)
        parts.need("p11-kit")
        self.module_path = library("/usr/lib/{}/pkcs11/p11-kit-client.so", what="p11-kit-client.so")
        self.near = SoftHSM2(folder)
        self.pin = self.near.pin
        self.server_socket, self.socket = folder / "server", folder / "wire"
        self.server = self.wire = None
        self.come_back()
        self.wire = Wire(self.socket, self.server_socket)

    @property
    def env(self):
        return {"P11_KIT_SERVER_ADDRESS": f"unix:path={self.socket}"}

    def make_foreign(self, sort):
        """At the far end: p11-kit's protocol has no words for PSS or Edwards keys."""
        self.near.make_foreign(sort)

    def stop(self):
        if self.wire:
            self.wire.stop()
        self.lose()

    def lose(self):
        """The server, and the processes that it started for each connection."""
        if self.server:
            self.server.terminate()
            self.server.wait()
            self.server = None

    def come_back(self):
        with open(self.folder / "server.log", "ab") as log:
            self.server = subprocess.Popen(
                [parts.TOP / "hsm/remote/serve.sh", self.server_socket, self.near.module_path,
                 f"pkcs11:token={self.label}"],
                env=self.near.tool_env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 20
        while not accepts(self.server_socket):
            assert self.server.poll() is None and time.monotonic() < until, (self.folder / "server.log").read_text()
            time.sleep(0.02)


def accepts(path):
    with socket.socket(socket.AF_UNIX) as one:
        try:
            one.connect(str(path))
        except OSError:
            return False
    return True


class Wire:
    """Carries connections to `path` on to `target`. delay: seconds that each message is under way, each way. most: how
    many calls were not yet answered at once. when(n, do): do() as the n-th call from now on passes."""

    def __init__(self, path, target):
        self.path, self.target = str(path), str(target)
        self.delay, self.most, self.calls, self.under_way = 0.0, 0, 0, 0
        self.at, self.do = None, None
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.thread.start()
        assert self.ready.wait(10)

    def stop(self):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(10)

    def forget(self):
        self.most = self.calls = 0

    def when(self, call, do):
        self.calls, self.at, self.do = 0, call, do

    # --- in the thread

    async def _serve(self):
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_unix_server(self._connection, self.path)
        self.ready.set()
        await self.over.wait()
        server.close()

    async def _connection(self, reader, writer):
        state = {"under_way": 0}
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(self.target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pump(reader, far_writer, state, +1), self._pump(far_reader, writer, state, -1),
                             return_exceptions=True)
        self.under_way -= state["under_way"]

    async def _pump(self, reader, writer, state, step):
        queue = asyncio.Queue()
        sending = asyncio.create_task(self._send(queue, writer))
        try:
            queue.put_nowait((0, await reader.readexactly(1)))  # the protocol's version
            while True:
                header = await reader.readexactly(HEADER.size)
                _, options, data = HEADER.unpack(header)
                body = await reader.readexactly(options + data)
                self._count(state, step)
                queue.put_nowait((self.loop.time() + self.delay, header + body))
        except (asyncio.IncompleteReadError, OSError):
            pass
        queue.put_nowait((0, b""))
        await sending

    def _count(self, state, step):
        state["under_way"] += step
        self.under_way += step
        self.most = max(self.most, self.under_way)
        if step < 0:
            return
        self.calls += 1
        if self.calls == self.at:
            self.at = None
            self.do()

    async def _send(self, queue, writer):
        while True:
            due, message = await queue.get()
            await asyncio.sleep(max(0, due - self.loop.time()))
            try:
                if not message:
                    writer.close()
                    return
                writer.write(message)
                await writer.drain()
            except OSError:
                return
