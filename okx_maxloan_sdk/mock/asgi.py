"""The mock exchange as an ASGI application: bytes in, bytes out, nothing rewritten on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from .responses import MockResponse

if TYPE_CHECKING:
    from .exchange import MockExchange

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

BODY_LIMIT = 64 * 1024
HEADER_LIMIT = 16 * 1024


def app(exchange: MockExchange) -> App:
    """Wrap an exchange; a request larger than any of OKX's is answered 413 or 431 without being looked at.

    A target that ends in a bare `?` arrives without it, so it signs as if it had none.
    """

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await _respond(send, await _answer(exchange, scope, receive))

    return serve


async def _answer(exchange: MockExchange, scope: Message, receive: Receive) -> MockResponse:
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_LIMIT:
        return MockResponse(431, (), b"")
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            return MockResponse(413, (), b"")
        if not message.get("more_body"):
            break
    path = scope.get("raw_path") or scope["path"].encode()
    address = (scope.get("client") or ("127.0.0.1", 0))[0]
    answer = exchange.handle(scope["method"], path, scope["query_string"], scope["headers"], body, address)
    if answer.delay:
        await exchange.clock.async_sleep(answer.delay)
    return answer


async def _respond(send: Send, answer: MockResponse) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
