"""One table of cases for every transport: bytes sent, meaning of errors, limits, and the choice of the transport."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.exceptions import (
    ApiTimeoutError,
    ClientClosedError,
    InvalidResponseError,
    NoResponseError,
    OkxError,
    RequestNotSentError,
)
from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.state import BASE_HEADERS
from okx_maxloan_sdk.transport import ConnectionDroppedError, Request, transport_factory
from okx_maxloan_sdk.transport.asynchronous import AsyncioTransport
from okx_maxloan_sdk.transport.blocking import BlockingTransport
from okx_maxloan_sdk.transport.httpx_ import AsyncHttpxTransport, HttpxTransport
from tests.support import clean_env
from tests.support.raw import ROWS, RawServer, drip, hang, head, reset, respond, send_bytes
from tests.support.transports import GET, HTTPX, OWN, TransportHarness

if TYPE_CHECKING:
    from tests.support.raw import Behavior


each_transport = pytest.mark.parametrize("transport", [*OWN, *HTTPX], indirect=True)
HEADERS = {**GET.headers, **BASE_HEADERS}
TARGETS = [GET.target, "/api/v5/x?a=A-B,C-D&b=%2C%27%22%3C%25&c=~._-", "/api/v5/public/time"]


@each_transport
@pytest.mark.parametrize("target", TARGETS)
def test_signed_target_is_sent_unchanged(transport: TransportHarness, target: str) -> None:
    """The request line arrives byte for byte, raw commas included, with the given headers; httpx adds one."""
    with RawServer(respond()) as server:
        response = transport.connect(server.url).send(Request("GET", target, HEADERS))
        line, *lines = server.requests[0].decode().split("\r\n")
        host = server.url.removeprefix("http://")
        transport.close()
    assert line == f"GET {target} HTTP/1.1"
    sent = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines) if name}
    assert sent.pop("host") == host
    assert sent.pop("connection", None) == ("close" if transport.kind == "httpx" else None)
    assert sent == {name.lower(): value for name, value in HEADERS.items()}
    assert (response.status, response.body) == (200, ROWS)
    assert response.headers["content-type"] == "application/json"


@each_transport
def test_connection_is_reused(transport: TransportHarness) -> None:
    """Consecutive requests share a connection, error responses included; over httpx each has its own."""
    with RawServer(respond(), respond(ROWS, 429), respond()) as server:
        transport.connect(server.url)
        assert [transport.send().status for _ in range(4)] == [200, 429, 200, 200]
        assert server.connection_ids == ([1, 2, 3, 4] if transport.kind == "httpx" else [1] * 4)
        transport.close()


OTHER = head(len(ROWS) + 1) + b" " + ROWS
SURPLUS = {
    "a second response": head(len(ROWS)) + ROWS + OTHER,
    "bytes after the body": head(len(ROWS)) + ROWS + b"x",
    "a second response after chunks": head(None, 200, "Transfer-Encoding: chunked")
    + b"%x\r\n%b\r\n0\r\n\r\n" % (len(ROWS), ROWS)
    + OTHER,
    "a length besides chunks": head(len(ROWS) + len(OTHER), 200, "Transfer-Encoding: chunked")
    + b"%x\r\n%b\r\n0\r\n\r\n" % (len(ROWS), ROWS)
    + OTHER,
    "a body after 204": head(None, 204) + OTHER,
    "a body after 304": head(len(OTHER), 304) + OTHER,
}


@each_transport
@pytest.mark.parametrize("case", SURPLUS)
def test_surplus_bytes_are_no_response(transport: TransportHarness, case: str) -> None:
    """Bytes after a response are not read as the next response, which comes over a new connection."""
    with RawServer(send_bytes(SURPLUS[case], keep_alive=True), respond(b"{}")) as server:
        transport.connect(server.url)
        try:
            transport.send()
        except OkxError:
            assert case == "a length besides chunks"
        assert [transport.send().body for _ in range(2)] == [b"{}"] * 2
        assert server.connection_ids[0] not in server.connection_ids[1:]
        transport.close()


@each_transport
def test_redirects_and_cookies(transport: TransportHarness) -> None:
    """A redirect is returned as a response, and a cookie of the server is not sent back."""
    with (
        RawServer(respond()) as other,
        RawServer(respond(b"", 302, f"Location: {other.url}/x", "Set-Cookie: a=b; Path=/"), respond()) as server,
    ):
        assert transport.connect(server.url).send().status == 302
        assert transport.send().status == 200
        assert other.requests == []
        assert not any(b"cookie" in each.lower() for each in server.requests)
        transport.close()


BOMB = gzip.compress(bytes(8 << 20))
MEANINGS: dict[str, tuple[Behavior, type[OkxError], str]] = {
    "closed at once": (send_bytes(b""), NoResponseError, "no complete response"),
    "reset at once": (reset(), NoResponseError, "no complete response"),
    "not HTTP": (send_bytes(b"SSH-2.0-x\r\n\r\n"), InvalidResponseError, "not HTTP"),
    "silence": (hang(), NoResponseError, "no complete response"),
    "silence after the headers": (hang(head(10)), NoResponseError, "no complete response"),
    "body ends early": (send_bytes(head(10) + b"12345"), NoResponseError, "no complete response"),
    "broken chunk": (
        send_bytes(head(None, 200, "Transfer-Encoding: chunked") + b"zz\r\n"),
        InvalidResponseError,
        "not HTTP",
    ),
    "reset within the body": (reset(head(10) + b"12345"), NoResponseError, "no complete response"),
    "too long": (respond(b"x" * ((1 << 20) + 1)), InvalidResponseError, "longer than 1048576 bytes"),
    "bomb": (respond(BOMB, 200, "Content-Encoding: gzip"), InvalidResponseError, "longer than 1048576 bytes"),
    "unknown encoding": (respond(b"x", 200, "Content-Encoding: br"), InvalidResponseError, "was not requested"),
    "drip": (drip(head(1000) + b"x" * 1000, 0.01), NoResponseError, "no complete response"),
}


@each_transport
@pytest.mark.parametrize("case", MEANINGS)
def test_meaning(transport: TransportHarness, case: str) -> None:
    """A faulty response is one of our errors, within the timeout and without a trace of the request."""
    behavior, kind, message = MEANINGS[case]
    with RawServer(behavior) as server:
        transport.connect(server.url)
        # Real time: the timeout of a silent server is what is tested.
        began = time.monotonic()
        with pytest.raises(OkxError, match=message) as caught:
            transport.send(GET, 0.25)
        assert time.monotonic() - began < 3.0
        transport.close()
    assert type(caught.value) in (kind, ApiTimeoutError if kind is NoResponseError else kind)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@each_transport
def test_nobody_listens(transport: TransportHarness) -> None:
    """Without a listener nothing is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(RequestNotSentError):
        transport.connect(f"http://127.0.0.1:{port}").send()


@pytest.mark.parametrize("transport", OWN, indirect=True)
@pytest.mark.parametrize("drop", [send_bytes(b""), reset()], ids=["closed", "reset"])
def test_reused_connection_dropped(transport: TransportHarness, drop: Behavior) -> None:
    """A reused connection that closes before any response byte raises `ConnectionDroppedError`."""
    with RawServer(respond(), drop, respond()) as server:
        transport.connect(server.url).send()
        with pytest.raises(ConnectionDroppedError):
            transport.send()
        assert transport.send().status == 200
        transport.close()


@each_transport
def test_compressed_body(transport: TransportHarness) -> None:
    """A compressed body that was not requested is decoded."""
    with RawServer(respond(gzip.compress(ROWS), 200, "Content-Encoding: gzip")) as server:
        assert transport.connect(server.url).send().body == ROWS
        transport.close()


@each_transport
def test_body_without_a_length(transport: TransportHarness) -> None:
    """Chunked bodies, and bodies that end with the connection, are read completely."""
    chunked = b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
    with RawServer(
        send_bytes(
            head(2, 200, "Transfer-Encoding: chunked").replace(b"Content-Length: 2\r\n", b"") + chunked, keep_alive=True
        ),
        send_bytes(head(None) + b"hello!"),
    ) as server:
        transport.connect(server.url)
        assert [transport.send().body for _ in range(2)] == [b"hello!"] * 2
        transport.close()


@each_transport
def test_odd_header(transport: TransportHarness) -> None:
    """A header with invalid characters does not affect the others."""
    with RawServer(
        send_bytes(head(2, 200, "X-Request-Id: 7").replace(b"X-Request", b"Odd: \xe9\r\nX-Request") + b"{}")
    ) as server:
        assert transport.connect(server.url).send().headers["x-request-id"] == "7"
        transport.close()


@each_transport
def test_closed(transport: TransportHarness) -> None:
    """After close() no request is sent; closing twice is no error."""
    with RawServer(respond()) as server:
        transport.connect(server.url).send()
        transport.close()
        transport.close()
        with pytest.raises(ClientClosedError):
            transport.send()
        assert len(server.requests) == 1


def test_reused_connection_that_is_silent(transport: TransportHarness) -> None:
    """A reused connection without a timely response counts as an attempt."""
    with RawServer(respond(), hang()) as server:
        transport.connect(server.url).send()
        with pytest.raises(NoResponseError) as caught:
            transport.send(GET, 0.1)
        transport.close()
    assert not isinstance(caught.value, ConnectionDroppedError)


def test_deadline_that_has_passed(transport: TransportHarness) -> None:
    """After its deadline a request is not sent, over a new connection or a reused one."""
    with RawServer(respond()) as server:
        transport.connect(server.url)
        for _ in range(2):
            with pytest.raises(OkxError, match="deadline has passed"):
                transport.send(GET, 0.0)
            transport.send()
        transport.close()
        assert len(server.requests) == 2


@each_transport
def test_late_response(transport: TransportHarness) -> None:
    """A response after the timeout of its request is not returned for the next one."""

    def late(_: RawServer, connection: socket.socket) -> bool:
        time.sleep(0.2)  # real, like the timeout
        connection.sendall(head(4) + b"late")
        return True

    with RawServer(late, respond(b"2nd")) as server:
        with pytest.raises(NoResponseError):
            transport.connect(server.url).send(GET, 0.1)
        time.sleep(0.2)
        assert transport.send().body == b"2nd"
        assert server.connection_ids == [1, 2]
        transport.close()


@each_transport
def test_discarded_response(transport: TransportHarness) -> None:
    """Discarding a response closes its connection if it is still open, and the next request uses another one."""
    with RawServer(respond()) as server:
        transport.connect(server.url)
        for _ in range(2):
            transport.send().discard()
        assert server.connection_ids == [1, 2]
        transport.close()


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
        done = subprocess.run(
            command, env=clean_env.clean_env(), capture_output=True, text=True, check=False, timeout=30
        )
    assert (done.stdout, done.stderr) == ("200 200\n", "")


@pytest.mark.parametrize("is_async", [False, True])
def test_through_a_proxy(is_async: bool) -> None:
    """Requests through a proxy use httpx, which is not loaded otherwise."""
    okx = parse_origin("https://openapi.okx.com")
    assert type(transport_factory(okx, "http://127.0.0.1:2", None, is_async=is_async)()) in (
        HttpxTransport,
        AsyncHttpxTransport,
    )
    assert type(transport_factory(okx, "", None, is_async=is_async)()) in (BlockingTransport, AsyncioTransport)
