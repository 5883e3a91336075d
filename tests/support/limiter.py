"""A limiter that never waits, and records its permits."""

from typing import Any

from okx_maxloan_sdk.clock import Clock
from okx_maxloan_sdk.effects import Flow
from okx_maxloan_sdk.limiter import LimitKey, RateLimit, RateLimitStatus


class Permit:
    """A permit; its first release replaces "acquired" in `outcomes`."""

    def __init__(self, outcomes: list[str]) -> None:
        self._outcomes, self._place = outcomes, len(outcomes)
        outcomes.append("acquired")

    def release_unsent(self) -> Flow[None]:
        return self._release("unsent")

    def release_after_response(self) -> Flow[None]:
        return self._release("responded")

    def release_outcome_unknown(self) -> Flow[None]:
        return self._release("unknown")

    def _release(self, outcome: str) -> Flow[None]:
        if self._outcomes[self._place] == "acquired":
            self._outcomes[self._place] = outcome
        yield from ()


class RecordingLimiter:
    """A limiter that grants every permit at once; `outcomes` has one entry for each, `limit_keys` the keys."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.limit_keys: list[LimitKey] = []
        self.limits: list[RateLimit] = []
        self.clocks: list[Clock] = []
        self.penalties = 0
        self.acquisitions: list[tuple[float, float | None]] = []

    def for_key(self, key: LimitKey, limit: RateLimit, clock: Clock) -> Any:
        self.limit_keys.append(key)
        self.limits.append(limit)
        self.clocks.append(clock)
        return FreeRateLimiter(self, limit)


class FreeRateLimiter:
    """A rate limiter that never waits."""

    def __init__(self, limiter: RecordingLimiter, limit: RateLimit) -> None:
        self._limiter, self._limit = limiter, limit

    def acquire(
        self, timeout: float, deadline: float | None = None, permits: list[Permit] | None = None
    ) -> Flow[Permit]:
        self._limiter.acquisitions.append((timeout, deadline))
        yield from ()
        permit = Permit(self._limiter.outcomes)
        if permits is not None:
            permits.append(permit)
        return permit

    def throttle(self) -> None:
        self._limiter.penalties += 1

    def status(self) -> RateLimitStatus:
        return RateLimitStatus(self._limit.max_requests, self._limiter.outcomes.count("acquired"), 0, 0)
