"""What time it is, and how to let it pass."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from concurrent.futures import Future

    Wake: TypeAlias = Future[None]
else:
    Wake = Any  # it loads logging: 15 ms, and most calls never wait


def alarm() -> Wake:
    """Make what a sleep can be ended with."""
    from concurrent.futures import Future  # noqa: PLC0415 -- see above

    return Future()


def rouse(wake: Wake) -> None:
    """End a sleep, from any thread, if it has not ended."""
    from concurrent.futures import InvalidStateError  # noqa: PLC0415 -- see above

    with suppress(InvalidStateError):
        wake.set_result(None)


class Clock(Protocol):
    """The one source of time; a test hands in its own."""

    def monotonic(self) -> float:
        """Seconds since any fixed moment; never goes back."""
        ...

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC, as this machine believes."""
        ...

    def sleep(self, seconds: float, wake: Wake | None = None) -> bool:
        """Block for `seconds`, or until `wake` is done; tell whether it was."""
        ...

    async def asleep(self, seconds: float, wake: Wake | None = None) -> bool:
        """Do as `sleep` does, leaving the event loop free."""
        ...


class SystemClock:
    """The machine's own clocks; static, as a limiter's windows are kept apart by the function that tells the time."""

    @staticmethod
    def monotonic() -> float:
        """Seconds since any fixed moment; never goes back."""
        return time.monotonic()

    @staticmethod
    def time() -> float:
        """Seconds since 1970-01-01 UTC, as this machine believes."""
        return time.time()

    def sleep(self, seconds: float, wake: Wake | None = None) -> bool:
        """Block for `seconds`, or until `wake` is done; tell whether it was."""
        if wake is None:
            time.sleep(seconds)
            return False
        try:
            wake.result(seconds)
        except TimeoutError:
            return False
        return True

    async def asleep(self, seconds: float, wake: Wake | None = None) -> bool:
        """Do as `sleep` does, leaving the event loop free."""
        import asyncio  # noqa: PLC0415 -- a synchronous program never pays for it

        if wake is None:
            await asyncio.sleep(seconds)
            return False
        done, _ = await asyncio.wait([asyncio.wrap_future(wake)], timeout=seconds)
        return bool(done)
