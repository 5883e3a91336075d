"""The mock exchange as an ASGI application, which passes paths and queries on as the bytes received."""

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from okx_maxloan_sdk.sites import is_loopback

from .exchange import MockExchange
from .responses import MockResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Coroutine[Any, Any, None]]

BODY_LIMIT = 64 * 1024
HEADER_LIMIT = 16 * 1024


def app(exchange: MockExchange) -> App:
    """Return the ASGI application of an exchange; a request larger than any of OKX's gets 413 or 431 unparsed.

    ASGI drops the `?` of an empty query, so that the signature is checked as if there were none.
    """

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        response = await _respond(exchange, scope, receive)
        headers = [(name.encode(), value.encode()) for name, value in response.headers]
        headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    return serve


async def _respond(exchange: MockExchange, scope: Message, receive: Receive) -> MockResponse:
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_LIMIT:
        return MockResponse(431, (), b"")
    body, is_complete = b"", False
    while not is_complete:
        message = await receive()
        body += message.get("body", b"")
        is_complete = not message.get("more_body")
        if len(body) > BODY_LIMIT:
            return MockResponse(413, (), b"")
    if not _is_own_host(scope):
        return MockResponse(421, (), b"")  # RFC 9110, 15.5.20: Misdirected Request
    path = scope.get("raw_path") or scope["path"].encode()
    address = (scope.get("client") or ("127.0.0.1", 0))[0]
    response = exchange.handle(scope["method"], path, scope["query_string"], scope["headers"], body, address)
    if response.delay:
        await exchange.clock.async_sleep(response.delay)
    return response


def _is_own_host(scope: Message) -> bool:
    """Return whether the Host header names this server; on an address other than loopback it may have any name."""
    host, port = scope.get("server") or ("", None)
    if port is None or not is_loopback(host):
        return True
    given = b",".join(value for name, value in scope["headers"] if name == b"host").decode("latin-1")
    return any(given == f"{name}:{port}" for name in {host, f"[{host}]", "localhost"})
