"""Clock skew: measured once for concurrent calls, and again after a jump."""

from datetime import datetime
from typing import Any

import pytest
from okx_maxloan_api.contract import GET_TIME

from okx_maxloan_sdk import operations, request
from okx_maxloan_sdk.effects import Send, Sleep
from okx_maxloan_sdk.exceptions import (
    ClockSkewError,
    InvalidResponseError,
    NoResponseError,
    OkxError,
    ServiceUnavailableError,
)
from okx_maxloan_sdk.limiter import MemoryLimiter
from okx_maxloan_sdk.transport import ConnectionDroppedError, Request, Response
from tests.limiter.simulator import Simulation
from tests.support.fake_transport import FakeTransport, error_response, ok_response, time_row
from tests.support.state import OK_RESPONSE, RequestHarness, with_latency


class Exchange(FakeTransport):
    """A mock exchange whose clock is `ahead` and which rejects other timestamps."""

    def __init__(self, harness: RequestHarness, ahead: float) -> None:
        super().__init__(self.response)
        self.harness, self.ahead = harness, ahead

    @property
    def time(self) -> float:
        return self.harness.state.clock.time() + self.ahead

    def response(self, request: Request) -> Response:
        if request.target == GET_TIME.path:
            return ok_response(time_row(self.time))
        signed = datetime.fromisoformat(request.headers["OK-ACCESS-TIMESTAMP"]).timestamp()
        return OK_RESPONSE if abs(signed - self.time) <= 30 else error_response("50102")


@pytest.mark.parametrize("ahead", [60.0, -60.0, 1200.0, -1200.0])
def test_clock_skew_is_measured(ahead: float) -> None:
    """With a wrong clock the first call needs three requests and later calls one; a later jump is measured again."""
    harness = RequestHarness(max_retries=0)
    exchange = Exchange(harness, ahead)
    harness.send(exchange)
    assert [each.target == GET_TIME.path for each in exchange.requests] == [False, True, False]
    assert harness.state.clock_skew.seconds == pytest.approx(ahead, abs=0.001)
    harness.send(exchange)
    assert len(exchange.requests) == 4
    exchange.ahead += 3600
    harness.send(exchange)
    assert len(exchange.requests) == 7
    harness.send(exchange)
    assert len(exchange.requests) == 8


def test_measurement_replaces_a_learned_skew() -> None:
    """A skew that was learned from an error is replaced by a measurement for good."""
    harness = RequestHarness()
    exchange = Exchange(harness, 60.0)
    harness.send(exchange)
    exchange.ahead = 600.0
    assert harness.run(operations.measure_clock_offset(harness.state), exchange) == pytest.approx(600.0, abs=0.001)
    exchange.ahead = 6000.0
    harness.send(exchange)
    assert harness.state.clock_skew.seconds == pytest.approx(6000.0, abs=0.001)


def test_clock_jumps_while_waiting() -> None:
    """A call that started before the last jump, and was signed after it, measures again."""
    simulation = Simulation()
    harness = RequestHarness(clock=simulation, limiter=MemoryLimiter(max_requests=1, period=10.0))
    exchange = Exchange(harness, 60.0)
    flows = [harness.flow() for _ in range(2)]
    tasks = [simulation.spawn(with_latency(flow, exchange, delay=0.1)) for flow in flows]
    simulation.run(5.0)
    assert harness.state.clock_skew.seconds == pytest.approx(60.0, abs=0.01)
    exchange.ahead = 600.0
    simulation.run(60.0)
    assert all(task.done and task.error is None for task in tasks)
    assert harness.state.clock_skew.seconds == pytest.approx(600.0, abs=0.01)


def test_concurrent_calls_share_a_measurement() -> None:
    """Concurrent calls with rejected timestamps share one measurement."""
    simulation = Simulation()
    harness = RequestHarness(clock=simulation)
    exchange = Exchange(harness, 60.0)
    flows = [harness.flow() for _ in range(5)]
    tasks = [simulation.spawn(with_latency(flow, exchange, delay=0.1)) for flow in flows]
    simulation.run(5.0)
    assert all(task.done and task.error is None for task in tasks)
    assert [each.target for each in exchange.requests].count(GET_TIME.path) == 1
    assert len(exchange.requests) == 5 + 1 + 5


def test_clock_error_after_a_measurement() -> None:
    """If a request with the exchange's own time is rejected too, that error is raised, with the measured skew."""
    harness = RequestHarness()
    times: list[Any] = [
        error_response("50102"),
        lambda _: ok_response(time_row(harness.clock.time() + 12.5)),
        error_response("50102"),
    ]
    transport = FakeTransport(*times)
    with pytest.raises(ClockSkewError, match=r"\+12\.500 s") as caught:
        harness.send(transport)
    assert len(transport.requests) == 3
    assert caught.value.code == "50102"


@pytest.mark.parametrize(
    ("time", "error"),
    [
        (ok_response(), InvalidResponseError),
        (ok_response({"ts": "soon"}), InvalidResponseError),
        (ok_response({"ts": "253402300800000"}), InvalidResponseError),
        (ok_response({"ts": "9999999999999999"}), InvalidResponseError),
        (error_response("50102"), ClockSkewError),
        (error_response("50026", 500), ServiceUnavailableError),
        (NoResponseError("reset"), NoResponseError),
    ],
)
def test_missing_server_time(time: Any, error: type[OkxError]) -> None:
    """If the server time is missing, the call fails with the reason, and the next call measures again."""
    harness = RequestHarness(max_retries=0)
    with pytest.raises(error):
        harness.send(FakeTransport(error_response("50102"), time))
    assert harness.send(Exchange(harness, 0.0)).rows


def test_server_time_out_of_range() -> None:
    """A server time beyond any timestamp is an error that says so."""
    harness = RequestHarness()
    with pytest.raises(InvalidResponseError, match=r"\(HTTP 200\): server time out of range: \d+$"):
        harness.run(
            request.measure_clock_skew(harness.state, None), FakeTransport(ok_response({"ts": "253402300800000"}))
        )


def test_zero_skew_is_no_hint() -> None:
    """A measured skew of zero is no hint."""
    harness = RequestHarness()
    with pytest.raises(ClockSkewError) as caught:
        harness.send(
            FakeTransport(error_response("50102"), ok_response(time_row(harness.clock.time())), error_response("50102"))
        )
    assert caught.value.hint == ""


def test_deadline_limits_the_measurement() -> None:
    """Neither the measurement nor waiting for another one takes longer than the deadline."""
    harness = RequestHarness()
    first, second = harness.flow(harness.clock.now + 3.0), harness.flow(harness.clock.now + 2.0)
    for flow in (first, second):
        assert isinstance(next(flow), Send)
    harness.clock.now += 1.0
    calls, waits = first.send(error_response("50102")), second.send(error_response("50102"))
    assert isinstance(calls, Send)
    assert (calls.request.target, calls.timeout) == (GET_TIME.path, 2.0)
    assert isinstance(waits, Sleep)
    assert waits.seconds == 1.0


def test_latest_time() -> None:
    """The last millisecond of the year 9999 is a valid server time."""
    harness = RequestHarness()
    skew = harness.run(
        request.measure_clock_skew(harness.state, None), FakeTransport(ok_response({"ts": "253402300799999"}))
    )
    assert harness.state.config.credentials.sign("GET", "/", harness.clock.time() + skew.seconds)


def test_time_request_is_retried() -> None:
    """The time request is retried as any other, after dropped connections and temporary failures."""
    harness = RequestHarness()
    time = ok_response(time_row(harness.clock.time() + 60))
    assert harness.send(
        FakeTransport(
            error_response("50102"), ConnectionDroppedError("gone"), NoResponseError("reset"), time, OK_RESPONSE
        )
    ).rows


def test_midpoint() -> None:
    """The skew is the server time less the middle of the round trip."""
    harness = RequestHarness()

    def slow(_: Request) -> Response:
        server_time = harness.clock.time() + 5.0
        harness.clock.now += 3.0
        return ok_response(time_row(server_time))

    skew = harness.run(request.measure_clock_skew(harness.state, None), FakeTransport(slow))
    assert skew.seconds == pytest.approx(5.0 - 1.5, abs=0.001)
