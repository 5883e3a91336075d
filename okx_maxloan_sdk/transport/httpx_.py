"""The caller's own httpx client: for certificates, mounts and event hooks that `proxy=` and the environment cannot say.

Its headers, params, cookies, auth and base URL are left out, since they are not signed; it is not closed. Cookies that
the exchange sets end up in its jar and are never sent. Each request has a connection of its own. Its network cannot be
replaced, so `timeout` bounds connecting and each read, and a blocking call as a whole only between the parts of the
body.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx

from okx_maxloan_sdk.errors import BadAnswer, ClientClosed, NotSent, OkxError, OutcomeUnknown

from . import Dropped, Request, Response
from .body import Body

if TYPE_CHECKING:
    from okx_maxloan_sdk.sites import Origin

# Which failures come before the first byte of the request is written.
UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
FAILURES = (httpx.HTTPError, httpx.InvalidURL, TimeoutError)
# How httpcore says that a connection was closed before an answer began.
SILENT = "Server disconnected without sending a response"


class _Exchange:
    """What both transports decide: the request that is written, and what its failures mean."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._closed = self._served = False

    def _request(self, request: Request, timeout: float) -> httpx.Request:
        if self._closed:
            raise ClientClosed
        target = request.target.encode("ascii")
        origin = self._origin
        url = httpx.URL(scheme=origin.scheme, host=origin.host, port=origin.port, raw_path=target)
        if url.raw_path != target:
            raise NotSent("its target would not travel as it was signed")
        limits = httpx.Timeout(timeout).as_dict()
        # What follows a response stays unseen in httpx and would be read as the next response: no connection is reused.
        headers = {**request.headers, "Connection": "close"}
        return httpx.Request(request.method, url, headers=headers, extensions={"timeout": limits})

    @staticmethod
    def _begin(answer: httpx.Response) -> tuple[dict[str, str], Body]:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return headers, Body(answer.status_code, headers.get("content-encoding", ""))

    def _meaning(self, error: Exception) -> OkxError:
        """Say in this package's terms what a failure means; to be raised after the `except`, where no context is."""
        words = f"{type(error).__name__} {error}".rstrip()
        if isinstance(error, UNSENT):
            return NotSent(f"the request was not sent: {words}")
        if SILENT in str(error):
            kind = Dropped if self._served else OutcomeUnknown
            return kind(f"the connection went away: {words}")
        if isinstance(error, httpx.RemoteProtocolError):
            return BadAnswer(f"it is not HTTP, or ends early: {words}")
        return OutcomeUnknown(f"there is no whole answer: {words}")


# Their own defaults would apply: authentication and redirects of the caller's client are not for signed requests.
PLAIN: dict[str, Any] = {"stream": True, "auth": None, "follow_redirects": False}


class HttpxTransport(_Exchange):
    """Carries requests from any thread, over an `httpx.Client`."""

    def __init__(self, origin: Origin, http: httpx.Client) -> None:
        super().__init__(origin)
        self._http = http

    def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds, as far as httpx lets it be bounded."""
        end = time.monotonic() + timeout
        written = self._request(request, timeout)
        if self._http.is_closed:
            raise ClientClosed("the httpx client that was handed in is closed")
        try:
            answer = self._http.send(written, **PLAIN)
            try:
                headers, body = self._begin(answer)
                for chunk in answer.iter_raw():
                    body.feed(chunk)
                    if time.monotonic() > end:
                        raise httpx.ReadTimeout("the time for the whole request is over")
            finally:
                answer.close()
            self._served = True
            return Response(answer.status_code, headers, body.finish())
        except FAILURES as error:
            failure = self._meaning(error)
        raise failure

    def close(self) -> None:
        """Take no more requests."""
        self._closed = True


class AsyncHttpxTransport(_Exchange):
    """Carries requests from any task, over an `httpx.AsyncClient`."""

    def __init__(self, origin: Origin, http: httpx.AsyncClient) -> None:
        super().__init__(origin)
        self._http = http

    async def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds."""
        written = self._request(request, timeout)
        if self._http.is_closed:
            raise ClientClosed("the httpx client that was handed in is closed")
        try:
            async with asyncio.timeout(timeout):
                answer = await self._http.send(written, **PLAIN)
                try:
                    headers, body = self._begin(answer)
                    async for chunk in answer.aiter_raw():
                        body.feed(chunk)
                finally:
                    await answer.aclose()
            self._served = True
            return Response(answer.status_code, headers, body.finish())
        except FAILURES as error:
            failure = self._meaning(error)
        raise failure

    async def close(self) -> None:
        """Take no more requests."""
        self._closed = True
