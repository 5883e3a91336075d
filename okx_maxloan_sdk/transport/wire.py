"""asyncio's own sockets under httpcore.

httpcore's backend goes through anyio, whose every read and write makes a cancel scope and a turn of the event loop: a
third of the CPU time of an asynchronous request.
"""

from __future__ import annotations

import asyncio
import re
import select
import ssl
from typing import TYPE_CHECKING, Any

import httpcore

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

# So many bytes wait to be read before the other side is made to wait.
MOST = 1 << 16
ADDRESS = re.compile(r"[0-9.]+|.*:.*")


class _Wire(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection; it wakes at most one reader and one writer."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._ended = False
        self._failure: Exception | None = None
        self._reader: asyncio.Future[bool] | None = None
        self._writer: asyncio.Future[bool] | None = None
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # asyncio's own type for TCP is Transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > MOST:
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        self._ended = True
        _wake(self._reader)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._full = True, False
        self._failure = self._failure or exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._received and not self._ended:
            self._reader = self._loop.create_future()
            if not await self._in_time(self._reader, timeout):
                raise httpcore.ReadTimeout("no answer in time")
        if self._received:
            chunk = bytes(self._received[:max_bytes])
            del self._received[:max_bytes]
            if len(self._received) <= MOST and not self._transport.is_reading() and not self._transport.is_closing():
                self._transport.resume_reading()
            return chunk
        if self._failure is not None:
            raise httpcore.ReadError(str(self._failure))
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        if self._transport.is_closing():
            raise httpcore.WriteError(str(self._failure or "the connection is closed"))
        self._transport.write(buffer)
        if self._full:
            self._writer = self._loop.create_future()
            if not await self._in_time(self._writer, timeout):
                raise httpcore.WriteTimeout("the request was not taken in time")
            if self._failure is not None:
                raise httpcore.WriteError(str(self._failure))

    async def _in_time(self, waiter: asyncio.Future[bool], timeout: float | None) -> bool:
        # Half of what asyncio.timeout() costs, which could bound more than one future.
        timer = None if timeout is None else self._loop.call_later(timeout, _wake, waiter, False)
        try:
            return await waiter
        finally:
            if timer is not None:
                timer.cancel()

    async def aclose(self) -> None:
        # Nothing is flushed: an answer was read, or nobody wants it.
        self._transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                secured = await self._loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError:
            self._transport.abort()
            raise httpcore.ConnectTimeout("no TLS in time") from None
        except (OSError, ssl.SSLError) as error:
            self._transport.abort()
            raise httpcore.ConnectError(str(error)) from None
        if secured is None:
            raise httpcore.ConnectError("the server closed the connection")
        self._transport = secured
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._ended or bool(self._received) or _readable(self._transport.get_extra_info("socket"))
        return self._transport.get_extra_info(info)


def _wake(waiter: asyncio.Future[bool] | None, in_time: bool = True) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(in_time)


def _readable(connection: socket.socket) -> bool:
    if connection.fileno() < 0:
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([connection], [], [], 0)[0])


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Opens connections on the running event loop."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect within `timeout` seconds; the host's addresses are tried side by side."""
        loop = asyncio.get_running_loop()
        local = (local_address, 0) if local_address else None
        # A lone address has no race to win, and Python before 3.12.8 loses the sockets of a race that is cancelled.
        delay = None if ADDRESS.fullmatch(host) else 0.25
        try:
            async with asyncio.timeout(timeout):
                transport, wire = await loop.create_connection(
                    _Wire, host, port, local_addr=local, happy_eyeballs_delay=delay
                )
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error) or "no connection in time") from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from None
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return wire
