"""Concurrent flows: their results, abandoned flows, and what remains of them."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import aclosing, closing
from itertools import count

import pytest

from okx_maxloan_sdk.clock import SystemClock, WakeEvent
from okx_maxloan_sdk.drivers import arun_concurrently, run_concurrently
from okx_maxloan_sdk.effects import Flow, gather, run_blocking, send, sleep
from okx_maxloan_sdk.exceptions import RequestNotSentError
from tests.support.fake_transport import AsyncFakeTransport, FakeTransport
from tests.support.flow_runner import RESPONSE, FlowRunner, flow_returning
from tests.support.transports import GET


def test_concurrent_results(driver: FlowRunner) -> None:
    """Every flow's result arrives, and at most `width` flows run at once."""
    going, max_results = 0, 0

    def flow(number: int) -> Flow[int]:
        nonlocal going, max_results
        going += 1
        max_results = max(max_results, going)
        yield from sleep(0.001)
        going -= 1
        return number

    driver.clock = SystemClock()
    assert sorted(driver.run_all((flow(n) for n in range(20)), 4)) == list(range(20))
    assert 1 < max_results <= 4


def test_gather_stops(driver: FlowRunner) -> None:
    """Once `on_result` returns False no further flow starts, and running flows are awaited."""
    begun, results_seen = count(), []

    def flows() -> Iterator[Flow[int]]:
        while True:
            yield flow_returning(next(begun))

    def on_result(number: int) -> bool:
        results_seen.append(number)
        return len(results_seen) < 3

    driver(gather(flows(), 2, on_result))
    assert 3 <= len(results_seen) <= 3 + 1
    assert next(begun) <= len(results_seen) + 1


def test_flows_are_taken_when_there_is_room(driver: FlowRunner) -> None:
    """Of an endless supply no more flows are taken than are needed and fit."""
    taken = count()
    assert len(driver.run_all((flow_returning(next(taken)) for _ in count()), 3, max_results=5)) == 5
    assert next(taken) <= 5 + 3


def test_failing_supply(driver: FlowRunner) -> None:
    """An error of the supply is raised, and running flows are abandoned."""
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
        time.sleep(0.05)  # real: both threads of the blocking driver must sleep by now
        message = "supply"
        raise LookupError(message)

    driver.clock = SystemClock()
    with pytest.raises(LookupError, match="supply"):
        driver.run_all(flows(), 3)
    until(lambda: len(ended) == 2 or driver.kind == "async")
    assert set(ended) <= {CancelledError, asyncio.CancelledError}


def test_failing_flow(driver: FlowRunner) -> None:
    """A flow's error is raised, and the other flows are abandoned."""

    def flow(number: int) -> Flow[None]:
        yield from sleep(0.0)
        message = f"flow {number}"
        raise LookupError(message)

    with pytest.raises(LookupError, match="flow"):
        driver.run_all((flow(n) for n in range(9)), 3)
    assert threads() == []


def threads() -> list[threading.Thread]:
    """List the threads of a blocking client that have not ended shortly."""

    def mine() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name.startswith("okx-maxloan")]

    until(lambda: not mine())
    return mine()


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that threads make true."""
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)


def test_abandoned_sleepers_wake() -> None:
    """Threads that sleep when their results are abandoned end at once and send nothing more."""
    shared: WakeEvent = Future()
    transport = FakeTransport(RESPONSE)

    def sleeps(wake: WakeEvent | None) -> Flow[None]:
        try:
            yield from sleep(30, wake)
        finally:
            with pytest.raises(RequestNotSentError):
                yield from send(GET, 1.0)
            with pytest.raises(CancelledError):
                yield from sleep(30)

    flows = iter([flow_returning(1), sleeps(None), sleeps(shared)])
    with closing(run_concurrently(flows, 3, transport, SystemClock())) as results:
        assert next(results) == 1
        time.sleep(0.05)  # real: the threads must sleep by then
    assert threads() == []
    assert transport.requests == []
    assert not shared.cancelled()
    shared.set_result(None)


def test_abandoned_does_not_wake_others() -> None:
    """Abandoning one sleeper on a shared wake event does not wake the others."""
    shared: WakeEvent = Future()
    woken: list[bool] = []
    other = threading.Thread(target=lambda: woken.append(SystemClock().sleep(30, shared)))
    other.start()
    with closing(
        run_concurrently(iter([flow_returning(1), sleep(30, shared)]), 2, FakeTransport(RESPONSE), SystemClock())
    ) as results:
        next(results)
        time.sleep(0.05)  # real: the thread must sleep by then
    assert threads() == []
    assert other.is_alive()
    shared.set_result(None)
    other.join(5)
    assert woken == [True]


def test_wakes_reach_sleepers() -> None:
    """A wake event ends the sleep of one of several flows, whose effect returns True."""
    wake: WakeEvent = Future()
    threading.Timer(0.02, wake.set_result, [None]).start()
    assert list(run_concurrently(iter([sleep(30, wake)]), 1, FakeTransport(RESPONSE), SystemClock())) == [True]


def test_abandoned_tasks_are_cancelled() -> None:
    """When results are abandoned no task remains, and each flow has cleaned up."""
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
            arun_concurrently(flows, 3, AsyncFakeTransport(FakeTransport(RESPONSE)), SystemClock())
        ) as results:
            assert await anext(results) == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert ended == ["cleaned up", "cleaned up"]


def test_failing_supply_leaves_no_task() -> None:
    """Tasks that start while the supply fails are cancelled too."""

    def flows() -> Iterator[Flow[bool]]:
        yield sleep(30)
        raise LookupError

    async def main() -> None:
        with pytest.raises(LookupError):
            await anext(arun_concurrently(flows(), 3, AsyncFakeTransport(FakeTransport(RESPONSE)), SystemClock()))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_garbage_collection_warns_of_nothing(driver: FlowRunner) -> None:
    """Abandoned flows cause no warning when they are garbage-collected."""
    driver.clock = SystemClock()
    driver.run_all((flow_returning(n) for n in count()), 3, max_results=2)
    gc.collect()
