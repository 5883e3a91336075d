"""Every operation from every page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .facts import Facts, OperationNotFoundError, PageParseError
from .files import load
from .page import parse_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .drift import Operation
    from .lock import Lock


class Reading(NamedTuple):
    """The facts of all pages by operation and language, and what could not be parsed."""

    pages: dict[Operation, dict[str, Facts]]
    problems: list[str]


def parse_all_pages(sources: Sequence[str], operations: Sequence[Operation], lock: Lock) -> Reading:
    """Read every operation from every page; a page that holds none of them is a problem."""
    pages: dict[Operation, dict[str, Facts]] = {operation: {} for operation in operations}
    problems: list[str] = []
    for source in sources:
        absent, before = [], len(problems)
        try:
            data = load(source)
        except PageParseError as error:
            problems.append(f"{source}: {error}")
            continue
        for operation in operations:
            titles = frozenset(facts.title for facts in lock.facts(operation.id).values())
            try:
                found = parse_page(data, operation.method, operation.path, titles)
            except OperationNotFoundError as error:
                absent.append(f"{source}: {error}")
                continue
            except PageParseError as error:
                problems.append(f"{source}: {operation.id}: {error}")
                continue
            for language, facts in found.items():
                if pages[operation].setdefault(language, facts) != facts:
                    problems.append(f"{source}: {operation.id}: not what another page says in {language}")
        if len(absent) == len(operations) and len(problems) == before:
            problems += absent
    return Reading(pages, problems)


def missing_operations(reading: Reading, languages: Sequence[str], lock: Lock) -> list[str]:
    """List what no page holds and should: the languages that are asked for, or else every one that the lock has."""
    nowhere = [f"{operation.id}: on none of these pages" for operation, found in reading.pages.items() if not found]
    return nowhere + [
        f"{operation.id}: not in {language} on any of these pages"
        f" (one language alone has to be asked for: --language {next(iter(found))})"
        for operation, found in reading.pages.items()
        for language in languages or lock.facts(operation.id)
        if found and language not in found
    ]
