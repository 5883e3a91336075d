"""The differences between two readings, each with its severity."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .facts import Facts, Field

Rates = tuple[tuple[float, float], ...]
STRICTNESS = ("optional", "conditional", "required")


class Severity(IntEnum):
    """How much work a change means for the SDK; the value is the exit code."""

    WORDING = 10
    ADDITIVE = 11
    BREAKING = 12


class Place(NamedTuple):
    """The place of a fact: of the operation, of a row of a table, or the row itself."""

    table: str = ""
    name: str = ""
    fact: str = ""

    def __str__(self) -> str:
        return ".".join(filter(None, self))

    def of(self, facts: Facts) -> Any:
        """Return the fact; None where there is no such row."""
        if not self.table:
            return getattr(facts, self.fact)
        row = getattr(facts, self.table).get(self.name)
        if row is None or not self.fact:
            return row and " ".join(filter(None, (row.required, row.type)))
        return getattr(row, self.fact)


class Change(NamedTuple):
    """One difference."""

    place: Place
    was: Any
    now: Any
    severity: Severity


def survives(good: bool) -> Severity:
    """Choose between a change that old callers survive and one that they may not."""
    return Severity.ADDITIVE if good else Severity.BREAKING


def allows(old: Rates, new: Rates) -> bool:
    """Return whether a client that keeps the old limits keeps the new ones, whichever way they are counted."""
    return all(any(n * -(-period // each) <= requests for n, each in old) for requests, period in new)


def larger(was: int | None, now: int | None) -> bool:
    """Return whether a limit of items grew; one that is gone may stand there in words that are not understood."""
    return was is not None and now is not None and now > was


def listed(was: Any, now: Any, place: Place) -> bool:
    """Return whether a list of values only grew; a parameter's first list is a restriction."""
    return bool(set(was) <= set(now)) and bool(was or place.table == "response")


JUDGES: Mapping[str, Callable[[Any, Any, Place], Severity]] = {
    "rate": lambda was, now, _: survives(allows(was, now)),
    "per": lambda was, now, _: survives(set(was) <= set(now)),
    "title": lambda *_: Severity.WORDING,
    "prose": lambda *_: Severity.WORDING,
    "answers": lambda *_: Severity.WORDING,
    "examples": lambda *_: Severity.WORDING,
    "struck": lambda *_: Severity.WORDING,  # the rows themselves are gone from their tables
    "sample": lambda was, now, _: Severity.WORDING if set(now) <= set(was) else Severity.ADDITIVE,
    "required": lambda was, now, _: survives(STRICTNESS.index(now) < STRICTNESS.index(was)),
    "values": lambda was, now, place: survives(listed(was, now, place)),
    "limit": lambda was, now, _: survives(larger(was, now)),
    "text": lambda *_: Severity.WORDING,
}
OPERATION = ("method", "path", "rate", "per", "permission", "title", "prose", "examples", "sample", "answers", "struck")
FIELD = ("type", "required", "values", "limit", "text")


def in_text(values: tuple[str, ...], text: str) -> bool:
    """Return whether a text still has every value, as a word."""
    return all(re.search(rf"(?<![\w\-]){re.escape(each)}(?![\w\-])", text) for each in values)


def compare(was: Facts, now: Facts, place: Place) -> Iterator[Change]:
    """Compare one fact.

    Order means nothing, a missing permission heading takes no permission back, and a list of values that is no longer
    read as one, while its values stand in the text, is for a person to read.
    """
    old, new = place.of(was), place.of(now)
    unordered = isinstance(old, tuple) and isinstance(new, tuple)
    if (set(old) == set(new) if unordered else old == new) or (place.fact == "permission" and not new):
        return
    judge = JUDGES.get(place.fact)
    severity = judge(old, new, place) if judge else Severity.BREAKING
    if place.fact == "values" and not new and in_text(old, getattr(now, place.table)[place.name].source_text):
        severity = Severity.WORDING
    yield Change(place, old, new, severity)


def rows(table: str, was: Facts, now: Facts) -> Iterator[Change]:
    """Compare two tables."""
    before: Mapping[str, Field] = getattr(was, table)
    after: Mapping[str, Field] = getattr(now, table)
    for name in [*before, *(name for name in after if name not in before)]:
        place = Place(table, name)
        if name not in after:
            yield Change(place, place.of(was), None, Severity.BREAKING)
        elif name not in before:
            yield Change(place, None, place.of(now), survives(after[name].required != "required"))
        else:
            for fact in FIELD:
                yield from compare(was, now, place._replace(fact=fact))


def changes(was: Facts, now: Facts) -> Iterator[Change]:
    """List what changed."""
    for fact in OPERATION:
        yield from compare(was, now, Place(fact=fact))
    yield from rows("request", was, now)
    yield from rows("response", was, now)
