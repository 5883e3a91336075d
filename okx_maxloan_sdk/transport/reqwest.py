"""HTTP/1.1 with keep-alive over pyreqwest, in Rust: the extra `fast`.

What it does differently from httpcore's transport, since pyreqwest cannot do otherwise:

- connecting takes at most `CONNECT` seconds, and a cancelled request is not withdrawn: it goes on until its own timeout
  (the limiter's hold after an unknown outcome is longer than CONNECT, so it still covers the request);
- Ctrl-C ends a blocking call when its request has ended;
- it trusts the system's certificates, and those of SSL_CERT_FILE and SSL_CERT_DIR;
- in a process that was forked after the first use, httpcore's transport takes over: Rust's threads are not there;
- a process that awaited answers ends PAUSE seconds later.
"""

from __future__ import annotations

import atexit
import os
import time
from datetime import timedelta
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import pyreqwest.exceptions as failures  # before a first Ctrl-C: pyreqwest aborts the process when its import fails
from pyreqwest.client import ClientBuilder, SyncClientBuilder
from pyreqwest.http import Url
from pyreqwest.proxy import ProxyBuilder

from okx_maxloan_sdk.errors import BadAnswer, ClientClosed, NotSent, OkxError, OutcomeUnknown

from . import Dropped, Request, Response
from .body import LIMIT, Body
from .proxy import choose

if TYPE_CHECKING:
    from pyreqwest.client import BaseClientBuilder, Client, SyncClient
    from pyreqwest.http import HeaderMap

    from okx_maxloan_sdk.sites import Origin

    from .httpcore_ import AsyncHttpcoreTransport, HttpcoreTransport

    B = TypeVar("B", bound=BaseClientBuilder)

CONNECT = timedelta(seconds=2.5)
KEEP_ALIVE = timedelta(seconds=55)
# Seconds for Rust's threads to let go of Python: one that still holds a callback when the interpreter ends aborts the
# process (about 1 of 30 that ended right after an answer did, closed or not; after 0.02 s none of 100 did).
PAUSE = 0.05
# pyreqwest names an error by the step it was in when it noticed; only the chain of causes tells what was sent by then.
UNSENT = "client error (Connect)"
SENDING = "client error (SendRequest)"
FAILURES = (failures.RequestError, failures.BuilderError)


class _Fork:
    """Whether this process was forked from one in which pyreqwest had started."""

    started = after = False


def _forked() -> None:
    _Fork.after = _Fork.started


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class _Exchange:
    """What both transports decide: how a client is set up, a request written, and what failures mean."""

    def __init__(self, origin: Origin, proxy: str | None) -> None:
        self._origin = origin
        self._base = f"{origin.scheme}://{origin.netloc}"
        self._asked, self._proxy = proxy, choose(origin, proxy)
        self._closed = self._served = False
        # Making a client takes 5 ms: threads that come first together must not each make one.
        self._lock = Lock()

    def _set_up(self, builder: B) -> B:
        _Fork.started = True
        builder = builder.follow_redirects(False).referer(False).no_proxy().http1_only()
        builder = builder.gzip(False).brotli(False).zstd(False).deflate(False)  # Body bounds what they may unfold to
        builder = builder.connect_timeout(CONNECT).pool_idle_timeout(KEEP_ALIVE)
        if self._proxy is not None:
            proxy = ProxyBuilder.all(self._proxy.url)
            builder = builder.proxy(proxy.basic_auth(*self._proxy.auth) if self._proxy.auth else proxy)
        return builder

    def _meaning(self, error: Exception) -> OkxError:
        """Say in this package's terms what a failure means; to be raised after the `except`, where no context is."""
        details = getattr(error, "details", None) or {}
        causes = [cause["message"] for cause in details.get("causes") or ()]
        words = ": ".join([type(error).__name__, *causes[-1:]])
        if UNSENT in causes or isinstance(error, failures.BuilderError):
            return NotSent(f"the request was not sent: {words}")
        if isinstance(error, failures.DecodeError):
            return BadAnswer(f"it is not HTTP, or ends early: {words}")
        if SENDING in causes and self._served:
            return Dropped(f"the kept connection went away: {words}")
        return OutcomeUnknown(f"there is no whole answer: {words}")


@cache
def _pause_at_exit() -> None:
    atexit.register(time.sleep, PAUSE)


@lru_cache
def _url(text: str) -> Url:
    url = Url(text)
    if str(url) != text or url.fragment is not None:
        raise NotSent("its target would not travel as it was signed")
    return url


def _headers(found: HeaderMap) -> dict[str, str]:
    try:
        return dict(found)
    except ValueError:  # one of them has other characters than ASCII, and is nobody's
        return {name: value for name in set(found) if (value := _ascii(found, name)) is not None}


def _ascii(found: HeaderMap, name: str) -> str | None:
    try:
        return found[name]
    except ValueError:
        return None


def _short(headers: dict[str, str]) -> bool:
    """Tell whether a body is known to be short and plain, so that it can be read at once."""
    length = headers.get("content-length", "")
    plain = "content-encoding" not in headers and "transfer-encoding" not in headers
    return plain and length.isdecimal() and len(length) <= len(str(LIMIT)) and int(length) <= LIMIT


class ReqwestTransport(_Exchange):
    """Carries requests from any thread."""

    _client: SyncClient | None = None
    _instead: HttpcoreTransport | None = None

    def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        if self._closed:
            raise ClientClosed
        if _Fork.after:
            return self._substitute().send(request, timeout)
        try:
            client = self._client or self._open()
            builder = client.request(request.method, _url(self._base + request.target)).headers(request.headers)
            with builder.timeout(timedelta(seconds=timeout)).build_streamed() as answer:
                status, headers, reader = answer.status, _headers(answer.headers), answer.body_reader
                body = Body(status, headers.get("content-encoding", ""))
                if _short(headers):
                    body.feed(bytes(reader.bytes()))
                else:
                    while (chunk := reader.read_chunk()) is not None:
                        body.feed(bytes(chunk))
            self._served = True
            return Response(status, headers, body.finish())
        except FAILURES as error:
            failure = self._meaning(error)
        raise failure

    def _open(self) -> SyncClient:
        with self._lock:
            self._client = self._client or self._set_up(SyncClientBuilder()).build()
        return self._client

    def _substitute(self) -> HttpcoreTransport:
        from .httpcore_ import HttpcoreTransport  # noqa: PLC0415 -- loads in a forked child only

        return self._instead or vars(self).setdefault("_instead", HttpcoreTransport(self._origin, self._asked))

    def close(self) -> None:
        """Close every connection of this process."""
        self._closed = True
        if self._instead is not None:
            self._instead.close()
        elif self._client is not None and not _Fork.after:
            self._client.close()


class AsyncReqwestTransport(_Exchange):
    """Carries requests from any task; all event loops share its connections."""

    _client: Client | None = None
    _instead: AsyncHttpcoreTransport | None = None

    async def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        if self._closed:
            raise ClientClosed
        if _Fork.after:
            return await self._substitute().send(request, timeout)
        try:
            client = self._client or self._open()
            builder = client.request(request.method, _url(self._base + request.target)).headers(request.headers)
            async with builder.timeout(timedelta(seconds=timeout)).build_streamed() as answer:
                status, headers, reader = answer.status, _headers(answer.headers), answer.body_reader
                body = Body(status, headers.get("content-encoding", ""))
                if _short(headers):
                    body.feed(bytes(await reader.bytes()))
                else:
                    while (chunk := await reader.read_chunk()) is not None:
                        body.feed(bytes(chunk))
            self._served = True
            return Response(status, headers, body.finish())
        except FAILURES as error:
            failure = self._meaning(error)
        raise failure

    def _open(self) -> Client:
        _pause_at_exit()
        with self._lock:
            self._client = self._client or self._set_up(ClientBuilder()).build()
        return self._client

    def _substitute(self) -> AsyncHttpcoreTransport:
        from .httpcore_ import AsyncHttpcoreTransport  # noqa: PLC0415 -- loads in a forked child only

        return self._instead or vars(self).setdefault("_instead", AsyncHttpcoreTransport(self._origin, self._asked))

    async def close(self) -> None:
        """Close every connection of this process."""
        self._closed = True
        if self._instead is not None:
            await self._instead.close()
        elif self._client is not None and not _Fork.after:
            await self._client.close()
