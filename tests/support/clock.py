"""Clocks for tests: one whose time passes at once, and a real one that does not pause between attempts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from okx_maxloan_sdk.clock import SystemClock

if TYPE_CHECKING:
    from okx_maxloan_sdk.clock import WakeEvent


class FakeClock:
    """Time that passes only when somebody sleeps, and then at once; `slept` notes how long."""

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


class QuickClock(SystemClock):
    """The machine's time, without the pauses between attempts; who waits to be woken still waits."""

    def __init__(self) -> None:
        self.paused: list[float] = []

    def sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        if wake is None:
            self.paused.append(seconds)
            return False
        return super().sleep(seconds, wake)

    async def async_sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        if wake is None:
            return self.sleep(seconds)
        return await super().async_sleep(seconds, wake)
