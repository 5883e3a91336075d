"""asyncio transport: a protocol that feeds the parser, on any event loop with asyncio's interface."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from okx_maxloan_sdk.exceptions import ClientClosedError, InvalidResponseError
from okx_maxloan_sdk.threads import start_thread

from .base import not_sent
from .connect import client_context, connect, seconds_until
from .http1 import ResponseParser, encode_request
from .pool import Connection, ConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.sites import Origin

    from .base import Request, Response

# Turns of the event loop until it has closed the sockets: one to abort them, one to close them, one more for TLS.
CLOSE_TURNS = 3


class AsyncConnection(Connection, asyncio.Protocol):
    """One connection of one event loop."""

    is_reusable: bool
    must_close: bool
    _transport: asyncio.Transport
    _parser: ResponseParser | None = None
    _waiter: asyncio.Future[Exception | None] | None = None

    async def open(self, origin: Origin, deadline: float) -> None:
        """Connect and do the TLS handshake; raise `RequestNotSentError`."""
        loop = asyncio.get_running_loop()

        def race() -> None:
            failure: Exception | None = None
            try:
                self.attach(connect(origin.host, origin.port, deadline, lambda: self.must_close))
                if self.must_close:
                    Connection.close(self)
            except Exception as error:  # noqa: BLE001 -- the task raises it
                failure = error
            with suppress(RuntimeError):  # the event loop is closed
                loop.call_soon_threadsafe(self._finish, failure)

        try:
            await self._wait(deadline, lambda: start_thread(race))
            making = loop.create_task(loop.create_connection(lambda: self, sock=self._socket))
            making.add_done_callback(self._made)
            # Neither cancelled nor aborted half-way: uvloop would close the descriptor twice (its issue 738).
            await asyncio.shield(making)
            if origin.scheme == "https":
                tls, plain, host = client_context(), self._transport, origin.host
                async with asyncio.timeout(seconds_until(deadline)):
                    secured = await loop.start_tls(plain, self, tls, server_hostname=host)
                self._transport = secured or plain  # none, where the connection was closed
        except OSError as error:
            raise not_sent(error) from None
        if self.must_close:
            raise not_sent("the connection was closed before the request")

    async def exchange(self, data: bytes, deadline: float, parser: ResponseParser) -> None:
        """Send a request and read its response; raise `OSError`."""
        self.is_reusable, self._parser = False, parser
        try:
            await self._wait(deadline, partial(self._transport.write, data))
        finally:
            self._parser = None
        self.is_reusable = parser.is_reusable

    async def _wait(self, deadline: float, begin: Callable[[], object]) -> None:
        """Begin something, and wait until `_finish` is called; raise its error, or `TimeoutError`."""
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        timer = loop.call_later(seconds_until(deadline), self._finish, TimeoutError("the deadline has passed"))
        try:
            begin()
            if error := await waiter:
                raise error
        finally:
            timer.cancel()

    def _finish(self, error: Exception | None = None) -> None:
        if self._waiter is not None and not self._waiter.done():
            # Not as its exception: asyncio logs one that a task cancelled in the same turn does not take.
            self._waiter.set_result(error)

    def _made(self, making: asyncio.Task[tuple[asyncio.Transport, AsyncConnection]]) -> None:
        if not making.cancelled() and not making.exception():
            self._transport, _ = making.result()
            if self.must_close:
                self.close()

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._parser.is_complete:
            self.close()  # nothing was requested that it could belong to
            return
        try:
            self._parser.feed(data)
        except (InvalidResponseError, OSError) as error:
            self._finish(error)
        if self._parser.is_complete:
            self._finish()

    def eof_received(self) -> None:
        self.data_received(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        self.must_close = True
        self._finish(exc or ConnectionResetError("the server closed the connection"))

    def interrupt(self) -> None:
        """Make the request on it fail, on the thread of its event loop; its owner closes it then."""
        self._finish(ConnectionError("the client was closed"))
        self.close()

    def close(self) -> None:
        """Close it at once, with what has not been sent."""
        self.must_close = True
        with suppress(AttributeError):  # it is not connected, or not yet
            self._transport.abort()


class AsyncioTransport:
    """Sends requests from any task; each event loop has connections of its own."""

    def __init__(self, origin: Origin) -> None:
        self._origin, self._netloc = origin, origin.netloc
        self._is_closed = False
        self._pools: dict[asyncio.AbstractEventLoop, ConnectionPool[AsyncConnection]] = {}

    async def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        data, parser = encode_request(self._netloc, request), ResponseParser()
        pool = self._pool()
        connection = pool.take()
        try:
            if not connection.is_reused:
                await connection.open(self._origin, deadline)
            await connection.exchange(data, deadline, parser)
        except OSError as error:
            raise pool.failure(connection, error, parser) from None
        finally:
            pool.release(connection)
        return parser.response(partial(pool.discard, connection))

    def _pool(self) -> ConnectionPool[AsyncConnection]:
        if self._is_closed:
            raise ClientClosedError
        loop = asyncio.get_running_loop()
        if (pool := self._pools.get(loop)) is None:
            for closed in [each for each in list(self._pools) if each.is_closed()]:
                self._pools.pop(closed, None)
            pool = self._pools.setdefault(loop, ConnectionPool(AsyncConnection))
        return pool

    async def close(self) -> None:
        """Close every connection; requests under way fail."""
        self._is_closed = True
        for loop, pool in list(self._pools.items()):
            with suppress(RuntimeError):  # it is closed
                loop.call_soon_threadsafe(pool.close)
        for _ in range(CLOSE_TURNS):
            await asyncio.sleep(0)
