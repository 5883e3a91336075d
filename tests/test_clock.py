"""Clocks: sleeping, and wake events that end a sleep early."""

import asyncio
import threading
import time
from concurrent.futures import Future

import pytest

from okx_maxloan_sdk.clock import SystemClock, WakeEvent

# Real time is the subject here; this is the longest sleep that may end by itself.
SHORT = 0.05


def sleep(how: str, seconds: float, wake: WakeEvent | None = None) -> bool:
    """Sleep, blocking or asynchronous."""
    clock = SystemClock()
    return clock.sleep(seconds, wake) if how == "sync" else asyncio.run(clock.async_sleep(seconds, wake))


def test_clocks() -> None:
    """`monotonic` and `time` are the machine's clocks."""
    clock = SystemClock()
    assert clock.monotonic() == pytest.approx(time.monotonic(), abs=5)
    assert clock.time() == pytest.approx(time.time(), abs=5)


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("wakes", [False, True])
def test_time_passes(how: str, wakes: bool) -> None:
    """A sleep without a wake-up takes its time and returns False."""
    wake: WakeEvent | None = Future() if wakes else None
    began = time.monotonic()
    assert sleep(how, SHORT, wake) is False
    assert time.monotonic() - began >= SHORT
    assert wake is None or not wake.done()


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("delay", [0, SHORT])
def test_wake(how: str, delay: float) -> None:
    """A wake-up from another thread, before or during the sleep, ends it at once, and it returns True."""
    wake: WakeEvent = Future()
    timer = threading.Timer(delay, wake.set_result, [None])
    timer.start()
    if not delay:
        timer.join()
    began = time.monotonic()
    assert sleep(how, 30, wake) is True
    assert time.monotonic() - began < 10
    timer.join()


@pytest.mark.usefixtures("run")
async def test_cancelled_sleeper_leaves_the_wake() -> None:
    """A task that is cancelled in its sleep leaves the wake event usable for others."""
    wake: WakeEvent = Future()
    sleeper = asyncio.ensure_future(SystemClock().async_sleep(30, wake))
    await asyncio.sleep(0)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    assert not wake.cancelled()
    wake.set_result(None)
