"""Connection pool of one process or event loop."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import suppress
from logging import Logger, getLogger
from ssl import SSLWantReadError
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakValueDictionary

from .base import no_response
from .connect import read_poll

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from okx_maxloan_sdk.exceptions import NoResponseError

    from .http1 import ResponseParser

logger: Logger = getLogger(__name__)
# Seconds that a connection may be idle.
KEEP_ALIVE = 55.0


class Connection(ABC):
    """One connection; the thread or task that takes it from the pool owns it until its release."""

    # Whether its last exchange allows another; whether it has had one; whether it is to be closed all the same.
    is_reusable: bool = False
    is_reused: bool = False
    must_close: bool = False
    # When it last became idle, on the monotonic clock.
    idle_since: float = 0.0
    _socket: socket.socket
    _poll: Callable[[float], list[Any]]

    def attach(self, connected: socket.socket) -> None:
        """Take a socket that is connected, and non-blocking."""
        self._socket, self._poll = connected, read_poll(connected)

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

    @abstractmethod
    def interrupt(self) -> None:
        """Make the request on it fail, from any thread; its owner closes it then."""

    def close(self) -> None:
        """Close it, as its owner."""
        with suppress(AttributeError):  # it is not connected
            self._socket.close()

    def __del__(self) -> None:
        Connection.close(self)


C = TypeVar("C", bound=Connection)


class ConnectionPool(Generic[C]):
    """Connections to one origin, the one used last reused first; each has one request at a time.

    Safe for threads without a lock, as each operation of a list is atomic.
    """

    def __init__(self, make: type[C]) -> None:
        self._make = make
        self._idle: list[C] = []
        # Weak: a connection that an interrupt takes from its owner is closed with its last reference.
        self._open: WeakValueDictionary[int, C] = WeakValueDictionary()
        self._is_closed = False

    def take(self) -> C:
        """Return an idle connection, or a new one that is not yet open; close those that cannot be reused."""
        try:
            while time.monotonic() - self._idle[0].idle_since > KEEP_ALIVE:
                self._idle.pop(0).close()
            while (connection := self._idle.pop()).has_input():
                connection.close()
        except IndexError:  # no idle connection, or another thread took it
            connection = self._make()
            self._open[id(connection)] = connection
            if self._is_closed:
                connection.interrupt()
        return connection

    def release(self, connection: C) -> None:
        """Take a connection back, and close it if it cannot be reused."""
        if not connection.is_reusable or connection.must_close:
            connection.close()
            return
        connection.is_reused, connection.idle_since = True, time.monotonic()
        self._idle.append(connection)
        if self._is_closed:
            self._close_idle()

    def discard(self, connection: C) -> None:
        """Send no further request over a connection; close it now unless it has one."""
        connection.must_close = True
        with suppress(ValueError):  # another request has it
            self._idle.remove(connection)
            connection.close()

    def failure(self, connection: C, error: OSError, parser: ResponseParser) -> NoResponseError:
        """Return the error of ours for an exchange that failed.

        Where a reused connection brought nothing, those that were idle as long are not used again: what ended one, such
        as a suspended machine or a load balancer, ended all of them.
        """
        is_stale = connection.is_reused and not parser.received
        if is_stale:
            stale = [each for each in list(self._idle) if each.idle_since <= connection.idle_since]
            logger.debug("a reused connection brought no response; %d idle ones are closed as well", len(stale))
            for each in stale:
                self.discard(each)
        return no_response(error, dropped=is_stale and not isinstance(error, TimeoutError))

    def close(self) -> None:
        """Close every connection; requests under way fail."""
        self._is_closed = True
        for connection in list(self._open.values()):
            connection.interrupt()
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()
