"""First-in, first-out queue of the requests of one process that wait for a permit."""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, repeat
from math import inf
from typing import TYPE_CHECKING, Protocol

from okx_maxloan_sdk.clock import WakeEvent, wake_up
from okx_maxloan_sdk.effects import Flow, RunBlocking, Sleep
from okx_maxloan_sdk.exceptions import LimiterUnavailableError, RateLimitTimeoutError

from .ledger import CLOCK_MARGIN, MAX_DELIVERY_DELAY, PermitId, RateLimit, Reservation

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from okx_maxloan_sdk.clock import Clock

# Seconds that the first waiter sleeps at least, while another thread calls the store for it.
MIN_SLEEP = 0.01
# While another process has the store locked (each for about 0.1 ms): seconds between two tries, how often a release
# tries before it leaves the rest to the first waiter, and seconds until the waiters get an error (sqlite3's default).
BUSY_INTERVAL = 0.001
BUSY_RELEASE_TRIES = 10
BUSY_TIMEOUT = 5.0


class StoreBusyError(Exception):
    """The store cannot be written for a moment."""


class Store(Protocol):
    """Storage of one ledger; the methods are those of `Ledger`, in the store's own time.

    Only one caller at a time reserves or releases. The others may call `throttle` and `usage` meanwhile.
    """

    is_blocking: bool
    """Whether a call may wait for a network."""
    is_shared: bool
    """Whether other processes write to the ledger too, without notice when a slot comes free."""

    def reserve(self, permit_id: PermitId, lease: float, queued: int, limit: RateLimit) -> Reservation:
        """Raise `LimiterUnavailableError` when the store cannot be used, `StoreBusyError` when it can be soon."""
        ...

    def release(self, permit_id: PermitId, hold: float) -> None:
        """Raise `StoreBusyError` when it must be called again later; what is never written ends with the lease."""
        ...

    def throttle(self, limit: RateLimit) -> bool:
        """Reduce the capacity, and return whether this rejection counts; never blocks."""
        ...

    def usage(self, limit: RateLimit) -> tuple[int, int]:
        """Return the capacity and the slots in use, as last known where reading would block."""
        ...

    def after_fork(self) -> None:
        """Discard what belongs to the parent process."""
        ...


@dataclass(slots=True, eq=False, repr=False)
class Permit:
    """The right to send one request from its `start` on, or, until it has one, a place in the queue.

    Only the first call of a release method counts. An `error` ends the wait, and `wake_event` a sleep.
    """

    _queue: AcquireQueue
    permit_id: PermitId
    limit: RateLimit
    lease: float
    start: float | None = None
    error: LimiterUnavailableError | None = None
    wake_event: WakeEvent | None = None
    is_released: bool = False

    def release_unsent(self) -> Flow[None]:
        """Free the slot at once: no byte was sent."""
        return self._queue.release(self, 0.0)

    def release_after_response(self) -> Flow[None]:
        """Free the slot one period from now: a response came."""
        return self._queue.release(self, self.limit.period + CLOCK_MARGIN)

    def release_outcome_unknown(self) -> Flow[None]:
        """Free the slot one period after the last instant at which the exchange may count the request."""
        return self._queue.release(self, self.limit.period + MAX_DELIVERY_DELAY)


class AcquireQueue:
    """First come, first served, across threads and event loops: only the first waiter's request goes to the store.

    A change is recorded first, then `_write_and_grant` is called; one caller at a time processes what all have
    recorded. No caller waits for another's work, so a flow may be closed anywhere, also by the garbage collector.

    A signal handler may raise between any two operations. So what a caller takes it can give back without having been
    told that it got it: its token in `_processors`, whose first one works, its place in the queue, and its slot.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._now = clock.monotonic
        self.reset()

    def reset(self) -> None:
        """Empty the queue: in a forked child, the waiters and the caller at work are in another process."""
        self._owner = int.from_bytes(os.urandom(6), "big")
        # The next owner and number, without a call of Python code.
        self.new_permit_id: Callable[[], PermitId] = zip(repeat(self._owner), count(1), strict=False).__next__
        # A list, since a slice of it is read in one step.
        self.waiters: list[Permit] = []
        self._releases: deque[tuple[PermitId, float]] = deque()
        self._grant_requested = False
        self._processors: list[object] = []
        self._retry_at = self._earliest = -inf
        self._busy: LimiterUnavailableError | None = None
        self._busy_since = inf
        self._capacity = 1

    def acquire(self, permit: Permit, deadline: float | None) -> Flow[float]:
        """Wait for the start of a permit; return how many seconds ago it was."""
        try:
            self.waiters.append(permit)
            if self.waiters[:1] == [permit]:
                yield from self._request_grant()
            while permit.start is None:
                if permit.error is not None:
                    raise LimiterUnavailableError(*permit.error.args) from permit.error.__cause__
                permit.wake_event = WakeEvent()
                if permit.start is None and permit.error is None:
                    yield Sleep(self._sleep_time(permit, deadline), permit.wake_event)
                if self.waiters[:1] == [permit] and self._now() >= self._retry_at:
                    yield from self._request_grant()
            if deadline is not None and permit.start > deadline:
                raise self._deadline_error(0, permit.start, deadline)
            while (now := self._now()) < permit.start:
                yield Sleep(permit.start - now)
            return now - permit.start
        except BaseException as error:
            with suppress(ValueError):
                self.waiters.remove(permit)
            self._wake_first()
            if not isinstance(error, LimiterUnavailableError):
                yield from self.release(permit, 0.0)
            raise

    def release(self, permit: Permit, hold: float) -> Flow[None]:
        """Hold a permit's slot for `hold` more seconds, or free it at once."""
        if permit.is_released or permit.permit_id[0] != self._owner:
            return  # it is the parent's, and this is a forked child
        self._releases.append((permit.permit_id, self._now() + hold if hold else -inf))
        permit.is_released = True
        if self.waiters and (not hold or not self.store.is_shared):
            self._grant_requested = True
        # A flow that is being closed cannot yield: the next caller writes what this one may not.
        is_closing = isinstance(sys.exception(), GeneratorExit)
        if not self.store.is_blocking:
            self._write_and_grant()
        elif not is_closing:
            yield RunBlocking(self._write_and_grant)
        if is_closing or self.store.is_blocking or not self.store.is_shared:
            return
        for _ in range(BUSY_RELEASE_TRIES):
            if not self._releases:
                return
            yield Sleep(BUSY_INTERVAL)
            self._write_and_grant()
        self._retry_at = -inf
        self._wake_first()

    def _wake_first(self) -> None:
        for first in self.waiters[:1]:
            if first.wake_event is not None:
                wake_up(first.wake_event)

    def _request_grant(self) -> Flow[None]:
        self._grant_requested = True
        if self.store.is_blocking:
            yield RunBlocking(self._write_and_grant)
        else:
            self._write_and_grant()

    def _sleep_time(self, permit: Permit, deadline: float | None) -> float:
        """Return how long to sleep, or raise `RateLimitTimeoutError` when the turn cannot come in time."""
        now, seconds = self._now(), permit.lease
        if self.waiters[:1] == [permit]:
            seconds = min(seconds, max(self._retry_at - now, BUSY_INTERVAL if self._busy else MIN_SLEEP))
        if deadline is not None:
            try:
                ahead = self.waiters.index(permit)
            except ValueError:  # it has been granted a slot
                return 0.0
            start = max(now, self._earliest + ahead // self._capacity * permit.limit.period)
            if start >= deadline:
                raise self._busy or self._deadline_error(ahead, start, deadline)
            seconds = min(seconds, deadline - now)
        return seconds

    def _deadline_error(self, ahead: int, start: float, deadline: float) -> RateLimitTimeoutError:
        now = self._now()
        return RateLimitTimeoutError(
            f"the rate limit allows this request in {max(0.0, start - now):.1f} s at the earliest ({ahead} requests of"
            f" this process are queued before it), and its deadline is in {deadline - now:.1f} s;"
            " allow more time, or send fewer requests at once"
        )

    def _write_and_grant(self) -> None:
        """Write the releases and grant slots, unless another caller does."""
        token, is_busy = object(), False
        while self._grant_requested or (self._releases and not is_busy):
            try:
                self._processors.append(token)
                if self._processors[0] is token:
                    is_busy = bool(self._releases) and not self._write_releases()
                    if self._grant_requested:
                        self._grant_requested = False
                        self._grant_slots()
            finally:
                self._processors.remove(token)
            if self._processors:
                return  # the last one to leave checks again

    def _write_releases(self) -> bool:
        """Write the releases, and keep those that the store does not take now; return whether none is left."""
        for _ in range(len(self._releases)):
            permit_id, until = self._releases[0]
            try:
                self.store.release(permit_id, max(0.0, until - self._now()))
            except StoreBusyError:
                self._releases.rotate(-1)
            else:
                self._releases.popleft()
        return not self._releases

    def _grant_slots(self) -> None:
        """Reserve a slot for each waiter in turn, while the store grants them."""
        while firsts := self.waiters[:1]:
            [first] = firsts
            if first.error is not None:
                return  # it leaves, and wakes the next one
            # It has a start if a signal ended this loop before its last step.
            if first.start is None:
                try:
                    reservation = self.store.reserve(first.permit_id, first.lease, len(self.waiters), first.limit)
                except (StoreBusyError, LimiterUnavailableError) as error:
                    self._retry_or_fail_all(error)
                    return
                now = self._now()
                self._busy, self._busy_since, self._capacity = None, inf, reservation.capacity
                if not reservation.granted:
                    self._retry_at, self._earliest = now + reservation.wait, now + reservation.earliest
                    if self._releases and not self.store.is_blocking:
                        # The store was busy, and may grant a slot once it knows of them.
                        self._retry_at = min(self._retry_at, now + BUSY_INTERVAL)
                    if self.store.is_shared:
                        self._wake_first()  # it may be new as the first, and sleep longer than that
                    return
                first.start = now + reservation.wait
            try:
                self.waiters.remove(first)
            except ValueError:
                continue  # it left while the store was called, and its release follows
            if first.wake_event is not None:
                wake_up(first.wake_event)

    def _retry_or_fail_all(self, error: StoreBusyError | LimiterUnavailableError) -> None:
        """Let the first waiter try again soon, or raise an error in all, so that none waits for another's time-out."""
        if isinstance(error, StoreBusyError):
            now = self._now()
            self._busy_since = min(self._busy_since, now)
            seconds = now - self._busy_since
            error = LimiterUnavailableError(f"{error} since {seconds:.1f} s")
            if seconds < BUSY_TIMEOUT:
                self._busy, self._retry_at = error, now + BUSY_INTERVAL
                self._wake_first()  # as above
                return
        self._retry_at, self._busy, self._busy_since = -inf, None, inf
        for waiter in self.waiters[:]:
            waiter.error = error
            if waiter.wake_event is not None:
                wake_up(waiter.wake_event)


_registry: dict[Hashable, AcquireQueue] = {}


def shared_queue(key: Hashable, clock: Clock, create_store: Callable[[], Store]) -> AcquireQueue:
    """Return the one queue of this process for one ledger."""
    # The clock is part of the key: times of two clocks cannot be compared.
    key = key, clock.monotonic
    return _registry.get(key) or _registry.setdefault(key, AcquireQueue(create_store(), clock))


def _after_fork_in_child() -> None:
    for queue in _registry.values():
        queue.reset()
        queue.store.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
