"""First-in, first-out queue of the requests of one process that wait for a permit."""

from __future__ import annotations

import os
import sys
from collections import deque
from dataclasses import dataclass
from itertools import count, repeat
from math import inf
from threading import Lock, get_ident
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from okx_maxloan_sdk.clock import WakeEvent, wake_up
from okx_maxloan_sdk.effects import Flow, RunBlocking, Sleep
from okx_maxloan_sdk.exceptions import LimiterUnavailableError, RateLimitTimeoutError

from .ledger import MAX_DELIVERY_DELAY, SCHEDULING_SLACK, LimitPolicy, PermitId, Reservation

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from okx_maxloan_sdk.clock import Clock

T = TypeVar("T")

# Seconds that the first waiter sleeps at least, while another thread calls the store for it.
MIN_SLEEP = 0.01
# While another process has the store locked (each for about 0.1 ms): seconds between two tries, how often a release
# tries before it leaves the rest to the first waiter, and seconds until the waiters get an error (sqlite3's default).
BUSY_INTERVAL, BUSY_RELEASE_TRIES, BUSY_TIMEOUT = 0.001, 10, 5.0


class StoreBusyError(Exception):
    """The store cannot be written for a moment."""


class Store(Protocol):
    """Storage of one ledger; the methods are those of `Ledger`, in the store's own time."""

    is_blocking: bool
    """Whether a call may wait for a network."""
    is_shared: bool
    """Whether other processes write to the ledger too, without notice when a slot comes free."""

    def reserve(self, permit_id: PermitId, lease: float, queued: int, policy: LimitPolicy) -> Reservation:
        """Raise `LimiterUnavailableError` when the store cannot be used, `StoreBusyError` when it can be soon."""
        ...

    def release(self, permit_id: PermitId, hold: float) -> None:
        """Raise `StoreBusyError` when it must be called again later; what is never written ends with the lease."""
        ...

    def throttle(self, policy: LimitPolicy) -> bool:
        """Reduce the capacity, and return whether this rejection counts; never blocks."""
        ...

    def usage(self, policy: LimitPolicy) -> tuple[int, int]:
        """Return the capacity and the slots in use, as last known where reading would block."""
        ...

    def after_fork(self) -> None:
        """Discard what belongs to the parent process."""
        ...


class RateLimitStatus(NamedTuple):
    """How much of a limit is in use, and how many requests of this process are queued.

    `reduced_by` is how many requests are missing from the limit, after rejections or while Redis is unavailable.
    """

    limit: int
    in_use: int
    queued: int
    reduced_by: int


@dataclass(slots=True, eq=False, repr=False)
class Waiter:
    """A queued request: it has a `start` once it was granted a slot, or an error; `alarm` ends its sleep."""

    permit_id: PermitId
    lease: float
    policy: LimitPolicy
    start: float | None = None
    error: LimiterUnavailableError | None = None
    alarm: WakeEvent | None = None

    def wake(self) -> None:
        """End its sleep, if it sleeps."""
        if self.alarm is not None:
            wake_up(self.alarm)


class AcquireQueue:
    """First come, first served, across threads and event loops: only the first waiter's request goes to the store.

    A change is recorded first, then `_process` is called; one caller at a time processes what all have recorded. No
    caller waits for another's work, so a flow may be closed anywhere, also by the garbage collector.

    A signal handler may raise between any two operations. So what a caller takes it can give back without having been
    told that it got it: its name in `_entered`, whose first one works, and the slot of its permit.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._now = clock.monotonic
        self.reset()

    def reset(self) -> None:
        """Empty the queue: in a forked child, the waiters and the lock's holder are in another process."""
        self._owner = int.from_bytes(os.urandom(6), "big")
        # The next owner and number, without a call of Python code.
        self.new_permit_id: Callable[[], PermitId] = zip(repeat(self._owner), count(1), strict=False).__next__
        self._waiters: deque[Waiter] = deque()
        self._pending_releases: deque[tuple[PermitId, float]] = deque()
        self._grant_requested = False
        self._entered: list[object] = []
        # Between the first of `_entered` and callers of `_locked`. Their threads are in `_locking`, as the garbage
        # collector may close a flow in the middle of their call.
        self._lock = Lock()
        self._locking: list[int] = []
        self._retry_at = self._earliest = -inf
        self._busy: LimiterUnavailableError | None = None
        self._busy_since = -inf
        self._capacity = 1

    def acquire(self, permit_id: PermitId, policy: LimitPolicy, timeout: float, deadline: float | None) -> Flow[None]:
        """Wait for a slot for a request that takes at most `timeout` seconds."""
        lease = SCHEDULING_SLACK + timeout + policy.period + MAX_DELIVERY_DELAY
        waiter = None
        try:
            start = self._reserve_uncontended(permit_id, lease, policy, deadline)
            if start is None:
                waiter = Waiter(permit_id, lease, policy)
                start = yield from self._wait_for_start(waiter, deadline)
            if deadline is not None and start > deadline:
                raise self._deadline_error(0, start, deadline)
            while (now := self._now()) < start:
                yield Sleep(start - now)
        except BaseException as error:
            may_have_slot = waiter is None or waiter.start is not None or not self.store.is_blocking
            if may_have_slot and not isinstance(error, LimiterUnavailableError):
                yield from self.release(permit_id, 0.0)
            raise
        if now >= start + SCHEDULING_SLACK:
            # This machine or process was suspended: the lease may end before the request does.
            yield from self.release(permit_id, 0.0)
            yield from self.acquire(permit_id, policy, timeout, deadline)

    def release(self, permit_id: PermitId, hold: float) -> Flow[None]:
        """Hold a slot for `hold` more seconds, or free it at once."""
        if permit_id[0] != self._owner:
            return  # it is the parent's, and this is a forked child
        if self._release_uncontended(permit_id, hold):
            return
        self._pending_releases.append((permit_id, self._now() + hold if hold else -inf))
        if self._waiters and (not hold or not self.store.is_shared):
            self._grant_requested = True
        if isinstance(sys.exception(), GeneratorExit):
            # A flow that is being closed cannot yield: the next caller writes what this one may not.
            if not self.store.is_blocking:
                self._process()
            return
        if self.store.is_blocking:
            yield RunBlocking(self._process)
            return
        self._process()
        if self.store.is_shared:
            yield from self._retry_releases()

    def _retry_releases(self) -> Flow[None]:
        for _ in range(BUSY_RELEASE_TRIES):
            if not self._pending_releases:
                return
            yield Sleep(BUSY_INTERVAL)
            self._process()
        if first := self._first():
            self._retry_at = -inf
            first.wake()

    def throttle(self, policy: LimitPolicy) -> bool:
        """Reduce the limit after a rejection; return whether it counts."""
        return self._locked(lambda: self.store.throttle(policy))

    def status(self, policy: LimitPolicy) -> RateLimitStatus:
        """Return how much of the limit is in use."""
        capacity, in_use = self._locked(lambda: self.store.usage(policy))
        return RateLimitStatus(capacity, in_use, len(self._waiters), policy.max_requests - capacity)

    def _reserve_uncontended(
        self, permit_id: PermitId, lease: float, policy: LimitPolicy, deadline: float | None
    ) -> float | None:
        """Reserve a slot without a place in the queue when nobody waits; return its start."""
        if self.store.is_blocking or (deadline is not None and self._now() >= deadline):
            return None
        try:
            self._entered.append(permit_id)
            if self._entered[0] is not permit_id or self._waiters or self._pending_releases:
                return None
            if get_ident() in self._locking:
                return None
            with self._lock:
                reservation = self.store.reserve(permit_id, lease, 1, policy)
            return self._now() + reservation.wait if reservation.granted else None
        except StoreBusyError:
            return None
        finally:
            self._entered.remove(permit_id)
            if self._pending_releases or self._grant_requested:
                self._process()

    def _release_uncontended(self, permit_id: PermitId, hold: float) -> bool:
        """Release a slot without a place in the queue when nobody waits; return whether that was so."""
        if self._waiters or self.store.is_blocking:
            return False
        try:
            self._entered.append(permit_id)
            if self._entered[0] is not permit_id or get_ident() in self._locking:
                return False
            with self._lock:
                self.store.release(permit_id, hold)
        except StoreBusyError:
            return False
        finally:
            self._entered.remove(permit_id)
        if self._waiters and (not hold or not self.store.is_shared):
            self._grant_requested = True
        if self._pending_releases or self._grant_requested:
            self._process()
        return True

    def _wait_for_start(self, waiter: Waiter, deadline: float | None) -> Flow[float]:
        """Wait in the queue until a slot is granted; return its start."""
        self._waiters.append(waiter)
        try:
            if self._first() is waiter:
                yield from self._request_grant()
            while waiter.start is None:
                if waiter.error is not None:
                    raise waiter.error
                waiter.alarm = WakeEvent()
                if waiter.start is None and waiter.error is None:
                    yield Sleep(self._sleep_time(waiter, deadline), waiter.alarm)
                if self._first() is waiter and self._now() >= self._retry_at:
                    yield from self._request_grant()
        except BaseException:
            # `acquire` gives back the slot if it was granted meanwhile.
            if self._remove(waiter) and (first := self._first()):
                first.wake()
            raise
        return waiter.start

    def _locked(self, call: Callable[[], T]) -> T:
        if self.store.is_blocking:
            return call()
        thread = get_ident()
        try:
            self._locking.append(thread)
            with self._lock:
                result = call()
        finally:
            self._locking.remove(thread)
        self._process()
        return result

    def _first(self) -> Waiter | None:
        try:
            return self._waiters[0]
        except IndexError:
            return None

    def _request_grant(self) -> Flow[None]:
        self._grant_requested = True
        if self.store.is_blocking:
            yield RunBlocking(self._process)
        else:
            self._process()

    def _remove(self, waiter: Waiter) -> bool:
        """Remove a waiter; of several callers only one succeeds, and decides about its slot."""
        try:
            self._waiters.remove(waiter)
        except ValueError:
            return False
        return True

    def _sleep_time(self, waiter: Waiter, deadline: float | None) -> float:
        """Return how long to sleep, or raise `RateLimitTimeoutError` when the turn cannot come in time."""
        now, seconds = self._now(), waiter.lease
        if self._first() is waiter:
            seconds = min(seconds, max(self._retry_at - now, BUSY_INTERVAL if self._busy else MIN_SLEEP))
        if deadline is not None:
            try:
                ahead = self._waiters.index(waiter)
            except ValueError:
                ahead = 0
            start = max(now, self._earliest + ahead // self._capacity * waiter.policy.period)
            if start >= deadline and waiter.start is None:
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

    def _process(self) -> None:
        name, is_busy = object(), False
        while self._grant_requested or (self._pending_releases and not is_busy):
            try:
                self._entered.append(name)
                if get_ident() in self._locking:
                    return  # `_locked` checks again
                if self._entered[0] is name:
                    with self._lock:
                        is_busy = not self._write_releases()
                        if self._grant_requested:
                            self._grant_requested = False
                            self._grant_waiters()
            finally:
                self._entered.remove(name)
            if self._entered:
                return  # the last one to leave checks again

    def _write_releases(self) -> bool:
        """Write the pending releases, and keep those that the store does not take now; return whether none is left."""
        for _ in range(len(self._pending_releases)):
            permit_id, until = self._pending_releases[0]
            try:
                self.store.release(permit_id, max(0.0, until - self._now()))
            except StoreBusyError:
                self._pending_releases.rotate(-1)
            else:
                self._pending_releases.popleft()
        return not self._pending_releases

    def _grant_waiters(self) -> None:
        while first := self._first():
            if first.start is not None:  # a signal ended this loop before its last step
                self._remove(first)
                first.wake()
                continue
            try:
                reservation = self.store.reserve(first.permit_id, first.lease, len(self._waiters), first.policy)
            except StoreBusyError as busy:
                now = self._now()
                self._retry_at = now + BUSY_INTERVAL
                self._busy_since = self._busy_since if self._busy else now
                self._busy = LimiterUnavailableError(f"{busy} since {now - self._busy_since:.1f} s")
                if now < self._busy_since + BUSY_TIMEOUT:
                    first.wake()  # it may be new as the first, and sleep longer than that
                    return
                self._fail(self._busy)
                continue
            except LimiterUnavailableError as error:
                self._fail(error)
                continue
            self._busy = None
            start = self._now() + reservation.wait
            self._capacity = reservation.capacity
            if not reservation.granted:
                self._retry_at, self._earliest = start, start - reservation.wait + reservation.earliest
                if self._pending_releases and not self.store.is_blocking:
                    # The store was busy, and may grant a slot once it knows of them.
                    self._retry_at = min(start, self._now() + BUSY_INTERVAL)
                if self.store.is_shared:
                    first.wake()  # as above
                return
            first.start = start
            if self._remove(first):
                first.wake()
            else:  # it left while the store was called
                self._pending_releases.append((first.permit_id, -inf))
                self._grant_requested = True

    def _fail(self, error: LimiterUnavailableError) -> None:
        """Raise an error in all waiters, so that none waits for another one's time-out."""
        self._retry_at, self._busy = -inf, None
        for waiter in list(self._waiters):
            waiter.error = LimiterUnavailableError(*error.args)
            waiter.error.__cause__ = error.__cause__
            if self._remove(waiter):
                waiter.wake()


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
