"""A server on loopback that does with each request what its script says: answer, drip, lie, hang, reset."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    # Gets the connection; tells whether it is kept for another request.
    Behavior = Callable[["RawServer", socket.socket], bool]

ROWS = (
    b'{"code":"0","msg":"","data":[{"instId":"BTC-USDT","mgnMode":"cross","mgnCcy":"","maxLoan":"1","ccy":"BTC",'
    b'"side":"sell"}]}'
)


def head(length: int | None, status: int = 200, *lines: str) -> bytes:
    """Write a status line and headers; with no length the answer ends with the connection."""
    sized = [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([f"HTTP/1.1 {status} X", "Content-Type: application/json", *sized, *lines, "", ""]).encode()


def respond(body: bytes = ROWS, status: int = 200, *lines: str) -> Behavior:
    """Answer rightly, and keep the connection."""
    return send_bytes(head(len(body), status, *lines) + body, keep=True)


def send_bytes(data: bytes, *, keep: bool = False) -> Behavior:
    """Write bytes as they are, then close the connection unless it is kept."""

    def move(_: RawServer, connection: socket.socket) -> bool:
        connection.sendall(data)
        return keep

    return move


def hang(data: bytes = b"") -> Behavior:
    """Write bytes, then nothing more until the server stops."""

    def move(server: RawServer, connection: socket.socket) -> bool:
        connection.sendall(data)
        server.stopped.wait()
        return False

    return move


def drip(data: bytes, every: float) -> Behavior:
    """Write one byte at a time."""

    def move(server: RawServer, connection: socket.socket) -> bool:
        for byte in data:
            connection.sendall(bytes([byte]))
            if server.stopped.wait(every):
                break
        return False

    return move


def reset(data: bytes = b"") -> Behavior:
    """Write bytes, then reset the connection."""

    def move(_: RawServer, connection: socket.socket) -> bool:
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return move


class RawServer:
    """Plays one move for each request, the last one again and again; `heads` notes requests, `lines` connections."""

    def __init__(self, *moves: Behavior) -> None:
        self._moves = list(moves)
        self.heads: list[bytes] = []
        self.on: list[int] = []
        self.connections = 0
        self.open = 0
        self.stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait(self, requests: int) -> None:
        """Wait until so many requests have come."""
        end = time.monotonic() + 10
        while len(self.heads) < requests and time.monotonic() < end:
            time.sleep(0.002)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.stopped.set()
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        self.open += 1
        with contextlib.suppress(OSError), connection:
            while request := self._read(connection):
                self.heads.append(request)
                self.on.append(number)
                move = self._moves.pop(0) if len(self._moves) > 1 else self._moves[0]
                if not move(self, connection):
                    break
        self.open -= 1

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            chunk = connection.recv(65536)
            if not chunk:
                return b""
            request += chunk
        return request
