"""The network under httpcore, bounded by one moment.

Every timeout that httpcore hands down is taken for a moment of `time.monotonic()`, not for a duration: its own start
anew with every read, so a server that drips could hold a call for ever.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any, TypeVar

import httpcore

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable


class Lost(httpcore.ReadError):
    """A connection that had served before went away before it answered."""


E = TypeVar("E", bound=Exception)


def left(moment: float | None, late: type[E]) -> float | None:
    """Turn the moment that stands in for a timeout into seconds."""
    if moment is None:
        return None
    if (seconds := moment - time.monotonic()) <= 0:
        raise late("the time for the whole request is over")
    return seconds


def addresses(host: str, port: int) -> list[str]:
    """Find the addresses of a host; raise as connecting to it would."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Line:
    """What a connection has seen since the last request was written; `opened` bounds what has no moment of its own.

    That is the handshake with a SOCKS proxy.
    """

    def __init__(self, opened: float | None) -> None:
        self.opened = opened
        self.served = False
        self.silent = True

    def left(self, moment: float | None, late: type[E]) -> float | None:
        return left(self.opened if moment is None else moment, late)

    def wrote(self) -> None:
        self.served, self.silent = self.served or not self.silent, True

    def read(self, chunk: bytes) -> bytes:
        if chunk:
            self.silent = False
        elif self.silent:
            raise self.lost("the server closed the connection without an answer")
        return chunk

    def lost(self, reason: object) -> httpcore.ReadError:
        return (Lost if self.served and self.silent else httpcore.ReadError)(str(reason))


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, opened: float | None) -> None:
        self._stream = stream
        self._line = _Line(opened)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._line.read(self._stream.read(max_bytes, self._line.left(timeout, httpcore.ReadTimeout)))
        except httpcore.ReadError as error:
            raise self._line.lost(error) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._line.wrote()
        try:
            self._stream.write(buffer, self._line.left(timeout, httpcore.WriteTimeout))
        except httpcore.WriteError as error:
            raise self._line.lost(error) from None

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = left(timeout, httpcore.ConnectTimeout)
        # A second layer of TLS, to a host behind a proxy, is no socket of its own: httpcore has it beside the first.
        kind = _Stream if self._stream.get_extra_info("ssl_object") else _Socket
        return kind(self._stream.start_tls(ssl_context, server_hostname, seconds), timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Socket(_Stream):
    """A stream that is a socket and nothing more; what httpcore wraps around it takes 4 % of a call's CPU time."""

    def __init__(self, stream: httpcore.NetworkStream, opened: float | None) -> None:
        super().__init__(stream, opened)
        self._socket: socket.socket = stream.get_extra_info("socket")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._socket.settimeout(self._line.left(timeout, httpcore.ReadTimeout))
            return self._line.read(self._socket.recv(max_bytes))
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from None
        except OSError as error:
            raise self._line.lost(error) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._line.wrote()
        try:
            self._socket.settimeout(self._line.left(timeout, httpcore.WriteTimeout))
            self._socket.sendall(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from None
        except OSError as error:
            raise self._line.lost(error) from None


class Backend(httpcore.NetworkBackend):
    """Opens connections that keep to a moment."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect until the moment in `timeout`, which the host's addresses share: one may be a black hole."""
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        found = addresses(host, port)
        for number, address in enumerate(found):
            seconds = left(timeout, httpcore.ConnectTimeout)
            share = seconds and seconds / (len(found) - number)
            try:
                return _Socket(self._backend.connect_tcp(address, port, share, local_address, socket_options), timeout)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream, opened: float | None) -> None:
        self._stream = stream
        self._line = _Line(opened)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._line.read(await self._stream.read(max_bytes, self._line.left(timeout, httpcore.ReadTimeout)))
        except httpcore.ReadError as error:
            raise self._line.lost(error) from None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._line.wrote()
        try:
            await self._stream.write(buffer, self._line.left(timeout, httpcore.WriteTimeout))
        except httpcore.WriteError as error:
            raise self._line.lost(error) from None

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        seconds = left(timeout, httpcore.ConnectTimeout)
        return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, seconds), timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Opens connections that keep to a moment."""

    def __init__(self) -> None:
        from .wire import AsyncioBackend  # noqa: PLC0415 -- a synchronous program never pays for asyncio

        self._backend: httpcore.AsyncNetworkBackend = AsyncioBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect until the moment in `timeout`."""
        seconds = left(timeout, httpcore.ConnectTimeout)
        return _AsyncStream(
            await self._backend.connect_tcp(host, port, seconds, local_address, socket_options), timeout
        )
