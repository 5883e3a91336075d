"""Clock: time passes, a wake ends it early, and the wake stays what it was."""

import asyncio
import threading
import time
from concurrent.futures import Future

import pytest

from okx_maxloan_sdk.clock import SystemClock, WakeEvent

# Real time is the subject here; the longest wait that is meant to end by itself is this long.
SHORT = 0.05


def sleep(how: str, seconds: float, wake: WakeEvent | None = None) -> bool:
    """Sleep as a blocking or as an asynchronous program does."""
    clock = SystemClock()
    return clock.sleep(seconds, wake) if how == "sync" else asyncio.run(clock.async_sleep(seconds, wake))


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("wakes", [False, True])
def test_time_passes(how: str, wakes: bool) -> None:
    """A sleeper that nobody wakes sleeps its time, and is told that nobody did."""
    wake: WakeEvent | None = Future() if wakes else None
    began = time.monotonic()
    assert sleep(how, SHORT, wake) is False
    assert time.monotonic() - began >= SHORT
    assert wake is None or not wake.done()


@pytest.mark.parametrize("how", ["sync", "async"])
def test_wake(how: str) -> None:
    """A sleeper is woken from another thread at once, and told so."""
    wake: WakeEvent = Future()
    timer = threading.Timer(SHORT, wake.set_result, [None])
    timer.start()
    began = time.monotonic()
    assert sleep(how, 30, wake) is True
    assert time.monotonic() - began < 10
    timer.join()


@pytest.mark.parametrize("how", ["sync", "async"])
def test_woken_before(how: str) -> None:
    """A wake that came before the sleep ends it at once."""
    wake: WakeEvent = Future()
    wake.set_result(None)
    assert sleep(how, 30, wake) is True


def test_cancelled_sleeper_leaves_the_wake() -> None:
    """A task that is cancelled in its sleep does not take the wake away from others."""
    wake: WakeEvent = Future()

    async def main() -> None:
        sleeper = asyncio.ensure_future(SystemClock().async_sleep(30, wake))
        await asyncio.sleep(0)
        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper

    asyncio.run(main())
    assert not wake.cancelled()
    wake.set_result(None)


def test_clocks() -> None:
    """The clocks are the machine's."""
    assert abs(SystemClock().time() - time.time()) < 1
    assert abs(SystemClock().monotonic() - time.monotonic()) < 1
