"""A clock of virtual time, and waiting for other threads in wall time."""

import asyncio
import threading
import time
from collections.abc import Callable

from okx_maxloan_sdk.clock import WakeEvent


class FakeClock:
    """A clock that a sleep advances at once; `slept` records the durations."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.behind = 1_700_000_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now + self.behind

    def sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        if wake is not None and wake.done():
            return True
        self.slept.append(seconds)
        self.now += seconds
        return False

    async def async_sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        await asyncio.sleep(0)
        return self.sleep(seconds, wake)


def until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Wait, in wall time, for a condition that another thread makes true; return whether it did."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)
    return condition()


def client_threads_end() -> bool:
    """Wait for the end of the threads of blocking clients; return whether they ended."""
    return until(lambda: not any(each.name.startswith("okx-maxloan") for each in threading.enumerate()))
