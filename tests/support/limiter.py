"""A limiter that records its permits, and lets nobody wait unless told to."""

from functools import partialmethod
from typing import Any

from okx_maxloan_sdk.clock import Clock
from okx_maxloan_sdk.effects import Flow, Sleep
from okx_maxloan_sdk.limiter import LimitKey, RateLimit, RateLimitStatus


class Permit:
    """A permit; its first release replaces "acquired" in `outcomes`."""

    def __init__(self, outcomes: list[str]) -> None:
        self._outcomes, self._place = outcomes, len(outcomes)
        outcomes.append("acquired")

    def _release(self, outcome: str) -> Flow[None]:
        if self._outcomes[self._place] == "acquired":
            self._outcomes[self._place] = outcome
        yield from ()

    release_unsent = partialmethod(_release, "unsent")
    release_after_response = partialmethod(_release, "responded")
    release_outcome_unknown = partialmethod(_release, "unknown")


class RecordingLimiter:
    """A limiter that grants every permit, after `waits[user]` seconds; `outcomes` has one entry for each."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.rate_limiters: list[tuple[LimitKey, RateLimit, Clock]] = []
        self.penalties = 0
        self.acquisitions: list[tuple[float, float | None]] = []
        self.waits: dict[str, float] = {}

    def for_key(self, key: LimitKey, limit: RateLimit, clock: Clock) -> Any:
        self.rate_limiters.append((key, limit, clock))
        return RecordingRateLimiter(self, key, limit)


class RecordingRateLimiter:
    """The rate limiter of one key."""

    def __init__(self, limiter: RecordingLimiter, key: LimitKey, limit: RateLimit) -> None:
        self._limiter, self._key, self._limit = limiter, key, limit

    def acquire(
        self, timeout: float, deadline: float | None = None, permits: list[Permit] | None = None
    ) -> Flow[Permit]:
        self._limiter.acquisitions.append((timeout, deadline))
        if seconds := self._limiter.waits.get(self._key.user):
            yield Sleep(seconds)
        permit = Permit(self._limiter.outcomes)
        if permits is not None:
            permits.append(permit)
        return permit

    def throttle(self) -> None:
        self._limiter.penalties += 1

    def status(self) -> RateLimitStatus:
        return RateLimitStatus(self._limit.max_requests, self._limiter.outcomes.count("acquired"), 0, 0)
