"""The rate limiter of one key, and the base class of all limiters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from logging import Logger, getLogger
from math import inf
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .ledger import MAX_DELIVERY_DELAY, RECOVERY_INTERVAL, SCHEDULING_SLACK, RateLimit
from .queue import Permit

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.clock import Clock
    from okx_maxloan_sdk.effects import Flow

    from .ledger import LimitKey
    from .queue import AcquireQueue

logger: Logger = getLogger(__name__)


class RateLimitStatus(NamedTuple):
    """How much of a limit is in use, and how many requests of this process are queued.

    `reduced_by` is how many requests are missing from the limit, after rejections or while Redis is unavailable.
    """

    limit: int
    in_use: int
    queued: int
    reduced_by: int


class RateLimiter:
    """The rate limiter of one key."""

    def __init__(
        self, queue: AcquireQueue, limit: RateLimit, on_throttle: Callable[[RateLimitStatus], object] | None
    ) -> None:
        self._queue, self._limit, self._on_throttle = queue, limit, on_throttle

    def acquire(
        self, timeout: float, deadline: float | None = None, permits: list[Permit] | None = None
    ) -> Flow[Permit]:
        """Wait for a permit, for a request that takes at most `timeout` seconds.

        It is appended to `permits` before there is a slot for it, so that a caller who is interrupted can release it.

        Raises `RateLimitTimeoutError` as soon as it is known that none can be had before `deadline` (a time of the
        clock), and `LimiterUnavailableError` when the store cannot be used.
        """
        lease = SCHEDULING_SLACK + timeout + self._limit.period + MAX_DELIVERY_DELAY
        permit = Permit(self._queue, self._queue.new_permit_id(), self._limit, lease)
        if permits is not None:
            permits.append(permit)
        if (yield from self._queue.acquire(permit, deadline)) < SCHEDULING_SLACK:
            return permit
        # This machine or process was suspended: the lease may end before the request does.
        yield from permit.release_unsent()
        return (yield from self.acquire(timeout, deadline, permits))

    def status(self) -> RateLimitStatus:
        """Return how much of the limit is in use."""
        capacity, in_use = self._queue.store.usage(self._limit)
        return RateLimitStatus(capacity, in_use, len(self._queue.waiters), self._limit.max_requests - capacity)

    def throttle(self) -> None:
        """Reduce the limit: the exchange refused a request because it counted too many."""
        if self._queue.store.throttle(self._limit):
            status = self.status()
            logger.warning(
                "OKX counted too many requests, so another program sends for this user; the limit is reduced to %d of"
                " %d requests, spread over %g s, and restored by one per %g s. Let all programs use one limiter.",
                status.limit,
                self._limit.max_requests,
                self._limit.period,
                RECOVERY_INTERVAL,
            )
            if self._on_throttle is not None:
                self._on_throttle(status)


class Limiter(Protocol):
    """`MemoryLimiter`, `FileLimiter`, `RedisLimiter`, or a limiter of the user's own."""

    def for_key(self, key: LimitKey, limit: RateLimit, clock: Clock) -> RateLimiter:
        """Return a rate limiter of a key; all of one key count together."""
        ...


class BaseLimiter(ABC):
    """Settings that replace the contract's, and the rate limiters of all keys.

    `max_requests` per `period` seconds replace the limit that OKX documents; at most `burst` of them start at once, the
    others evenly spaced. `on_throttle` is called with a `RateLimitStatus` when a rejection by OKX reduces the limit.
    """

    def __init__(
        self,
        max_requests: int | None = None,
        period: float | None = None,
        burst: int | None = None,
        on_throttle: Callable[[RateLimitStatus], object] | None = None,
    ) -> None:
        for name, number in (("max_requests", max_requests), ("burst", burst)):
            if number is not None and (not isinstance(number, int) or number < 1):
                message = f"{name} must be an int, 1 or more, or None, not {number!r}"
                raise ValueError(message)
        if period is not None and not 0 < period < inf:
            message = f"period must be a positive number of seconds, or None, not {period!r}"
            raise ValueError(message)
        self._max_requests, self._period, self._burst = max_requests, period, burst
        self._on_throttle = on_throttle

    def for_key(self, key: LimitKey, limit: RateLimit, clock: Clock) -> RateLimiter:
        """Return a rate limiter of a key; all of one key count together."""
        queue, period = self._shared_queue(key, clock), self._period or limit.period
        reserve_ahead = period / 4 if queue.store.is_shared else inf
        limit = RateLimit(self._max_requests or limit.max_requests, period, self._burst, reserve_ahead)
        return RateLimiter(queue, limit, self._on_throttle)

    @abstractmethod
    def _shared_queue(self, key: LimitKey, clock: Clock) -> AcquireQueue: ...
