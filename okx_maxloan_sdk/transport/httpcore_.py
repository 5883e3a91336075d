"""HTTP/1.1 with keep-alive over httpcore, the engine of httpx.

httpcore takes the request target as raw bytes, so what was signed is what travels, and it lets the network be replaced,
so one moment can bound the whole exchange: its own timeouts start anew with every read.
"""

from __future__ import annotations

import os
import ssl
import time
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpcore

from okx_maxloan_sdk.errors import BadAnswer, ClientClosed, NotSent, OkxError, OutcomeUnknown

from . import Dropped, Request, Response
from .body import Body
from .kept import Kept
from .line import AsyncBackend, Backend, Lost
from .proxy import choose

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterator, Mapping

    from okx_maxloan_sdk.sites import Origin

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


@cache
def certificates() -> ssl.SSLContext:
    """Make the one SSL context of the process: 30 ms that each client would pay otherwise."""
    import certifi  # noqa: PLC0415 -- plain HTTP to a mock never needs it

    own = "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ
    return ssl.create_default_context(cafile=None if own else certifi.where())


def proxy_for(origin: Origin, proxy: str | None) -> httpcore.Proxy | None:
    """Choose the proxy, as httpcore takes it."""
    chosen = choose(origin, proxy)
    if chosen is None:
        return None
    if chosen.socks and find_spec("socksio") is None:
        message = "a SOCKS proxy needs the package socksio: pip install 'httpcore[socks]'"
        raise ValueError(message)
    return httpcore.Proxy(chosen.url, auth=chosen.auth)


class _Nothing:
    """A body that has no parts, where httpcore's own empty body has an empty one."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for each in self:
            yield each


NOTHING = _Nothing()


class _Exchange:
    """What both transports decide: the request that is written, and what its failures mean."""

    def __init__(self, origin: Origin, proxy: str | None) -> None:
        self._origin = origin
        self._scheme, self._host = origin.scheme.encode(), origin.host.encode()
        self._netloc = origin.netloc.encode()
        self._there = httpcore.Origin(self._scheme, self._host, origin.port)
        self._proxy = proxy_for(origin, proxy)
        self._closed = False

    def _settings(self) -> dict[str, Any]:
        if self._closed:
            raise ClientClosed
        context = certificates() if self._origin.scheme == "https" else None
        return {"ssl_context": context, "proxy": self._proxy, "keepalive_expiry": KEEP_ALIVE}

    def _request(self, request: Request, timeout: float) -> httpcore.Request:
        end = time.monotonic() + timeout
        url = httpcore.URL(
            scheme=self._scheme, host=self._host, port=self._origin.port, target=request.target.encode("ascii")
        )
        extensions = {"timeout": {"connect": end, "read": end, "write": end}}
        written = httpcore.Request(request.method.encode("ascii"), url, content=NOTHING, extensions=extensions)
        # Set, not passed: the constructor would check each header by its type, and h11 checks them all anyway.
        written.headers = [(b"Host", self._netloc)]
        written.headers += [(name.encode("ascii"), value.encode("ascii")) for name, value in request.headers.items()]
        return written

    @staticmethod
    def _headers(response: httpcore.Response) -> Mapping[str, str]:
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


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


class HttpcoreTransport(_Exchange):
    """Carries requests from any thread; after a fork the child opens connections of its own."""

    def __init__(self, origin: Origin, proxy: str | None) -> None:
        super().__init__(origin, proxy)
        # By process; `setdefault` is atomic, so threads that come first together share one.
        self._kept: dict[int, Kept[httpcore.ConnectionInterface]] = {}

    def _connections(self) -> Kept[httpcore.ConnectionInterface]:
        if kept := self._kept.get(os.getpid()):
            return kept
        # The pool only makes connections: it knows which kind a proxy takes.
        pool = httpcore.ConnectionPool(**self._settings(), network_backend=Backend())
        return self._kept.setdefault(os.getpid(), Kept(lambda: pool.create_connection(self._there)))

    def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        connections, written = self._connections(), self._request(request, timeout)
        connection, stale = connections.take()
        try:
            for each in stale:
                each.close()
            answer = connection.handle_request(written)
            try:
                headers = self._headers(answer)
                body = Body(answer.status, headers.get("content-encoding", ""))
                for chunk in answer.iter_stream():
                    body.feed(chunk)
            finally:
                answer.close()
            return Response(answer.status, headers, body.finish())
        except FAILURES as error:
            failure = meaning(error)
        finally:
            if self._closed or not connections.give_back(connection):
                connection.close()
        raise failure

    def close(self) -> None:
        """Close every connection of this process."""
        self._closed = True
        if kept := self._kept.pop(os.getpid(), None):
            for each in kept.all():
                each.close()


class AsyncHttpcoreTransport(_Exchange):
    """Carries requests from any task; each event loop has connections of its own."""

    def __init__(self, origin: Origin, proxy: str | None) -> None:
        super().__init__(origin, proxy)
        self._kept: WeakKeyDictionary[asyncio.AbstractEventLoop, Kept[httpcore.AsyncConnectionInterface]]
        self._kept = WeakKeyDictionary()

    def _connections(self) -> Kept[httpcore.AsyncConnectionInterface]:
        import asyncio  # noqa: PLC0415 -- a synchronous program never pays for it

        loop = asyncio.get_running_loop()
        if loop not in self._kept:
            pool = httpcore.AsyncConnectionPool(**self._settings(), network_backend=AsyncBackend())
            self._kept[loop] = Kept(lambda: pool.create_connection(self._there))
        return self._kept[loop]

    async def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        connections, written = self._connections(), self._request(request, timeout)
        connection, stale = connections.take()
        try:
            for each in stale:
                await each.aclose()
            answer = await connection.handle_async_request(written)
            try:
                headers = self._headers(answer)
                body = Body(answer.status, headers.get("content-encoding", ""))
                async for chunk in answer.aiter_stream():
                    body.feed(chunk)
            finally:
                await answer.aclose()
            return Response(answer.status, headers, body.finish())
        except FAILURES as error:
            failure = meaning(error)
        finally:
            if self._closed or not connections.give_back(connection):
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
