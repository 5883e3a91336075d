"""A limiter that limits nothing and records what became of its permits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okx_maxloan_sdk.limiter import RateLimitStatus

if TYPE_CHECKING:
    from okx_maxloan_sdk.clock import Clock
    from okx_maxloan_sdk.effects import Flow
    from okx_maxloan_sdk.limiter import LimitKey, RateLimit


class Permit:
    """One permit; how it was first released replaces "taken" in `notes`."""

    def __init__(self, notes: list[str]) -> None:
        self._notes, self._place = notes, len(notes)
        notes.append("taken")

    def release_unsent(self) -> Flow[None]:
        return self._release("unsent")

    def release_after_response(self) -> Flow[None]:
        return self._release("answered")

    def release_outcome_unknown(self) -> Flow[None]:
        return self._release("unknown")

    def _release(self, outcome: str) -> Flow[None]:
        if self._notes[self._place] == "taken":
            self._notes[self._place] = outcome
        yield from ()


class RecordingLimiter:
    """Grant every request a permit at once; `notes` has one word for each, `keys` what was asked for."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.keys: list[LimitKey] = []
        self.limits: list[RateLimit] = []
        self.clocks: list[Clock] = []
        self.penalties = 0
        self.asked: list[tuple[float, float | None]] = []

    def for_key(self, key: LimitKey, limit: RateLimit, clock: Clock) -> Any:
        self.keys.append(key)
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
        self._limiter.asked.append((timeout, deadline))
        yield from ()
        permit = Permit(self._limiter.notes)
        if permits is not None:
            permits.append(permit)
        return permit

    def throttle(self) -> None:
        self._limiter.penalties += 1

    def status(self) -> RateLimitStatus:
        return RateLimitStatus(self._limit.max_requests, self._limiter.notes.count("taken"), 0, 0)
