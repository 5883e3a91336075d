"""A slot, the window that gives it out, and what all limiters have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import inf
from typing import TYPE_CHECKING, Any

from .queue import warn
from .window import LINGER, MARGIN, RECOVERY, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.clock import Clock
    from okx_maxloan_sdk.flow import Flow

    from .queue import Queue, Snapshot
    from .window import Key, Limit, Token


class Slot:
    """The right to send one request; say once how it ended, later words change nothing."""

    __slots__ = ("_period", "_queue", "_token")

    def __init__(self, queue: Queue, token: Token, period: float) -> None:
        self._queue, self._period = queue, period
        self._token: Token | None = token

    def unsent(self) -> Flow[None]:
        """Free the slot at once: no byte was sent."""
        return self._settle(0.0)

    def answered(self) -> Flow[None]:
        """Free the slot one period from now: an answer came."""
        return self._settle(self._period + MARGIN)

    def unknown(self) -> Flow[None]:
        """Free the slot one period after the request can be counted last: it may still arrive."""
        return self._settle(self._period + LINGER)

    def _settle(self, hold: float) -> Flow[None]:
        token, self._token = self._token, None
        if token is not None:
            yield from self._queue.settle(token, hold)


class Window:
    """The requests that one user may send to one operation, as one limiter sees it."""

    def __init__(self, queue: Queue, rule: Rule, on_cut: Callable[[Snapshot], object] | None) -> None:
        self._queue, self._rule, self._on_cut = queue, rule, on_cut

    def acquire(self, timeout: float, deadline: float | None = None) -> Flow[Slot]:
        """Wait for a slot, for a request that takes at most `timeout` seconds.

        Raises `NotSent` at once when it cannot be had before `deadline` (a moment of the clock), or not at all.
        """
        token = yield from self._queue.acquire(self._rule, timeout, deadline)
        return Slot(self._queue, token, self._rule.period)

    def snapshot(self) -> Snapshot:
        """Say how the limit stands."""
        return self._queue.snapshot(self._rule)

    def penalize(self) -> None:
        """Go slower: the exchange counted too many."""
        if self._queue.penalize(self._rule):
            now = self.snapshot()
            warn(
                "OKX counted too many requests: somebody else sends for this user, or bursts are disliked;"
                " %d of %d slots left, sends spread over %g s, one slot comes back per %g s",
                now.slots,
                self._rule.requests,
                self._rule.period,
                RECOVERY,
            )
            if self._on_cut is not None:
                self._on_cut(now)


class BaseLimiter(ABC):
    """What limiters share: settings in place of the contract's, and one window per user and operation.

    `limit` requests per `period` seconds replace what OKX's contract says; at most `burst` of them start at once, the
    others evenly spaced. `on_cut` is called with a `Snapshot` when a refusal for too many requests costs slots.
    """

    def __init__(
        self,
        limit: int | None = None,
        period: float | None = None,
        burst: int | None = None,
        on_cut: Callable[[Snapshot], object] | None = None,
    ) -> None:
        Rule(1 if limit is None else limit, 1.0 if period is None else period, burst)
        self._limit, self._period, self._burst, self._on_cut = limit, period, burst, on_cut
        self._windows: dict[tuple[Key, Limit, Any], Window] = {}

    def window(self, key: Key, limit: Limit, clock: Clock) -> Window:
        """Give the window for a key; the same one each time."""
        place = key, limit, clock.monotonic
        return self._windows.get(place) or self._windows.setdefault(place, self._make(key, limit, clock))

    def _make(self, key: Key, limit: Limit, clock: Clock) -> Window:
        queue = self._queue(key, clock)
        period = self._period or limit.period
        ahead = period / 4 if queue.store.shared else inf
        return Window(queue, Rule(self._limit or limit.requests, period, self._burst, ahead), self._on_cut)

    @abstractmethod
    def _queue(self, key: Key, clock: Clock) -> Queue: ...
