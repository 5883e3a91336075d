"""Cases for every transport: bytes sent, bodies, surplus bytes, closing, and the choice of the transport."""

import asyncio
import gzip
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from okx_maxloan_sdk.exceptions import ClientClosedError, NoResponseError, OkxError, RequestNotSentError
from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.state import BASE_HEADERS
from okx_maxloan_sdk.transport import ConnectionDroppedError, Request, transport_factory
from tests.support.clean_env import clean_env
from tests.support.clock import client_threads_end
from tests.support.raw import (
    ROWS,
    Behavior,
    HandshakeServer,
    Push,
    RawServer,
    drip,
    hang,
    head,
    reset,
    respond,
    send_bytes,
)
from tests.support.resolver import hanging_resolver
from tests.support.transports import GET, HTTPX, OWN, TransportHarness

each_transport = pytest.mark.parametrize("transport", [*OWN, *HTTPX], indirect=True)
HEADERS = {**GET.headers, **BASE_HEADERS}
TARGETS = [GET.target, "/api/v5/x?a=A-B,C-D&b=%2C%27%22%3C%25&c=~._-", "/api/v5/public/time"]
CHUNKED = head(None, 200, "Transfer-Encoding: chunked")


@each_transport
@pytest.mark.parametrize("target", TARGETS)
def test_signed_target_is_sent_unchanged(transport: TransportHarness, target: str) -> None:
    """The request line arrives byte for byte, raw commas included, with the given headers; httpx adds one."""
    server = transport.serve(respond())
    response = transport.send(Request("GET", target, HEADERS))
    line, *lines = server.requests[0].decode().split("\r\n")
    assert line == f"GET {target} HTTP/1.1"
    sent = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines) if name}
    assert sent.pop("host") == server.url.removeprefix("http://")
    assert sent.pop("connection", None) == ("close" if transport.kind == "httpx" else None)
    assert sent == {name.lower(): value for name, value in HEADERS.items()}
    assert (response.status, response.body) == (200, ROWS)
    assert response.headers["content-type"] == "application/json"


@each_transport
def test_connection_is_reused(transport: TransportHarness) -> None:
    """Consecutive requests share a connection, error responses included; over httpx each has its own."""
    server = transport.serve(respond(), respond(ROWS, 429), respond())
    assert [transport.send().status for _ in range(4)] == [200, 429, 200, 200]
    assert server.connection_ids == ([1, 2, 3, 4] if transport.kind == "httpx" else [1] * 4)


@pytest.mark.parametrize("is_read", [False, True])
def test_unsolicited_bytes(transport: TransportHarness, is_read: bool) -> None:
    """Unsolicited bytes close an idle connection, whether or not an event loop has read them."""
    push = Push()
    server = transport.serve(push, respond(b"2nd"))
    assert transport.send().body == ROWS
    push.send()
    if is_read and transport.runner:
        transport.run(asyncio.sleep(0.01))  # real: the event loop must read
    assert transport.send().body == b"2nd"
    assert server.connection_ids == [1, 2]


def test_closed_while_idle(transport: TransportHarness) -> None:
    """A connection that the server closed while it was idle is detected before a request is sent on it."""
    server = transport.serve(send_bytes(head(len(ROWS)) + ROWS), respond(b"2nd"))
    assert transport.send().body == ROWS
    server.wait_until_closed()
    assert transport.send().body == b"2nd"
    assert server.connection_ids == [1, 2]


@pytest.mark.parametrize("drop", [send_bytes(b""), reset()], ids=["closed", "reset"])
def test_reused_connection_dropped(transport: TransportHarness, drop: Behavior) -> None:
    """The error of a reused connection without a byte of the response is one of its own, as a retry is free."""
    server = transport.serve(respond(), drop, respond())
    transport.send()
    with pytest.raises(ConnectionDroppedError):
        transport.send()
    assert transport.send().body == ROWS
    assert server.connection_ids == [1, 1, 2]


@each_transport
def test_no_listener(transport: TransportHarness) -> None:
    """Without a listener nothing is sent."""
    with pytest.raises(RequestNotSentError):
        transport.connect("http://127.0.0.1:1").send()


@each_transport
def test_forms_of_a_body(transport: TransportHarness) -> None:
    """Bodies that are compressed, chunked, slow, or end with the connection, which is not reused, are whole."""
    server = transport.serve(
        respond(gzip.compress(b"hello!"), 200, "Content-Encoding: gzip"),
        send_bytes(CHUNKED + b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", keep_alive=True),
        send_bytes(head(None) + b"hello!"),
        drip(head(6, 200, "X-New: 1", "Set-Cookie: a=b") + b"hello!", 0.0005),
    )
    assert [transport.send().body for _ in range(4)] == [b"hello!"] * 4
    assert server.connection_ids == ([1, 2, 3, 4] if transport.kind == "httpx" else [1, 1, 1, 2])


@each_transport
def test_odd_header(transport: TransportHarness) -> None:
    """A header with invalid characters does not affect the others."""
    transport.serve(send_bytes(head(2, 200, "Odd: E", "X-Request-Id: 7").replace(b"Odd: E", b"Odd: \xe9") + b"{}"))
    assert transport.send().headers["x-request-id"] == "7"


@each_transport
@pytest.mark.parametrize("is_used", [True, False])
def test_closed(transport: TransportHarness, is_used: bool) -> None:
    """close() ends every connection, and no request is sent after it; closing twice is no error."""
    server = transport.serve(respond())
    if is_used:
        transport.send()
    transport.close()
    transport.close()
    server.wait_until_closed()
    with pytest.raises(ClientClosedError):
        transport.send()
    assert len(server.requests) == is_used


@pytest.mark.parametrize("phase", ["lookup", "handshake", "response"])
def test_closed_under_a_request(transport: TransportHarness, phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the transport from another thread ends a request long before its timeout, whatever it waits for."""
    server = transport.serve(hang(), server=HandshakeServer if phase == "handshake" else RawServer)
    if phase == "lookup":
        transport.connect("https://unknown.test")

    def close() -> None:
        begun.wait(5) if phase == "lookup" else server.wait(1)
        closing = transport.raw.close()
        if transport.runner:
            asyncio.run(closing)

    with hanging_resolver(monkeypatch) as begun, ThreadPoolExecutor(1) as threads:
        closed, began = threads.submit(close), time.monotonic()
        with pytest.raises(NoResponseError if phase == "response" else RequestNotSentError):
            transport.send(GET, 30.0)
        assert time.monotonic() - began < 5.0
        closed.result(5)
    with pytest.raises(ClientClosedError):
        transport.send(GET, 1.0)
    assert client_threads_end()


def test_deadline_that_has_passed(transport: TransportHarness) -> None:
    """After its deadline a request is not sent, over a new connection or a reused one."""
    server = transport.serve(respond())
    for _ in range(2):
        with pytest.raises(OkxError, match="deadline has passed"):
            transport.send(GET, 0.0)
        transport.send()
    assert len(server.requests) == 2


def test_response_that_does_not_come(transport: TransportHarness) -> None:
    """A connection whose response did not come in time is not used for the next request."""
    server = transport.serve(hang(), respond())
    with pytest.raises(NoResponseError):
        transport.send(GET, 0.1)
    assert transport.send().body == ROWS
    assert server.connection_ids == [1, 2]


def test_request_that_is_not_read(transport: TransportHarness) -> None:
    """A request that the server does not read ends by its deadline."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport.connect(f"http://127.0.0.1:{listener.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(NoResponseError, match="Timeout"):
            transport.send(Request("GET", "/" + "x" * (16 << 20), {}), 1.0)
        assert 0.9 < time.monotonic() - began < 5.0
        transport.close()


def test_large_request(transport: TransportHarness) -> None:
    """A request larger than the send buffer arrives completely."""
    target = "/" + "x" * (8 << 20)
    server = transport.serve(respond())
    assert transport.send(Request("GET", target, {}), 30.0).status == 200
    assert server.requests[0].startswith(f"GET {target} HTTP/1.1\r\n".encode())


WITHOUT = """
import asyncio, sys
sys.modules["httptools"] = None
from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.transport import Request, transport_factory

make = lambda is_async: transport_factory(parse_origin(sys.argv[1]), None, None, is_async=is_async)()
request = Request("GET", "/x", {})
print(make(False).send(request, 5.0).status, asyncio.run(make(True).send(request, 5.0)).status)
assert type(make(False)).__name__ == "HttpxTransport"
"""


def test_without_httptools() -> None:
    """Without httptools, httpx is used."""
    with RawServer(respond()) as server:
        command = [sys.executable, "-W", "error", "-c", WITHOUT, server.url]
        done = subprocess.run(command, env=clean_env(), capture_output=True, text=True, check=False, timeout=30)
    assert (done.stdout, done.stderr) == ("200 200\n", "")


@pytest.mark.parametrize(
    ("proxy", "is_async", "kind"),
    [
        ("http://127.0.0.1:2", False, "HttpxTransport"),
        ("http://127.0.0.1:2", True, "AsyncHttpxTransport"),
        ("", False, "BlockingTransport"),
        ("", True, "AsyncioTransport"),
    ],
)
def test_choice(proxy: str, is_async: bool, kind: str) -> None:
    """Requests through a proxy use httpx, which is not loaded otherwise."""
    create = transport_factory(parse_origin("https://openapi.okx.com"), proxy, None, is_async=is_async)
    assert type(create()).__name__ == kind
