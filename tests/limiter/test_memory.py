"""The memory limiter: one limit for the clients, threads and event loops of a process."""

import multiprocessing
import os
import threading
import time
import uuid
from typing import Any

import pytest

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.limiter import LimitKey, MemoryLimiter, RateLimit
from tests.limiter.runner import CLOCK, Traffic, max_in_window, run, send

PERIOD = 0.2
LIMIT = RateLimit(5, PERIOD)


@pytest.fixture
def key() -> LimitKey:
    """Return a limiter key that no other test uses."""
    return LimitKey(uuid.uuid4().hex, "max_loan")


def test_limiters_of_one_process_count_together(key: LimitKey) -> None:
    """Limiters of different settings count the requests of one key together, and of no other."""
    first = MemoryLimiter().for_key(key, LIMIT, CLOCK)
    second = MemoryLimiter(burst=1).for_key(key, LIMIT, SystemClock())
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
    traffic = Traffic()
    for _ in range(5):
        run(send(limiter, CLOCK, traffic))
    assert max_in_window(traffic.times(), 0.05) == 2


@pytest.mark.parametrize("settings", [{"max_requests": 0}, {"period": 0.0}, {"period": -1.0}, {"burst": 0}])
def test_invalid_setting_is_rejected(settings: dict[str, Any]) -> None:
    """A limit requires at least one request in a positive period."""
    with pytest.raises(ValueError, match="must be"):
        MemoryLimiter(**settings)


def fork() -> int:
    """Fork while another thread waits for a permit, and send from the child; return the child's exit code."""
    limiter = MemoryLimiter().for_key(LimitKey("fork", "max_loan"), RateLimit(1, PERIOD), CLOCK)
    run(send(limiter, CLOCK, Traffic()))
    waiting = threading.Thread(target=run, args=(send(limiter, CLOCK, Traffic()),), daemon=True)
    waiting.start()
    while not limiter.status().queued and waiting.is_alive() and limiter.status().in_use < 2:
        time.sleep(0.001)
    limiter._queue._processors.append("a thread of the parent")
    child = os.fork()
    if not child:
        traffic, begun = Traffic(), time.monotonic()
        run(send(limiter, CLOCK, traffic))
        os._exit(int(len(traffic.counted) != 1 or limiter.status().queued or time.monotonic() - begun > 2))
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
