"""Drivers: effects of a flow, blocking and asynchronous, and their errors."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from okx_maxloan_sdk import AsyncMaxLoanClient
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.drivers import run_async
from okx_maxloan_sdk.effects import Flow, gather, run_blocking, send, sleep
from okx_maxloan_sdk.exceptions import RequestNotSentError
from tests.support.clients import credentials
from tests.support.clock import FakeClock
from tests.support.fake_transport import AsyncFakeTransport, FakeTransport
from tests.support.flow_runner import RESPONSE, FlowRunner, flow_returning
from tests.support.transports import GET


def test_effects(driver: FlowRunner) -> None:
    """Each effect returns its result to the flow, and the driver returns the flow's."""

    def flow() -> Flow[list[Any]]:
        def take(each: int) -> bool:
            results.append(each)
            return True

        results: list[Any] = [
            (yield from send(GET, 3.0)),
            (yield from sleep(1.5)),
            (yield from run_blocking(lambda: 7)),
        ]
        yield from gather(iter([flow_returning(8), flow_returning(9)]), 1, take)
        return results

    assert driver(flow()) == [RESPONSE, False, 7, 8, 9]
    assert driver.transport.requests == [GET]
    assert driver.transport.timeouts == [3.0]
    assert isinstance(driver.clock, FakeClock)
    assert driver.clock.slept[0] == 1.5


def test_failures_are_raised_in_the_flow(driver: FlowRunner) -> None:
    """An error of an effect is raised in the flow, which may handle it and continue."""
    driver.transport = FakeTransport(RequestNotSentError("no"), RESPONSE)

    def flow() -> Flow[object]:
        try:
            yield from send(GET, 1.0)
        except RequestNotSentError:
            return (yield from send(GET, 2.0))
        return None

    assert driver(flow()) is RESPONSE


def test_failures_come_out(driver: FlowRunner) -> None:
    """An error that the flow does not handle is raised unchanged, after the flow's clean-up."""
    failure, cleaned = RequestNotSentError("no"), []
    driver.transport = FakeTransport(failure)

    def flow() -> Flow[None]:
        try:
            yield from send(GET, 1.0)
        finally:
            yield from sleep(0.25)
            cleaned.append(True)

    with pytest.raises(RequestNotSentError) as caught:
        driver(flow())
    assert caught.value is failure
    assert cleaned == [True]


def test_full_executor() -> None:
    """Blocking work, as of a file or Redis limiter, does not wait for the program's own in asyncio's executor."""
    busy = threading.Event()

    def flow() -> Flow[None]:
        yield from run_blocking(lambda: None)

    async def main() -> None:
        executor = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(executor)
        executor.submit(busy.wait, 20)
        async with asyncio.timeout(5):
            await run_async(flow(), AsyncFakeTransport(FakeTransport(RESPONSE)), SystemClock())
        busy.set()

    asyncio.run(main())


def test_blocking_work_leaves_the_loop_free() -> None:
    """Blocking work runs in another thread, and a cancelled task waits for its end."""
    began, end, order = threading.Event(), threading.Event(), []

    def work() -> None:
        began.set()
        end.wait(10)
        order.append(f"work in {threading.current_thread() is threading.main_thread()}")

    def flow() -> Flow[None]:
        try:
            yield from run_blocking(work)
        finally:
            order.append("cleaned up")

    async def main() -> None:
        task = asyncio.ensure_future(run_async(flow(), AsyncFakeTransport(FakeTransport(RESPONSE)), SystemClock()))
        await asyncio.to_thread(began.wait, 10)
        task.cancel()
        await asyncio.sleep(0.01)
        assert order == []
        end.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert order == ["work in False", "cleaned up"]


def test_event_loop_of_another_framework() -> None:
    """Outside of asyncio the error names the requirement."""
    client = AsyncMaxLoanClient(credentials(), base_url="http://127.0.0.1:1")
    for call in (client.get_max_loan("BTC-USDT", mgn_mode="cross"), client.__aenter__()):
        with pytest.raises(RuntimeError, match="needs a running event loop of asyncio; trio"):
            call.send(None)
