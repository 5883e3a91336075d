"""Faults of servers, networks and gateways, and the resulting errors, as a table for both clients."""

import gzip
import json
import re
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from okx_maxloan_api.contract import ERRORS

from okx_maxloan_sdk import Site
from okx_maxloan_sdk.exceptions import (
    EXCEPTION_BY_KIND,
    AccountModeError,
    ApiError,
    AuthenticationError,
    BadRequestError,
    ClockSkewError,
    InvalidResponseError,
    NoResponseError,
    OkxError,
    PermissionDeniedError,
    RateLimitError,
    RequestNotSentError,
    ServiceUnavailableError,
)
from tests.support.clients import KEY, PASSPHRASE, SECRET, ClientFactory
from tests.support.clock import QuickClock
from tests.support.fake_transport import inst_ids
from tests.support.raw import ROWS, Behavior, RawServer, drip, hang, head, reset, respond, send_bytes
from tests.support.transports import HTTPX, OWN

# Total timeouts are real time; TIMEOUT is short, so that all tests take seconds. PLENTY is for servers
# that respond, so that a busy machine causes no failure.
TIMEOUT, PLENTY = 0.15, 10.0
ONE, TRIES = 1, 2


class Fault(NamedTuple):
    """The server's behavior for each request, the error, the number of requests, and a part of the message."""

    name: str
    behavior: Behavior
    error: type[OkxError]
    requests: int
    message: str = ""


def unanswered(name: str, behavior: Behavior, message: str = "") -> Fault:
    """Return a fault after which nobody knows whether OKX counted the request."""
    return Fault(name, behavior, NoResponseError, TRIES, message)


def invalid(name: str, behavior: Behavior, message: str = "", requests: int = ONE) -> Fault:
    """Return a fault whose response is invalid."""
    return Fault(name, behavior, InvalidResponseError, requests, message)


def invalid_json(name: str, body: str | bytes, message: str, status: int = 200) -> Fault:
    """Return a fault whose response has an invalid body of the right length."""
    behavior = respond(body.encode() if isinstance(body, str) else body, status)
    return invalid(name, behavior, message, TRIES if status >= 500 else ONE)


def rejected(
    code: object, status: int, error: type[OkxError], message: str = "", requests: int = ONE, **more: Any
) -> Fault:
    """Return a rejection in the form of a gateway, or with more fields."""
    body = json.dumps({"msg": "words", "code": code, **more}).encode()
    return Fault(f"{code!r}, {status}{', data' if more else ''}", respond(body, status), error, requests, message)


def gzipped(data: bytes) -> Behavior:
    """Respond with a compressed body."""
    return respond(data, 200, "Content-Encoding: gzip")


@cache
def bomb(megabytes: int) -> bytes:
    """Compress zeros."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(megabytes)), packer.flush()])


CHUNKED = head(None, 200, "Transfer-Encoding: chunked")
# Without a length the connection's end is the body's.
GZIP_UNSIZED = head(None, 200, "Content-Encoding: gzip")
CUT_HEAD = b"HTTP/1.1 200 OK\r\nContent-"
CUT_BODY = head(len(ROWS)) + ROWS[:50]
SWITCH = b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
HTML = b"<!DOCTYPE html><html><body>error</body></html>"
NETWORK = [
    unanswered("reset at once", reset()),
    unanswered("closed at once", send_bytes(b"")),
    unanswered("reset in the head", reset(CUT_HEAD)),
    unanswered("closed in the head", send_bytes(CUT_HEAD)),
    unanswered("reset in the body", reset(CUT_BODY)),
    unanswered("closed in the body", send_bytes(CUT_BODY)),
    unanswered("closed in a chunk", send_bytes(CHUNKED + b"40\r\n" + ROWS[:50])),
    unanswered("closed between chunks", send_bytes(CHUNKED + b"1\r\n{\r\n")),
    unanswered("closed in a gzip body", send_bytes(GZIP_UNSIZED + gzip.compress(ROWS)[:40])),
    unanswered("silent", hang(), "Timeout"),
    unanswered("silent in the head", hang(CUT_HEAD)),
    unanswered("silent before the body", hang(head(len(ROWS)))),
    unanswered("silent in the body", hang(CUT_BODY)),
    unanswered("drips the head", drip(head(len(ROWS)) + ROWS, 0.02), "Timeout"),
    unanswered("drips without end", drip(head(None) + b" " * 9999, 0.002)),
]
FRAMES = [
    unanswered("shorter than said", send_bytes(head(len(ROWS) + 1) + ROWS)),
    unanswered("waits for more than there is", hang(head(len(ROWS) + 1) + ROWS)),
    unanswered("says 10 GB", send_bytes(head(10_000_000_000) + ROWS)),
    invalid("longer than said", send_bytes(head(10) + ROWS), "not JSON"),
    invalid("two lengths", send_bytes(head(5, 200, "Content-Length: 7") + ROWS), "not HTTP"),
    invalid("negative length", send_bytes(head(-5) + ROWS), "not HTTP"),
    invalid("chunks that are none", send_bytes(CHUNKED + ROWS)),
    invalid("no HTTP", send_bytes(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "not HTTP"),
    invalid("HTTP/2 preface", send_bytes(b"\0\0\x12\x04\0\0\0\0\0"), "not HTTP"),
    invalid("endless head", send_bytes(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 40_000), "not HTTP"),
    invalid("no status", send_bytes(b"HTTP/1.1 OK\r\n\r\n"), "not HTTP"),
    invalid("no content", send_bytes(head(None, 204)), "empty"),
    invalid("switches protocols", send_bytes(SWITCH)),
    invalid("says gzip", gzipped(ROWS), "compressed body is invalid"),
    invalid("gzip cut short", gzipped(gzip.compress(ROWS)[:-9]), "ends early"),
    invalid("says brotli", respond(ROWS, 200, "Content-Encoding: br"), "br"),
]
GATEWAY_STATUSES = (200, 403, 404, 502, 503, 520, 521, 522, 523, 524, 525)
# tests/test_codec.py has the other bodies, whose decoding does not depend on a transport.
BODIES = [
    *(invalid_json(f"HTML {status}", HTML, f"HTTP {status}", status) for status in GATEWAY_STATUSES),
    Fault("HTML 429", respond(HTML, 429), RateLimitError, TRIES, "The gateway"),
    invalid_json("empty", "", "empty"),
    invalid_json("two answers in one", ROWS + ROWS, "not JSON"),
    invalid_json("a byte order mark", b"\xef\xbb\xbf" + ROWS, "not JSON"),
    invalid_json("deep objects", '{"a":' * 100_000, "too deeply"),
    invalid_json("more than a megabyte", b" " * (1 << 20) + ROWS, "longer than 1048576"),
    invalid_json("a number beyond all bounds", '{"code":"0","msg":"","data":[1e99999999999999999999]}', "not JSON"),
    invalid_json("an integer of 5,000 digits", f'{{"code":"0","msg":"","data":[{"9" * 5000}]}}', "not JSON"),
]
# Forms of a rejection, and how often it is retried; tests/test_request.py has every code.
REJECTIONS = [
    rejected("50011", 429, RateLimitError, requests=TRIES),
    rejected(50011, 429, RateLimitError, requests=TRIES),
    rejected("50011", 200, RateLimitError, requests=TRIES, data=[]),
    rejected("50026", 500, ServiceUnavailableError, requests=TRIES, data=None),
    rejected("50102", 401, ClockSkewError, "30 seconds", 2),
    rejected("50119", 401, AuthenticationError, Site.EEA.value),
    rejected("50110", 401, PermissionDeniedError, r"203\.0\.113\.7 \*\*\*", msg=f"IP 203.0.113.7 {KEY}"),
    rejected("51000", 400, BadRequestError, data=[]),
    rejected("51010", 200, AccountModeError, data=[]),
    rejected(404, 404, ApiError, "check base_url", data={}, error_code="404"),
]
ALL = [*NETWORK, *FRAMES, *BODIES, *REJECTIONS]
# Recorded responses of the live exchange; REJECTIONS has the same formats with our own messages.
RECORDED = Path(__file__).resolve().parents[3] / "shared" / "okx" / "answers.json"


@pytest.fixture(params=[*OWN, *HTTPX])
def client_factory(request: pytest.FixtureRequest) -> Iterator[ClientFactory]:
    """Run a test with both clients over each transport, as most faults are detected in the transport."""
    client_factory = ClientFactory(*reversed(request.param.split()))
    yield client_factory
    client_factory.close()


def open_client(client_factory: ClientFactory, server: RawServer, **settings: Any) -> Any:
    """Open a client of this server, without pauses between attempts."""
    return client_factory.open(**{"base_url": server.url, "clock": QuickClock(), "timeout": PLENTY, **settings})


def send(client: Any) -> Any:
    """Send the request that `ROWS` belongs to."""
    return client.get_max_loan("BTC-USDT", mgn_mode="cross")


def failing_call(client_factory: ClientFactory, server: RawServer, **settings: Any) -> OkxError:
    """Make a call that fails, and return its error."""
    client = open_client(client_factory, server, **{"max_retries": TRIES - 1, **settings})
    with pytest.raises(OkxError) as caught:
        send(client)
    client.close()
    return caught.value


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_fault(client_factory: ClientFactory, fault: Fault) -> None:
    """Each fault leads to the table's error and number of requests, and the error shows no secret."""
    is_unanswered = fault.error is NoResponseError
    with RawServer(fault.behavior) as server:
        error = failing_call(client_factory, server, timeout=TIMEOUT if is_unanswered else PLENTY)
        server.wait(fault.requests)  # the last one of a short timeout may not have been read yet
        assert len(server.requests) == fault.requests
    assert isinstance(error, NoResponseError) if is_unanswered else type(error) is fault.error
    assert re.search(fault.message, str(error))
    assert not any(secret in f"{error!r} {error}" for secret in (KEY, SECRET, PASSPHRASE))
    assert client_factory.limiter.outcomes == ["unknown" if is_unanswered else "responded"] * fault.requests


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not part of the project")
def test_recorded_answers(client_factory: ClientFactory) -> None:
    """Every recorded response is decoded to rows, or raises its code's error with the exchange's message."""
    for each in json.loads(RECORDED.read_text(encoding="utf-8")):
        body = each["body"]
        code = str(json.loads(body)["code"])
        status = each["http_status"] or (401 if code in ("50110", "50112") else 400)
        with RawServer(respond(body.encode(), status)) as server:
            if code == "0":
                client = open_client(client_factory, server)
                mode = "isolated" if '"isolated"' in body else "cross"
                rows = client.sync_clock() if '"ts"' in body else client.get_max_loan("BTC-USDT", mgn_mode=mode)
                assert rows if '"ts"' in body else len(rows) == 2
                client.close()
                continue
            error = failing_call(client_factory, server)
        assert isinstance(error, ApiError)
        assert (error.code, error.http_status) == (code, status)
        assert type(error) is EXCEPTION_BY_KIND[ERRORS[code].kind]
        assert error.message
        assert "00000000-0000" not in str(error)
        assert len(server.requests) == {"later": TRIES, "resync": 2}.get(ERRORS[code].retry, ONE)


@pytest.mark.parametrize("fault", NETWORK, ids=lambda fault: fault.name)
def test_deadline(client_factory: ClientFactory, fault: Fault) -> None:
    """Whatever the network's fault, the call ends by its deadline."""
    with RawServer(fault.behavior) as server:
        began = time.monotonic()
        failing_call(client_factory, server, timeout=5.0, total_timeout=TIMEOUT, max_retries=98, clock=None)
        assert time.monotonic() - began < TIMEOUT + 1.0


@pytest.mark.parametrize("megabytes", [10, 100])
def test_bombs_take_no_memory(client_factory: ClientFactory, megabytes: int) -> None:
    """A decompression bomb of any size is an invalid response, and takes a few megabytes of memory."""
    with RawServer(gzipped(bomb(megabytes))) as server:
        tracemalloc.start()
        try:
            error = failing_call(client_factory, server)
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()
    assert isinstance(error, InvalidResponseError)
    assert "longer than 1048576" in str(error)


def test_no_listener(client_factory: ClientFactory) -> None:
    """Without a listener no attempt is sent, and each permit is released at once."""
    with RawServer() as server:
        url = server.url
    client = client_factory.open(base_url=url, clock=QuickClock())
    with pytest.raises(RequestNotSentError, match="not sent"):
        send(client)
    assert client_factory.limiter.outcomes == ["unsent"] * 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect(client_factory: ClientFactory, status: int) -> None:
    """A redirect is an error, and no signed header reaches its target."""
    with RawServer(respond()) as other, RawServer(respond(b"", status, f"Location: {other.url}/")) as server:
        error = failing_call(client_factory, server)
        assert isinstance(error, InvalidResponseError)
        assert "redirect" in str(error)
        assert (len(server.requests), other.requests) == (1, [])


@pytest.mark.parametrize("client_factory", OWN, indirect=True)
@pytest.mark.parametrize("drop", [send_bytes(b""), reset()], ids=["closed", "reset"])
def test_reused_connection_dropped(client_factory: ClientFactory, drop: Behavior) -> None:
    """A reused connection that the server drops during the next request is retried without a log message or a pause."""
    clock = QuickClock()
    with RawServer(respond(), drop, respond()) as server:
        client = open_client(client_factory, server, clock=clock, max_retries=0)
        assert [len(send(client)) for _ in range(2)] == [1, 1]
        assert server.connection_ids == [1, 1, 2]
        client.close()
    assert clock.paused == []
    assert client_factory.limiter.outcomes == ["responded", "unknown", "responded"]


def test_idle_connection_closed(client_factory: ClientFactory) -> None:
    """A connection that was closed while idle is detected before a request is sent on it."""
    with RawServer(send_bytes(head(len(ROWS)) + ROWS), respond()) as server:
        client = open_client(client_factory, server, max_retries=0)
        send(client)
        server.wait_until_closed()
        send(client)
        assert server.connection_ids == [1, 2]
        client.close()


def test_slow_response_within_the_timeout(client_factory: ClientFactory) -> None:
    """A response that arrives byte by byte within the timeout, with unknown headers, is accepted."""
    with RawServer(drip(head(len(ROWS), 200, "X-New: 1", "Set-Cookie: a=b") + ROWS, 0.0005)) as server:
        client = open_client(client_factory, server)
        assert len(send(client)) == 1
        client.close()


def test_batch(client_factory: ClientFactory) -> None:
    """In a batch, each fault is the error of some pairs, and every pair has an error or was requested."""
    behaviors = [fault.behavior for fault in (*FRAMES, *BODIES, *REJECTIONS) if fault.requests == ONE]
    pairs = inst_ids(5 * len(behaviors))
    with RawServer(*behaviors, respond()) as server:
        client = open_client(client_factory, server, max_retries=0)
        batches = list(client.iter_max_loan(pairs, mgn_mode="cross"))
        client.close()
    assert sorted(inst_id for each in batches for inst_id in each.inst_ids) == sorted(pairs)
    assert {InvalidResponseError, AuthenticationError} <= {type(each.error) for each in batches}
