"""httptools' transport: where one answer ends and the next must not begin, its bounds, and the extra that brings it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk import Credentials, MaxLoanClient
from okx_maxloan_sdk.errors import BadAnswer, NotSent
from okx_maxloan_sdk.sites import origin
from okx_maxloan_sdk.transport import Request, choice, httpcore_, httptools_
from tests.support.carrier import GET, Carrier
from tests.support.raw import ROWS, RawServer, head, say, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.raw import Move


@pytest.fixture(params=["httptools sync", "httptools async"])
def carrier(request: pytest.FixtureRequest) -> Iterator[Carrier]:
    """Run a test with both of its transports."""
    carrier = Carrier(request.param)
    yield carrier
    carrier.end()


ANSWER = head(len(ROWS)) + ROWS
CHUNKED = head(None, 200, "Transfer-Encoding: chunked")
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Encoding: br\r\n\r\n"
# What the server writes, and whether the connection can be kept after it.
WHOLE = {
    "with its length": (ANSWER, True),
    "in chunks": (CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(ROWS), ROWS), True),
    "in chunks, with a trailer": (CHUNKED + b"%x\r\n%b\r\n0\r\nContent-Type: x\r\n\r\n" % (len(ROWS), ROWS), True),
    "after a word on the way": (INTERIM + b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER, True),
    "closing": (head(len(ROWS), 200, "Connection: close") + ROWS, False),
    "of HTTP/1.0": (ANSWER.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
    "followed by nonsense": (ANSWER + b"nonsense", False),
    "followed by another": (ANSWER + head(2) + b"no", False),
}


@pytest.mark.parametrize("case", WHOLE)
def test_whole_answer(carrier: Carrier, case: str) -> None:
    """An answer is read to its end and no further; a connection that said more, or that it ends, is not used again."""
    written, kept = WHOLE[case]
    with RawServer(write(written, keep=True), say(b"2nd")) as server:
        first, second = carrier.to(server.url).send(), carrier.send()
        assert (first.status, first.body, first.headers["content-type"]) == (200, ROWS, "application/json")
        assert second.body == b"2nd"
        assert (server.on == [1, 1]) == kept
        carrier.close()


def byte_by_byte(data: bytes) -> Move:
    """Write one byte after the other, in as many pieces as the system makes of them."""

    def move(_: RawServer, connection: Any) -> bool:
        for byte in data:
            connection.sendall(bytes([byte]))
        return True

    return move


def test_answer_in_pieces(carrier: Carrier) -> None:
    """An answer that arrives in pieces is the same answer."""
    with RawServer(byte_by_byte(INTERIM + ANSWER)) as server:
        carrier.to(server.url)
        assert [carrier.send().body for _ in range(2)] == [ROWS] * 2
        carrier.close()


BROKEN = {
    "ends in a chunk": CHUNKED + b"ff\r\nabc",
    "ends after a word on the way": INTERIM,
    "ends in the headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "another protocol": b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "two lengths": head(5, 200, "Content-Length: 7") + b"12345",
    "length and chunks": head(5, 200, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "folded header": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "no version": b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 40_000,
    "endless header": b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 400_000,
    "endless words on the way": INTERIM * 5_000,
    "endless trailer": CHUNKED + b"0\r\nX-A: " + b"b" * (2 << 20),
    "endless trailers": CHUNKED + b"0\r\n" + b"X-A: b\r\n" * 300_000,
    "endless chunk": CHUNKED + b"5;a=" + b"b" * (2 << 20),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_answer(carrier: Carrier, case: str) -> None:
    """What is no answer, or not a whole one, is none; and the next request has another connection."""
    with RawServer(write(BROKEN[case]), say()) as server:
        with pytest.raises(BadAnswer, match="it is not HTTP, or ends early"):
            carrier.to(server.url).send()
        assert carrier.send().body == ROWS
        assert server.on == [1, 2]
        carrier.close()


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/a b", {}),
        Request("GET", "/é", {}),
        Request("GET", "/a\r\nX: y", {}),
        Request("GET", "/a", {"OK-ACCESS-KEY": "a\r\nX: y"}),
        Request("GET", "/a", {"OK-ACCESS-KEY": "é"}),
        Request("GET", "/a", {"X: y\r\nZ": "a"}),
    ],
    ids=["space", "not ASCII", "line", "line in a header", "not ASCII in a header", "line in a name"],
)
def test_characters_that_cannot_travel(carrier: Carrier, request_: Request) -> None:
    """What would change the lines of a request is not sent, and not shown."""
    with RawServer(say()) as server:
        with pytest.raises(NotSent, match="characters that no line of HTTP has") as caught:
            carrier.to(server.url).send(request_)
        assert "y" not in str(caught.value).partition("LocalProtocolError")[2].replace("any", "")
        assert carrier.send(GET).status == 200
        assert server.on == [1]
        carrier.close()


def test_connection_that_waited_too_long(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was idle for too long is not used again."""
    monkeypatch.setattr(httptools_, "KEEP_ALIVE", -1.0)
    with RawServer(say()) as server:
        carrier.to(server.url)
        assert [carrier.send().status for _ in range(2)] == [200, 200]
        assert server.on == [1, 2]
        carrier.close()


@pytest.mark.parametrize(("prefix", "kind"), [("", "HttpcoreTransport"), ("Async", "AsyncHttpcoreTransport")])
def test_proxy(prefix: str, kind: str) -> None:
    """Through a proxy httpcore's transport takes over; without one it does not."""
    there = origin("http://127.0.0.1:1")
    assert type(choice.make(there, "httptools", "http://127.0.0.1:2", None, prefix)) is getattr(httpcore_, kind)
    assert type(choice.make(there, "httptools", None, None, prefix)) is not getattr(httpcore_, kind)


def test_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without httptools, the choice of it names the extra when the client is made."""

    def missing(name: str) -> Any:
        return None if name == "httptools" else find_spec(name)

    monkeypatch.setattr(choice, "find_spec", missing)
    with pytest.raises(ImportError, match=r'pip install "okx-maxloan-sdk\[fast\]"'):
        MaxLoanClient(Credentials("k", "s", "p"), transport="httptools")


def test_unknown_transport() -> None:
    """Another word is refused, with the words that there are."""
    with pytest.raises(ValueError, match='"httpx" or "httptools"'):
        MaxLoanClient(Credentials("k", "s", "p"), transport="curl")  # type: ignore[arg-type]
