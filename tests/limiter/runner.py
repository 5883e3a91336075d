"""Flows of a limiter: requests, drivers in real time, and the count of requests in a window."""

import random
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

from okx_maxloan_sdk.clock import Clock, SystemClock
from okx_maxloan_sdk.drivers import run_async, run_sync
from okx_maxloan_sdk.effects import Flow, Sleep
from okx_maxloan_sdk.exceptions import LimiterUnavailableError
from okx_maxloan_sdk.limiter import LimitKey, RateLimiter

T = TypeVar("T")

CLOCK = SystemClock()
KEY = LimitKey("42", "max_loan")
NO_TRANSPORT: Any = None
CHANCE = random.Random(3)  # noqa: S311 -- delays are no secrets

Delays: TypeAlias = Callable[[float], tuple[float, float]]
"""How many seconds a request that is sent at a time takes to the exchange, and its response back."""
DELAYS: dict[str, Delays] = {
    "none": lambda _: (0.0, 0.0),
    "5 to 150 ms": lambda _: (CHANCE.uniform(0, 0.075), CHANCE.uniform(0.005, 0.075)),
    "150 and 10 ms": lambda now: (0.149, 0.001) if int(now) % 2 else (0.009, 0.001),
}


class Traffic:
    """Requests: the sender of each and when the exchange counted it, round trips, and those without a permit."""

    def __init__(self) -> None:
        self.counted: list[tuple[object, float]] = []
        self.trips: list[float] = []
        self.unsent: list[tuple[float, float]] = []  # from when until when each waited

    def times(self, after: float = 0.0) -> list[float]:
        """Return when the exchange counted the requests, those of later than a time."""
        return [at for _, at in self.counted if at > after]


def send(
    limiter: RateLimiter,
    clock: Clock,
    traffic: Traffic,
    sender: object = None,
    delays: Delays = lambda _: (0.0, 0.01),
    deadline: float | None = None,
) -> Flow[None]:
    """Send one request; without a permit, sleep."""
    begun = clock.monotonic()
    try:
        permit = yield from limiter.acquire(5.0, deadline)
    except LimiterUnavailableError:
        traffic.unsent.append((begun, clock.monotonic()))
        yield Sleep(0.1)
        return
    sent = clock.monotonic()
    up, down = delays(sent)
    yield Sleep(up)
    traffic.counted.append((sender, clock.monotonic()))
    yield Sleep(down)
    traffic.trips.append(clock.monotonic() - sent)
    yield from permit.release_after_response()


def run(flow: Flow[T], clock: Clock = CLOCK) -> T:
    """Run a flow of a limiter, blocking."""
    return run_sync(flow, NO_TRANSPORT, clock)


async def arun(flow: Flow[T], clock: Clock = CLOCK) -> T:
    """Run a flow of a limiter in an event loop."""
    return await run_async(flow, NO_TRANSPORT, clock)


def max_in_window(timestamps: Iterable[float], period: float) -> int:
    """Return the maximum number of timestamps in any window shorter than the period."""
    times = sorted(timestamps)
    return max((bisect_left(times, first + period) - index for index, first in enumerate(times)), default=0)
