"""Connection pool: what the blocking and the asyncio transport have in common."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import suppress
from functools import partial
from logging import Logger, getLogger
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from okx_maxloan_sdk.exceptions import ClientClosedError

from .base import no_response, not_sent
from .http1 import ResponseParser, encode_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.exceptions import ApiConnectionError
    from okx_maxloan_sdk.sites import Origin

    from .base import Request, Response
    from .blocking import Connection

logger: Logger = getLogger(__name__)
# Seconds that a connection may be idle.
KEEP_ALIVE = 55.0


class PooledTransport:
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

    async def _send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds; blocking connections never suspend it."""
        deadline, is_reusable = time.monotonic() + timeout, False
        data, parser = encode_request(self._netloc, request), ResponseParser()
        connection = self._take()
        try:
            if not connection.was_opened:
                await connection.open(self._origin, deadline)
                if connection.must_close:
                    raise ConnectionError("the connection was closed before the request")
                connection.was_opened = True
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

    def _to_error(self, connection: Connection, error: OSError, parser: ResponseParser) -> ApiConnectionError:
        """Return the error of ours for a request that failed.

        Where a reused connection brought nothing, those that were idle as long are not used again: what ended one, such
        as a suspended machine or a load balancer, ended all of them.
        """
        if not connection.was_opened:
            return not_sent(error)
        is_stale = connection.is_reused and not parser.received
        if is_stale:
            stale = [each for each in list(self._idle[connection.owner]) if each.idle_since <= connection.idle_since]
            logger.debug("a reused connection brought no response; %d idle ones are closed as well", len(stale))
            for each in stale:
                self._retire(each)
        return no_response(error, dropped=is_stale and not isinstance(error, TimeoutError))

    def _close(self) -> None:
        self._is_closed = True
        for reference in self._connections.valuerefs():  # a list: other threads may add to it
            if connection := reference():
                connection.interrupt()
        self._idle.clear()
