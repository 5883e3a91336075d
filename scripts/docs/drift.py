"""The differences between the pages, the lock and the spec, as rows that a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .compare import Change, Place, Severity, changes
from .facts import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .facts import Facts
    from .lock import Lock
    from .spec import Spec


class Operation(NamedTuple):
    """An operation of the spec."""

    id: str
    method: str
    path: str


class Difference(NamedTuple):
    """One row; `line` is the line of spec/openapi.yaml that it is about."""

    operation: Operation
    place: Place
    was: Any
    now: Any
    languages: tuple[str, ...]
    severity: Severity
    line: int


def understood(was: Facts, now: Facts) -> None:
    """Refuse a page on which a whole table came to nothing."""
    if was.request and not now.request:
        raise Unreadable("no table of request parameters")


def of_spec(spec: Facts, pages: Mapping[str, Facts], language: str) -> list[Change]:
    """Hold a page against the spec; a row that another language still has is not gone, only not translated."""
    found = []
    for each in changes(spec, pages[language].plain()):
        elsewhere = any(each.place.of(other) for other in pages.values())
        translated = each.now is None and not each.place.fact and elsewhere
        found.append(each._replace(severity=Severity.WORDING) if translated else each)
    return found


def of_lock(locked: Mapping[str, Facts], now: Facts, language: str, unlike_spec: set[Place]) -> list[Change]:
    """Hold a page against the lock; a language that comes to say what the others said has only caught up."""
    found = []
    for each in changes(locked[language], now):
        others = [each.place.of(facts) for other, facts in locked.items() if other != language]
        caught_up = each.now in others and each.place not in unlike_spec
        found.append(each._replace(severity=Severity.WORDING) if caught_up else each)
    return found


def unsettled(
    spec: Spec, lock: Lock, operation: Operation, pages: Mapping[str, Facts]
) -> dict[str, dict[Place, Change]]:
    """List where the spec does not say what a page says, by language, without what is accepted."""
    facts = spec.facts(operation.method, operation.path)
    return {
        language: {
            each.place: each
            for each in of_spec(facts, pages, language)
            if not lock.accepts(operation.id, language, each)
        }
        for language in pages
    }


def differences(spec: Spec, lock: Lock, operation: Operation, pages: Mapping[str, Facts]) -> list[Difference]:
    """List everything that differs, the worst first; one row where the languages agree."""
    facts = spec.facts(operation.method, operation.path)
    locked = lock.facts(operation.id)
    lines = spec.lines(operation.method, operation.path)
    merged: dict[tuple[str, str, str, Severity], tuple[Change, list[str]]] = {}
    for language, unlike in unsettled(spec, lock, operation, pages).items():
        understood(locked.get(language, facts), pages[language])
        places = {each.place for each in of_spec(facts, pages, language)}
        found = of_lock(locked, pages[language], language, places) if language in locked else []
        moved = {each.place for each in found}
        for each in [*found, *(change for place, change in unlike.items() if place not in moved)]:
            key = (str(each.place), repr(each.was), repr(each.now), each.severity)
            merged.setdefault(key, (each, []))[1].append(language)
    rows = [
        Difference(operation, c.place, c.was, c.now, tuple(languages), c.severity, line(lines, c.place))
        for c, languages in merged.values()
    ]
    return sorted(rows, key=lambda row: -row.severity)


def line(lines: Mapping[str, int], place: Place) -> int:
    """Find the line of a fact, or of the nearest thing that holds it."""
    nearest = (str(place), str(place._replace(fact="")), place.table, "")
    return next(lines[each] for each in nearest if each in lines)
