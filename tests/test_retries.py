"""Retries: which errors, how often and when, within the deadline."""

from typing import Any

import pytest
from attrs import evolve
from okx_maxloan_api.contract import ERRORS

from okx_maxloan_sdk import request, retry
from okx_maxloan_sdk.exceptions import (
    ApiError,
    ClientClosedError,
    InvalidResponseError,
    NoResponseError,
    OkxError,
    RateLimitError,
    RequestNotSentError,
    ServiceUnavailableError,
)
from okx_maxloan_sdk.transport import ConnectionDroppedError, Response
from tests.support.fake_transport import FakeTransport, error_response
from tests.support.state import OK_RESPONSE, RequestHarness

HTML = Response(502, {}, b"<html>down</html>")
LATER = sorted(code for code, each in ERRORS.items() if each.retry == "later")
NEVER = sorted(code for code, each in ERRORS.items() if each.retry == "never")


def test_retryable_codes() -> None:
    """Codes that OKX calls temporary are retried, and permanent ones are not."""
    assert {"50001", "50004", "50011", "50013", "50026"} <= set(LATER)
    assert {"50113", "50111", "50105", "50101", "50119", "51000"} <= set(NEVER)


@pytest.mark.parametrize("code", NEVER)
def test_permanent(code: str) -> None:
    """A permanent error is raised at the first response."""
    harness, transport = RequestHarness(), FakeTransport(error_response(code))
    with pytest.raises(ApiError) as caught:
        harness.send(transport)
    assert caught.value.code == code
    assert len(transport.requests) == 1
    assert harness.clock.slept == []


TEMPORARY: list[Any] = [
    *(error_response(code) for code in LATER),
    error_response("59999", 500),
    error_response("59999", 429),
    error_response("50011_7"),
    HTML,
    *(Response(status, {}, b"<html>later</html>") for status in (408, 421, 425, 429)),
    Response(500, {}, b""),
    Response(503, {}, b""),
    RequestNotSentError("refused"),
    NoResponseError("reset"),
]
FINAL: list[Any] = [
    error_response("59999"),
    error_response("59999", 403),
    error_response("51000_9"),
    Response(403, {}, b"<html>blocked</html>"),
    Response(200, {}, b"{}"),
    Response(302, {}, b""),
    InvalidResponseError("it ends early"),
    ClientClosedError(),
]


@pytest.mark.parametrize("failure", TEMPORARY, ids=repr)
def test_temporary(failure: Any) -> None:
    """A temporary failure is retried, with a permit, a new timestamp and a pause for each attempt."""
    harness, transport = RequestHarness(), FakeTransport(failure, failure, OK_RESPONSE)
    assert harness.send(transport).rows
    assert len(set(transport.stamps)) == len(harness.limiter.outcomes) == 3
    assert harness.clock.slept == [retry.backoff(1, 0.5), retry.backoff(2, 0.5)]


@pytest.mark.parametrize("failure", TEMPORARY, ids=repr)
@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_attempts(failure: Any, attempts: int) -> None:
    """A persistent failure is sent `max_retries` + 1 times and then raised."""
    harness, transport = RequestHarness(max_retries=attempts - 1), FakeTransport(failure)
    with pytest.raises(OkxError):
        harness.send(transport)
    assert len(transport.requests) == attempts
    assert len(harness.clock.slept) == attempts - 1


@pytest.mark.parametrize("failure", FINAL, ids=repr)
def test_final(failure: Any) -> None:
    """A failure that a retry cannot change is raised at once."""
    harness, transport = RequestHarness(), FakeTransport(failure)
    with pytest.raises(OkxError):
        harness.send(transport)
    assert len(transport.requests) == 1


def test_backoff() -> None:
    """Pauses are random within a range that doubles, from a quarter of a second up to four seconds."""
    ranges = [(retry.backoff(failed, 0.0), retry.backoff(failed, 1.0)) for failed in (1, 2, 3, 4, 5, 2000)]
    assert ranges == [(0.25, 0.5), (0.25, 1.0), (0.25, 2.0), (0.25, 4.0), (0.25, 4.0), (0.25, 4.0)]
    assert retry.backoff(1, 0.5) == 0.375


def test_dropped_connection() -> None:
    """A reused connection that was closed is retried without a pause, and without counting an attempt."""
    harness, transport = (
        RequestHarness(max_retries=0),
        FakeTransport(ConnectionDroppedError("gone"), ConnectionDroppedError("gone"), OK_RESPONSE),
    )
    assert harness.send(transport).rows
    assert len(transport.requests) == 3
    assert harness.clock.slept == []
    assert harness.limiter.outcomes == ["unknown", "unknown", "responded"]


def test_dropped_connections() -> None:
    """If every connection is closed, that counts as any other failure."""
    harness, transport = RequestHarness(max_retries=1), FakeTransport(ConnectionDroppedError("gone"))
    with pytest.raises(NoResponseError):
        harness.send(transport)
    assert len(transport.requests) == retry.MAX_FREE_RECONNECTS + 2
    assert len(harness.clock.slept) == 1


@pytest.mark.parametrize(
    ("value", "pause"),
    [("2", 2.0), ("0", None), ("soon", None), ("-1", None), ("Fri, 28 Nov 2036 00:00:00 GMT", None)],
)
@pytest.mark.parametrize("response", [error_response("50011"), HTML, Response(429, {}, b"<html></html>")], ids=repr)
def test_retry_after(response: Response, value: str, pause: float | None) -> None:
    """A response's Retry-After in seconds is waited for; any other form is as if it were not there."""
    harness = RequestHarness()
    transport = FakeTransport(evolve(response, headers={"retry-after": value}), OK_RESPONSE)
    assert harness.send(transport).rows
    assert harness.clock.slept == [pause or retry.backoff(1, 0.5)]


@pytest.mark.parametrize(("value", "deadline"), [("5", 2.0), ("3600", None)])
def test_retry_after_too_late(value: str, deadline: float | None) -> None:
    """A Retry-After beyond the deadline, or of more than a minute, is not waited for."""
    harness = RequestHarness()
    transport = FakeTransport(evolve(error_response("50011"), headers={"retry-after": value}))
    with pytest.raises(RateLimitError):
        harness.send(transport, deadline and harness.clock.now + deadline)
    assert harness.clock.slept == []


def test_throttle() -> None:
    """Every rate limit error throttles the limiter."""
    harness = RequestHarness(max_retries=1)
    with pytest.raises(RateLimitError):
        harness.send(FakeTransport(error_response("50011"), Response(429, {}, b"<html>slow down</html>")))
    assert harness.limiter.penalties == 2
    with pytest.raises(ServiceUnavailableError):
        harness.send(FakeTransport(error_response("50001", 503)))
    assert harness.limiter.penalties == 2


def test_deadline_bounds_requests() -> None:
    """Each request's timeout, and the limiter's, is at most the remaining time."""
    harness, transport = RequestHarness(max_retries=8), FakeTransport(NoResponseError("late"))
    with pytest.raises(NoResponseError):
        harness.send(transport, harness.clock.now + 1.2)
    assert transport.timeouts == pytest.approx([1.2, 0.825, 0.2])
    assert harness.limiter.acquisitions[0] == (10.0, 1001.2)


def test_deadline_bounds_pauses() -> None:
    """If the next pause would exceed the deadline, the failure is raised at once."""
    harness, transport = RequestHarness(max_retries=8), FakeTransport(error_response("50011"))
    with pytest.raises(RateLimitError):
        harness.send(transport, harness.clock.now + 0.375)
    assert harness.clock.slept == []
    with pytest.raises(RateLimitError):
        harness.send(transport, harness.clock.now + 0.376)
    assert harness.clock.slept == [0.375]


def test_deadline_over_before_sending() -> None:
    """A request that waited beyond its deadline is not sent, and its permit is released."""
    harness, transport = RequestHarness(total_timeout=5.0), FakeTransport(OK_RESPONSE)
    with pytest.raises(RequestNotSentError, match=r"total_timeout of 5\.0 s"):
        harness.send(transport, harness.clock.now)
    assert transport.requests == []
    assert harness.limiter.outcomes == ["unsent"]


def test_no_deadline() -> None:
    """Without a deadline only the timeout of each request limits it."""
    harness = RequestHarness()
    assert request.remaining_time(harness.state, None) == 10.0
    assert request.remaining_time(harness.state, harness.clock.now + 99.0) == 10.0
    assert request.remaining_time(harness.state, harness.clock.now + 9.0) == 9.0
