"""The queue before a window: who comes first is served first, and sleeps until its slot starts."""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import suppress
from itertools import count
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from attrs import define

from okx_maxloan_sdk.clock import alarm, rouse
from okx_maxloan_sdk.errors import NotSent
from okx_maxloan_sdk.flow import Flow, Run, Sleep

from .window import LINGER, SLACK, Answer, Rule, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from okx_maxloan_sdk.clock import Clock, Wake

T = TypeVar("T")

# Seconds that the head of a queue sleeps at least: while another thread asks for it, and when its moment has just gone.
PAUSE = 0.01


class Store(Protocol):
    """Where a window's ledger is kept; the calls are those of `Ledger`, at the store's own time."""

    blocking: bool
    """Whether a call may wait for a network."""
    shared: bool
    """Whether others write to the ledger too, so that nobody tells when a slot comes free."""

    def reserve(self, token: Token, lease: float, demand: int, rule: Rule) -> Answer:
        """Raise `NotSent` when slots cannot be had from here."""
        ...

    def commit(self, token: Token, hold: float) -> None:
        """Never fail: what cannot be written ends with the lease."""
        ...

    def penalize(self, rule: Rule) -> bool:
        """Take slots away, and tell whether this refusal counts; never blocks."""
        ...

    def inspect(self, rule: Rule) -> tuple[int, int]:
        """Count the slots there are and those held, as last known where asking would block."""
        ...

    def forked(self) -> None:
        """Make the store sane in a forked child."""
        ...


class Snapshot(NamedTuple):
    """How a limit stands: slots there are, held, and requests of this process that wait for one.

    `cut` is how many slots of the limit are not there now, after refusals or because Redis is away.
    """

    slots: int
    held: int
    waiting: int
    cut: int


@define(eq=False)
class Waiter:
    """One who waits: it has a `start` once it was granted a slot, or a failure; `wake` ends its sleep."""

    token: Token
    lease: float
    rule: Rule
    start: float | None = None
    failure: NotSent | None = None
    wake: Wake | None = None

    def rouse(self) -> None:
        """End its sleep, if it sleeps."""
        if self.wake is not None:
            rouse(self.wake)


class Queue:
    """First come, first served, across threads and event loops: only the head's request goes to the store.

    Whoever changes something notes it down and calls `_pump`, and one caller at a time does what was noted, for all.
    No one waits for a lock, so a flow may be closed anywhere, by the garbage collector too.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._now = clock.monotonic
        self.reset()

    def reset(self) -> None:
        """Start empty: in a forked child, those who wait or hold the lock are in another process."""
        self._owner = int.from_bytes(os.urandom(6), "big")
        self._numbers = count(1)
        self._waiters: deque[Waiter] = deque()
        self._settled: deque[tuple[Token, float]] = deque()
        self._asked = False
        self._lock = Lock()
        self._ask_again_at = self._soonest = -inf
        self._slots = 1

    def acquire(self, rule: Rule, timeout: float, deadline: float | None) -> Flow[Token]:
        """Wait for a slot for a request that takes at most `timeout` seconds."""
        token = self._owner, next(self._numbers)
        waiter = Waiter(token, SLACK + timeout + rule.period + LINGER, rule)
        self._waiters.append(waiter)
        try:
            if self._head() is waiter:
                yield from self._ask()
            while (start := waiter.start) is None:
                if waiter.failure is not None:
                    raise waiter.failure
                waiter.wake = alarm()
                if waiter.start is None and waiter.failure is None:
                    yield Sleep(self._patience(waiter, deadline), waiter.wake)
                if self._head() is waiter and self._now() >= self._ask_again_at:
                    yield from self._ask()
            if deadline is not None and start > deadline:
                raise NotSent(self._too_late(0, start, deadline))
            while (left := start - self._now()) > 0:
                yield Sleep(left)
        except BaseException:
            yield from self._leave(waiter)
            raise
        if self._now() < start + SLACK:
            return token
        # This machine or process stood still: the lease may end before the request does.
        yield from self.settle(token, 0.0)
        return (yield from self.acquire(rule, timeout, deadline))

    def settle(self, token: Token, hold: float) -> Iterable[Run[None]]:
        """Hold a slot for `hold` more seconds, or free it at once; give what a flow has to yield for that."""
        if token[0] != self._owner:
            return ()  # a forked child has no say about its parent's slots
        self._settled.append((token, hold))
        if self._waiters and (hold == 0 or not self.store.shared):
            self._asked = True
        if isinstance(sys.exception(), GeneratorExit) and self.store.blocking:
            return ()  # a flow that is being closed cannot yield, and the next one settles this too
        return self._pumped()

    def penalize(self, rule: Rule) -> bool:
        """Take slots away after a refusal; tell whether it counts."""
        return self._exclusively(lambda: self.store.penalize(rule))

    def snapshot(self, rule: Rule) -> Snapshot:
        """Say how the limit stands."""
        slots, held = self._exclusively(lambda: self.store.inspect(rule))
        return Snapshot(slots, held, len(self._waiters), rule.requests - slots)

    def _exclusively(self, call: Callable[[], T]) -> T:
        if self.store.blocking:
            return call()
        with self._lock:
            result = call()
        self._pump()
        return result

    def _head(self) -> Waiter | None:
        try:
            return self._waiters[0]
        except IndexError:
            return None

    def _ask(self) -> Iterable[Run[None]]:
        self._asked = True
        return self._pumped()

    def _pumped(self) -> Iterable[Run[None]]:
        if self.store.blocking:
            return (Run(self._pump),)
        self._pump()
        return ()

    def _leave(self, waiter: Waiter) -> Flow[None]:
        """Give back the place, or the slot if it was granted meanwhile."""
        if self._remove(waiter):
            if head := self._head():
                head.rouse()
        elif waiter.failure is None:
            yield from self.settle(waiter.token, 0.0)

    def _remove(self, waiter: Waiter) -> bool:
        """Take a waiter out of the queue; whoever succeeds decides what becomes of it."""
        try:
            self._waiters.remove(waiter)
        except ValueError:
            return False
        return True

    def _patience(self, waiter: Waiter, deadline: float | None) -> float:
        """Say how long to sleep, or raise `NotSent` when the turn cannot come in time."""
        now, patience = self._now(), waiter.lease
        if self._head() is waiter:
            patience = min(patience, max(self._ask_again_at - now, PAUSE))
        if deadline is not None:
            with suppress(ValueError):
                before = self._waiters.index(waiter)
                start = max(now, self._soonest + before // self._slots * waiter.rule.period)
                if start >= deadline:
                    raise NotSent(self._too_late(before, start, deadline))
            patience = min(patience, deadline - now)
        return patience

    def _too_late(self, before: int, start: float, deadline: float) -> str:
        now = self._now()
        return (
            f"the rate limit lets this request go in {max(0.0, start - now):.1f} s at the earliest ({before} others of"
            f" this process wait before it), and its deadline is in {deadline - now:.1f} s:"
            " allow more time, or ask for less at once"
        )

    def _pump(self) -> None:
        while self._settled or self._asked:
            if not self._lock.acquire(blocking=False):
                return  # whoever holds it looks again after releasing it
            try:
                while self._settled:
                    self.store.commit(*self._settled.popleft())
                if self._asked:
                    self._asked = False
                    self._serve()
            finally:
                self._lock.release()

    def _serve(self) -> None:
        while head := self._head():
            try:
                answer = self.store.reserve(head.token, head.lease, len(self._waiters), head.rule)
            except NotSent as failure:
                self._ask_again_at = -inf
                self._fail(failure)
                continue
            then = self._now() + answer.wait
            self._slots = answer.slots
            if not answer.granted:
                self._ask_again_at, self._soonest = then, then - answer.wait + answer.soonest
                if self.store.shared:
                    head.rouse()  # it may be new at the head, and asleep for longer than that
                return
            head.start = then
            if self._remove(head):
                head.rouse()
            else:  # it left while the store was asked
                self.store.commit(head.token, 0.0)

    def _fail(self, failure: NotSent) -> None:
        """Tell all who wait, so that none waits for another one's time-out."""
        for waiter in list(self._waiters):
            waiter.failure = NotSent(*failure.args)
            waiter.failure.__cause__ = failure.__cause__
            if self._remove(waiter):
                waiter.rouse()


def warn(message: str, *about: object) -> None:
    """Log what a limiter met with; it knows nothing secret."""
    from logging import getLogger  # noqa: PLC0415 -- it takes 15 ms to load, and most programs never come here

    getLogger("okx_maxloan_sdk.limiter").warning(message, *about, stacklevel=2)


_queues: dict[Hashable, Queue] = {}


def queue(place: Hashable, clock: Clock, make: Callable[[], Store]) -> Queue:
    """Give the one queue of this process for a place where a ledger is kept."""
    # A clock is part of the place: moments of two clocks cannot be compared.
    place = place, clock.monotonic
    return _queues.get(place) or _queues.setdefault(place, Queue(make(), clock))


def _forked() -> None:
    for each in _queues.values():
        each.reset()
        each.store.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
