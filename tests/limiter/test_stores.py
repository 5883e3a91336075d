"""What holds for several stores, in real time: clients share a limit, and cancelled tasks leak no slot."""

import asyncio
import os
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from okx_maxloan_sdk.limiter import RateLimit
from tests.limiter.load_generator import Workload, create_limiter, open_store, run_all
from tests.limiter.runner import CLOCK, KEY, arun, max_in_window


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    """Create a store of the kind that the test names."""
    with open_store(request.param) as (name, _):
        yield name


@pytest.mark.parametrize(
    ("store", "method", "ahead"),
    [("memory", "thread", 0.0), ("file", "spawn", 0.0), ("file", "fork", 0.0), ("redis", "spawn", 5.0)],
    indirect=["store"],
)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_clients_keep_the_limit(store: str, method: str, ahead: float) -> None:
    """Three clients, of which one has threads, never exceed the limit; with Redis, even if their clocks differ by 5 s.

    The clients of one process share a memory limiter, those of three processes a file or Redis.
    """
    limit = RateLimit(10, 0.4)
    workloads = [Workload(store, limit, 1.2, is_threaded=n == 0, ahead=n * ahead) for n in range(3)]
    _, results = run_all(workloads, method)
    assert all(each.counted for each in results)
    counted = [at for each in results for at in each.times()]
    assert max_in_window(counted, limit.period) <= limit.max_requests
    # A busy machine costs some; limiter_figures.py measures how many there are.
    assert len(counted) >= 15


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
