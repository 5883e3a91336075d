"""The window as arithmetic: who holds which of the N slots from when until when.

A request is sent only while it holds a slot, from before its first byte is written until one period after its answer
came. Then at most N requests are counted in any window shorter than the period, whatever the delays:

    The exchange counts a request at some instant between its first byte and its answer. Let k requests be counted in
    one window shorter than the period, the last of them at instant c. Each of the k was counted before c, so it was
    sent before c; and its answer came after it was counted, that is later than c - period, so its slot is held beyond
    c. All k slots are held at c. No more than N ever are: hence k <= N.

No clock is compared with the exchange's, and no delay is bounded. What the proof stands on:

- the exchange counts a request before it answers it;
- a request without an answer is counted at most LINGER after its sender gave up, and is held `period + LINGER`;
- nobody sends for the same user past this limiter;
- clocks run at the same rate to within MARGIN in a period, and an answer is noted after it came, never before;
- a holder that crashed sent nothing later than its lease foresees (SLACK after its start);
- a store that lost its memory is quiet for one period and GRACE, in which requests on their way are answered.

That no more than N are held at once: a start s is granted only while the slots on their way (all of them, also those
that start later) and the answered ones that are held beyond s are N - 1 at most. Of the slots held at any instant,
look at the one that was granted last: all the others were among the N - 1 that were looked at then.

Owners (processes) share fairly. Each has a tag, the number of slots it was granted. A free slot goes to the waiting
owner with the smallest tag, so owners that wait differ by one slot at most, and an owner alone gets all. A newcomer
starts where it would stand had it been there since the oldest slot was taken that is still held.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from math import inf
from typing import NamedTuple, TypeAlias

from attrs import define, field, frozen
from attrs.validators import ge, gt, optional

# Seconds. MARGIN covers clocks that run at different rates (0.5 % of a period of 2 s) and timers that fire early.
MARGIN, LINGER, SLACK, GRACE = 0.010, 3.0, 1.0, 1.0
# After a 50011 this part of the slots stays, and one slot comes back per RECOVERY seconds.
CUT, RECOVERY = 0.7, 10.0
# An owner that took slots while it was alone waits at most so many periods for those who came later.
PATIENCE = 4

Token: TypeAlias = tuple[float, float]
"""Who asks (an owner) and which of its requests."""


@frozen
class Limit:
    """So many requests in any period of so many seconds."""

    requests: int = field(validator=ge(1))
    period: float = field(validator=gt(0))


class Key(NamedTuple):
    """Who shares one limit: at which host, which OKX user (its uid, or a hash of its API key), for which operation."""

    host: str
    user: str
    operation: str


@frozen
class Rule(Limit):
    """A limit, how many may start at once (None: all), and how long before its start a slot may be reserved."""

    burst: int | None = field(default=None, validator=optional(ge(1)))
    ahead: float = inf


class Answer(NamedTuple):
    """What a store says to who asks for a slot.

    `wait` is in how many seconds the granted slot starts, or asking again is worth it; `soonest` in how many seconds a
    slot can start at the earliest; of the `slots` there are, `held` are taken.
    """

    granted: bool
    wait: float
    soonest: float
    slots: int
    held: int


@define
class Turn:
    """How many slots an owner got, how many more it wants, and until when it is known to wait."""

    tag: float
    demand: float = 0
    until: float = -inf


@define
class Held:
    """Slots after their answers, in the order in which they come free: columns, as a file keeps them."""

    release: array[float] = field(factory=lambda: array("d"))
    owner: array[float] = field(factory=lambda: array("d"))
    number: array[float] = field(factory=lambda: array("d"))
    start: array[float] = field(factory=lambda: array("d"))

    @property
    def columns(self) -> tuple[array[float], ...]:
        """All columns."""
        return self.release, self.owner, self.number, self.start

    def add(self, release: float, token: Token, start: float) -> None:
        """Hold a slot until its release."""
        row = bisect_right(self.release, release)
        self.release.insert(row, release)
        self.owner.insert(row, token[0])
        self.number.insert(row, token[1])
        self.start.insert(row, start)

    def remove(self, token: Token) -> None:
        """Free the slot of a token, if it has one."""
        for row, each in enumerate(zip(self.owner, self.number, strict=True)):
            if each == token:
                for column in self.columns:
                    del column[row]
                return

    def sweep(self, now: float) -> None:
        """Free the slots whose time has come."""
        if self.release and self.release[0] <= now:
            row = bisect_right(self.release, now)
            del self.release[:row], self.owner[:row], self.number[:row], self.start[:row]


@define
class Ledger:
    """Who holds a slot: `flying` requests (token: start, end of the lease), and those `held` after an answer."""

    flying: dict[Token, tuple[float, float]] = field(factory=dict)
    held: Held = field(factory=Held)
    turns: dict[float, Turn] = field(factory=dict)
    quiet: float = -inf
    lost: int = 0
    lost_at: float = -inf

    def reserve(self, now: float, token: Token, lease: float, demand: int, rule: Rule) -> Answer:
        """Reserve a slot for `token`, or say when to ask again; asked twice, the same slot is meant.

        The slot is held for `lease` seconds from its start unless it is committed. `demand` is how many of this owner
        want a slot.
        """
        flying, held = self.flying, self.held.release
        slots = self.slots(now, rule)
        if token in flying:
            wait = max(0.0, flying[token][0] - now)
            return Answer(True, wait, wait, slots, len(flying) + len(held))
        self.sweep(now)
        owed = 0 if rule.ahead == inf else self._owed(now, token[0], slots)
        if owed < slots - len(flying):
            start = self._start(now, rule, slots, owed)
            soonest = start - now
            if soonest <= rule.ahead:
                if owed:
                    start = self._start(now, rule, slots, 0)
                flying[token] = start, start + lease
                self._turn(token[0], 1, demand - 1, now + rule.period / 8, rule)
                return Answer(True, start - now, start - now, slots, len(flying) + len(held))
            wait = soonest - rule.ahead
        else:
            # Nothing can be had before somebody's answer, and that slot only a period later.
            soonest = max(0.0, min((start for start, _ in flying.values()), default=now) - now) + rule.period
            wait = min((end for _, end in flying.values()), default=inf) - now
            if rule.ahead != inf:
                wait = min(wait, soonest - rule.ahead)
        self._turn(token[0], 0, demand, now + wait + rule.period / 8, rule)
        return Answer(False, wait, soonest, slots, len(flying) + len(held))

    def commit(self, now: float, token: Token, hold: float) -> None:
        """Hold the slot of `token` for `hold` more seconds, or free it at once; one that is not known is taken up."""
        start = now
        if token in self.flying:
            start, _ = self.flying.pop(token)
        else:
            self.held.remove(token)
        if hold > 0:
            self.held.add(now + hold, token, start)

    def penalize(self, now: float, rule: Rule) -> bool:
        """Take slots away after a refusal; those that come within a period of each other count as one."""
        if now < self.lost_at + rule.period:
            return False
        self.lost = rule.requests - max(1, int(self.slots(now, rule) * CUT))
        self.lost_at = now
        return True

    def inspect(self, now: float, rule: Rule) -> tuple[int, int]:
        """Count the slots that may be held, and those that are."""
        self.sweep(now)
        return self.slots(now, rule), len(self.flying) + len(self.held.release)

    def slots(self, now: float, rule: Rule) -> int:
        """Count the slots that may be held: all, less those that refusals cost."""
        return max(1, rule.requests - self._lost(now))

    def _lost(self, now: float) -> int:
        return max(0, self.lost - int((now - self.lost_at) / RECOVERY)) if self.lost else 0

    def sweep(self, now: float) -> None:
        """Free the slots whose time has come."""
        self.held.sweep(now)
        if self.flying:
            for token in [token for token, (_, end) in self.flying.items() if end <= now]:
                del self.flying[token]

    def _start(self, now: float, rule: Rule, slots: int, nth: int) -> float:
        """Find when the slot after `nth` others can start; there is one."""
        start = max(now, self.quiet)
        blocking = len(self.flying) + len(self.held.release) - slots + nth
        if blocking >= 0:
            start = max(start, self.held.release[blocking])
        burst = 1 if self._lost(now) else rule.burst
        if burst is not None:
            gap = rule.period / slots
            theirs = -inf
            for begun in sorted([*(start for start, _ in self.flying.values()), *self.held.start]):
                theirs = max(theirs, begun) + gap
            start = max(start, theirs + (nth + 1 - burst) * gap)
        return start

    def _owed(self, now: float, owner: float, slots: int) -> int:
        """Count the slots that other owners get before this one's next."""
        turn = self.turns.get(owner)
        if turn is None or turn.until <= now:
            turn = self._join(now, owner)
        waiting = [(id_, each) for id_, each in self.turns.items() if each.until > now and each.demand and id_ != owner]
        if not waiting:
            return 0
        turn.tag = min(turn.tag, min(each.tag for _, each in waiting) + PATIENCE * slots // (len(waiting) + 1) + 1)
        return int(sum(min(each.demand, max(0, turn.tag - each.tag + (id_ < owner))) for id_, each in waiting))

    def _join(self, now: float, owner: float) -> Turn:
        """Give an owner its place among the others, and forget those who neither hold nor want a slot."""
        if self.turns.keys() - {owner}:
            holds = Counter([*(owner for owner, _ in self.flying), *self.held.owner])
            for id_ in [id_ for id_, each in self.turns.items() if each.until <= now and not holds[id_]]:
                if id_ != owner:
                    del self.turns[id_]
            others = [each.tag - holds[id_] for id_, each in self.turns.items() if id_ != owner]
        else:
            others = []
        turn = self.turns.setdefault(owner, Turn(0))
        turn.tag = max([turn.tag, *([min(others)] if others else [])])
        return turn

    def _turn(self, owner: float, granted: int, demand: int, until: float, rule: Rule) -> None:
        if rule.ahead != inf:
            turn = self.turns[owner]
            turn.tag += granted
            turn.demand, turn.until = demand, until
