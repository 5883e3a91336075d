"""How the mock exchange counts: at most so many requests in any period, exactly."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from attrs import Factory, define

if TYPE_CHECKING:
    from okx_maxloan_api.contract import RateLimit


@define
class SlidingWindow:
    """A strict sliding window; a refused request is not counted."""

    limit: RateLimit
    served: deque[float] = Factory(deque)

    def admit(self, now: float) -> bool:
        """Count a request that arrives `now`, or tell that it is one too many."""
        while self.served and self.served[0] <= now - self.limit.period:
            self.served.popleft()
        if len(self.served) >= self.limit.requests:
            return False
        self.served.append(now)
        return True
