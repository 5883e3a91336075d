"""Every transport against one table: the bytes that travel, what failures mean, what is bounded, what is left alone."""

from __future__ import annotations

import gzip
import socket
import time
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.errors import BadAnswer, ClientClosed, NotSent, OkxError, OutcomeUnknown
from okx_maxloan_sdk.session import PLAIN
from okx_maxloan_sdk.transport import Dropped, Request
from tests.support.carrier import GET, HANDED_IN, POOLED, Carrier
from tests.support.raw import ROWS, RawServer, drip, hang, head, reset, say, write

if TYPE_CHECKING:
    from tests.support.raw import Move


pytestmark = pytest.mark.parametrize("carrier", [*POOLED, *HANDED_IN], indirect=True)
HEADERS = {**GET.headers, **PLAIN}
TARGETS = [GET.target, "/api/v5/x?a=A-B,C-D&b=%2C%27%22%3C%25&c=~._-", "/api/v5/public/time"]


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_signed_is_what_travels(carrier: Carrier, target: str) -> None:
    """The request line arrives byte for byte, raw commas too, with the headers that were given."""
    with RawServer(say()) as server:
        response = carrier.to(server.url).send(Request("GET", target, HEADERS))
        line, *lines = server.heads[0].decode().split("\r\n")
        host = server.url.removeprefix("http://")
        carrier.close()
    assert line == f"GET {target} HTTP/1.1"
    sent = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines) if name}
    assert sent.pop("host") == host
    close = {"connection": "close"} if carrier.transport == "handed-in" else {}
    assert sent == {name.lower(): value for name, value in HEADERS.items()} | close
    assert (response.status, response.body) == (200, ROWS)
    assert response.headers["content-type"] == "application/json"


def test_connection_is_kept(carrier: Carrier) -> None:
    """Requests one after the other share a connection, refusals included; over httpx each has its own."""
    with RawServer(say(), say(ROWS, 429), say()) as server:
        carrier.to(server.url)
        assert [carrier.send().status for _ in range(4)] == [200, 429, 200, 200]
        assert server.on == ([1, 2, 3, 4] if carrier.transport == "handed-in" else [1] * 4)
        carrier.close()


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


@pytest.mark.parametrize("case", SURPLUS)
def test_surplus_bytes_answer_no_other_request(carrier: Carrier, case: str) -> None:
    """What follows a response is not read as the response to the next request: that one has a new connection."""
    with RawServer(write(SURPLUS[case], keep=True), say(b"{}")) as server:
        carrier.to(server.url)
        try:
            carrier.send()
        except OkxError:
            assert case == "a length besides chunks"
        assert [carrier.send().body for _ in range(2)] == [b"{}"] * 2
        assert server.on[0] not in server.on[1:]
        carrier.close()


def test_discarded_connection_is_not_used_again(carrier: Carrier) -> None:
    """A response that its caller distrusts closes the connection that it came over."""
    with RawServer(say()) as server:
        carrier.to(server.url)
        carrier.send().discard()
        carrier.send()
        assert server.on == [1, 2]
        carrier.close()


def test_redirects_and_cookies(carrier: Carrier) -> None:
    """A redirect is an answer, and a cookie that the server sets is not sent back."""
    with (
        RawServer(say()) as other,
        RawServer(say(b"", 302, f"Location: {other.url}/x", "Set-Cookie: a=b; Path=/"), say()) as server,
    ):
        assert carrier.to(server.url).send().status == 302
        assert carrier.send().status == 200
        assert other.heads == []
        assert not any(b"cookie" in each.lower() for each in server.heads)
        carrier.close()


BOMB = gzip.compress(bytes(8 << 20))
MEANINGS: dict[str, tuple[Move, type[OkxError], str]] = {
    "closed at once": (write(b""), OutcomeUnknown, "no whole answer|went away"),
    "reset at once": (reset(), OutcomeUnknown, "no whole answer|went away"),
    "not HTTP": (write(b"SSH-2.0-x\r\n\r\n"), BadAnswer, "not HTTP"),
    "silence": (hang(), OutcomeUnknown, "no whole answer|went away"),
    "silence after the headers": (hang(head(10)), OutcomeUnknown, "no whole answer|went away"),
    "body ends early": (write(head(10) + b"12345"), BadAnswer, "ends early"),
    "broken chunk": (write(head(None, 200, "Transfer-Encoding: chunked") + b"zz\r\n"), BadAnswer, "ends early"),
    "reset within the body": (reset(head(10) + b"12345"), OutcomeUnknown, "no whole answer|went away"),
    "too long": (say(b"x" * ((1 << 20) + 1)), BadAnswer, "longer than 1048576 bytes"),
    "bomb": (say(BOMB, 200, "Content-Encoding: gzip"), BadAnswer, "longer than 1048576 bytes"),
    "unknown encoding": (say(b"x", 200, "Content-Encoding: br"), BadAnswer, "not asked for"),
    "drip": (drip(head(1000) + b"x" * 1000, 0.01), OutcomeUnknown, "no whole answer|went away"),
}


@pytest.mark.parametrize("case", MEANINGS)
def test_meaning(carrier: Carrier, case: str) -> None:
    """What a server does wrong is said in our own terms, within the time, with no trace of the request."""
    move, kind, words = MEANINGS[case]
    with RawServer(move) as server:
        carrier.to(server.url)
        # Real time: how soon a silence ends is what is tested.
        began = time.monotonic()
        with pytest.raises(OkxError, match=words) as caught:
            carrier.send(GET, 0.25)
        assert time.monotonic() - began < 3.0
        carrier.close()
    assert type(caught.value) is kind
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_nobody_listens(carrier: Carrier) -> None:
    """Where nobody listens nothing is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent):
        carrier.to(f"http://127.0.0.1:{port}").send()


def test_kept_connection_goes_away(carrier: Carrier) -> None:
    """A connection that had served and is closed before the next answer is said to have been dropped."""
    with RawServer(say(), write(b""), say()) as server:
        carrier.to(server.url).send()
        with pytest.raises(Dropped):
            carrier.send()
        assert carrier.send().status == 200
        carrier.close()


def test_compressed_body(carrier: Carrier) -> None:
    """A compressed body that nobody asked for is read all the same."""
    with RawServer(say(gzip.compress(ROWS), 200, "Content-Encoding: gzip")) as server:
        assert carrier.to(server.url).send().body == ROWS
        carrier.close()


def test_body_without_a_length(carrier: Carrier) -> None:
    """A body in chunks, and one that ends with the connection, are read whole."""
    chunked = b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
    with RawServer(
        write(head(2, 200, "Transfer-Encoding: chunked").replace(b"Content-Length: 2\r\n", b"") + chunked, keep=True),
        write(head(None) + b"hello!"),
    ) as server:
        carrier.to(server.url)
        assert [carrier.send().body for _ in range(2)] == [b"hello!"] * 2
        carrier.close()


def test_odd_header(carrier: Carrier) -> None:
    """A header with characters that headers do not have costs none of the others."""
    with RawServer(
        write(head(2, 200, "X-Request-Id: 7").replace(b"X-Request", b"Odd: \xe9\r\nX-Request") + b"{}")
    ) as server:
        assert carrier.to(server.url).send().headers["x-request-id"] == "7"
        carrier.close()


def test_closed(carrier: Carrier) -> None:
    """After close() no request leaves; closing twice is no error."""
    with RawServer(say()) as server:
        carrier.to(server.url).send()
        carrier.close()
        carrier.close()
        with pytest.raises(ClientClosed):
            carrier.send()
        assert len(server.heads) == 1
