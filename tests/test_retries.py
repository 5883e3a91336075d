"""Retries: what is worth another try, how often and when, and the deadline over all of it."""

from __future__ import annotations

from typing import Any

import pytest
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


def test_what_is_worth_another_try() -> None:
    """Codes that OKX calls temporary are tried again, and those that the issue calls permanent are not."""
    assert {"50001", "50004", "50011", "50013", "50026"} <= set(LATER)
    assert {"50113", "50111", "50105", "50101", "50119", "51000"} <= set(NEVER)


@pytest.mark.parametrize("code", NEVER)
def test_permanent(code: str) -> None:
    """A permanent refusal fails at the first answer."""
    bench, wire = RequestHarness(), FakeTransport(error_response(code))
    with pytest.raises(ApiError) as caught:
        bench.ask(wire)
    assert caught.value.code == code
    assert len(wire.requests) == 1
    assert bench.clock.slept == []


TEMPORARY: list[Any] = [
    *(error_response(code) for code in LATER),
    error_response("59999", 500),
    error_response("59999", 429),
    error_response("50011_7"),
    HTML,
    Response(429, {}, b"slow down"),
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
    """A temporary failure is tried again: a slot, a fresh timestamp and a pause for each attempt."""
    bench, wire = RequestHarness(), FakeTransport(failure, failure, OK_RESPONSE)
    assert bench.ask(wire).rows
    assert len(set(wire.stamps)) == len(bench.limiter.notes) == 3
    assert bench.clock.slept == [retry.backoff(1, 0.5), retry.backoff(2, 0.5)]


@pytest.mark.parametrize("failure", TEMPORARY, ids=repr)
@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_attempts(failure: Any, attempts: int) -> None:
    """What goes on failing is sent as often as `attempts` says, and then raised."""
    bench, wire = RequestHarness(max_retries=attempts - 1), FakeTransport(failure)
    with pytest.raises(OkxError):
        bench.ask(wire)
    assert len(wire.requests) == attempts
    assert len(bench.clock.slept) == attempts - 1


@pytest.mark.parametrize("failure", FINAL, ids=repr)
def test_final(failure: Any) -> None:
    """What another try cannot change is raised at once."""
    bench, wire = RequestHarness(), FakeTransport(failure)
    with pytest.raises(OkxError):
        bench.ask(wire)
    assert len(wire.requests) == 1


def test_backoff() -> None:
    """Pauses are spread over all of a range that doubles, between a quarter of a second and four."""
    ranges = [(retry.backoff(failed, 0.0), retry.backoff(failed, 1.0)) for failed in (1, 2, 3, 4, 5, 2000)]
    assert ranges == [(0.25, 0.5), (0.25, 1.0), (0.25, 2.0), (0.25, 4.0), (0.25, 4.0), (0.25, 4.0)]
    assert retry.backoff(1, 0.5) == 0.375


def test_dropped_connection() -> None:
    """A kept connection that went away is tried again without a pause, and does not count as an attempt."""
    bench, wire = (
        RequestHarness(max_retries=0),
        FakeTransport(ConnectionDroppedError("gone"), ConnectionDroppedError("gone"), OK_RESPONSE),
    )
    assert bench.ask(wire).rows
    assert len(wire.requests) == 3
    assert bench.clock.slept == []
    assert bench.limiter.notes == ["unknown", "unknown", "answered"]


def test_dropped_connections() -> None:
    """When every connection goes away that counts as a failure like any other."""
    bench, wire = RequestHarness(max_retries=1), FakeTransport(ConnectionDroppedError("gone"))
    with pytest.raises(NoResponseError):
        bench.ask(wire)
    assert len(wire.requests) == retry.MAX_FREE_RECONNECTS + 2
    assert len(bench.clock.slept) == 1


def test_penalty() -> None:
    """A refusal for too many requests slows the limiter down, each time."""
    bench = RequestHarness(max_retries=1)
    with pytest.raises(RateLimitError):
        bench.ask(FakeTransport(error_response("50011")))
    assert bench.limiter.penalties == 2
    with pytest.raises(ServiceUnavailableError):
        bench.ask(FakeTransport(error_response("50001", 503)))
    assert bench.limiter.penalties == 2


def test_deadline_bounds_requests() -> None:
    """No request gets more time than is left, and the limiter is told how long it may take."""
    bench, wire = RequestHarness(max_retries=8), FakeTransport(NoResponseError("late"))
    with pytest.raises(NoResponseError):
        bench.ask(wire, bench.clock.now + 1.2)
    assert wire.timeouts == pytest.approx([1.2, 0.825, 0.2])
    assert bench.limiter.asked[0] == (10.0, 1001.2)


def test_deadline_bounds_pauses() -> None:
    """When the next pause would reach the deadline, the failure is raised at once instead."""
    bench, wire = RequestHarness(max_retries=8), FakeTransport(error_response("50011"))
    with pytest.raises(RateLimitError):
        bench.ask(wire, bench.clock.now + 0.375)
    assert bench.clock.slept == []
    with pytest.raises(RateLimitError):
        bench.ask(wire, bench.clock.now + 0.376)
    assert bench.clock.slept == [0.375]


def test_deadline_over_before_sending() -> None:
    """A request whose wait ate all the time is not sent, and its slot is free again."""
    bench, wire = RequestHarness(total_timeout=5.0), FakeTransport(OK_RESPONSE)
    with pytest.raises(RequestNotSentError, match=r"total_timeout of 5\.0 s"):
        bench.ask(wire, bench.clock.now)
    assert wire.requests == []
    assert bench.limiter.notes == ["unsent"]


def test_no_deadline() -> None:
    """Without a deadline only the timeout of each request bounds it."""
    bench = RequestHarness()
    assert request.remaining_time(bench.state, None) == 10.0
    assert request.remaining_time(bench.state, bench.clock.now + 99.0) == 10.0
    assert request.remaining_time(bench.state, bench.clock.now + 9.0) == 9.0
