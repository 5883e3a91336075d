"""Single-flight cache for one value."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Generic, TypeVar

from .clock import WakeEvent
from .effects import Flow, Sleep

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """A value that one caller fetches while the others wait for it."""

    def __init__(self, value: T | None = None) -> None:
        self.value = value
        # Re-entrant: the garbage collector may close a flow while another in the same thread holds the lock.
        self._lock = RLock()
        self._leader: WakeEvent | None = None

    def get(self, fetch: Callable[[], Flow[T]], timeout: float, invalid: T | None = None) -> Flow[T]:
        """Return the value; fetch it if there is none, or if it is still the `invalid` one.

        A caller that has waited `timeout` seconds for one leader fetches as well: the leader's thread may have died.
        """
        timed_out_leader: WakeEvent | None = None
        while True:
            with self._lock:
                if self.value is not None and self.value is not invalid:
                    return self.value
                leader, own = self._leader, WakeEvent()
                if leader is None or leader is timed_out_leader:
                    self._leader = own
                    break
            timed_out_leader = None if (yield Sleep(timeout, leader)) else leader
        try:
            self.value = value = yield from fetch()
            return value
        finally:
            with self._lock:
                if self._leader is own:
                    self._leader = None
            own.set_result(None)
