"""Faults of servers, networks and gateways, and the resulting errors, as a table for both clients."""

import gzip
import re
import time
from typing import Any, NamedTuple

import pytest

from okx_maxloan_sdk.exceptions import BadRequestError, InvalidResponseError, NoResponseError, OkxError, RateLimitError
from tests.support.clients import KEY, PASSPHRASE, SECRET, ClientFactory
from tests.support.raw import ROWS, Behavior, RawServer, drip, hang, head, reset, respond, send_bytes
from tests.support.transports import HTTPX, OWN

# Total timeouts are real time; TIMEOUT is short, so that all tests take seconds. PLENTY is for servers
# that respond, so that a busy machine causes no failure.
TIMEOUT, PLENTY = 0.15, 10.0
ONE, TRIES = 1, 2


class Fault(NamedTuple):
    """The server's behavior for each request, the error, the number of requests, a part of the message, the timeout."""

    name: str
    behavior: Behavior
    error: type[OkxError]
    requests: int
    message: str = ""
    timeout: float = PLENTY


def unanswered(name: str, behavior: Behavior, message: str = "") -> Fault:
    """Return a fault after which nobody knows whether OKX counted the request."""
    return Fault(name, behavior, NoResponseError, TRIES, message)


def silent(name: str, behavior: Behavior, message: str = "") -> Fault:
    """Return a fault that only the timeout ends."""
    return unanswered(name, behavior, message)._replace(timeout=TIMEOUT)


def invalid(name: str, behavior: Behavior, message: str = "", requests: int = ONE) -> Fault:
    """Return a fault whose response is invalid."""
    return Fault(name, behavior, InvalidResponseError, requests, message)


CHUNKED = head(None, 200, "Transfer-Encoding: chunked")
GZIP = "Content-Encoding: gzip"
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
    unanswered("closed in a gzip body", send_bytes(head(None, 200, GZIP) + gzip.compress(ROWS)[:40])),
    silent("silent", hang(), "Timeout"),
    silent("silent in the head", hang(CUT_HEAD)),
    silent("silent before the body", hang(head(len(ROWS)))),
    silent("silent in the body", hang(CUT_BODY)),
    silent("drips the head", drip(head(len(ROWS)) + ROWS, 0.02), "Timeout"),
    silent("drips without end", drip(head(None) + b" " * 9999, 0.002)),
]
FRAMES = [
    unanswered("shorter than said", send_bytes(head(len(ROWS) + 1) + ROWS)),
    silent("waits for more than there is", hang(head(len(ROWS) + 1) + ROWS)),
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
    *(invalid(f"redirect {each}", respond(b"", each, "Location: /"), "redirect") for each in (301, 302, 303, 307, 308)),
    *(
        invalid(f"redirect to {to}", respond(b"", 302, f"Location: {to}"), "redirect")
        for to in ("host:8080/login", "http://xn--/")
    ),
    invalid("says gzip", respond(ROWS, 200, GZIP), "compressed body is invalid"),
    invalid("gzip cut short", respond(gzip.compress(ROWS)[:-9], 200, GZIP), "ends early"),
    invalid("says brotli", respond(ROWS, 200, "Content-Encoding: br"), "br"),
]
# tests/test_codec.py and tests/test_request.py have the other bodies and rejections, which no transport reads.
BODIES = [
    invalid("HTML", respond(HTML, 403), "HTTP 403"),
    invalid("HTML of a failing gateway", respond(HTML, 502), "HTTP 502", TRIES),
    invalid("more than a megabyte", respond(b" " * (1 << 20) + ROWS), "longer than 1048576"),
    Fault("rejected", respond(b'{"code":"51000","data":[],"msg":"words"}', 400), BadRequestError, ONE, "words"),
    Fault("too many requests", respond(b'{"msg":"words","code":"50011"}', 429), RateLimitError, TRIES, "words"),
]
# Most faults are detected in the transport.
pytestmark = pytest.mark.parametrize("client_factory", [*OWN, *HTTPX], indirect=True)


def failing_call(client_factory: ClientFactory, server: RawServer, **settings: Any) -> OkxError:
    """Make a call that fails, and return its error."""
    client = client_factory.open(**{"base_url": server.url, "max_retries": TRIES - 1, **settings})
    with pytest.raises(OkxError) as caught:
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
    client.close()
    return caught.value


@pytest.mark.parametrize("fault", [*NETWORK, *FRAMES, *BODIES], ids=lambda fault: fault.name)
def test_fault(client_factory: ClientFactory, fault: Fault) -> None:
    """Each fault leads to the table's error and number of requests, and the error shows no secret."""
    is_unanswered = fault.error is NoResponseError
    with RawServer(fault.behavior) as server:
        error = failing_call(client_factory, server, timeout=fault.timeout)
        server.wait(fault.requests)  # the last one of a short timeout may not have been read yet
        assert len(server.requests) == fault.requests
    assert isinstance(error, NoResponseError) if is_unanswered else type(error) is fault.error
    assert re.search(fault.message, str(error))
    assert not any(secret in f"{error!r} {error}" for secret in (KEY, SECRET, PASSPHRASE))
    assert client_factory.limiter.outcomes == ["unknown" if is_unanswered else "responded"] * fault.requests


@pytest.mark.parametrize("fault", NETWORK, ids=lambda fault: fault.name)
def test_deadline(client_factory: ClientFactory, fault: Fault) -> None:
    """Whatever the network's fault, the call ends by its deadline."""
    with RawServer(fault.behavior) as server:
        began = time.monotonic()
        failing_call(client_factory, server, timeout=5.0, total_timeout=TIMEOUT, max_retries=98, clock=None)
        assert time.monotonic() - began < TIMEOUT + 1.0
