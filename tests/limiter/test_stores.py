"""What holds for several stores, in real time: processes share a limit, and cancelled tasks leak no slot."""

import asyncio
import os
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from okx_maxloan_sdk.limiter import RateLimit
from tests.limiter.load_generator import Workload, create_limiter, run_all
from tests.limiter.runner import CLOCK, KEY, arun, max_in_window, run
from tests.limiter.valkey import Valkey


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Create a store of the kind that the test names, and wait until it grants slots."""
    with Valkey() if request.param == "redis" else nullcontext() as server:
        name = f"{request.param} {server.url if server else tmp_path}"
        limiter = create_limiter(name, period=0.01).for_key(KEY, RateLimit(1, 1.0), CLOCK)
        run(run(limiter.acquire(1.0)).release_unsent())
        yield name


@pytest.mark.parametrize(
    ("store", "method", "ahead"),
    [("file", "spawn", 0.0), ("file", "fork", 0.0), ("redis", "spawn", 5.0)],
    indirect=["store"],
)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_processes_keep_the_limit(store: str, method: str, ahead: float) -> None:
    """Three processes with ten tasks each never exceed the limit; with Redis, even if their clocks differ by 5 s."""
    limit = RateLimit(10, 0.4)
    _, results = run_all([Workload(store, limit, 1.2, tasks=10, ahead=n * ahead) for n in range(3)], method)
    counted = [at for each in results for at in each.counted]
    assert max_in_window(counted, limit.period) <= limit.max_requests
    assert len(counted) >= 25


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
