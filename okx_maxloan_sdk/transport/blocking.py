"""Blocking transport: plain sockets under an absolute deadline."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from functools import partial
from ssl import SSLWantReadError
from typing import TYPE_CHECKING

from okx_maxloan_sdk.exceptions import ClientClosedError

from .base import not_sent
from .connect import client_context, connect, seconds_until
from .http1 import READ_SIZE, ResponseParser, encode_request
from .pool import Connection, ConnectionPool

if TYPE_CHECKING:
    from okx_maxloan_sdk.sites import Origin

    from .base import Request, Response


class BlockingConnection(Connection):
    """One connection over a plain socket."""

    is_reusable: bool
    must_close: bool

    def open(self, origin: Origin, deadline: float) -> None:
        """Connect and do the TLS handshake; raise `RequestNotSentError`."""
        try:
            self.attach(connect(origin.host, origin.port, deadline, lambda: self.must_close))
            if origin.scheme == "https":
                self._socket = secured = client_context().wrap_socket(
                    self._socket, server_hostname=origin.host, do_handshake_on_connect=False
                )
                secured.settimeout(seconds_until(deadline))
                secured.do_handshake()
                secured.setblocking(False)
        except OSError as error:
            raise not_sent(error) from None
        if self.must_close:
            raise not_sent("the client was closed")

    def exchange(self, data: bytes, deadline: float, parser: ResponseParser) -> None:
        """Send a request and read its response; raise `OSError`."""
        self.is_reusable = False
        remaining = seconds_until(deadline)
        sent = self._socket.send(data)
        if sent < len(data):
            self._socket.settimeout(remaining)
            self._socket.sendall(data[sent:])
            self._socket.setblocking(False)
        while not parser.is_complete:
            self._poll(seconds_until(deadline) * 1000)
            try:
                received = self._socket.recv(READ_SIZE)
            except (BlockingIOError, SSLWantReadError):  # too late, or a part of a TLS record
                continue
            parser.feed(received)
        self.is_reusable = parser.is_reusable

    def interrupt(self) -> None:
        """Make the request on it fail, from any thread; its owner closes it then."""
        self.must_close = True
        with suppress(OSError, AttributeError):  # not connected any more, or yet
            # Not SSLSocket's method: that takes TLS off first, and a request could follow in plain text.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class BlockingTransport:
    """Sends requests from any thread; after a fork, the child opens connections of its own."""

    def __init__(self, origin: Origin) -> None:
        self._origin, self._netloc = origin, origin.netloc
        self._is_closed = False
        # By process; `setdefault` is atomic, so threads that come first together share one.
        self._pools: dict[int, ConnectionPool[BlockingConnection]] = {}

    def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        if self._is_closed:
            raise ClientClosedError
        deadline = time.monotonic() + timeout
        data, parser = encode_request(self._netloc, request), ResponseParser()
        pool = self._pools.get(os.getpid()) or self._pool()
        connection = pool.take()
        try:
            if not connection.is_reused:
                connection.open(self._origin, deadline)
            connection.exchange(data, deadline, parser)
        except OSError as error:
            raise pool.failure(connection, error, parser) from None
        finally:
            pool.release(connection)
        return parser.response(partial(pool.discard, connection))

    def _pool(self) -> ConnectionPool[BlockingConnection]:
        pid = os.getpid()
        pool = self._pools.setdefault(pid, ConnectionPool(BlockingConnection))
        for parent in self._pools.keys() - {pid}:
            # This process has copies of the parent's descriptors; to close them does not disturb the parent.
            self._pools.pop(parent, None)
        return pool

    def close(self) -> None:
        """Close every connection of this process; requests under way fail."""
        self._is_closed = True
        if pool := self._pools.get(os.getpid()):
            pool.close()
