"""Flows in real time, and the count of requests in a window."""

from collections import deque
from collections.abc import Iterable
from typing import Any, TypeVar

from okx_maxloan_sdk.clock import Clock, SystemClock
from okx_maxloan_sdk.drivers import run_async, run_sync
from okx_maxloan_sdk.effects import Flow
from okx_maxloan_sdk.limiter import LimitKey

T = TypeVar("T")

CLOCK = SystemClock()
KEY = LimitKey("42", "max_loan")
NO_TRANSPORT: Any = None


def run(flow: Flow[T], clock: Clock = CLOCK) -> T:
    """Run a flow of a limiter, blocking."""
    return run_sync(flow, NO_TRANSPORT, clock)


async def arun(flow: Flow[T], clock: Clock = CLOCK) -> T:
    """Run a flow of a limiter in an event loop."""
    return await run_async(flow, NO_TRANSPORT, clock)


def max_in_window(timestamps: Iterable[float], period: float) -> int:
    """Return the maximum number of timestamps in any window shorter than the period."""
    window: deque[float] = deque()
    maximum = 0
    for timestamp in sorted(timestamps):
        window.append(timestamp)
        while timestamp - window[0] >= period:
            window.popleft()
        maximum = max(maximum, len(window))
    return maximum
