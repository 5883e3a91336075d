"""The memory limiter: one limit for the clients, threads and event loops of a process."""

import asyncio
import multiprocessing
import os
import threading
import time
import uuid
from multiprocessing.connection import Connection
from typing import Any

import pytest

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.drivers import run_async, run_sync
from okx_maxloan_sdk.limiter import LimitKey, MemoryLimiter, RateLimit, RateLimiter
from tests.limiter.counting_server import max_in_window
from tests.limiter.load_generator import NO_TRANSPORT

CLOCK = SystemClock()
PERIOD = 0.2
LIMIT = RateLimit(5, PERIOD)


def key() -> LimitKey:
    """Return a limiter key that no other test uses."""
    return LimitKey(uuid.uuid4().hex, "max_loan")


def send(limiter: RateLimiter, counted: list[float]) -> None:
    """Send one request from a thread."""
    permit = run_sync(limiter.acquire(1.0), NO_TRANSPORT, CLOCK)
    counted.append(time.monotonic())
    run_sync(permit.release_after_response(), NO_TRANSPORT, CLOCK)


async def asend(limiter: RateLimiter, counted: list[float]) -> None:
    """Send one request from an event loop."""
    permit = await run_async(limiter.acquire(1.0), NO_TRANSPORT, CLOCK)
    try:
        counted.append(time.monotonic())
        await asyncio.sleep(0.001)
    finally:
        await run_async(permit.release_after_response(), NO_TRANSPORT, CLOCK)


def test_a_key_has_one_rate_limiter() -> None:
    """The same key gives the same limiter, and another key another one."""
    limiter, one = MemoryLimiter(), key()
    assert limiter.for_key(one, LIMIT, CLOCK) is limiter.for_key(one, LIMIT, SystemClock())
    assert limiter.for_key(one, LIMIT, CLOCK) is not limiter.for_key(key(), LIMIT, CLOCK)


def test_limiters_of_one_process_count_together() -> None:
    """Two clients with a limiter each, of different settings, together never exceed the limit."""
    one = key()
    first = MemoryLimiter().for_key(one, LIMIT, CLOCK)
    second = MemoryLimiter(burst=1).for_key(one, LIMIT, CLOCK)
    permits = [run_sync(first.acquire(1.0), NO_TRANSPORT, CLOCK) for _ in range(4)]
    assert second.status().in_use == 4
    for permit in permits:
        run_sync(permit.release_unsent(), NO_TRANSPORT, CLOCK)
    assert second.status().in_use == 0


def test_settings_replace_the_contract() -> None:
    """`max_requests` and `period` replace the contract's values."""
    limiter = MemoryLimiter(max_requests=2, period=0.05).for_key(key(), LIMIT, CLOCK)
    assert limiter.status().limit == 2
    counted: list[float] = []
    for _ in range(5):
        send(limiter, counted)
    assert max_in_window(counted, 0.05) == 2


@pytest.mark.parametrize("settings", [{"max_requests": 0}, {"period": 0.0}, {"burst": 0}])
def test_invalid_setting_is_rejected(settings: dict[str, Any]) -> None:
    """A limit requires at least one request in a positive period."""
    with pytest.raises(ValueError, match="must be"):
        MemoryLimiter(**settings)


def test_threads_and_event_loops_share_the_limit() -> None:
    """Eight threads, and two event loops with eight tasks each, get permits and never exceed the limit.

    This takes wall time: threads and event loops wake each other for real.
    """
    one, counted = key(), list[float]()

    def blocking() -> None:
        send(MemoryLimiter().for_key(one, LIMIT, CLOCK), counted)

    def looping() -> None:
        async def tasks() -> None:
            limiter = MemoryLimiter().for_key(one, LIMIT, CLOCK)
            await asyncio.gather(*(asend(limiter, counted) for _ in range(8)))

        asyncio.run(tasks())

    threads = [threading.Thread(target=blocking) for _ in range(8)]
    threads += [threading.Thread(target=looping) for _ in range(2)]
    begun = time.monotonic()
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert len(counted) == 24
    assert max_in_window(counted, PERIOD) <= 5
    assert max(counted) - begun < 4 * (PERIOD + 0.01) + 0.5


def test_cancelled_task_leaks_no_permit() -> None:
    """Tasks of a real event loop that are cancelled at any time leak no permit."""

    async def tasks() -> list[float]:
        limiter, counted = MemoryLimiter().for_key(key(), LIMIT, CLOCK), list[float]()
        running = [asyncio.ensure_future(asend(limiter, counted)) for _ in range(30)]
        for n, each in enumerate(running):
            if n % 3:
                await asyncio.sleep(0.005)
                each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        assert limiter.status().queued == 0
        await asyncio.sleep(PERIOD + 0.05)
        assert limiter.status().in_use == 0
        return counted

    assert len(asyncio.run(tasks())) >= 10


def forking(pipe: Connection) -> None:
    """Fork while another thread waits for a permit, and send from the child."""
    limiter = MemoryLimiter().for_key(LimitKey("fork", "max_loan"), RateLimit(1, PERIOD), CLOCK)
    permit = run_sync(limiter.acquire(1.0), NO_TRANSPORT, CLOCK)
    run_sync(permit.release_after_response(), NO_TRANSPORT, CLOCK)
    waiting = threading.Thread(target=send, args=(limiter, []), daemon=True)
    waiting.start()
    while not limiter.status().queued and waiting.is_alive():
        time.sleep(0.001)
        if limiter.status().in_use == 2:
            break
    with limiter._queue._lock:
        child = os.fork()
        if not child:
            counted, begun = list[float](), time.monotonic()
            send(limiter, counted)
            pipe.send((len(counted), limiter.status().queued, counted[0] - begun < 2))
            os._exit(0)
    os.waitpid(child, 0)
    waiting.join(5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_is_not_stuck() -> None:
    """Locks, queue places and permits of the parent's threads do not block a forked child."""
    ours, theirs = multiprocessing.Pipe()
    # In a process of its own, without threads that a fork could harm.
    process = multiprocessing.get_context("spawn").Process(target=forking, args=(theirs,), daemon=True)
    process.start()
    assert ours.poll(15)
    assert ours.recv() == (1, 0, True)
    process.join(10)
    assert process.exitcode == 0
