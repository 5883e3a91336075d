"""Skew: the exchange's clock is learnt, once for all who need it, and again when it jumps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from okx_maxloan_api.contract import GET_TIME

from okx_maxloan_sdk import call, questions
from okx_maxloan_sdk.errors import (
    BadAnswer,
    ClockSkew,
    OkxError,
    OutcomeUnknown,
    Unavailable,
)
from okx_maxloan_sdk.flow import Send, Sleep
from okx_maxloan_sdk.limiter import MemoryLimiter
from okx_maxloan_sdk.transport import Dropped, Request, Response
from tests.limiter.simulator import Simulation
from tests.support.sessions import GOOD, Bench, in_time
from tests.support.wire import Wire, refused, success, timed


class Exchange(Wire):
    """An exchange whose clock is `ahead`, and which insists on it."""

    def __init__(self, bench: Bench, ahead: float) -> None:
        super().__init__(self.reply)
        self.bench, self.ahead = bench, ahead

    @property
    def time(self) -> float:
        return self.bench.session.clock.time() + self.ahead

    def reply(self, request: Request) -> Response:
        if request.target == GET_TIME.path:
            return success(timed(self.time))
        signed = datetime.fromisoformat(request.headers["OK-ACCESS-TIMESTAMP"]).timestamp()
        return GOOD if abs(signed - self.time) <= 30 else refused("50102")


@pytest.mark.parametrize("ahead", [60.0, -60.0, 1200.0, -1200.0])
def test_clock_is_learnt(ahead: float) -> None:
    """With a clock far off a call needs three requests, later calls one; a later jump is learnt again."""
    bench = Bench(attempts=1)
    exchange = Exchange(bench, ahead)
    bench.ask(exchange)
    assert [each.target == GET_TIME.path for each in exchange.requests] == [False, True, False]
    assert bench.session.skew.seconds == pytest.approx(ahead, abs=0.001)
    bench.ask(exchange)
    assert len(exchange.requests) == 4
    exchange.ahead += 3600
    bench.ask(exchange)
    assert len(exchange.requests) == 7
    bench.ask(exchange)
    assert len(exchange.requests) == 8


def test_clock_learns_again_after_measuring() -> None:
    """What was learnt from a refusal does not come back after a measurement replaced it."""
    bench = Bench()
    exchange = Exchange(bench, 60.0)
    bench.ask(exchange)
    exchange.ahead = 600.0
    assert bench.run(questions.clock_offset(bench.session), exchange) == pytest.approx(600.0, abs=0.001)
    exchange.ahead = 6000.0
    bench.ask(exchange)
    assert bench.session.skew.seconds == pytest.approx(6000.0, abs=0.001)


def test_clock_jumps_while_waiting() -> None:
    """A call that began before the last jump, and signed after it, measures again instead of taking that for news."""
    simulation = Simulation()
    bench = Bench(clock=simulation, limiter=MemoryLimiter(max_requests=1, period=10.0))
    exchange = Exchange(bench, 60.0)
    flows = [bench.flow() for _ in range(2)]
    tasks = [simulation.spawn(in_time(flow, exchange, travels=0.1)) for flow in flows]
    simulation.run(5.0)
    assert bench.session.skew.seconds == pytest.approx(60.0, abs=0.01)
    exchange.ahead = 600.0
    simulation.run(60.0)
    assert all(task.done and task.error is None for task in tasks)
    assert bench.session.skew.seconds == pytest.approx(600.0, abs=0.01)


def test_clock_is_learnt_once_by_many() -> None:
    """Calls that are refused at the same time share one measurement."""
    simulation = Simulation()
    bench = Bench(clock=simulation)
    exchange = Exchange(bench, 60.0)
    flows = [bench.flow() for _ in range(5)]
    tasks = [simulation.spawn(in_time(flow, exchange, travels=0.1)) for flow in flows]
    simulation.run(5.0)
    assert all(task.done and task.error is None for task in tasks)
    assert [each.target for each in exchange.requests].count(GET_TIME.path) == 1
    assert len(exchange.requests) == 5 + 1 + 5


def test_clock_cannot_be_mended() -> None:
    """When signing with the exchange's own time is refused too, that is raised, with what was measured."""
    bench = Bench()
    times: list[Any] = [refused("50102"), lambda _: success(timed(bench.clock.time() + 12.5)), refused("50102")]
    wire = Wire(*times)
    with pytest.raises(ClockSkew, match=r"\+12\.500 s") as caught:
        bench.ask(wire)
    assert len(wire.requests) == 3
    assert caught.value.code == "50102"


@pytest.mark.parametrize(
    ("time", "error"),
    [
        (success(), BadAnswer),
        (success({"ts": "soon"}), BadAnswer),
        (success({"ts": "253402300800000"}), BadAnswer),
        (success({"ts": "9999999999999999"}), BadAnswer),
        (refused("50102"), ClockSkew),
        (refused("50026", 500), Unavailable),
        (OutcomeUnknown("reset"), OutcomeUnknown),
    ],
)
def test_time_is_not_told(time: Any, error: type[OkxError]) -> None:
    """When the exchange does not tell its time the call fails with the reason, and the next one starts afresh."""
    bench = Bench(attempts=1)
    with pytest.raises(error):
        bench.ask(Wire(refused("50102"), time))
    assert bench.ask(Exchange(bench, 0.0)).rows


def test_time_that_is_none() -> None:
    """A time that no timestamp can name is said to be none."""
    bench = Bench()
    with pytest.raises(BadAnswer, match=r"\(HTTP 200\) cannot be read: its time is no time$"):
        bench.run(call.learn(bench.session, None), Wire(success({"ts": "253402300800000"})))


def test_no_skew_to_speak_of() -> None:
    """A clock that was measured to be right is no hint."""
    bench = Bench()
    with pytest.raises(ClockSkew) as caught:
        bench.ask(Wire(refused("50102"), success(timed(bench.clock.time())), refused("50102")))
    assert caught.value.hint == ""


def test_deadline_bounds_learning() -> None:
    """Neither asking for the time nor waiting for another who asks for it takes longer than the deadline allows."""
    bench = Bench()
    first, second = bench.flow(bench.clock.now + 3.0), bench.flow(bench.clock.now + 2.0)
    for flow in (first, second):
        assert isinstance(next(flow), Send)
    bench.clock.now += 1.0
    asks, waits = first.send(refused("50102")), second.send(refused("50102"))
    assert isinstance(asks, Send)
    assert (asks.request.target, asks.timeout) == (GET_TIME.path, 2.0)
    assert isinstance(waits, Sleep)
    assert waits.seconds == 1.0


def test_latest_time() -> None:
    """The last millisecond of the year 9999 is a time like any other."""
    bench = Bench()
    skew = bench.run(call.learn(bench.session, None), Wire(success({"ts": "253402300799999"})))
    assert bench.session.credentials.sign("GET", "/", bench.clock.time() + skew.seconds)


def test_time_is_tried_again() -> None:
    """Asking for the time is a call like any other: dropped connections and temporary failures are tried again."""
    bench = Bench()
    time = success(timed(bench.clock.time() + 60))
    assert bench.ask(Wire(refused("50102"), Dropped("gone"), OutcomeUnknown("reset"), time, GOOD)).rows


def test_midpoint() -> None:
    """The offset is the exchange's time less the middle of the round trip."""
    bench = Bench()

    def slow(_: Request) -> Response:
        told = bench.clock.time() + 5.0
        bench.clock.now += 3.0
        return success(timed(told))

    skew = bench.run(call.learn(bench.session, None), Wire(slow))
    assert skew.seconds == pytest.approx(5.0 - 1.5, abs=0.001)
