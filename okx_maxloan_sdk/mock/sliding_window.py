"""The mock exchange's rate limit: at most so many requests in any period, exactly."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from attrs import Factory, define

if TYPE_CHECKING:
    from okx_maxloan_api.contract import RateLimit


@define
class SlidingWindow:
    """A strict sliding window; a rejected request is not counted."""

    limit: RateLimit
    accepted_at: deque[float] = Factory(deque)

    def admit(self, now: float) -> bool:
        """Count a request that arrives `now`, and return whether the limit allows it."""
        while self.accepted_at and self.accepted_at[0] <= now - self.limit.period:
            self.accepted_at.popleft()
        if len(self.accepted_at) >= self.limit.requests:
            return False
        self.accepted_at.append(now)
        return True
