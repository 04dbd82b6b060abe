# SPDX-License-Identifier: Apache-2.0
"""The card in vsmartcard's reader. The driver listens on a TCP port; a connection is a card that was put in, its end a
card that was taken out. Frames have a length of two octets; a frame of one octet is the reader's business."""
import socket
import struct
import threading
import time

OFF, ON, RESET, GET_ATR = 0, 1, 2, 4  # only the last is answered


class Inserted(threading.Thread):
    """One stay of a card in the reader."""

    def __init__(self, card, port, atr):
        super().__init__(name="piv card", daemon=True)
        self.card, self.atr = card, atr
        self.seen = threading.Event()
        self.failure = None
        self.link = self._connect(port)
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        card.removed = False
        card.power()
        self.start()

    @staticmethod
    def _connect(port):
        deadline = time.monotonic() + 10
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=10)
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def run(self):
        try:
            self.link.settimeout(None)
            while True:
                length = int.from_bytes(self._exactly(2), "big")
                frame = self._exactly(length)
                answer = self._control(frame[0]) if length == 1 else self._command(frame)
                if self.card.removed:
                    # The driver takes an answer that is not there for an empty one; one that begins and breaks off is
                    # the error that it is when a device is pulled out.
                    self.link.sendall(b"\0\2")
                    return
                if answer is not None:
                    self.link.sendall(len(answer).to_bytes(2, "big") + answer)
        except OSError:
            pass  # taken out, or the reader is gone
        except Exception as fault:  # the applet's own: the tests must not mistake it for a card that was pulled
            self.failure = fault
            self.link.close()
            raise

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            # the driver sends length and content apart, the second when the first is acknowledged
            self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            part = self.link.recv(size - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def _control(self, what):
        if what == GET_ATR:
            return self.atr
        self.card.power()
        if what == OFF:  # pcscd looked at the new card, took note of it, and saves power until somebody wants it
            self.seen.set()
        return None

    def _command(self, command):
        self.seen.set()
        return self.card.process(command)

    def take_out(self):
        """In the middle of a command as well."""
        self.card.removed = True
        try:
            self.link.shutdown(socket.SHUT_RD)
        except OSError:
            pass
        self.card.touch()  # nobody waits for a finger any more
        self.join(10)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.link.close()
        self.card.power()
