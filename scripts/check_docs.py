"""Hold OKX's documentation against spec/docs.lock.json and spec/openapi.yaml.

Exit codes: 0 the same, 10 other words only, 11 additions, 12 breaking changes, 20 a page that was not understood.
With --write what needs no judgement goes into the spec, the lock follows the pages, and the code tells what is left.
Of OKX's changelog the entries are listed that are newer than the day in the lock and concern us: 10, or 12 for one that
calls itself incompatible. --reviewed moves the day.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from docs_watch.changelog import notices, parse_changelog
from docs_watch.drift import Operation, differences
from docs_watch.facts import Facts, OperationNotFoundError, PageParseError
from docs_watch.files import load, replace_atomically
from docs_watch.lock import Lock
from docs_watch.page import parse_page
from docs_watch.report import FORMATS
from docs_watch.spec import Spec
from docs_watch.vocabulary import LANGUAGES
from docs_watch.write import RefusedError, todo_list, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docs_watch.changelog import Entry, Notice
    from docs_watch.drift import Difference

ROOT = Path(__file__).resolve().parent.parent
NOT_UNDERSTOOD = 20
SHORTEST_REASON = 10
# How OKX's changelog is named: https://www.okx.com/docs-v5/log_en/
CHANGELOG = re.compile(r"(?<![a-z])(?:log_(?:en|zh)|change-?log)(?![a-z])", re.IGNORECASE)


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


def compared(spec: Spec, lock: Lock, reading: Reading) -> tuple[list[Difference], list[str]]:
    """Compare what was read; a page on which a whole table came to nothing is a problem."""
    rows, problems = [], []
    for operation, found in reading.pages.items():
        try:
            rows += differences(spec, lock, operation, found)
        except PageParseError as error:
            problems.append(f"{operation.id}: {error}")
    return rows, problems


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="a file or an https address; Markdown or HTML")
    parser.add_argument("--changelog", action="append", metavar="PAGE", default=[], help="OKX's changelog, likewise")
    parser.add_argument(
        "--reviewed", metavar="DATE", type=date.fromisoformat, help="the changelog is reviewed up to then"
    )
    parser.add_argument("--reason", help="what the review of the changelog came to; goes into the lock")
    parser.add_argument("--operation", action="append", metavar="ID", help="of the spec; getMaxLoan unless given")
    parser.add_argument(
        "--language",
        action="append",
        choices=LANGUAGES,
        default=[],
        help="that must be on the pages; all that the lock has unless given",
    )
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--write", action="store_true", help="edit the spec and the lock")
    parser.add_argument("--facts", metavar="'GET /path'", help="only show what the pages say of any one operation")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to work on")
    options = parser.parse_args(argv)
    named = [page for page in options.pages if CHANGELOG.search(re.split(r"[/\\]", page.rstrip("/"))[-1])]
    options.changelog += named
    options.pages = [page for page in options.pages if page not in named]
    if not (options.pages or options.changelog or options.reviewed):
        parser.error("give a page, or --changelog")
    if options.reviewed and len(options.reason or "") < SHORTEST_REASON:
        parser.error(f"--reviewed needs a --reason of at least {SHORTEST_REASON} letters")
    if options.reviewed and options.reviewed > datetime.now(UTC).date():
        parser.error(f"--reviewed {options.reviewed} lies in the future")
    return options


def show_facts(sources: Sequence[str], wanted: str) -> int:
    """Print the facts of one operation, which the spec need not have."""
    method, _, path = wanted.partition(" ")
    try:
        found = [parse_page(load(source), method, path) for source in sources]
    except PageParseError as error:
        print(f"check_docs: not understood: {error}", file=sys.stderr)
        return NOT_UNDERSTOOD
    print(json.dumps([{key: facts.to_json() for key, facts in page.items()} for page in found], indent=2))
    return 0


def read_changelogs(sources: Sequence[str]) -> tuple[list[Entry], list[str]]:
    """Read the entries of changelogs; one that has none is a problem."""
    entries, problems = [], []
    for source in sources:
        try:
            entries += parse_changelog(load(source))
        except PageParseError as error:
            problems.append(f"{source}: {error}")
    return entries, problems


def main(argv: Sequence[str] | None = None) -> int:
    """Check the pages; return the exit code."""
    options = arguments(argv)
    if options.facts:
        return show_facts(options.pages, options.facts)
    folder: Path = options.root / "spec"
    lock_file = folder / "docs.lock.json"
    spec = Spec((folder / "openapi.yaml").read_text("utf-8"))
    lock = Lock(lock_file.read_text("utf-8")) if lock_file.exists() else Lock()
    known = {each.id: each for each in (Operation(*each) for each in spec.operations())}
    asked = options.operation or ["getMaxLoan"]
    if unknown := [each for each in asked if each not in known]:
        raise SystemExit(f"check_docs: no operation {', '.join(unknown)} in the spec, only {', '.join(known)}")
    reading = parse_all_pages(options.pages, [known[each] for each in asked] if options.pages else [], lock)
    entries, problems = read_changelogs(options.changelog)
    rows, doubts = compared(spec, lock, reading)
    problems += [*reading.problems, *missing_operations(reading, options.language, lock), *doubts]
    if options.write and options.pages and not problems:
        try:
            written = write(options.root, spec, lock, reading.pages, rows)
            file = sys.stderr if options.format == "json" else sys.stdout
            print(*todo_list(options.root, written, rows), sep="\n", file=file)
            rows, problems = compared(written.spec, lock, reading)
        except RefusedError as error:
            problems = [str(error)]
    announced: list[Notice] = []
    try:
        if options.reviewed and not problems:
            upcoming = [entry.hash() for entry in entries if entry.day is None]
            lock.review(options.reviewed, options.reason, upcoming if options.changelog else None)
            replace_atomically({lock_file: lock.text()})
        announced = notices(entries, spec, lock)
    except PageParseError as error:
        problems = [*problems, f"changelog: {error}"]
    print(FORMATS[options.format](rows, announced, problems))
    return (
        NOT_UNDERSTOOD
        if problems
        else max([0, *(row.severity for row in rows), *(each.severity for each in announced)])
    )


if __name__ == "__main__":
    sys.exit(main())
