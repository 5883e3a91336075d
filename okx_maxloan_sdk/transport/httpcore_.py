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

import httpcore

from . import Request, Response
from .body import Body
from .kept import Kept
from .line import AsyncBackend, Backend
from .pooled import KEEP_ALIVE, AsyncPooled, Pooled
from .proxy import choose

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from okx_maxloan_sdk.sites import Origin


@cache
def certificates() -> ssl.SSLContext:
    """Make the one SSL context of the process: 30 ms that each client would pay otherwise."""
    import certifi  # noqa: PLC0415 -- plain HTTP to a mock never needs it

    own = "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ
    context = ssl.create_default_context(cafile=None if own else certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


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


class _Written:
    """The requests to one origin, as httpcore takes them, and what its pools are made of."""

    def __init__(self, origin: Origin, proxy: str | None) -> None:
        self._scheme, self._host, self._port = origin.scheme.encode(), origin.host.encode(), origin.port
        self._netloc = origin.netloc.encode()
        self.there = httpcore.Origin(self._scheme, self._host, origin.port)
        self._proxy = proxy_for(origin, proxy)

    def settings(self) -> dict[str, Any]:
        context = certificates() if self._scheme == b"https" else None
        return {"ssl_context": context, "proxy": self._proxy, "keepalive_expiry": KEEP_ALIVE}

    def request(self, request: Request, timeout: float) -> httpcore.Request:
        end = time.monotonic() + timeout
        url = httpcore.URL(scheme=self._scheme, host=self._host, port=self._port, target=request.target.encode("ascii"))
        extensions = {"timeout": {"connect": end, "read": end, "write": end}}
        written = httpcore.Request(request.method.encode("ascii"), url, content=NOTHING, extensions=extensions)
        # Set, not passed: the constructor would check each header by its type, and h11 checks them all anyway.
        written.headers = [(b"Host", self._netloc)]
        written.headers += [(name.encode("ascii"), value.encode("ascii")) for name, value in request.headers.items()]
        return written


def has_unread_bytes(connection: Any) -> bool:
    """Tell whether more than one response was read: h11 holds the rest and would give it to the next request."""
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner
    parser = getattr(connection, "_h11_state", None)
    return parser is None or bool(parser.trailing_data[0])


def _headers(response: httpcore.Response) -> Mapping[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


class HttpcoreTransport(Pooled[httpcore.ConnectionInterface]):
    """Carries requests from any thread."""

    def __init__(self, origin: Origin, proxy: str | None) -> None:
        super().__init__()
        self._written = _Written(origin, proxy)

    def _pool(self) -> Kept[httpcore.ConnectionInterface]:
        # The pool only makes connections: it knows which kind a proxy takes.
        pool = httpcore.ConnectionPool(**self._written.settings(), network_backend=Backend())
        return Kept(lambda: pool.create_connection(self._written.there))

    def _has_unread_bytes(self, connection: httpcore.ConnectionInterface) -> bool:
        return has_unread_bytes(connection)

    def _carry(self, connection: httpcore.ConnectionInterface, request: Request, timeout: float) -> Response:
        answer = connection.handle_request(self._written.request(request, timeout))
        try:
            headers = _headers(answer)
            body = Body(answer.status, headers.get("content-encoding", ""))
            for chunk in answer.iter_stream():
                body.feed(chunk)
        finally:
            answer.close()
        return Response(answer.status, headers, body.finish())


class AsyncHttpcoreTransport(AsyncPooled[httpcore.AsyncConnectionInterface]):
    """Carries requests from any task."""

    def __init__(self, origin: Origin, proxy: str | None) -> None:
        super().__init__()
        self._written = _Written(origin, proxy)

    def _pool(self) -> Kept[httpcore.AsyncConnectionInterface]:
        pool = httpcore.AsyncConnectionPool(**self._written.settings(), network_backend=AsyncBackend())
        return Kept(lambda: pool.create_connection(self._written.there))

    def _has_unread_bytes(self, connection: httpcore.AsyncConnectionInterface) -> bool:
        return has_unread_bytes(connection)

    async def _carry(self, connection: httpcore.AsyncConnectionInterface, request: Request, timeout: float) -> Response:
        answer = await connection.handle_async_request(self._written.request(request, timeout))
        try:
            headers = _headers(answer)
            body = Body(answer.status, headers.get("content-encoding", ""))
            async for chunk in answer.aiter_stream():
                body.feed(chunk)
        finally:
            await answer.aclose()
        return Response(answer.status, headers, body.finish())
