"""HTTP/1.1: end of a response, surplus bytes, invalid responses, and requests that cannot be sent."""

import pytest

from okx_maxloan_sdk.exceptions import InvalidResponseError, NoResponseError, RequestNotSentError
from okx_maxloan_sdk.transport import Request
from okx_maxloan_sdk.transport.http1 import MAX_HEADER_BYTES, ResponseParser
from tests.support.raw import ROWS, head, respond, send_bytes
from tests.support.transports import GET, TransportHarness

RESPONSE = head(len(ROWS)) + ROWS
CHUNKED = head(None, 200, "Transfer-Encoding: chunked")
CHUNK = b"%x\r\n%b\r\n0\r\n" % (len(ROWS), ROWS)
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Encoding: br\r\n\r\n"
# Bytes that the server writes, and whether the connection is reusable afterwards.
WHOLE = {
    "with its length": (RESPONSE, True),
    "with a line end in its length": (head(len(ROWS) + 2) + ROWS + b"\r\n", True),
    "with a line end, and another": (head(len(ROWS) + 2) + ROWS + b"\r\n\r\n", False),
    "in chunks": (CHUNKED + CHUNK + b"\r\n", True),
    "in chunks, with a trailer": (CHUNKED + CHUNK + b"Content-Type: x\r\n\r\n", False),
    "after interim responses": (INTERIM + b"HTTP/1.1 100 Continue\r\n\r\n" + RESPONSE, True),
    "offering an upgrade": (head(len(ROWS), 200, "Upgrade: h2c", "Connection: Upgrade") + ROWS, True),
    "closing": (head(len(ROWS), 200, "Connection: close") + ROWS, False),
    "of HTTP/1.0": (RESPONSE.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
    "followed by nonsense": (RESPONSE + b"nonsense", False),
    "followed by another": (RESPONSE + head(2) + b"no", False),
    "followed by a part of another": (RESPONSE + b"HTTP/1.1 2", False),
    "followed by line ends": (RESPONSE + b"\r\n\r\n", False),
    "in chunks, followed by line ends": (CHUNKED + CHUNK + b"\r\n\r\n", False),
    "in chunks, followed by another": (CHUNKED + CHUNK + b"\r\n" + RESPONSE, False),
}


@pytest.mark.parametrize("case", WHOLE)
def test_whole_response(transport: TransportHarness, case: str) -> None:
    """A response is read to its end; the connection is reused only if nothing follows and the response permits it."""
    written, reused = WHOLE[case]
    server = transport.serve(send_bytes(written, keep_alive=True), respond(b"2nd"))
    first, second = transport.send(), transport.send()
    assert (first.status, first.body.strip(), first.headers["content-type"]) == (200, ROWS, "application/json")
    assert second.body == b"2nd"
    assert (server.connection_ids == [1, 1]) == reused


@pytest.mark.parametrize("ends", [[b"0\r\n\r\n"], [b"0\r\n", b"\r\n\r\n"], [b"0\r\n\r", b"\n"]])
def test_line_ends_after_chunks(ends: list[bytes]) -> None:
    """A connection is reused only if it is seen that nothing follows the last chunk, in whatever pieces it arrives."""
    parser = ResponseParser()
    for data in (CHUNKED, b"1\r\nx\r\n", *ends):
        parser.feed(data)
    assert parser.is_complete
    assert parser.is_reusable == (len(ends) == 1)


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize(
    "framing", [f"Content-Length: {len(RESPONSE)}", "Content-Length: 0", "Transfer-Encoding: chunked"]
)
@pytest.mark.parametrize("body", [b"", b"a body", RESPONSE])
def test_status_without_content(transport: TransportHarness, status: int, framing: str, body: bytes) -> None:
    """A body on a status without one is no part of a later response, as the connection is not reused."""
    server = transport.serve(send_bytes(head(None, status, framing) + body, keep_alive=True), respond(b"2nd"))
    assert (transport.send().status, transport.send().body) == (status, b"2nd")
    assert server.connection_ids == [1, 2]


# tests/faults/test_faults.py has those that httpx reports in the same way.
CUT_SHORT = {"after an interim response": INTERIM, "in the body": head(10) + b"12345"}
BROKEN = {
    "length, then chunks": head(5, 200, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks, then length": CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "folded header": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "no version": b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "endless header": b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 400_000,
    "endless interim responses": INTERIM * 5_000,
    "endless trailer": CHUNKED + b"0\r\nX-A: " + b"b" * (2 << 20),
    "endless trailers": CHUNKED + b"0\r\n" + b"X-A: b\r\n" * 300_000,
    "endless chunk": CHUNKED + b"5;a=" + b"b" * (2 << 20),
}


@pytest.mark.parametrize("case", [*CUT_SHORT, *BROKEN])
def test_invalid_response(transport: TransportHarness, case: str) -> None:
    """A response that is invalid or ends early is an error, and the next request uses another connection."""
    server = transport.serve(send_bytes({**CUT_SHORT, **BROKEN}[case]), respond())
    with pytest.raises(NoResponseError if case in CUT_SHORT else InvalidResponseError) as caught:
        transport.send()
    early = "closed the connection before the end of the response"
    assert (early if case in CUT_SHORT else "it is not HTTP/1.1") in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert transport.send().body == ROWS
    assert server.connection_ids == [1, 2]


@pytest.mark.parametrize("place", ["headers", "trailers"])
@pytest.mark.parametrize("more", [0, 1])
def test_header_limit(place: str, more: int) -> None:
    """Headers and trailers of up to 100 KiB are accepted, and one byte more is not, even if they arrive at once."""
    start = b"HTTP/1.1 200 X\r\n"
    if place == "trailers":
        start += b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    data = start + b"A: ".ljust(MAX_HEADER_BYTES - len(start) - 4 + more, b"b") + b"\r\n\r\n"
    parser = ResponseParser()
    if more:
        with pytest.raises(InvalidResponseError, match="too long"):
            parser.feed(data)
    else:
        parser.feed(data)
        assert parser.is_complete is (place == "trailers")


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
def test_characters_that_cannot_travel(transport: TransportHarness, request_: Request) -> None:
    """Characters that would change the lines of a request are rejected and not shown."""
    server = transport.serve(respond())
    with pytest.raises(RequestNotSentError, match="character that HTTP does not allow") as caught:
        transport.send(request_)
    assert not any(part in str(caught.value) for part in ("X:", "a b", "é"))
    assert transport.send(GET).status == 200
    assert server.connection_ids == [1]
