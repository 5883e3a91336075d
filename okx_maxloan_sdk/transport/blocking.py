"""Blocking transport: plain sockets under an absolute deadline."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from ssl import SSLWantReadError
from typing import TYPE_CHECKING, Any

from .connect import client_context, connect, read_poll, seconds_until
from .http1 import READ_SIZE
from .pool import PooledTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.sites import Origin

    from .base import Request, Response
    from .http1 import ResponseParser


class Connection:
    """One connection of a process; who takes it from the pool has it alone until its release.

    Its coroutines never suspend; those of the asyncio transport's connections, which derive from it, do.
    """

    was_opened: bool = False
    # Whether it has had an exchange; whether it is to be closed although its last one allows another.
    is_reused: bool = False
    must_close: bool = False
    # When it last became idle, on the monotonic clock.
    idle_since: float = 0.0
    _socket: socket.socket
    _poll: Callable[[float], list[Any]]

    def __init__(self, owner: Any) -> None:
        self.owner: Any = owner

    async def open(self, origin: Origin, deadline: float) -> None:
        """Connect and do the TLS handshake; raise `OSError`."""
        self._connect(origin, deadline)
        if origin.scheme == "https":
            self._socket = secured = client_context().wrap_socket(
                self._socket, server_hostname=origin.host, do_handshake_on_connect=False
            )
            secured.settimeout(seconds_until(deadline))
            secured.do_handshake()
            secured.setblocking(False)

    def _connect(self, origin: Origin, deadline: float) -> None:
        self._socket = connect(origin.host, origin.port, deadline, lambda: self.must_close)
        self._poll = read_poll(self._socket)
        if self.must_close:  # its user gave up, and may have closed it before there was a socket
            self._shut_down()

    async def exchange(self, data: bytes, deadline: float, parser: ResponseParser) -> None:
        """Send a request and read its response; raise `OSError`."""
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

    def has_input(self) -> bool:
        """Return whether anything came while it is idle, the end included; a TLS session ticket is nothing."""
        try:
            if self._poll(0):
                self._socket.recv(1)
                return True
        except (BlockingIOError, SSLWantReadError):
            pass
        except (OSError, ValueError):  # it is closed
            return True
        return self.must_close  # an event loop has read it

    def interrupt(self) -> None:
        """Make the request on it fail, from any thread of its process: a forked one has copies of the descriptors."""
        if self.owner == os.getpid():
            self._shut_down()

    def _shut_down(self) -> None:
        self.must_close = True
        with suppress(OSError, AttributeError):  # not connected any more, or yet
            # Not SSLSocket's method: that takes TLS off first, and a request could follow in plain text.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it, as the one who has it."""
        with suppress(AttributeError):  # it is not connected
            self._socket.close()

    def __del__(self) -> None:
        Connection.close(self)


class BlockingTransport(PooledTransport):
    """Sends requests from any thread; after a fork, the child opens connections of its own."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin, Connection, os.getpid, lambda pid: pid != os.getpid())

    def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        try:
            self._send(request, timeout).send(None)
        except StopIteration as done:
            response: Response = done.value
            return response
        raise AssertionError("a blocking connection does not suspend")

    def close(self) -> None:
        """Close every connection of this process; requests under way fail."""
        self._close()
