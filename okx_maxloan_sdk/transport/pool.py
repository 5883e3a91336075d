"""Connection pool over plain sockets: the blocking transport, and what the asyncio transport derives from it."""

from __future__ import annotations

import os
import socket
import time
from collections import defaultdict
from contextlib import suppress
from functools import partial
from logging import Logger, getLogger
from ssl import SSLWantReadError
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from okx_maxloan_sdk.exceptions import ClientClosedError, NoResponseError

from .base import ConnectionDroppedError, Request, Response, no_response, not_sent
from .connect import client_context, connect, read_poll, seconds_until
from .http1 import READ_SIZE, ResponseParser, encode_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.sites import Origin

logger: Logger = getLogger(__name__)
# Seconds that a connection may be idle.
KEEP_ALIVE = 55.0


class Connection:
    """One connection of a process; who takes it from the pool has it alone until its release.

    Its coroutines never suspend; those of the asyncio transport's connections, which derive from it, do.
    """

    # Whether it has had an exchange; whether it is to be closed although its last one allows another.
    is_reused: bool = False
    must_close: bool = False
    _shutdown_how: int = socket.SHUT_RDWR
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
            socket.socket.shutdown(self._socket, self._shutdown_how)

    def close(self) -> None:
        """Close it, as the one who has it."""
        with suppress(AttributeError):  # it is not connected
            self._socket.close()

    def __del__(self) -> None:
        Connection.close(self)


class ConnectionPool:
    """Connections to one origin, the one used last reused first; each has one request at a time.

    Each owner, a process or an event loop, has its own. Safe for threads without a lock, as each operation of a list or
    dictionary is atomic.
    """

    def __init__(
        self, origin: Origin, make: type[Connection], get_owner: Callable[[], Any], is_owner_gone: Callable[[Any], bool]
    ) -> None:
        self._origin, self._netloc, self._make = origin, origin.netloc, make
        self._get_owner, self._is_owner_gone = get_owner, is_owner_gone
        self._idle: defaultdict[Any, list[Connection]] = defaultdict(list)
        # Weak: a connection that an interrupt takes from its user is closed with its last reference.
        self._connections: WeakValueDictionary[int, Connection] = WeakValueDictionary()
        self._is_closed = False

    async def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds; blocking connections never suspend it."""
        deadline, is_reusable = time.monotonic() + timeout, False
        data, parser = encode_request(self._netloc, request), ResponseParser()
        connection = self._take()
        try:
            if not connection.is_reused:
                await self._open(connection, deadline)
            await connection.exchange(data, deadline, parser)
            is_reusable = parser.is_reusable
            return parser.take_response(partial(self._retire, connection))
        except OSError as error:
            raise self._to_error(connection, error, parser) from None
        finally:
            self._release(connection, is_reusable=is_reusable)

    def _take(self) -> Connection:
        """Return an idle connection, or a new one that is not yet open; close those that cannot be reused."""
        if self._is_closed:
            raise ClientClosedError
        owner = self._get_owner()
        idle = self._idle[owner]
        try:
            while time.monotonic() - idle[0].idle_since > KEEP_ALIVE:
                idle.pop(0).close()
            while (connection := idle.pop()).has_input():
                connection.close()
        except IndexError:  # no idle connection, or another thread took it
            for other in filter(self._is_owner_gone, list(self._idle)):
                self._idle.pop(other, None)
            connection = self._make(owner)
            self._connections[id(connection)] = connection
            if self._is_closed:
                connection.interrupt()
        return connection

    async def _open(self, connection: Connection, deadline: float) -> None:
        try:
            await connection.open(self._origin, deadline)
        except OSError as error:
            raise not_sent(error) from None
        if connection.must_close:
            raise not_sent("the connection was closed before the request")

    def _release(self, connection: Connection, *, is_reusable: bool) -> None:
        if not is_reusable or connection.must_close:
            connection.close()
            return
        connection.is_reused, connection.idle_since = True, time.monotonic()
        self._idle[connection.owner].append(connection)
        if self._is_closed:
            self._retire(connection)

    def _retire(self, connection: Connection) -> None:
        """Send no further request over a connection: close it now, or after the request that it has."""
        connection.must_close = True
        with suppress(ValueError):  # another request has it
            self._idle[connection.owner].remove(connection)
            connection.close()

    def _to_error(self, connection: Connection, error: OSError, parser: ResponseParser) -> NoResponseError:
        """Return the error of ours for a request that failed.

        Where a reused connection brought nothing, those that were idle as long are not used again: what ended one, such
        as a suspended machine or a load balancer, ended all of them.
        """
        if not connection.is_reused or parser.received:
            return no_response(error)
        stale = [each for each in list(self._idle[connection.owner]) if each.idle_since <= connection.idle_since]
        logger.debug("a reused connection brought no response; %d idle ones are closed as well", len(stale))
        for each in stale:
            self._retire(each)
        return no_response(error, ConnectionDroppedError)

    def interrupt(self) -> None:
        """Close every connection; requests under way fail."""
        self._is_closed = True
        for reference in self._connections.valuerefs():  # a list: other threads may add to it
            if connection := reference():
                connection.interrupt()
        self._idle.clear()


class BlockingTransport:
    """Sends requests from any thread; after a fork, the child opens connections of its own."""

    def __init__(self, origin: Origin) -> None:
        self._pool = ConnectionPool(origin, Connection, os.getpid, lambda pid: pid != os.getpid())

    def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        try:
            self._pool.send(request, timeout).send(None)
        except StopIteration as done:
            response: Response = done.value
            return response
        raise AssertionError("a blocking connection does not suspend")

    def close(self) -> None:
        """Close every connection of this process; requests under way fail."""
        self._pool.interrupt()
