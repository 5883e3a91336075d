"""Drivers: effects, concurrent and abandoned flows, and errors without the frames that may hold secrets."""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import aclosing, closing
from itertools import islice
from typing import Any

import pytest

from okx_maxloan_sdk import AsyncMaxLoanClient
from okx_maxloan_sdk.clock import SystemClock, WakeEvent
from okx_maxloan_sdk.drivers import arun_concurrently, hide_frames, run_async, run_concurrently, run_sync
from okx_maxloan_sdk.effects import Effect, Flow, Gather, RunBlocking, Send, Sleep
from okx_maxloan_sdk.exceptions import OkxError, RequestNotSentError
from tests.support.clients import credentials
from tests.support.clock import FakeClock, client_threads_end, until
from tests.support.fake_transport import AsyncFakeTransport, FakeTransport, ok_response
from tests.support.transports import GET, KINDS, runner

RESPONSE = ok_response()


class FlowRunner:
    """Run flows with one of the drivers."""

    def __init__(self, kind: str) -> None:
        self.runner = runner(kind)
        self.clock: Any = FakeClock()
        self.transport = FakeTransport(RESPONSE)

    def __call__(self, flow: Flow[Any]) -> Any:
        if self.runner:
            return self.runner.run(run_async(flow, AsyncFakeTransport(self.transport), self.clock))
        return run_sync(flow, self.transport, self.clock)

    def run_all(self, flows: Iterator[Flow[Any]], width: int, max_results: int | None = None) -> list[Any]:
        """Run flows concurrently; return up to `max_results` results and abandon the other flows."""
        if not self.runner:
            with closing(run_concurrently(flows, width, self.transport, self.clock)) as results:
                return [*islice(results, max_results)]

        async def collect() -> list[Any]:
            transport, collected = AsyncFakeTransport(self.transport), []
            try:
                async with aclosing(arun_concurrently(flows, width, transport, self.clock)) as results:
                    async for result in results:
                        collected.append(result)
                        if len(collected) == max_results:
                            break
            finally:
                assert asyncio.all_tasks() == {asyncio.current_task()}
            return collected

        return self.runner.run(collect())


def perform(effect: Effect) -> Flow[Any]:
    """Return the result of one effect."""
    return (yield effect)


def flow_returning(value: Any) -> Flow[list[Any]]:
    """Return a list of one value after one sleep."""
    yield Sleep(0.0)
    return [value]


@pytest.fixture(params=KINDS)
def driver(request: pytest.FixtureRequest) -> Iterator[FlowRunner]:
    """Run a test with each driver, and require that no thread or task outlives it."""
    driver = FlowRunner(request.param)
    yield driver
    if driver.runner:
        driver.runner.close()
    assert client_threads_end()


def test_effects(driver: FlowRunner) -> None:
    """Each effect returns its result to the flow, and the driver returns the flow's."""

    def flow() -> Flow[list[Any]]:
        results: list[Any] = [(yield Send(GET, 3.0)), (yield Sleep(1.5)), (yield RunBlocking(lambda: 7))]
        yield Gather(iter([flow_returning(8), flow_returning(9)]), 1, results.append)
        return results

    assert driver(flow()) == [RESPONSE, False, 7, 8, 9]
    assert driver.transport.requests == [GET]
    assert driver.transport.timeouts == [3.0]
    assert driver.clock.slept[0] == 1.5


def test_failures_are_raised_in_the_flow(driver: FlowRunner) -> None:
    """An error of an effect is raised in the flow, which may handle it and continue, and cleans up after another."""
    failure, cleaned = RequestNotSentError("no"), []
    driver.transport = FakeTransport(failure)

    def flow() -> Flow[None]:
        with pytest.raises(RequestNotSentError):
            yield Send(GET, 1.0)
        try:
            yield Send(GET, 1.0)
        finally:
            yield Sleep(0.25)
            cleaned.append(True)

    with pytest.raises(RequestNotSentError) as caught:
        driver(flow())
    assert caught.value is failure
    assert cleaned == [True]


async def run_on_the_clock(flow: Flow[Any]) -> None:
    """Run a flow on an event loop, with the system's clock."""
    await run_async(flow, AsyncFakeTransport(FakeTransport(RESPONSE)), SystemClock())


@pytest.mark.usefixtures("run")
async def test_full_executor() -> None:
    """Blocking work, as of a file or Redis limiter, does not wait for the program's own in asyncio's executor."""
    busy, executor = threading.Event(), ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(executor)
    executor.submit(busy.wait, 20)
    async with asyncio.timeout(5):
        await run_on_the_clock(perform(RunBlocking(lambda: None)))
    busy.set()


@pytest.mark.usefixtures("run")
async def test_blocking_work_leaves_the_loop_free() -> None:
    """Blocking work runs in another thread, and a cancelled task waits for its end."""
    began, end, order = threading.Event(), threading.Event(), []

    def work() -> None:
        began.set()
        end.wait(10)
        order.append(f"work in {threading.current_thread() is threading.main_thread()}")

    def flow() -> Flow[None]:
        try:
            yield RunBlocking(work)
        finally:
            order.append("cleaned up")

    task = asyncio.ensure_future(run_on_the_clock(flow()))
    await asyncio.to_thread(began.wait, 10)
    task.cancel()
    await asyncio.sleep(0.01)
    assert order == []
    end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert order == ["work in False", "cleaned up"]


def test_event_loop_of_another_framework() -> None:
    """Outside of asyncio the error names the requirement."""
    client = AsyncMaxLoanClient(credentials(), base_url="http://127.0.0.1:1")
    for call in (client.get_max_loan("BTC-USDT", mgn_mode="cross"), client.__aenter__()):
        with pytest.raises(RuntimeError, match="needs a running event loop of asyncio; trio"):
            call.send(None)


def test_concurrent_results(driver: FlowRunner) -> None:
    """Every flow's result arrives, and at most `width` flows run at once."""
    going, max_results = 0, 0

    def flow(number: int) -> Flow[list[int]]:
        nonlocal going, max_results
        going += 1
        max_results = max(max_results, going)
        yield Sleep(0.001)
        going -= 1
        return [number]

    driver.clock = SystemClock()
    assert sorted(driver.run_all((flow(n) for n in range(20)), 4)) == list(range(20))
    assert 1 < max_results <= 4


@pytest.mark.parametrize("fails", ["supply", "flow"])
def test_failure_of_one_flow(driver: FlowRunner, fails: str) -> None:
    """An error of the supply, or of a flow, is raised, and the running flows are abandoned."""

    def failing() -> Flow[list[Any]]:
        yield Sleep(0.0)
        raise LookupError

    def flows() -> Iterator[Flow[Any]]:
        yield from (perform(Sleep(30)), perform(Sleep(30)))
        if fails == "supply":
            raise LookupError
        yield failing()

    driver.clock = SystemClock()
    with pytest.raises(LookupError):
        driver.run_all(flows(), 3)


def test_abandoned_flows_clean_up(driver: FlowRunner) -> None:
    """A flow whose result is abandoned ends its sleep, and its cleanup may use effects."""
    ended: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield Sleep(30)
            ended.append("slept to the end")
        finally:
            yield RunBlocking(lambda: ended.append("cleaned up"))

    driver.clock = SystemClock()
    assert driver.run_all(iter([flow_returning(1), flow(), flow()]), 3, max_results=1) == [1]
    assert until(lambda: ended == ["cleaned up", "cleaned up"])


def test_abandoned_sleepers_wake() -> None:
    """Threads that sleep when they are abandoned end at once and send nothing more; others sleep on."""
    shared: WakeEvent = Future()
    transport = FakeTransport(RESPONSE)

    def sleeps(wake: WakeEvent | None) -> Flow[list[Any]]:
        try:
            yield Sleep(30, wake)
        finally:
            with pytest.raises(RequestNotSentError):
                yield Send(GET, 1.0)
            with pytest.raises(CancelledError):
                yield Sleep(30)
        return []

    flows = iter([flow_returning(1), sleeps(None), sleeps(shared)])
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(SystemClock().sleep, 30, shared)
        with closing(run_concurrently(flows, 3, transport, SystemClock())) as results:
            assert next(results) == 1
            time.sleep(0.05)  # real: the threads must sleep by then
        assert client_threads_end()
        assert (transport.requests, other.done()) == ([], False)
        shared.set_result(None)
        assert other.result(5) is True


def test_wakes_reach_sleepers() -> None:
    """A wake event ends the sleep of one of several flows, whose effect returns True."""
    wake: WakeEvent = Future()
    threading.Timer(0.02, wake.set_result, [None]).start()

    def flow() -> Flow[list[bool]]:
        return [(yield Sleep(30, wake))]

    assert list(run_concurrently(iter([flow()]), 1, FakeTransport(RESPONSE), SystemClock())) == [True]


def failed(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Raise an error in a frame with a secret, while another error is handled."""
    secret = "in-a-local"
    try:
        try:
            raise LookupError(len(secret))
        except LookupError:
            raise error from cause
    except BaseException as caught:  # noqa: BLE001 -- any error
        return caught


def hidden(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Raise an error as `failed` does, and hide its frames."""
    return hide_frames(failed(error, cause), sys.exception())


def rendered(error: BaseException) -> str:
    """Render an error with the locals of each frame."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


GROUP = BaseExceptionGroup("several", [failed(ValueError(number)) for number in range(2)])


@pytest.mark.parametrize("error", [OkxError("x"), ValueError("x"), KeyboardInterrupt(), GROUP], ids=repr)
@pytest.mark.parametrize("cause", [None, failed(KeyError("x"))])
def test_frames_are_gone(error: BaseException, cause: BaseException | None) -> None:
    """An error, its context, its cause and the errors of a group show no local of the hidden frames."""
    assert hidden(error, cause).__context__ is not None
    assert "in-a-local" not in rendered(error)


def test_unexpected_error_names_its_line() -> None:
    """An unexpected error names the line that raised it, since its frames are hidden; one of ours does not."""
    (note,) = hidden(ValueError("x")).__notes__
    assert note.startswith(f"raised at {__file__}:")
    assert not hasattr(hidden(OkxError("x")), "__notes__")


def test_error_of_the_caller_keeps_its_frames() -> None:
    """An error that the caller was handling keeps its traceback."""
    outer = LookupError()
    try:
        raise outer
    except LookupError:
        assert hidden(ValueError("x")).__traceback__ is None
    assert outer.__traceback__ is not None
