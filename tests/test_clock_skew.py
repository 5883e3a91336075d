"""Skew: the exchange's clock is learnt, once for all who need it, and again when it jumps."""

from __future__ import annotations

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
    """An exchange whose clock is `ahead`, and which insists on it."""

    def __init__(self, bench: RequestHarness, ahead: float) -> None:
        super().__init__(self.reply)
        self.bench, self.ahead = bench, ahead

    @property
    def time(self) -> float:
        return self.bench.state.clock.time() + self.ahead

    def reply(self, request: Request) -> Response:
        if request.target == GET_TIME.path:
            return ok_response(time_row(self.time))
        signed = datetime.fromisoformat(request.headers["OK-ACCESS-TIMESTAMP"]).timestamp()
        return OK_RESPONSE if abs(signed - self.time) <= 30 else error_response("50102")


@pytest.mark.parametrize("ahead", [60.0, -60.0, 1200.0, -1200.0])
def test_clock_is_learnt(ahead: float) -> None:
    """With a clock far off a call needs three requests, later calls one; a later jump is learnt again."""
    bench = RequestHarness(max_retries=0)
    exchange = Exchange(bench, ahead)
    bench.ask(exchange)
    assert [each.target == GET_TIME.path for each in exchange.requests] == [False, True, False]
    assert bench.state.clock_skew.seconds == pytest.approx(ahead, abs=0.001)
    bench.ask(exchange)
    assert len(exchange.requests) == 4
    exchange.ahead += 3600
    bench.ask(exchange)
    assert len(exchange.requests) == 7
    bench.ask(exchange)
    assert len(exchange.requests) == 8


def test_clock_learns_again_after_measuring() -> None:
    """What was learnt from a refusal does not come back after a measurement replaced it."""
    bench = RequestHarness()
    exchange = Exchange(bench, 60.0)
    bench.ask(exchange)
    exchange.ahead = 600.0
    assert bench.run(operations.measure_clock_offset(bench.state), exchange) == pytest.approx(600.0, abs=0.001)
    exchange.ahead = 6000.0
    bench.ask(exchange)
    assert bench.state.clock_skew.seconds == pytest.approx(6000.0, abs=0.001)


def test_clock_jumps_while_waiting() -> None:
    """A call that began before the last jump, and signed after it, measures again instead of taking that for news."""
    simulation = Simulation()
    bench = RequestHarness(clock=simulation, limiter=MemoryLimiter(max_requests=1, period=10.0))
    exchange = Exchange(bench, 60.0)
    flows = [bench.flow() for _ in range(2)]
    tasks = [simulation.spawn(with_latency(flow, exchange, travels=0.1)) for flow in flows]
    simulation.run(5.0)
    assert bench.state.clock_skew.seconds == pytest.approx(60.0, abs=0.01)
    exchange.ahead = 600.0
    simulation.run(60.0)
    assert all(task.done and task.error is None for task in tasks)
    assert bench.state.clock_skew.seconds == pytest.approx(600.0, abs=0.01)


def test_clock_is_learnt_once_by_many() -> None:
    """Calls that are refused at the same time share one measurement."""
    simulation = Simulation()
    bench = RequestHarness(clock=simulation)
    exchange = Exchange(bench, 60.0)
    flows = [bench.flow() for _ in range(5)]
    tasks = [simulation.spawn(with_latency(flow, exchange, travels=0.1)) for flow in flows]
    simulation.run(5.0)
    assert all(task.done and task.error is None for task in tasks)
    assert [each.target for each in exchange.requests].count(GET_TIME.path) == 1
    assert len(exchange.requests) == 5 + 1 + 5


def test_clock_cannot_be_mended() -> None:
    """When signing with the exchange's own time is refused too, that is raised, with what was measured."""
    bench = RequestHarness()
    times: list[Any] = [
        error_response("50102"),
        lambda _: ok_response(time_row(bench.clock.time() + 12.5)),
        error_response("50102"),
    ]
    wire = FakeTransport(*times)
    with pytest.raises(ClockSkewError, match=r"\+12\.500 s") as caught:
        bench.ask(wire)
    assert len(wire.requests) == 3
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
def test_time_is_not_told(time: Any, error: type[OkxError]) -> None:
    """When the exchange does not tell its time the call fails with the reason, and the next one starts afresh."""
    bench = RequestHarness(max_retries=0)
    with pytest.raises(error):
        bench.ask(FakeTransport(error_response("50102"), time))
    assert bench.ask(Exchange(bench, 0.0)).rows


def test_time_that_is_none() -> None:
    """A time that no timestamp can name is said to be none."""
    bench = RequestHarness()
    with pytest.raises(InvalidResponseError, match=r"\(HTTP 200\): server time out of range: \d+$"):
        bench.run(request.measure_clock_skew(bench.state, None), FakeTransport(ok_response({"ts": "253402300800000"})))


def test_no_skew_to_speak_of() -> None:
    """A clock that was measured to be right is no hint."""
    bench = RequestHarness()
    with pytest.raises(ClockSkewError) as caught:
        bench.ask(
            FakeTransport(error_response("50102"), ok_response(time_row(bench.clock.time())), error_response("50102"))
        )
    assert caught.value.hint == ""


def test_deadline_bounds_learning() -> None:
    """Neither asking for the time nor waiting for another who asks for it takes longer than the deadline allows."""
    bench = RequestHarness()
    first, second = bench.flow(bench.clock.now + 3.0), bench.flow(bench.clock.now + 2.0)
    for flow in (first, second):
        assert isinstance(next(flow), Send)
    bench.clock.now += 1.0
    asks, waits = first.send(error_response("50102")), second.send(error_response("50102"))
    assert isinstance(asks, Send)
    assert (asks.request.target, asks.timeout) == (GET_TIME.path, 2.0)
    assert isinstance(waits, Sleep)
    assert waits.seconds == 1.0


def test_latest_time() -> None:
    """The last millisecond of the year 9999 is a time like any other."""
    bench = RequestHarness()
    skew = bench.run(
        request.measure_clock_skew(bench.state, None), FakeTransport(ok_response({"ts": "253402300799999"}))
    )
    assert bench.state.config.credentials.sign("GET", "/", bench.clock.time() + skew.seconds)


def test_time_is_tried_again() -> None:
    """Asking for the time is a call like any other: dropped connections and temporary failures are tried again."""
    bench = RequestHarness()
    time = ok_response(time_row(bench.clock.time() + 60))
    assert bench.ask(
        FakeTransport(
            error_response("50102"), ConnectionDroppedError("gone"), NoResponseError("reset"), time, OK_RESPONSE
        )
    ).rows


def test_midpoint() -> None:
    """The offset is the exchange's time less the middle of the round trip."""
    bench = RequestHarness()

    def slow(_: Request) -> Response:
        told = bench.clock.time() + 5.0
        bench.clock.now += 3.0
        return ok_response(time_row(told))

    skew = bench.run(request.measure_clock_skew(bench.state, None), FakeTransport(slow))
    assert skew.seconds == pytest.approx(5.0 - 1.5, abs=0.001)
