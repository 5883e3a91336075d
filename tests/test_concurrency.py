"""Together: flows side by side, flows abandoned, and what is left of them."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from concurrent.futures import CancelledError, Future
from contextlib import aclosing, closing
from itertools import count
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.drivers import arun_concurrently, run_concurrently
from okx_maxloan_sdk.effects import Flow, gather, run_blocking, send, sleep
from okx_maxloan_sdk.exceptions import RequestNotSentError
from tests.support.fake_transport import AsyncFakeTransport, FakeTransport
from tests.support.flow_runner import ANSWER, FlowRunner, flow_returning
from tests.support.transports import GET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from okx_maxloan_sdk.clock import WakeEvent


def test_results_side_by_side(driver: FlowRunner) -> None:
    """Every flow's result comes, and no more than `width` flows are on their way at once."""
    going, most = 0, 0

    def flow(number: int) -> Flow[int]:
        nonlocal going, most
        going += 1
        most = max(most, going)
        yield from sleep(0.001)
        going -= 1
        return number

    driver.clock = SystemClock()
    assert sorted(driver.each((flow(n) for n in range(20)), 4)) == list(range(20))
    assert 1 < most <= 4


def test_gather_stops(driver: FlowRunner) -> None:
    """When `take` has seen enough no further flow is begun, and those under way are awaited."""
    begun, seen = count(), []

    def flows() -> Iterator[Flow[int]]:
        while True:
            yield flow_returning(next(begun))

    def take(number: int) -> bool:
        seen.append(number)
        return len(seen) < 3

    driver(gather(flows(), 2, take))
    assert 3 <= len(seen) <= 3 + 1
    assert next(begun) <= len(seen) + 1


def test_flows_are_taken_when_there_is_room(driver: FlowRunner) -> None:
    """Of an endless supply no more flows are taken than are wanted and fit."""
    taken = count()
    assert len(driver.each((flow_returning(next(taken)) for _ in count()), 3, most=5)) == 5
    assert next(taken) <= 5 + 3


def test_failing_supply(driver: FlowRunner) -> None:
    """When the supply of flows fails, its error comes out and those under way are abandoned."""
    ended: list[object] = []

    def flow() -> Flow[None]:
        try:
            yield from sleep(30)
        except BaseException as error:
            ended.append(type(error))
            raise

    def flows() -> Iterator[Flow[None]]:
        yield flow()
        yield flow()
        time.sleep(0.05)  # real: both threads of the blocking driver are to sleep by now
        message = "supply"
        raise LookupError(message)

    driver.clock = SystemClock()
    with pytest.raises(LookupError, match="supply"):
        driver.each(flows(), 3)
    until(lambda: len(ended) == 2 or driver.kind == "async")
    assert set(ended) <= {CancelledError, asyncio.CancelledError}


def test_failing_flow(driver: FlowRunner) -> None:
    """A flow's failure comes out, and the others are abandoned."""

    def flow(number: int) -> Flow[None]:
        yield from sleep(0.0)
        message = f"flow {number}"
        raise LookupError(message)

    with pytest.raises(LookupError, match="flow"):
        driver.each((flow(n) for n in range(9)), 3)
    assert threads() == []


def threads() -> list[threading.Thread]:
    """Find the threads that a blocking client started, once they had a moment to end."""

    def mine() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name.startswith("okx-maxloan")]

    until(lambda: not mine())
    return mine()


def until(true: Callable[[], bool]) -> None:
    """Wait for threads, which end in their own time."""
    end = time.monotonic() + 5
    while not true() and time.monotonic() < end:
        time.sleep(0.005)


def test_abandoned_sleepers_wake() -> None:
    """When results are abandoned, threads that sleep end at once, whatever they slept on, and send nothing more."""
    shared: WakeEvent = Future()
    wire = FakeTransport(ANSWER)

    def sleeps(wake: WakeEvent | None) -> Flow[None]:
        try:
            yield from sleep(30, wake)
        finally:
            with pytest.raises(RequestNotSentError):
                yield from send(GET, 1.0)
            with pytest.raises(CancelledError):
                yield from sleep(30)

    flows = iter([flow_returning(1), sleeps(None), sleeps(shared)])
    with closing(run_concurrently(flows, 3, wire, SystemClock())) as results:
        assert next(results) == 1
        time.sleep(0.05)  # real: the threads are to sleep by then
    assert threads() == []
    assert wire.requests == []
    assert not shared.cancelled()
    shared.set_result(None)


def test_abandoned_does_not_wake_others() -> None:
    """A wake that others sleep on too is theirs: abandoning one sleeper does not wake them."""
    shared: WakeEvent = Future()
    woken: list[bool] = []
    other = threading.Thread(target=lambda: woken.append(SystemClock().sleep(30, shared)))
    other.start()
    with closing(
        run_concurrently(iter([flow_returning(1), sleep(30, shared)]), 2, FakeTransport(ANSWER), SystemClock())
    ) as results:
        next(results)
        time.sleep(0.05)  # real: the thread is to sleep by then
    assert threads() == []
    assert other.is_alive()
    shared.set_result(None)
    other.join(5)
    assert woken == [True]


def test_wakes_reach_sleepers() -> None:
    """A flow among others is woken by its wake, and told so."""
    wake: WakeEvent = Future()
    threading.Timer(0.02, wake.set_result, [None]).start()
    assert list(run_concurrently(iter([sleep(30, wake)]), 1, FakeTransport(ANSWER), SystemClock())) == [True]


def test_abandoned_tasks_are_cancelled() -> None:
    """When results are abandoned no task is left, and each flow has cleaned up."""
    ended: list[str] = []

    def clean() -> None:
        ended.append("cleaned up")

    def flow() -> Flow[bool]:
        try:
            return (yield from sleep(30))
        finally:
            yield from run_blocking(clean)

    async def main() -> None:
        flows = iter([flow_returning(1), flow(), flow()])
        async with aclosing(
            arun_concurrently(flows, 3, AsyncFakeTransport(FakeTransport(ANSWER)), SystemClock())
        ) as results:
            assert await anext(results) == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert ended == ["cleaned up", "cleaned up"]


def test_failing_supply_leaves_no_task() -> None:
    """Tasks begun in the very moment in which the supply fails are cancelled too."""

    def flows() -> Iterator[Flow[bool]]:
        yield sleep(30)
        raise LookupError

    async def main() -> None:
        with pytest.raises(LookupError):
            await anext(arun_concurrently(flows(), 3, AsyncFakeTransport(FakeTransport(ANSWER)), SystemClock()))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_nothing_is_left_to_the_collector(driver: FlowRunner) -> None:
    """Flows that were begun and abandoned leave nothing that complains when it is collected."""
    driver.clock = SystemClock()
    driver.each((flow_returning(n) for n in count()), 3, most=2)
    gc.collect()
