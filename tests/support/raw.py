"""A loopback server that handles each request as scripted: respond, drip, send invalid bytes, hang, reset."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.support.clock import until

# Receives the connection, and returns whether it stays open for another request.
Behavior = Callable[["RawServer", socket.socket], bool]

PEM = Path(__file__).parents[1] / "transport" / "loopback.pem"
ROWS = (
    b'{"code":"0","msg":"","data":[{"instId":"BTC-USDT","mgnMode":"cross","mgnCcy":"","maxLoan":"1","ccy":"BTC",'
    b'"side":"sell"}]}'
)


def head(length: int | None, status: int = 200, *lines: str) -> bytes:
    """Return a status line and headers; without a length the response ends with the connection."""
    sized = [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([f"HTTP/1.1 {status} X", "Content-Type: application/json", *sized, *lines, "", ""]).encode()


def respond(body: bytes = ROWS, status: int = 200, *lines: str) -> Behavior:
    """Send a valid response and keep the connection open."""
    return send_bytes(head(len(body), status, *lines) + body, keep_alive=True)


def send_bytes(data: bytes, *, keep_alive: bool = False) -> Behavior:
    """Send bytes, then close the connection unless it is kept alive."""

    def behave(_: RawServer, connection: socket.socket) -> bool:
        connection.sendall(data)
        return keep_alive

    return behave


def hang(data: bytes = b"") -> Behavior:
    """Send bytes, then nothing more until the server stops."""

    def behave(server: RawServer, connection: socket.socket) -> bool:
        connection.sendall(data)
        server.stopped.wait()
        return False

    return behave


def drip(data: bytes, every: float) -> Behavior:
    """Send one byte at a time."""

    def behave(server: RawServer, connection: socket.socket) -> bool:
        for byte in data:
            connection.sendall(bytes([byte]))
            if server.stopped.wait(every):
                break
        return False

    return behave


def reset(data: bytes = b"") -> Behavior:
    """Send bytes, then reset the connection."""

    def behave(_: RawServer, connection: socket.socket) -> bool:
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return behave


class Push:
    """Respond, and send another response when `send` is called, although nobody requested it."""

    def __init__(self) -> None:
        self._called, self._sent = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, _: "RawServer", connection: socket.socket) -> bool:
        connection.sendall(head(len(ROWS)) + ROWS)
        self._called.acquire(timeout=5)
        connection.sendall(head(2) + b"no")
        self._sent.release()
        return True

    def send(self) -> None:
        self._called.release()
        assert self._sent.acquire(timeout=5)


class RawServer:
    """Server with one behavior for each request, the last one repeated; `requests` and `connection_ids` record them."""

    def __init__(self, *behaviors: Behavior) -> None:
        self._behaviors = list(behaviors)
        self.requests: list[bytes] = []
        self.connection_ids: list[int] = []
        self.connections = 0
        self.open = 0
        self.stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait(self, count: int) -> None:
        """Wait until so many requests have arrived."""
        until(lambda: len(self.requests) >= count, 10)

    def wait_until_closed(self) -> None:
        """Wait until every connection has ended."""
        assert until(lambda: not self.open)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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
                self.requests.append(request)
                self.connection_ids.append(number)
                behavior = self._behaviors.pop(0) if len(self._behaviors) > 1 else self._behaviors[0]
                if not behavior(self, connection):
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


class HttpsServer(RawServer):
    """A server without TLS at an https URL."""

    @property
    def url(self) -> str:
        return super().url.replace("http:", "https:")


class TlsServer(HttpsServer):
    """A scripted server behind TLS."""

    def _serve(self, connection: socket.socket, number: int) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PEM)
        try:
            secured = context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        self._sockets.append(secured)
        super()._serve(secured, number)


class HandshakeServer(HttpsServer):
    """A server whose behaviors follow the first bytes of a TLS handshake."""

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        return connection.recv(9)
