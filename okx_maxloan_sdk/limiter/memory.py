"""A window in this process: all its clients, threads and event loops share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .queue import Queue, queue
from .slot import BaseLimiter
from .window import Answer, Key, Ledger, Rule, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.clock import Clock


class MemoryStore:
    """A ledger in memory."""

    blocking = False
    shared = False

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ledger = Ledger()

    def reserve(self, token: Token, lease: float, demand: int, rule: Rule) -> Answer:
        """Reserve a slot, or say when to ask again."""
        return self._ledger.reserve(self._now(), token, lease, demand, rule)

    def commit(self, token: Token, hold: float) -> None:
        """Hold a slot for `hold` more seconds."""
        self._ledger.commit(self._now(), token, hold)

    def penalize(self, rule: Rule) -> bool:
        """Take slots away, and tell whether this refusal counts."""
        return self._ledger.penalize(self._now(), rule)

    def inspect(self, rule: Rule) -> tuple[int, int]:
        """Count the slots there are and those held."""
        return self._ledger.inspect(self._now(), rule)

    def forked(self) -> None:
        """Keep what is known to be held."""
        # What is in flight is the parent's; to share a limit with it takes a FileLimiter.
        self._ledger = Ledger(held=self._ledger.held)


class MemoryLimiter(BaseLimiter):
    """Counts within this process; every MemoryLimiter counts in the same windows."""

    def _queue(self, key: Key, clock: Clock) -> Queue:
        return queue(("memory", key), clock, lambda: MemoryStore(clock.monotonic))
