"""Requests over connections that are kept: each request has one to itself, whatever reads what comes over it."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

import httpcore
from attrs import evolve

from okx_maxloan_sdk.errors import BadAnswer, ClientClosed, NotSent, OkxError, OutcomeUnknown

from . import Dropped, Request, Response
from .kept import Connection, Kept
from .line import Lost

if TYPE_CHECKING:
    import asyncio

KEEP_ALIVE = 55.0
# Which failures of httpcore come before the first byte of the request is written.
UNSENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.ProxyError,
    httpcore.LocalProtocolError,
    httpcore.UnsupportedProtocol,
)
FAILURES = (*UNSENT, httpcore.TimeoutException, httpcore.NetworkError, httpcore.RemoteProtocolError)


def meaning(error: Exception) -> OkxError:
    """Say in this package's terms what a failure of httpcore means.

    To be raised after the `except`: the frames of httpcore's own error hold the signed headers.
    """
    words = f"{type(error).__name__} {error}".rstrip()
    if isinstance(error, UNSENT):
        return NotSent(f"the request was not sent: {words}")
    if isinstance(error, httpcore.RemoteProtocolError):
        return BadAnswer(f"it is not HTTP, or ends early: {words}")
    if isinstance(error, Lost):
        return Dropped(f"the kept connection went away: {words}")
    return OutcomeUnknown(f"there is no whole answer: {words}")


class Closable(Connection, Protocol):
    """A connection that blocks."""

    def close(self) -> None:
        """Close it at once."""
        ...


class AsyncClosable(Connection, Protocol):
    """A connection that is awaited."""

    async def aclose(self) -> None:
        """Close it at once."""
        ...


C = TypeVar("C", bound=Closable)
A = TypeVar("A", bound=AsyncClosable)


class Pooled(ABC, Generic[C]):
    """Carries requests from any thread; after a fork the child opens connections of its own."""

    def __init__(self) -> None:
        self._closed = False
        # By process; `setdefault` is atomic, so threads that come first together share one.
        self._kept: dict[int, Kept[C]] = {}

    @abstractmethod
    def _pool(self) -> Kept[C]:
        """Keep connections that are yet to be made."""

    @abstractmethod
    def _carry(self, connection: C, request: Request, timeout: float) -> Response:
        """Send and read to the end, or raise one of `FAILURES`."""

    def _has_unread_bytes(self, _connection: C) -> bool:
        """Tell whether more was read than one response; `Kept` sees only what was not read."""
        return False

    def _connections(self) -> Kept[C]:
        if self._closed:
            raise ClientClosed
        pid = os.getpid()
        return self._kept.get(pid) or self._kept.setdefault(pid, self._pool())

    def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        connections = self._connections()
        connection, stale = connections.take()
        try:
            for each in stale:
                each.close()
            response = self._carry(connection, request, timeout)
            return evolve(response, discard=lambda: connections.discard(connection))
        except FAILURES as error:
            failure = meaning(error)
        finally:
            usable = not (self._closed or self._has_unread_bytes(connection))
            if not connections.give_back(connection, usable=usable):
                connection.close()
        raise failure

    def close(self) -> None:
        """Close every connection of this process."""
        self._closed = True
        if kept := self._kept.pop(os.getpid(), None):
            for each in kept.all():
                each.close()


class AsyncPooled(ABC, Generic[A]):
    """Carries requests from any task; each event loop has connections of its own."""

    def __init__(self) -> None:
        self._closed = False
        self._kept: WeakKeyDictionary[asyncio.AbstractEventLoop, Kept[A]] = WeakKeyDictionary()

    @abstractmethod
    def _pool(self) -> Kept[A]:
        """Keep connections that are yet to be made."""

    @abstractmethod
    async def _carry(self, connection: A, request: Request, timeout: float) -> Response:
        """Send and read to the end, or raise one of `FAILURES`."""

    def _has_unread_bytes(self, _connection: A) -> bool:
        """Tell whether more was read than one response; `Kept` sees only what was not read."""
        return False

    def _connections(self) -> Kept[A]:
        import asyncio  # noqa: PLC0415 -- a synchronous program never pays for it

        if self._closed:
            raise ClientClosed
        loop = asyncio.get_running_loop()
        return self._kept.get(loop) or self._kept.setdefault(loop, self._pool())

    async def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        connections = self._connections()
        connection, stale = connections.take()
        try:
            for each in stale:
                await each.aclose()
            response = await self._carry(connection, request, timeout)
            return evolve(response, discard=lambda: connections.discard(connection))
        except FAILURES as error:
            failure = meaning(error)
        finally:
            usable = not (self._closed or self._has_unread_bytes(connection))
            if not connections.give_back(connection, usable=usable):
                # A task that is cancelled as it takes one of httpcore's locks leaves it half open; this never suspends.
                await connection.aclose()
        raise failure

    async def close(self) -> None:
        """Close every connection of the running loop, and forget the others."""
        self._closed = True
        kept = dict(self._kept)
        self._kept.clear()
        import asyncio  # noqa: PLC0415 -- a synchronous program never pays for it

        if own := kept.get(asyncio.get_running_loop()):
            for each in own.all():
                await each.aclose()
