"""What a client learns once, whoever asks first."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Generic, TypeVar

from .clock import alarm
from .flow import Flow, sleep

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clock import Wake

T = TypeVar("T")


class Once(Generic[T]):
    """A value that the first asker fetches while the others wait for it."""

    def __init__(self, value: T | None = None) -> None:
        self.value = value
        # Re-entrant, as the garbage collector may close one asker while another holds it.
        self._lock = RLock()
        self._turn: Wake | None = None

    def get(self, fetch: Callable[[], Flow[T]], patience: float, stale: T | None = None) -> Flow[T]:
        """Give the value, fetched anew when there is none or it is still the `stale` one.

        Who has waited `patience` seconds for the same asker fetches it as well: that asker's thread may have died.
        """
        waited: Wake | None = None
        while True:
            with self._lock:
                if self.value is not None and self.value is not stale:
                    return self.value
                others, mine = self._turn, alarm()
                if others is None or others is waited:
                    self._turn = mine
                    break
            waited = None if (yield from sleep(patience, others)) else others
        try:
            self.value = value = yield from fetch()
            return value
        finally:
            with self._lock:
                if self._turn is mine:
                    self._turn = None
            mine.set_result(None)
