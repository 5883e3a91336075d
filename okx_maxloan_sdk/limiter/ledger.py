"""Rate-limit ledger: which permit holds which of the N slots, from when until when.

A request is sent only while it holds a slot, from before its first byte is written until one period after its response
came. Then at most N requests are counted in any window shorter than the period, whatever the delays:

    The exchange counts a request at some instant between its first byte and its response. Let k requests be counted
    in one window shorter than the period, the last of them at instant c. Each of the k was counted before c, so it was
    sent before c; and its response came after it was counted, that is later than c - period, so its slot is held
    beyond c. All k slots are held at c. No more than N ever are: hence k <= N.

No clock is compared with the exchange's, and no delay is bounded. The proof assumes:

- the exchange counts a request before it responds to it;
- a request without a response is counted at most MAX_DELIVERY_DELAY after its sender gave up, and is held
  `period + MAX_DELIVERY_DELAY`;
- no other program sends for the same user without this limiter;
- clocks run at the same rate to within CLOCK_MARGIN in a period, and a response is recorded after it came;
- a holder that crashed sent nothing later than its lease foresees (SCHEDULING_SLACK after its start);
- a store that lost its state grants nothing for one period and RECOVERY_MARGIN, in which the requests in flight
  get their responses.

That no more than N are held at once: a start s is granted only while the slots in flight (all of them, also those that
start later) and the released ones that are held beyond s are N - 1 at most. Of the slots held at any instant, look at
the one that was granted last: all the others were among the N - 1 that were counted then.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, TypeAlias

from .fairness import FairShares

# Seconds. CLOCK_MARGIN covers clocks that run at different rates (0.5 % of a period of 2 s) and timers that fire early.
CLOCK_MARGIN = 0.010
MAX_DELIVERY_DELAY = 3.0
SCHEDULING_SLACK = 1.0
RECOVERY_MARGIN = 1.0
# After a 50011 this part of the slots remains, and one slot is restored per RECOVERY_INTERVAL seconds.
REDUCTION_FACTOR = 0.7
RECOVERY_INTERVAL = 10.0

PermitId: TypeAlias = tuple[int, int]
"""An owner (a process) and the sequence number of one of its permits."""


class RateLimit(NamedTuple):
    """At most `max_requests` in any period of `period` seconds.

    `burst` is how many may start at once (None: all), and `reserve_ahead` how early a slot may be reserved.
    """

    max_requests: int
    period: float
    burst: int | None = None
    reserve_ahead: float = inf


class LimitKey(NamedTuple):
    """Who shares one limit: an OKX user (its uid, or a hash of its API key) and an operation.

    `site` is empty unless it matters: for limits per IP address, and for an exchange on this machine.
    """

    user: str
    operation: str
    site: str = ""


class Reservation(NamedTuple):
    """A ledger's decision on one permit.

    `wait` is in how many seconds the granted slot starts, or the store is worth another call; `earliest` in how many
    seconds a slot can start at the earliest; `capacity` is how many slots there are.
    """

    granted: bool
    wait: float
    earliest: float
    capacity: int


@dataclass(slots=True)
class Ledger:
    """The slots `in_flight` (permit: start, end of the lease), and those `held` after their response.

    `held` is sorted and has (release, owner, sequence, start). Nothing starts before `blocked_until`.
    """

    in_flight: dict[PermitId, tuple[float, float]] = field(default_factory=dict)
    held: list[tuple[float, int, int, float]] = field(default_factory=list)
    shares: FairShares = field(default_factory=FairShares)
    blocked_until: float = 0.0
    reduction: int = 0
    reduced_at: float = 0.0
    # No lease ends earlier.
    _first_end: float = field(default=-inf, init=False, compare=False)

    def reserve(self, now: float, permit_id: PermitId, lease: float, queued: int, limit: RateLimit) -> Reservation:
        """Reserve a slot, or return when to call again; idempotent for one permit.

        The slot is held for `lease` seconds from its start unless it is released. `queued` is how many requests of
        this owner want a slot.
        """
        capacity = self.capacity(now, limit) if self.reduction else limit.max_requests
        if permit_id in self.in_flight:
            wait = max(0.0, self.in_flight[permit_id][0] - now)
            return Reservation(True, wait, wait, capacity)
        self.expire(now)
        owner, is_shared = permit_id[0], limit.reserve_ahead != inf
        owed = self.shares.slots_owed_to_others(now, owner, capacity, self._slots_by_owner) if is_shared else 0
        if owed < capacity - len(self.in_flight):
            start = self._earliest_start(now, limit, capacity, owed)
            earliest = start - now
            if earliest <= limit.reserve_ahead:
                if owed:
                    start = self._earliest_start(now, limit, capacity, 0)
                self._first_end = min(self._first_end, start + lease)
                self.in_flight[permit_id] = start, start + lease
                if is_shared:
                    self.shares.record(owner, 1, queued - 1, now + limit.period / 8)
                return Reservation(True, start - now, start - now, capacity)
            wait = earliest - limit.reserve_ahead
        else:
            # No slot is free before some response, and that slot only a period later.
            first_start = min((start for start, _ in self.in_flight.values()), default=now)
            earliest = max(0.0, first_start - now) + limit.period
            wait = min((end for _, end in self.in_flight.values()), default=inf) - now
            if is_shared:
                wait = min(wait, earliest - limit.reserve_ahead)
        if is_shared:
            self.shares.record(owner, 0, queued, now + wait + limit.period / 8)
        return Reservation(False, wait, earliest, capacity)

    def release(self, now: float, permit_id: PermitId, hold: float) -> None:
        """Hold a permit's slot for `hold` more seconds, or free it; record the slot of an unknown permit."""
        start, _ = self.in_flight.get(permit_id, (now, now))
        if permit_id not in self.in_flight:
            self.held = [slot for slot in self.held if slot[1:3] != permit_id]
        if hold > 0:
            insort(self.held, (now + hold, *permit_id, start))
        # Last: interrupted before, the slot counts twice rather than not at all.
        self.in_flight.pop(permit_id, None)

    def throttle(self, now: float, limit: RateLimit) -> bool:
        """Reduce the capacity after a rejection; rejections within one period of each other count once."""
        if self.reduction and now < self.reduced_at + limit.period:
            return False
        self.reduction = limit.max_requests - max(1, int(self.capacity(now, limit) * REDUCTION_FACTOR))
        self.reduced_at = now
        return True

    def usage(self, now: float, limit: RateLimit) -> tuple[int, int]:
        """Return the capacity and the number of slots in use; changes nothing, so that any thread may ask."""
        in_flight = sum(end > now for _, end in list(self.in_flight.values()))
        return self.capacity(now, limit), in_flight + sum(slot[0] > now for slot in self.held.copy())

    def capacity(self, now: float, limit: RateLimit) -> int:
        """Return how many slots there are: all, less those that rejections cost."""
        restored = int((now - self.reduced_at) / RECOVERY_INTERVAL)
        return max(1, limit.max_requests - max(0, self.reduction - restored))

    def expire(self, now: float) -> None:
        """Free the slots whose hold or lease is over."""
        if self.held and self.held[0][0] <= now:
            del self.held[: bisect_right(self.held, (now, inf))]
        if self._first_end <= now:
            for permit_id, (_, end) in list(self.in_flight.items()):
                if end <= now:
                    del self.in_flight[permit_id]
            self._first_end = min((end for _, end in self.in_flight.values()), default=inf)

    def _slots_by_owner(self) -> Counter[int]:
        return Counter([*(owner for owner, _ in self.in_flight), *(slot[1] for slot in self.held)])

    def _earliest_start(self, now: float, limit: RateLimit, capacity: int, after: int) -> float:
        """Return when the slot after `after` others can start; fewer than `capacity` are in flight."""
        start = max(now, self.blocked_until)
        blocking = len(self.in_flight) + len(self.held) - capacity + after
        if blocking >= 0:
            start = max(start, self.held[blocking][0])
        burst = 1 if capacity < limit.max_requests else limit.burst
        if burst is not None:
            # Generic cell rate algorithm: each start moves the theoretical arrival time by one gap.
            gap = limit.period / capacity
            arrival = -inf
            for previous in sorted(
                [*(start for start, _ in self.in_flight.values()), *(slot[3] for slot in self.held)]
            ):
                arrival = max(arrival, previous) + gap
            start = max(start, arrival + (after + 1 - burst) * gap)
        return start
