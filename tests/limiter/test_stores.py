"""What holds for several stores, in real time: processes share a limit, and cancelled tasks leak no slot."""

import asyncio
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.limiter import FileLimiter, Limiter, MemoryLimiter, RateLimit, RedisLimiter
from tests.limiter.runner import CLOCK, KEY, arun, max_in_window, run
from tests.limiter.valkey import Valkey


def create_limiter(store: str, **settings: Any) -> Limiter:
    """Create the limiter of a store: "memory", "file FOLDER" or "redis URL"."""
    kind, _, place = store.partition(" ")
    if kind == "memory":
        return MemoryLimiter(**settings)
    return (FileLimiter if kind == "file" else RedisLimiter)(place, **settings)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Create a store of the kind that the test names, and wait until it grants slots."""
    with Valkey() if request.param == "redis" else nullcontext() as server:
        name = f"{request.param} {server.url if server else tmp_path}"
        limiter = create_limiter(name, period=0.01).for_key(KEY, RateLimit(1, 1.0), CLOCK)
        run(run(limiter.acquire(1.0)).release_unsent())
        yield name


class SkewedClock(SystemClock):
    """The clock of a machine that is `ahead` of the others."""

    def __init__(self, ahead: float) -> None:
        self.monotonic = staticmethod(lambda: time.monotonic() + ahead)
        self.time = staticmethod(lambda: time.time() + ahead)


def send_requests(store: str, ahead: float, barrier: Any, counted: Any) -> None:
    """Let ten tasks send for 1.2 s, with delays of 5 to 150 ms; pass on when the exchange counts each request."""
    limiter = create_limiter(store).for_key(KEY, RateLimit(10, 0.4), SkewedClock(ahead) if ahead else CLOCK)
    timestamps: list[float] = []
    barrier.wait(30)
    end = time.monotonic() + 1.2

    async def send() -> None:
        chance = random.Random()  # noqa: S311 -- delays are no secrets
        while time.monotonic() < end:
            permit = await arun(limiter.acquire(5.0))
            await asyncio.sleep(chance.uniform(0, 0.075))
            timestamps.append(time.monotonic())
            await asyncio.sleep(chance.uniform(0.005, 0.075))
            await arun(permit.release_after_response())

    async def tasks() -> None:
        await asyncio.gather(*(send() for _ in range(10)))

    asyncio.run(tasks())
    counted.put(timestamps)


@pytest.mark.parametrize(
    ("store", "method", "ahead"),
    [("file", "spawn", 0.0), ("file", "fork", 0.0), ("redis", "spawn", 5.0)],
    indirect=["store"],
)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_processes_keep_the_limit(store: str, method: str, ahead: float) -> None:
    """Three processes with ten tasks each, for Redis with clocks 5 s apart, never exceed the limit."""
    context: Any = multiprocessing.get_context(method)
    barrier, counted = context.Barrier(3), context.Queue()
    processes = [
        context.Process(target=send_requests, args=(store, n * ahead, barrier, counted), daemon=True) for n in range(3)
    ]
    for process in processes:
        process.start()
    timestamps = [timestamp for _ in processes for timestamp in counted.get(timeout=60)]
    for process in processes:
        process.join(10)
    assert max_in_window(timestamps, 0.4) <= 10
    assert len(timestamps) >= 25


@pytest.mark.parametrize("store", ["memory", "file", "redis"], indirect=True)
def test_tasks_cancelled_at_any_time_leak_no_slot(store: str) -> None:
    """Tasks cancelled at any time leak no slot, in an event loop whose executor is full."""

    async def tasks() -> None:
        busy = threading.Event()
        executor = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(executor)
        executor.submit(busy.wait, 20)
        limiter = create_limiter(store, period=0.2).for_key(KEY, RateLimit(3, 2.0), CLOCK)

        async def send() -> None:
            permit = await arun(limiter.acquire(1.0))
            try:
                await asyncio.sleep(0.001)
            finally:
                await arun(permit.release_after_response())

        running, chance = [], random.Random(3)  # noqa: S311 -- test data is no secret
        for _ in range(40):
            running.append(asyncio.ensure_future(send()))
            await asyncio.sleep(chance.uniform(0, 0.003))
            chance.choice(running).cancel()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0.25)
        assert limiter.status().queued == 0
        async with asyncio.timeout(1.0):
            assert len([await arun(limiter.acquire(1.0)) for _ in range(3)]) == 3
        busy.set()

    asyncio.run(tasks())
