"""A limiter that limits nothing and notes what became of its slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okx_maxloan_sdk.limiter import Snapshot

if TYPE_CHECKING:
    from okx_maxloan_sdk.clock import Clock
    from okx_maxloan_sdk.flow import Flow
    from okx_maxloan_sdk.limiter import Key, Limit


class Slot:
    """One slot; its last word stands in `notes` in place of "taken"."""

    def __init__(self, notes: list[str]) -> None:
        self._notes, self._place = notes, len(notes)
        notes.append("taken")

    def unsent(self) -> Flow[None]:
        return self._say("unsent")

    def answered(self) -> Flow[None]:
        return self._say("answered")

    def unknown(self) -> Flow[None]:
        return self._say("unknown")

    def _say(self, word: str) -> Flow[None]:
        assert self._notes[self._place] == "taken"
        self._notes[self._place] = word
        yield from ()


class FreeLimiter:
    """Gives every request a slot at once; `notes` has one word for each, `keys` whose windows were asked for."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.keys: list[Key] = []
        self.limits: list[Limit] = []
        self.clocks: list[Clock] = []
        self.penalties = 0
        self.asked: list[tuple[float, float | None]] = []

    def window(self, key: Key, limit: Limit, clock: Clock) -> Any:
        self.keys.append(key)
        self.limits.append(limit)
        self.clocks.append(clock)
        return FreeWindow(self, limit)


class FreeWindow:
    """A window that is always open."""

    def __init__(self, limiter: FreeLimiter, limit: Limit) -> None:
        self._limiter, self._limit = limiter, limit

    def acquire(self, timeout: float, deadline: float | None = None) -> Flow[Slot]:
        self._limiter.asked.append((timeout, deadline))
        yield from ()
        return Slot(self._limiter.notes)

    def penalize(self) -> None:
        self._limiter.penalties += 1

    def snapshot(self) -> Snapshot:
        return Snapshot(self._limit.requests, self._limiter.notes.count("taken"), 0, 0)
