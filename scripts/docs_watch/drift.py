"""The differences between the pages, the lock and the spec, as rows that a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .compare import Change, Place, Severity, changes
from .facts import PageParseError

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
    """One row; `line` is the line of spec/openapi.yaml that it is about, `words` are ours and OKX's there."""

    operation: Operation
    place: Place
    was: Any
    now: Any
    languages: tuple[str, ...]
    severity: Severity
    line: int
    words: tuple[str, str] = ("", "")


def require_tables(was: Facts, now: Facts) -> None:
    """Refuse a page on which a whole table came to nothing."""
    if was.request and not now.request:
        raise PageParseError("no table of request parameters")


def diff_spec(spec: Spec, operation: Operation, pages: Mapping[str, Facts], language: str) -> list[Change]:
    """Hold a page against the spec; a row that another language still has is not gone, only not translated."""
    found, page = [], pages[language]
    linked = spec.anchors(operation.method, operation.path)[language]
    if page.anchor not in {"", linked}:
        found.append(Change(Place(fact="anchor"), linked, page.anchor, Severity.WORDING))
    for each in changes(spec.facts(operation.method, operation.path), page.plain()):
        elsewhere = any(each.place.of(other) for other in pages.values())
        translated = each.now is None and not each.place.fact and elsewhere
        found.append(each._replace(severity=Severity.WORDING) if translated else each)
    return found


def diff_lock(locked: Mapping[str, Facts], now: Facts, language: str, unlike_spec: set[Place]) -> list[Change]:
    """Hold a page against the lock; a language that comes to say what the others said has only caught up."""
    found = []
    for each in changes(locked[language], now):
        others = [each.place.of(facts) for other, facts in locked.items() if other != language]
        caught_up = each.now in others and each.place not in unlike_spec
        found.append(each._replace(severity=Severity.WORDING) if caught_up else each)
    return found


def open_differences(
    spec: Spec, lock: Lock, operation: Operation, pages: Mapping[str, Facts]
) -> dict[str, dict[Place, Change]]:
    """List where the spec does not say what a page says, by language, without what is accepted."""
    return {
        language: {
            each.place: each
            for each in diff_spec(spec, operation, pages, language)
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
    for language, unlike in open_differences(spec, lock, operation, pages).items():
        require_tables(locked.get(language, facts), pages[language])
        places = {each.place for each in diff_spec(spec, operation, pages, language)}
        found = diff_lock(locked, pages[language], language, places) if language in locked else []
        moved = {each.place for each in found}
        shown = [*found, *(change for place, change in unlike.items() if place not in moved)]
        places = {each.place for each in shown}
        unread = lock.unread_changes(operation.id, language)
        for each in [*shown, *(change for change in unread if change.place not in places)]:
            key = (str(each.place), repr(each.was), repr(each.now), each.severity)
            merged.setdefault(key, (each, []))[1].append(language)
    rows = [
        Difference(
            operation, c.place, c.was, c.now, tuple(languages), c.severity, line(lines, c.place),
            words(spec, operation, c.place, pages, languages[0]),
        )
        for c, languages in merged.values()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: -row.severity)


def words(spec: Spec, operation: Operation, place: Place, pages: Mapping[str, Facts], language: str) -> tuple[str, str]:
    """Find our words and OKX's where a row is about words."""
    if place.fact == "text":
        row = getattr(pages[language], place.table).get(place.name)
        theirs = row.source_text if row else ""
    else:
        theirs = pages[language].words.get(place.fact, "")
    return (spec.words(operation.method, operation.path, place, language), theirs) if theirs else ("", "")


def line(lines: Mapping[str, int], place: Place) -> int:
    """Find the line of a fact, or of the nearest thing that holds it."""
    nearest = (str(place), str(place._replace(fact="")), place.table, "")
    return next(lines[each] for each in nearest if each in lines)
