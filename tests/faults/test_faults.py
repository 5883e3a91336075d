"""Faults of servers, networks and gateways, and the resulting errors, as a table for both clients."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
import tracemalloc
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from okx_maxloan_api.contract import ERRORS

from okx_maxloan_sdk import Site
from okx_maxloan_sdk.exceptions import (
    EXCEPTION_BY_KIND,
    AccountModeError,
    ApiError,
    ApiTimeoutError,
    AuthenticationError,
    BadRequestError,
    ClockSkewError,
    InvalidResponseError,
    NoResponseError,
    OkxError,
    PartialFailureError,
    PermissionDeniedError,
    RateLimitError,
    RequestNotSentError,
    ServiceUnavailableError,
)
from tests.support.clients import KEY, PASSPHRASE, SECRET
from tests.support.clock import QuickClock
from tests.support.raw import ROWS, RawServer, drip, hang, head, reset, respond, send_bytes
from tests.support.transports import OWN

if TYPE_CHECKING:
    from tests.support.clients import ClientFactory
    from tests.support.raw import Behavior

# Total timeouts are real time; TIMEOUT is short, so that all tests take seconds. PLENTY is for servers
# that respond, so that a busy machine causes no failure.
TIMEOUT, PLENTY = 0.15, 10.0
ONE, TRIES = 1, 2


class Fault(NamedTuple):
    """The server's behavior for each request, the error, and the number of requests."""

    name: str
    behavior: Behavior
    error: type[OkxError]
    requests: int
    message: str = ""


def body(text: str | bytes, status: int = 200) -> Behavior:
    """Respond with a body of the right length."""
    return respond(text.encode() if isinstance(text, str) else text, status)


def respond_with_error(code: object, status: int, **more: object) -> Behavior:
    """Respond with an error as a gateway does."""
    return respond(json.dumps({"msg": "words", "code": code, **more}).encode(), status)


def gzipped(data: bytes) -> Behavior:
    """Respond with a compressed body."""
    return respond(data, 200, "Content-Encoding: gzip")


@cache
def bomb(megabytes: int) -> bytes:
    """Compress zeros."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(megabytes)), packer.flush()])


def rows(text: str) -> Behavior:
    """Respond with these rows."""
    return body(f'{{"code":"0","msg":"","data":{text}}}')


CHUNKED = head(None, 200, "Transfer-Encoding: chunked")
# Without a length the connection's end is the body's.
GZIP_UNSIZED = head(None, 200, "Content-Encoding: gzip")
HTML = b"<!DOCTYPE html><html><body>error</body></html>"
NETWORK = [
    Fault("reset at once", reset(), NoResponseError, TRIES),
    Fault("closed at once", send_bytes(b""), NoResponseError, TRIES),
    Fault("reset in the head", reset(b"HTTP/1.1 200 OK\r\nContent-"), NoResponseError, TRIES),
    Fault("closed in the head", send_bytes(b"HTTP/1.1 200 OK\r\nContent-"), NoResponseError, TRIES),
    Fault("reset in the body", reset(head(len(ROWS)) + ROWS[:50]), NoResponseError, TRIES),
    Fault("closed in the body", send_bytes(head(len(ROWS)) + ROWS[:50]), NoResponseError, TRIES),
    Fault("closed in a chunk", send_bytes(CHUNKED + b"40\r\n" + ROWS[:50]), NoResponseError, TRIES),
    Fault("closed between chunks", send_bytes(CHUNKED + b"1\r\n{\r\n"), NoResponseError, TRIES),
    Fault("closed in a gzip body", send_bytes(GZIP_UNSIZED + gzip.compress(ROWS)[:40]), NoResponseError, TRIES),
    Fault("silent", hang(), NoResponseError, TRIES, "Timeout"),
    Fault("silent in the head", hang(b"HTTP/1.1 200 OK\r\nContent-"), NoResponseError, TRIES),
    Fault("silent before the body", hang(head(len(ROWS))), NoResponseError, TRIES),
    Fault("silent in the body", hang(head(len(ROWS)) + ROWS[:50]), NoResponseError, TRIES),
    Fault("drips the head", drip(head(len(ROWS)) + ROWS, 0.02), NoResponseError, TRIES, "Timeout"),
    Fault("drips without end", drip(head(None) + b" " * 9999, 0.002), NoResponseError, TRIES),
]
INVALID_FRAMES = [
    Fault("longer than said", send_bytes(head(10) + ROWS), InvalidResponseError, ONE, "not JSON"),
    Fault("shorter than said", send_bytes(head(len(ROWS) + 1) + ROWS), NoResponseError, TRIES),
    Fault("waits for more than there is", hang(head(len(ROWS) + 1) + ROWS), NoResponseError, TRIES),
    Fault("says 10 GB", send_bytes(head(10_000_000_000) + ROWS), NoResponseError, TRIES),
    Fault("two lengths", send_bytes(head(5, 200, "Content-Length: 7") + ROWS), InvalidResponseError, ONE, "not HTTP"),
    Fault("negative length", send_bytes(head(-5) + ROWS), InvalidResponseError, ONE, "not HTTP"),
    Fault(
        "chunks that are none",
        send_bytes(head(None, 200, "Transfer-Encoding: chunked") + ROWS),
        InvalidResponseError,
        ONE,
    ),
    Fault("no HTTP", send_bytes(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), InvalidResponseError, ONE, "not HTTP"),
    Fault("HTTP/2 preface", send_bytes(b"\0\0\x12\x04\0\0\0\0\0"), InvalidResponseError, ONE, "not HTTP"),
    Fault(
        "endless head",
        send_bytes(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 40_000),
        InvalidResponseError,
        ONE,
        "not HTTP",
    ),
    Fault("no status", send_bytes(b"HTTP/1.1 OK\r\n\r\n"), InvalidResponseError, ONE, "not HTTP"),
    Fault("says gzip", gzipped(ROWS), InvalidResponseError, ONE, "compressed body is invalid"),
    Fault("gzip cut short", gzipped(gzip.compress(ROWS)[:-9]), InvalidResponseError, ONE, "ends early"),
    Fault("gzip and more", gzipped(gzip.compress(ROWS) + b"more"), InvalidResponseError, ONE, "continues after"),
    Fault("says brotli", respond(ROWS, 200, "Content-Encoding: br"), InvalidResponseError, ONE, "br"),
    Fault(
        "switches protocols",
        send_bytes(b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        InvalidResponseError,
        ONE,
    ),
]
BODIES = [
    Fault("empty", body(""), InvalidResponseError, ONE, "empty"),
    Fault("blank", body("  "), InvalidResponseError, ONE, "not JSON"),
    *(
        Fault(
            f"HTML {status}",
            respond(HTML, status),
            InvalidResponseError,
            TRIES if status >= 500 else ONE,
            f"HTTP {status}",
        )
        for status in (200, 403, 404, 502, 503, 520, 521, 522, 523, 524, 525)
    ),
    Fault("HTML 429", respond(HTML, 429), RateLimitError, TRIES, "The gateway"),
    Fault("empty 502", respond(b"", 502), InvalidResponseError, TRIES, "empty"),
    Fault("no content", send_bytes(head(None, 204)), InvalidResponseError, ONE, "empty"),
    Fault("cut short", body(ROWS[:50]), InvalidResponseError, ONE, "not JSON"),
    Fault("a list", body("[]"), InvalidResponseError, ONE, "not a JSON object"),
    Fault("a number", body("5"), InvalidResponseError, ONE, "not a JSON object"),
    Fault("null", body("null"), InvalidResponseError, ONE, "not a JSON object"),
    Fault("an empty object", body("{}"), InvalidResponseError, ONE, "code is missing"),
    Fault("code a number", body('{"code":0,"msg":"","data":[]}'), InvalidResponseError, ONE, "code is a number"),
    Fault("code null", body('{"code":null,"msg":"","data":[]}'), InvalidResponseError, ONE, "code is missing"),
    Fault("msg a list", body('{"code":"0","msg":[],"data":[]}'), InvalidResponseError, ONE, "msg is a list"),
    Fault("data an object", body('{"code":"0","msg":"","data":{}}'), InvalidResponseError, ONE, "data is an object"),
    Fault("data missing", body('{"code":"0","msg":""}'), InvalidResponseError, ONE, "data is missing"),
    Fault("data null", body('{"code":"0","msg":"","data":null}'), InvalidResponseError, ONE, "data is missing or null"),
    Fault("a row that is text", rows('["BTC"]'), InvalidResponseError, ONE, "a row is a string"),
    Fault("a row without its amount", rows('[{"ccy":"BTC"}]'), InvalidResponseError, ONE, "maxLoan is missing"),
    Fault(
        "an amount as a number", rows('[{"ccy":"BTC","maxLoan":0.1}]'), InvalidResponseError, ONE, "maxLoan is a number"
    ),
    Fault("an amount as words", rows('[{"ccy":"BTC","maxLoan":"much"}]'), InvalidResponseError, ONE, "does not match"),
    Fault("an amount in exponents", rows('[{"ccy":"BTC","maxLoan":"1e400000000"}]'), InvalidResponseError, ONE),
    Fault("NaN", rows('[{"ccy":"BTC","maxLoan":NaN}]'), InvalidResponseError, ONE, "NaN"),
    Fault("Infinity", rows("[-Infinity]"), InvalidResponseError, ONE, "Infinity"),
    Fault("a number beyond all bounds", rows("[1e99999999999999999999]"), InvalidResponseError, ONE, "not JSON"),
    Fault("an integer of 5,000 digits", rows(f"[{'9' * 5000}]"), InvalidResponseError, ONE, "not JSON"),
    Fault("duplicate keys", body('{"code":"1","code":"0","msg":"","data":[]}'), InvalidResponseError, ONE, "twice"),
    Fault("duplicate keys in a row", rows('[{"ccy":"A","ccy":"B","maxLoan":"1"}]'), InvalidResponseError, ONE, "twice"),
    Fault("deep lists", body("[" * 200_000), InvalidResponseError, ONE, "too deeply"),
    Fault("deep objects", body('{"a":' * 100_000), InvalidResponseError, ONE, "too deeply"),
    Fault("a deep row", rows("[" * 100_000 + "]" * 100_000), InvalidResponseError, ONE, "too deeply"),
    Fault("no UTF-8", body(b'{"code":"0","msg":"\xff","data":[]}'), InvalidResponseError, ONE, "not UTF-8"),
    Fault("UTF-16", body(ROWS.decode().encode("utf-16")), InvalidResponseError, ONE, "not UTF-8"),
    Fault("a byte order mark", body(b"\xef\xbb\xbf" + ROWS), InvalidResponseError, ONE, "not JSON"),
    Fault("two answers in one", body(ROWS + ROWS), InvalidResponseError, ONE, "not JSON"),
    Fault(
        "success with 500", body('{"code":"0","msg":"","data":[]}', 500), InvalidResponseError, TRIES, "another status"
    ),
    Fault(
        "success with 201", body('{"code":"0","msg":"","data":[]}', 201), InvalidResponseError, ONE, "another status"
    ),
    Fault("more than a megabyte", body(b" " * (1 << 20) + ROWS), InvalidResponseError, ONE, "longer than 1048576"),
    Fault("a bomb of 10 MB", gzipped(bomb(10)), InvalidResponseError, ONE, "longer than 1048576"),
    Fault("a bomb of 100 MB", gzipped(bomb(100)), InvalidResponseError, ONE, "longer than 1048576"),
]
ERROR_RESPONSES = [
    Fault("50011, 429", respond_with_error("50011", 429), RateLimitError, TRIES),
    Fault("50011 as a number, 429", respond_with_error(50011, 429), RateLimitError, TRIES),
    Fault("50011, 200", respond_with_error("50011", 200, data=[]), RateLimitError, TRIES),
    Fault("50001, 503", respond_with_error("50001", 503), ServiceUnavailableError, TRIES),
    Fault("50004, 400", respond_with_error("50004", 400), ServiceUnavailableError, TRIES),
    Fault("50013, 429", respond_with_error("50013", 429), ServiceUnavailableError, TRIES),
    Fault("50026, 500", respond_with_error("50026", 500), ServiceUnavailableError, TRIES),
    Fault("50102 and no time", respond_with_error("50102", 401), ClockSkewError, 2, "30 seconds"),
    Fault("50119", respond_with_error("50119", 401), AuthenticationError, ONE, Site.EEA.value),
    Fault("50113", respond_with_error("50113", 401), AuthenticationError, ONE, "signature"),
    Fault("50111", respond_with_error("50111", 401), AuthenticationError, ONE),
    Fault("50105", respond_with_error("50105", 401), AuthenticationError, ONE, "passphrase"),
    Fault("50101", respond_with_error("50101", 401), AuthenticationError, ONE, "demo="),
    Fault("50103", respond_with_error("50103", 401), AuthenticationError, ONE),
    Fault("50112", respond_with_error("50112", 401), AuthenticationError, ONE),
    Fault(
        "50110",
        respond_with_error("50110", 401, msg=f"IP 203.0.113.7 {KEY}"),
        PermissionDeniedError,
        ONE,
        r"203\.0\.113\.7 \*\*\*",
    ),
    Fault("51000", respond_with_error("51000", 400, data=[]), BadRequestError, ONE),
    Fault("51008 with a suffix", respond_with_error("51000_1000", 200, data=[]), BadRequestError, ONE, "51000_1000"),
    Fault("51010", respond_with_error("51010", 200, data=[]), AccountModeError, ONE),
    Fault("an unknown path", respond_with_error(404, 404, data={}, error_code="404"), ApiError, ONE, "check base_url"),
    Fault("an unknown code", respond_with_error("59999", 200, data=[]), ApiError, ONE),
    Fault("an unknown code, 500", respond_with_error("59999", 500), ServiceUnavailableError, TRIES),
]
ALL = [*NETWORK, *INVALID_FRAMES, *BODIES, *ERROR_RESPONSES]
# A silent server causes a timeout.
TIMEOUTS: dict[type[OkxError], type[OkxError]] = {NoResponseError: ApiTimeoutError}
# A retry does not depend on where the silence began; each case takes real time, so "silent" stands for all.
SILENCES = ("silent ", "drips ", "waits ")
TEMPORARY = [
    each
    for each in ALL
    if each.requests == TRIES and each.error is not ClockSkewError and not each.name.startswith(SILENCES)
]
# Recorded responses of the live exchange; ERROR_RESPONSES has the same formats with our own messages.
RECORDED = Path(__file__).resolve().parents[3] / "shared" / "okx" / "answers.json"


def timeout_for(fault: Fault) -> float:
    """Return the timeout of a request for this fault."""
    return TIMEOUT if fault.error is NoResponseError else PLENTY


def failing_call(client_factory: ClientFactory, server: RawServer, **settings: Any) -> OkxError:
    """Make a call that fails, and return its error."""
    options = {"base_url": server.url, "clock": QuickClock(), "timeout": PLENTY, "max_retries": TRIES - 1, **settings}
    client = client_factory.open(**options)
    with pytest.raises(OkxError) as caught:
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
    client.close()
    return caught.value


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_fault(client_factory: ClientFactory, fault: Fault) -> None:
    """Each fault leads to the table's error and number of requests, and the error shows no secret."""
    with RawServer(fault.behavior) as server:
        error = failing_call(client_factory, server, timeout=timeout_for(fault))
        assert type(error) in (fault.error, TIMEOUTS.get(fault.error)) or (type(error).__name__, fault.error) == (
            "ConnectionDroppedError",
            NoResponseError,
        )
        server.wait(fault.requests)  # the last one of a short timeout may not have been read yet
        assert len(server.requests) == fault.requests
        assert len(client_factory.limiter.outcomes) == fault.requests
    assert re.search(fault.message, str(error))
    assert not any(secret in f"{error!r} {error}" for secret in (KEY, SECRET, PASSPHRASE))
    expected = "unknown" if fault.error is NoResponseError else "responded"
    assert set(client_factory.limiter.outcomes) == {expected}


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not part of the project")
def test_recorded_answers(client_factory: ClientFactory) -> None:
    """Every recorded response is decoded to rows, or raises its code's error with the exchange's message."""
    for each in json.loads(RECORDED.read_text(encoding="utf-8")):
        code = str(json.loads(each["body"])["code"])
        status = each["http_status"] or (401 if code in ("50110", "50112") else 400)
        with RawServer(respond(each["body"].encode(), status)) as server:
            if code == "0":
                client = client_factory.open(base_url=server.url, clock=QuickClock())
                mode = "isolated" if '"isolated"' in each["body"] else "cross"
                if '"ts"' in each["body"]:
                    assert client.sync_clock()
                else:
                    assert len(client.get_max_loan("BTC-USDT", mgn_mode=mode)) == 2
                client.close()
                continue
            error = failing_call(client_factory, server)
        assert isinstance(error, ApiError)
        assert (error.code, error.http_status) == (code, status)
        assert type(error) is EXCEPTION_BY_KIND[ERRORS[code].kind]
        assert error.message
        assert "00000000-0000" not in str(error)
        sent = {"later": TRIES, "resync": 2}.get(ERRORS[code].retry, ONE)
        assert len(server.requests) == sent


@pytest.mark.parametrize("fault", NETWORK, ids=lambda fault: fault.name)
def test_deadline(client_factory: ClientFactory, fault: Fault) -> None:
    """Whatever the network's fault, the call ends by its deadline."""
    with RawServer(fault.behavior) as server:
        began = time.monotonic()
        failing_call(client_factory, server, timeout=5.0, total_timeout=TIMEOUT, max_retries=98, clock=None)
        assert time.monotonic() - began < TIMEOUT + 1.0


@pytest.mark.parametrize("fault", TEMPORARY, ids=lambda fault: fault.name)
def test_one_failure_then_a_response(client_factory: ClientFactory, fault: Fault) -> None:
    """A fault of the first request only is no error if it is retried."""
    with RawServer(fault.behavior, respond()) as server:
        client = client_factory.open(base_url=server.url, clock=QuickClock(), timeout=timeout_for(fault) + 0.7)
        assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 1
        assert len(server.requests) == 2
        client.close()


@pytest.mark.parametrize("megabytes", [10, 100])
def test_bombs_take_no_memory(client_factory: ClientFactory, megabytes: int) -> None:
    """A decompression bomb of any size takes a few megabytes of memory."""
    data = bomb(megabytes)
    with RawServer(gzipped(data)) as server:
        tracemalloc.start()
        try:
            failing_call(client_factory, server)
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()


def test_no_listener(client_factory: ClientFactory) -> None:
    """Without a listener no attempt is sent, and each permit is released at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = client_factory.open(base_url=f"http://127.0.0.1:{port}", clock=QuickClock())
    with pytest.raises(RequestNotSentError, match="not sent"):
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
    assert client_factory.limiter.outcomes == ["unsent"] * 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect(client_factory: ClientFactory, status: int) -> None:
    """A redirect is an error, and no signed header reaches its target."""
    with RawServer(respond()) as other, RawServer(respond(b"", status, f"Location: {other.url}/")) as server:
        error = failing_call(client_factory, server)
        assert isinstance(error, InvalidResponseError)
        assert "redirect" in str(error)
        assert other.requests == []
        assert len(server.requests) == 1


@pytest.mark.parametrize("client_factory", OWN, indirect=True)
@pytest.mark.parametrize("drop", [send_bytes(b""), reset()], ids=["closed", "reset"])
def test_reused_connection_dropped(client_factory: ClientFactory, drop: Behavior) -> None:
    """A reused connection that the server drops during the next request is retried without a log message or a pause."""
    clock = QuickClock()
    with RawServer(respond(), drop, respond()) as server:
        client = client_factory.open(base_url=server.url, clock=clock, max_retries=0)
        for _ in range(2):
            assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 1
        assert server.connection_ids == [1, 1, 2]
        client.close()
    assert clock.paused == []
    assert client_factory.limiter.outcomes == ["responded", "unknown", "responded"]


@pytest.mark.parametrize("client_factory", OWN, indirect=True)
@pytest.mark.parametrize("end", [send_bytes(b""), hang()], ids=["reset", "silent"])
def test_stale_connections(client_factory: ClientFactory, end: Behavior) -> None:
    """Ten connections that died while idle cost one retry, not ten."""
    met, dead = threading.Barrier(10), threading.Event()

    def serve(server: RawServer, connection: socket.socket) -> bool:
        if dead.is_set() and server.connections == 10:
            return end(server, connection)
        if not dead.is_set():
            met.wait(5)
        return respond()(server, connection)

    with RawServer(serve) as server:
        client = client_factory.open(base_url=server.url, clock=QuickClock(), timeout=0.5, max_retries=1)
        results = client_factory.run_concurrently(
            client, *[lambda each: each.get_max_loan("BTC-USDT", mgn_mode="cross")] * 10
        )
        assert [len(each) for each in results] == [1] * 10
        assert server.connections == 10
        dead.set()
        assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 1
        assert server.connections == 11
        client.close()


def test_idle_connection_closed(client_factory: ClientFactory) -> None:
    """A connection that was closed while idle is detected before a request is sent on it."""
    with RawServer(send_bytes(head(len(ROWS)) + ROWS), respond()) as server:
        client = client_factory.open(base_url=server.url, clock=QuickClock(), max_retries=0)
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
        end = time.monotonic() + 5
        while server.open and time.monotonic() < end:
            time.sleep(0.005)
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
        assert server.connection_ids == [1, 2]
        client.close()


def test_slow_response_within_the_timeout(client_factory: ClientFactory) -> None:
    """A response that arrives byte by byte within the timeout is accepted."""
    with RawServer(drip(head(len(ROWS)) + ROWS, 0.0005)) as server:
        client = client_factory.open(base_url=server.url, clock=QuickClock(), timeout=5.0)
        assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 1
        client.close()


def test_unknown_fields_are_valid(client_factory: ClientFactory) -> None:
    """Unknown fields, values and headers, empty amounts and missing fields are valid."""
    row = '{"ccy":"BTC","maxLoan":"","side":"short","new":{"a":[1.5,null]},"instId":"BTC-USDT"}'
    text = f'{{"code":"0","msg":"hello","data":[{row}],"inTime":"1","outTime":{{}}}}'
    with RawServer(respond(text.encode(), 200, "X-New: 1", "Set-Cookie: a=b")) as server:
        client = client_factory.open(base_url=server.url, clock=QuickClock())
        (loan,) = client.get_max_loan("BTC-USDT", mgn_mode="cross")
        client.close()
    assert (loan.amount, loan.side, loan.mgn_mode) == (None, "short", "")
    assert loan.additional_properties["new"]["a"][1] is None


def test_batches_survive_faults(client_factory: ClientFactory) -> None:
    """Of many requests to a server with every fault, each ends with one of our errors or rows."""
    behaviors = [fault.behavior for fault in (*INVALID_FRAMES, *BODIES, *ERROR_RESPONSES) if fault.requests == ONE]
    with RawServer(*behaviors, respond()) as server:
        client = client_factory.open(base_url=server.url, clock=QuickClock(), timeout=5.0, max_retries=0)
        batches = list(
            client.iter_max_loan([f"C{number}-USDT" for number in range(5 * len(behaviors))], mgn_mode="cross")
        )
        client.close()
    assert sum(len(each.inst_ids) for each in batches) == 5 * len(behaviors)
    errors = [each.error for each in batches if each.error]
    assert all(isinstance(error, OkxError) and not isinstance(error, PartialFailureError) for error in errors)
    assert len(errors) > len(behaviors) / 2
