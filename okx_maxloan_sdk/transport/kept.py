"""The connections that are kept for the next request, without asking each of them about each other.

httpcore's own pool does so for every request, which takes half of its time when ten tasks share it, and it leaves a
connection half open when a task is cancelled while it takes one of the pool's locks.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable


class Connection(Protocol):
    """What is asked of httpcore's connections, blocking or not."""

    def is_available(self) -> bool:
        """Tell whether it can take a request now."""
        ...

    def has_expired(self) -> bool:
        """Tell whether it was idle for too long, or the exchange closed it."""
        ...


C = TypeVar("C", bound=Connection)


class Kept(Generic[C]):
    """The open connections of one process or event loop, of which the idle one that was used last is used next.

    Each request has one to itself. Safe for threads: lists and sets change at once, or not at all.
    """

    def __init__(self, make: Callable[[], C]) -> None:
        self._make = make
        self._idle: list[C] = []
        self._open: set[C] = set()
        self._discarded: list[C] = []

    def take(self) -> tuple[C, list[C]]:
        """Give a connection, and those that went stale while they were idle: the caller closes them."""
        stale, self._discarded = self._discarded, []
        try:
            if len(self._idle) > 1 and self._idle[0].has_expired():
                stale.append(self._idle.pop(0))
            while True:
                connection = self._idle.pop()
                if connection.is_available() and not connection.has_expired():
                    return connection, self._forget(stale)
                stale.append(connection)
        except IndexError:
            connection = self._make()
            self._open.add(connection)
            return connection, self._forget(stale)

    def give_back(self, connection: C, *, usable: bool = True) -> bool:
        """Keep a connection, if it can be used again; else the caller closes it."""
        if usable and connection in self._open and connection.is_available():
            self._idle.append(connection)
            return True
        self._forget([connection])
        return False

    def discard(self, connection: C) -> None:
        """Use a connection for no further request; the next `take` or `all` gives it out to be closed."""
        self._forget([connection])
        with suppress(ValueError):  # another request has it: it is not taken back
            self._idle.remove(connection)
            self._discarded.append(connection)

    def all(self) -> list[C]:
        """List what is open, with or without a request on its way."""
        return [*self._open, *self._discarded]

    def _forget(self, connections: list[C]) -> list[C]:
        self._open.difference_update(connections)
        return connections
