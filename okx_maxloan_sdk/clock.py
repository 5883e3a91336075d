"""Clocks: the one source of time, and sleep that can be ended early."""

from __future__ import annotations

import time
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Protocol, TypeAlias

from .threads import wait

WakeEvent: TypeAlias = Future[None]
"""Ends a sleep once it is set."""


def wake_up(event: WakeEvent) -> None:
    """Set an event, from any thread; it may be set already."""
    with suppress(InvalidStateError):
        event.set_result(None)


class Clock(Protocol):
    """The source of time of one client; a test passes its own."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; never goes back."""
        ...

    def time(self) -> float:
        """Return seconds since 1970-01-01 UTC, by this machine's clock."""
        ...

    def sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        """Block for `seconds`, or until `wake` is set; return whether it was."""
        ...

    async def async_sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        """Sleep without blocking the event loop; return as `sleep` does."""
        ...


class SystemClock:
    """The machine's clocks; the first two are static because limiters compare the function to tell clocks apart."""

    monotonic: staticmethod[[], float] = staticmethod(time.monotonic)
    time: staticmethod[[], float] = staticmethod(time.time)

    def sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        """Block for `seconds`, or until `wake` is set; return whether it was."""
        if wake is None:
            time.sleep(seconds)
            return False
        return wait(wake, seconds)

    async def async_sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        """Sleep without blocking the event loop; return as `sleep` does."""
        import asyncio  # noqa: PLC0415 -- a blocking program does not load asyncio

        done, _ = await asyncio.wait([asyncio.wrap_future(wake or WakeEvent())], timeout=seconds)
        return bool(done)
