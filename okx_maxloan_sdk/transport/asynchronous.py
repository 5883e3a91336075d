"""asyncio transport: a protocol that feeds the parser, on any event loop with asyncio's interface."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from okx_maxloan_sdk.exceptions import InvalidResponseError
from okx_maxloan_sdk.threads import start_thread

from .connect import client_context, seconds_until
from .http1 import READ_SIZE, ResponseParser
from .pool import Connection, ConnectionPool

if TYPE_CHECKING:
    from okx_maxloan_sdk.sites import Origin

# Turns of the event loop until it has closed the sockets: one to abort them, one to close them, one more for TLS.
CLOSE_TURNS = 3


class AsyncConnection(Connection, asyncio.BufferedProtocol):
    """One connection of one event loop."""

    owner: asyncio.AbstractEventLoop
    _transport: asyncio.Transport
    _parser: ResponseParser | None = None
    # Where it cannot write either, uvloop closes the descriptor unseen by Python's socket, which closes it once more.
    _shutdown_how = socket.SHUT_RDWR if sys.platform == "win32" else socket.SHUT_RD
    _waiter: asyncio.Future[BaseException | None] | None = None

    def __init__(self, owner: asyncio.AbstractEventLoop) -> None:
        super().__init__(owner)
        # asyncio's own buffer of 256 KiB may cost a system call for each response.
        # Not a bytearray itself: asyncio would lose data of a TLS connection (CPython issue 156275).
        self._buffer = memoryview(bytearray(READ_SIZE))

    async def open(self, origin: Origin, deadline: float) -> None:
        """Connect and do the TLS handshake; raise `OSError`."""
        await asyncio.wrap_future(start_thread(partial(self._connect, origin, deadline)))
        # Not cancelled half-way: uvloop would close the descriptor twice (its issue 738).
        await asyncio.shield(self._start(origin, deadline))

    async def _start(self, origin: Origin, deadline: float) -> None:
        tls: dict[str, Any] = {}
        if origin.scheme == "https":
            tls = {"ssl": client_context(), "server_hostname": origin.host}
            tls["ssl_handshake_timeout"] = seconds_until(deadline)
        try:
            self._transport, _ = await self.owner.create_connection(lambda: self, sock=self._socket, **tls)
        except OSError:
            if not self.must_close:  # else its user gave up, and asyncio would log an error that no task awaits
                seconds_until(deadline)  # asyncio's error for a late handshake names its own setting
                raise
        if self.must_close:
            self.close()

    async def exchange(self, data: bytes, deadline: float, parser: ResponseParser) -> None:
        """Send a request and read its response; raise `OSError`."""
        timer = self.owner.call_later(seconds_until(deadline), self._end_wait, TimeoutError("the deadline has passed"))
        self._parser, self._waiter = parser, self.owner.create_future()
        try:
            self._transport.write(data)
            if error := await self._waiter:
                raise error
        finally:
            timer.cancel()
            self._parser = None

    def _end_wait(self, error: BaseException | None = None) -> None:
        if self._waiter is not None and not self._waiter.done():
            # Not as its exception: asyncio logs one that a task cancelled in the same turn does not take.
            self._waiter.set_result(error)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 -- asyncio passes it
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._parser.is_complete:
            self.close()  # nothing was requested that it could belong to
            return
        try:
            self._parser.feed(data)
        except (InvalidResponseError, OSError) as error:
            self._end_wait(error)
        if self._parser.is_complete:
            self._end_wait()

    def eof_received(self) -> None:
        self.data_received(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        reason = "the client was closed" if self.must_close else "the server closed the connection"
        self.must_close = True
        self._end_wait(exc or ConnectionResetError(reason))

    def interrupt(self) -> None:
        """Make the request on it fail, from any thread."""
        with suppress(RuntimeError):  # the event loop is closed
            self.owner.call_soon_threadsafe(self.close)

    def close(self) -> None:
        """Close it at once, with what has not been sent; a TLS handshake ends with its socket."""
        self._shut_down()
        with suppress(AttributeError):  # it is not connected, or not yet
            self._transport.abort()


class AsyncioTransport(ConnectionPool):
    """Sends requests from any task; each event loop has connections of its own."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin, AsyncConnection, asyncio.get_running_loop, lambda loop: loop.is_closed())

    async def close(self) -> None:
        """Close every connection; requests under way fail."""
        self.interrupt()
        for _ in range(CLOSE_TURNS):
            await asyncio.sleep(0)
