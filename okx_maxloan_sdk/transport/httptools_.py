"""HTTP/1.1 with keep-alive, its answers read by llhttp, the parser of Node.js, through httptools: the extra `fast`.

Connecting, TLS and deadlines are those of the default transport. What is left out is h11, which parses in Python, and
httpcore's requests, responses and locks: half of a call's CPU time there. Through a proxy, httpcore's transport takes
over (`choice.py`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

import httpcore
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from . import Request, Response
from .body import LIMIT, Body
from .httpcore_ import certificates
from .kept import Kept
from .line import AsyncBackend, Backend
from .pooled import KEEP_ALIVE, AsyncPooled, Pooled

if TYPE_CHECKING:
    from okx_maxloan_sdk.sites import Origin

# So much is read at once, and so long may the headers of an answer be: h11's bounds in httpcore. All that comes besides
# the body, lengths of chunks and trailers too, is no more than a body may be.
PIECE, LONGEST = 1 << 16, 100 << 10


class _Answer:
    """One answer as it arrives; httptools calls the methods `on_...`."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._besides = 0
        self._headed = False
        self._chunks: list[bytes] = []
        self._body: Body | None = None
        self.headers: dict[str, str] = {}
        self.status = 0
        self.complete = self.kept = False

    def on_message_begin(self) -> None:
        if self.complete:
            # Whoever sends answers to what was not asked may have mixed them up: `feed` lets the connection go.
            raise HttpParserError("there is more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._headed:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._headed = self.status >= 200  # noqa: PLR2004 -- what comes before is a word on the way, RFC 9110, 15.2
        if not self._headed:
            self.headers.clear()

    def on_body(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._besides -= len(chunk)

    def on_message_complete(self) -> None:
        if self._headed:
            self.complete, self.kept = True, self._parser.should_keep_alive()

    def feed(self, data: bytes) -> None:
        """Take what was read; nothing means that the connection ended."""
        if not data:
            self._end()
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.kept = False
            if not self.complete:
                raise httpcore.RemoteProtocolError(str(error)) from None
        self._besides += len(data)
        if self._besides > (LIMIT if self._headed else LONGEST):
            raise httpcore.RemoteProtocolError("its headers or trailers go on and on")
        if self._headed:
            body = self.body
            for chunk in self._chunks:
                body.feed(chunk)
            self._chunks.clear()

    @property
    def body(self) -> Body:
        """What came of the body."""
        if self._body is None:
            self._body = Body(self.status, self.headers.get("content-encoding", ""))
        return self._body

    def _end(self) -> None:
        # RFC 9112, 6.3: with neither of these the end of the connection is that of the answer.
        if not self._headed or "content-length" in self.headers or "transfer-encoding" in self.headers:
            raise httpcore.RemoteProtocolError("the connection ended within an answer")
        self.complete = True

    def response(self) -> Response:
        """Give the whole answer."""
        # It holds our methods and we hold it: without this each answer would wait for the garbage collector.
        del self._parser
        return Response(self.status, self.headers, self.body.finish())


class _Written:
    """The requests to one origin as the bytes that travel."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.host = f" HTTP/1.1\r\nHost: {origin.netloc}\r\n"

    def request(self, request: Request) -> bytes:
        said = "".join([request.target, *request.headers, *request.headers.values()])
        if not said.isascii() or not said.isprintable() or " " in request.target:
            raise httpcore.LocalProtocolError("its target or headers have characters that no line of HTTP has")
        lines = "".join([f"{name}: {value}\r\n" for name, value in request.headers.items()])
        return f"{request.method} {request.target}{self.host}{lines}\r\n".encode("ascii")


S = TypeVar("S", httpcore.NetworkStream, httpcore.AsyncNetworkStream)


class _Idle(Generic[S]):
    """When a connection can take a request."""

    _stream: S | None = None
    _until: float | None = None

    def is_available(self) -> bool:
        return self._until is not None or self._stream is None

    def has_expired(self) -> bool:
        if self._until is None or self._stream is None:
            return False
        # Whatever can be read before a request was sent is no answer to it.
        return time.monotonic() > self._until or bool(self._stream.get_extra_info("is_readable"))

    def rest(self, answer: _Answer) -> Response:
        response = answer.response()
        self._until = time.monotonic() + KEEP_ALIVE if answer.kept else None
        return response


class Connection(_Idle[httpcore.NetworkStream]):
    """One connection of a blocking transport."""

    def __init__(self, origin: Origin, backend: httpcore.NetworkBackend) -> None:
        self._origin, self._backend = origin, backend

    def _open(self, end: float) -> httpcore.NetworkStream:
        # Kept at once: whatever happens from here on, it gets closed.
        stream = self._stream = self._backend.connect_tcp(self._origin.host, self._origin.port, end)
        if self._origin.scheme == "https":
            stream = self._stream = stream.start_tls(certificates(), self._origin.host, end)
        return stream

    def carry(self, request: bytes, end: float) -> Response:
        """Send a request and read its answer, until the moment `end`."""
        stream = self._stream or self._open(end)
        self._until = None
        answer = _Answer()
        stream.write(request, end)
        while not answer.complete:
            answer.feed(stream.read(PIECE, end))
        return self.rest(answer)

    def close(self) -> None:
        """Close it at once."""
        self._until = None
        if self._stream is not None:
            self._stream.close()


class AsyncConnection(_Idle[httpcore.AsyncNetworkStream]):
    """One connection of an asynchronous transport."""

    def __init__(self, origin: Origin, backend: httpcore.AsyncNetworkBackend) -> None:
        self._origin, self._backend = origin, backend

    async def _open(self, end: float) -> httpcore.AsyncNetworkStream:
        stream = self._stream = await self._backend.connect_tcp(self._origin.host, self._origin.port, end)
        if self._origin.scheme == "https":
            stream = self._stream = await stream.start_tls(certificates(), self._origin.host, end)
        return stream

    async def carry(self, request: bytes, end: float) -> Response:
        """Send a request and read its answer, until the moment `end`."""
        stream = self._stream or await self._open(end)
        self._until = None
        answer = _Answer()
        await stream.write(request, end)
        while not answer.complete:
            answer.feed(await stream.read(PIECE, end))
        return self.rest(answer)

    async def aclose(self) -> None:
        """Close it at once."""
        self._until = None
        if self._stream is not None:
            await self._stream.aclose()


class HttptoolsTransport(Pooled[Connection]):
    """Carries requests from any thread."""

    def __init__(self, origin: Origin, _: None = None) -> None:
        super().__init__()
        self._written = _Written(origin)

    def _pool(self) -> Kept[Connection]:
        backend = Backend()
        return Kept(lambda: Connection(self._written.origin, backend))

    def _carry(self, connection: Connection, request: Request, timeout: float) -> Response:
        return connection.carry(self._written.request(request), time.monotonic() + timeout)


class AsyncHttptoolsTransport(AsyncPooled[AsyncConnection]):
    """Carries requests from any task."""

    def __init__(self, origin: Origin, _: None = None) -> None:
        super().__init__()
        self._written = _Written(origin)

    def _pool(self) -> Kept[AsyncConnection]:
        backend = AsyncBackend()
        return Kept(lambda: AsyncConnection(self._written.origin, backend))

    async def _carry(self, connection: AsyncConnection, request: Request, timeout: float) -> Response:
        return await connection.carry(self._written.request(request), time.monotonic() + timeout)
