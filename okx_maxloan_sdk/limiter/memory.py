"""Memory limiter: one limit for all clients, threads and event loops of a process."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from .base import BaseLimiter
from .ledger import Ledger, LimitKey, PermitId, RateLimit, Reservation
from .queue import AcquireQueue, shared_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.clock import Clock


class MemoryStore:
    """A ledger in memory."""

    is_blocking = False
    is_shared = False

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ledger = Ledger()
        self._throttle_lock = RLock()

    def reserve(self, permit_id: PermitId, lease: float, queued: int, limit: RateLimit) -> Reservation:
        """Reserve a slot, or return when to call again."""
        return self._ledger.reserve(self._now(), permit_id, lease, queued, limit)

    def release(self, permit_id: PermitId, hold: float) -> None:
        """Hold a slot for `hold` more seconds."""
        self._ledger.release(self._now(), permit_id, hold)

    def throttle(self, limit: RateLimit) -> bool:
        """Reduce the capacity; return whether this rejection counts."""
        with self._throttle_lock:
            return self._ledger.throttle(self._now(), limit)

    def usage(self, limit: RateLimit) -> tuple[int, int]:
        """Return the capacity and the number of slots in use."""
        return self._ledger.usage(self._now(), limit)

    def after_fork(self) -> None:
        """Forget the parent's requests in flight; a FileLimiter shares a limit with the parent."""
        self._ledger.in_flight.clear()
        self._throttle_lock = RLock()


class MemoryLimiter(BaseLimiter):
    """Limit the requests of this process; every MemoryLimiter counts in the same ledgers."""

    def _shared_queue(self, key: LimitKey, clock: Clock) -> AcquireQueue:
        return shared_queue(("memory", key), clock, lambda: MemoryStore(clock.monotonic))
