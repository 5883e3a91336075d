"""The memory limiter: one limit for the clients, threads and event loops of a process."""

import asyncio
import multiprocessing
import os
import threading
import time
import uuid
from typing import Any

import pytest

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.limiter import LimitKey, MemoryLimiter, RateLimit, RateLimiter
from tests.limiter.runner import CLOCK, arun, max_in_window, run

PERIOD = 0.2
LIMIT = RateLimit(5, PERIOD)


@pytest.fixture
def key() -> LimitKey:
    """Return a limiter key that no other test uses."""
    return LimitKey(uuid.uuid4().hex, "max_loan")


def send(limiter: RateLimiter, counted: list[float]) -> None:
    """Send one request from a thread."""
    permit = run(limiter.acquire(1.0))
    counted.append(time.monotonic())
    run(permit.release_after_response())


async def asend(limiter: RateLimiter, counted: list[float]) -> None:
    """Send one request from an event loop."""
    permit = await arun(limiter.acquire(1.0))
    counted.append(time.monotonic())
    await asyncio.sleep(0.001)
    await arun(permit.release_after_response())


def test_limiters_of_one_process_count_together(key: LimitKey) -> None:
    """Limiters of different settings count the requests of one key together, and of no other."""
    first, second = (
        MemoryLimiter().for_key(key, LIMIT, CLOCK),
        MemoryLimiter(burst=1).for_key(key, LIMIT, SystemClock()),
    )
    permits = [run(first.acquire(1.0)) for _ in range(4)]
    assert second.status().in_use == 4
    assert MemoryLimiter().for_key(key._replace(user="other"), LIMIT, CLOCK).status().in_use == 0
    for permit in permits:
        run(permit.release_unsent())
    assert second.status().in_use == 0


def test_settings_replace_the_contract(key: LimitKey) -> None:
    """`max_requests` and `period` replace the contract's values."""
    limiter = MemoryLimiter(max_requests=2, period=0.05).for_key(key, LIMIT, CLOCK)
    assert limiter.status().limit == 2
    counted: list[float] = []
    for _ in range(5):
        send(limiter, counted)
    assert max_in_window(counted, 0.05) == 2


@pytest.mark.parametrize("settings", [{"max_requests": 0}, {"period": 0.0}, {"period": -1.0}, {"burst": 0}])
def test_invalid_setting_is_rejected(settings: dict[str, Any]) -> None:
    """A limit requires at least one request in a positive period."""
    with pytest.raises(ValueError, match="must be"):
        MemoryLimiter(**settings)


def test_threads_and_event_loops_share_the_limit(key: LimitKey) -> None:
    """Eight threads, and two event loops with eight tasks each, get permits and never exceed the limit.

    This takes wall time: threads and event loops wake each other for real.
    """
    limiter, counted = MemoryLimiter().for_key(key, LIMIT, CLOCK), list[float]()

    async def tasks() -> None:
        await asyncio.gather(*(asend(limiter, counted) for _ in range(8)))

    threads = [threading.Thread(target=send, args=(limiter, counted)) for _ in range(8)]
    threads += [threading.Thread(target=lambda: asyncio.run(tasks())) for _ in range(2)]
    begun = time.monotonic()
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert len(counted) == 24
    assert max_in_window(counted, PERIOD) <= 5
    assert max(counted) - begun < 4 * (PERIOD + 0.01) + 0.5


def fork() -> int:
    """Fork while another thread waits for a permit, and send from the child; return the child's exit code."""
    limiter = MemoryLimiter().for_key(LimitKey("fork", "max_loan"), RateLimit(1, PERIOD), CLOCK)
    send(limiter, [])
    waiting = threading.Thread(target=send, args=(limiter, []), daemon=True)
    waiting.start()
    while not limiter.status().queued and waiting.is_alive() and limiter.status().in_use < 2:
        time.sleep(0.001)
    limiter._queue._processors.append("a thread of the parent")
    child = os.fork()
    if not child:
        counted, begun = list[float](), time.monotonic()
        send(limiter, counted)
        is_right = (len(counted), limiter.status().queued, counted[0] - begun < 2) == (1, 0, True)
        os._exit(0 if is_right else 1)
    limiter._queue._processors.clear()
    _, status = os.waitpid(child, 0)
    waiting.join(5)
    return status


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_is_not_stuck() -> None:
    """Locks, queue places and permits of the parent's threads do not block a forked child."""
    # In a process of its own, without threads that a fork could harm.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply_async(fork).get(15) == 0
