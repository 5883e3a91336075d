"""What holds for several stores, in real time: processes share a limit, and cancelled tasks leak no slot."""

import asyncio
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.exceptions import RateLimitTimeoutError
from okx_maxloan_sdk.limiter import FileLimiter, Limiter, MemoryLimiter, RateLimit, RedisLimiter
from tests.limiter.runner import CLOCK, KEY, arun, max_in_window, run
from tests.limiter.valkey import Valkey

LIMIT = RateLimit(10, 0.4)


@pytest.fixture
def create(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Limiter]]:
    """Create a store of the kind that the test names, wait until it grants slots, and return how to make limiters."""
    with ExitStack() as stack:
        create: Callable[..., Limiter] = MemoryLimiter
        if request.param == "file":
            create = partial(FileLimiter, tmp_path)
        elif request.param == "redis":
            create = partial(RedisLimiter, stack.enter_context(Valkey()).url)
        run(run(create(period=0.01).for_key(KEY, LIMIT, CLOCK).acquire(1.0)).release_unsent())
        yield create


class SkewedClock(SystemClock):
    """The clock of a machine that is `ahead` of the others."""

    def __init__(self, ahead: float) -> None:
        self.monotonic = staticmethod(lambda: time.monotonic() + ahead)


def send(create: Callable[..., Limiter], seconds: float, ahead: float) -> list[float]:
    """Send with ten tasks as fast as the limiter permits; return when the exchange counted the requests."""
    clock, counted = SkewedClock(ahead), list[float]()
    limiter, end = create().for_key(KEY, LIMIT, clock), clock.monotonic() + seconds

    async def task() -> None:
        with suppress(RateLimitTimeoutError):
            while True:
                permit = await arun(limiter.acquire(5.0, end), clock)
                await asyncio.sleep(random.uniform(0, 0.075))  # noqa: S311 -- delays are no secrets
                counted.append(time.monotonic())
                await asyncio.sleep(random.uniform(0.005, 0.075))  # noqa: S311 -- as above
                await arun(permit.release_after_response(), clock)

    async def tasks() -> None:
        await asyncio.gather(*(task() for _ in range(10)))

    asyncio.run(tasks())
    return counted


@pytest.mark.parametrize(
    ("create", "method", "ahead"),
    [("file", "spawn", 0.0), ("file", "fork", 0.0), ("redis", "spawn", 5.0)],
    indirect=["create"],
)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_processes_keep_the_limit(create: Callable[..., Limiter], method: str, ahead: float) -> None:
    """Three processes with ten tasks each never exceed the limit; with Redis, even if their clocks differ by 5 s."""
    context: Any = multiprocessing.get_context(method)
    start_together = context.Barrier(3).wait
    with context.Pool(3, start_together, (30,)) as pool:
        results = pool.starmap(send, [(create, 1.2, n * ahead) for n in range(3)], chunksize=1)
    counted = [at for each in results for at in each]
    assert max_in_window(counted, LIMIT.period) <= LIMIT.max_requests
    assert len(counted) >= 25


@pytest.mark.parametrize("create", ["memory", "file", "redis"], indirect=True)
def test_tasks_cancelled_at_any_time_leak_no_slot(create: Callable[..., Limiter]) -> None:
    """Tasks cancelled at any time leak no slot, in an event loop whose executor is full."""

    async def tasks() -> None:
        busy = threading.Event()
        executor = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(executor)
        executor.submit(busy.wait, 20)
        limiter = create(period=0.2).for_key(KEY, RateLimit(3, 2.0), CLOCK)

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
