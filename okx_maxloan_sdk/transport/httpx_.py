"""httpx transport: for a client of the caller's own, for proxies, and where httptools is missing.

httpx cannot tell whether more than the response was sent, so no connection is used for a second request. It bounds a
blocking call between two reads only; a server that drips a response keeps a thread of ours, but not the caller.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, closing, nullcontext
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import httpx

from okx_maxloan_sdk.exceptions import ClientClosedError, InvalidResponseError, OkxError
from okx_maxloan_sdk.threads import start_thread, wait

from .base import Request, Response, no_response, not_sent
from .connect import client_context
from .response import ResponseBuilder

if TYPE_CHECKING:
    from okx_maxloan_sdk.sites import Origin

    from .proxy import Proxy

# Failures before the first byte of the request is written.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.LocalProtocolError)
# httpx reads the address of a redirect that it does not follow.
BAD_REDIRECT = (httpx.InvalidURL, UnicodeError)
FAILURES = (httpx.HTTPError, TimeoutError, ConnectionError, *BAD_REDIRECT)
# How h11, under httpx, says that the connection was closed before the end of the response.
CUT_SHORT = ("Server disconnected without sending a response", "without sending complete message body")
# Seconds after the deadline in which httpx may end a blocking call itself: its errors tell what was sent.
GRACE = 0.1
LATE = "no complete response in time"
# The caller's authentication and redirects are not for signed requests.
SEND: dict[str, Any] = {"stream": True, "auth": None, "follow_redirects": False}


class _Httpx:
    """What both transports have in common; the caller's client is not closed."""

    def __init__(self, origin: Origin, proxy: Proxy | None, client: Any) -> None:
        self._origin, self._proxy, self._client = origin, proxy, client
        self._is_closed = False

    def _client_context(self, kind: type[httpx.Client | httpx.AsyncClient]) -> Any:
        """Return a context with the caller's client, or with one of our own."""
        if self._client is not None:
            return nullcontext(self._client)
        proxy = httpx.Proxy(self._proxy.url, auth=self._proxy.auth) if self._proxy else None
        verify = client_context() if self._origin.scheme == "https" else False
        return kind(proxy=proxy, verify=verify, trust_env=False)

    def _request(self, request: Request, timeout: float) -> httpx.Request:
        if self._is_closed:
            raise ClientClosedError
        if self._client is not None and self._client.is_closed:
            raise ClientClosedError("the httpx client that was passed as http_client is closed")
        target, origin = request.target.encode("ascii"), self._origin
        url = httpx.URL(scheme=origin.scheme, host=origin.host, port=origin.port, raw_path=target)
        if url.raw_path != target:
            raise not_sent("httpx would change its target, which is signed")
        headers = {**request.headers, "Connection": "close"}
        limits = httpx.Timeout(timeout).as_dict()
        return httpx.Request(request.method, url, headers=headers, extensions={"timeout": limits})


def to_okx_error(error: Exception) -> OkxError:
    """Return the error of ours for a failure of httpx."""
    if isinstance(error, UNSENT):
        return not_sent(error)
    if isinstance(error, BAD_REDIRECT):
        return InvalidResponseError("it is a redirect, which is never followed, to an address that is no URL")
    if isinstance(error, httpx.RemoteProtocolError) and not any(words in str(error) for words in CUT_SHORT):
        return InvalidResponseError(f"it is not HTTP/1.1: {error}")
    return no_response(error)


class HttpxTransport(_Httpx):
    """Sends requests from any thread.

    Each on a thread of its own, where no signal raises an exception such as KeyboardInterrupt: that could leave the
    lock of httpx's pool locked, and the next user of the client would wait for ever.
    """

    def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        message, deadline = self._request(request, timeout), time.monotonic() + timeout
        context = copy_context()  # the caller's, which instrumentation of httpx reads
        try:
            call = start_thread(lambda: context.run(self._exchange, message, deadline))
        except OSError as error:
            raise not_sent(error) from None
        if not wait(call, timeout + GRACE):
            raise no_response(TimeoutError(LATE))
        return call.result()

    def _exchange(self, message: httpx.Request, deadline: float) -> Response:
        try:
            with self._client_context(httpx.Client) as client, closing(client.send(message, **SEND)) as response:
                body = ResponseBuilder(response.status_code, dict(response.headers))
                for chunk in response.iter_raw():
                    body.feed(chunk)
                    if time.monotonic() > deadline:
                        raise TimeoutError(LATE)
                return body.finish()
        except FAILURES as error:
            failure = to_okx_error(error)
        raise failure  # here, where httpx's error, which has the signed request, is not its context

    def close(self) -> None:
        """Send no more requests."""
        self._is_closed = True


class AsyncHttpxTransport(_Httpx):
    """Sends requests from any task."""

    async def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        message = self._request(request, timeout)
        try:
            async with (
                self._client_context(httpx.AsyncClient) as client,
                asyncio.timeout(timeout),
                aclosing(await client.send(message, **SEND)) as response,
            ):
                body = ResponseBuilder(response.status_code, dict(response.headers))
                async for chunk in response.aiter_raw():
                    body.feed(chunk)
                return body.finish()
        except FAILURES as error:
            failure = to_okx_error(error)
        raise failure  # as above

    async def close(self) -> None:
        """Send no more requests."""
        self._is_closed = True
