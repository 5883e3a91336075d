"""The differences as text, as Markdown for an issue, as JSON for a program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .changelog import Notice
    from .drift import Difference

COLUMNS = ("severity", "operation", "what", "was", "now", "language", "spec")
HASHED = {"text", "title", "prose", "answers"}


def say(value: Any) -> str:
    """Write a fact shortly."""
    if value in (None, "", ()):
        return "-"
    if isinstance(value, tuple):
        return " ".join(f"{each[0]}/{each[1]}s" if isinstance(each, tuple) else str(each) or '""' for each in value)
    return str(value)


def cells(row: Difference) -> list[str]:
    """Write one row; the hash of a text tells a person nothing, and the words stand below the table."""
    was, now = (say(row.was), say(row.now))
    if row.place.fact in HASHED:
        was, now = ("see below" if any(row.words) else "see the page"), ""
    about = [row.operation.id, str(row.place), was, now, " ".join(row.languages)]
    return [row.severity.name.lower(), *about, f"line {row.line}"]


def as_text(rows: Sequence[Difference], notices: Sequence[Notice], problems: Sequence[str]) -> str:
    """Align the columns."""
    lines = [list(COLUMNS), *(cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines] if rows else []
    said = [f"{about(row)}\n  ours: {one_line(row.words[0])}\n  OKX:  {one_line(row.words[1])}" for row in wordy(rows)]
    log = [
        f"changelog {severity_and_day(each)}  {one_line(each.title)}  ({', '.join(each.reasons)})" for each in notices
    ]
    failed = [f"not understood: {each}" for each in problems]
    return "\n".join([*table, *said, *log, *failed]) or "the pages say what the lock and the spec say"


def wordy(rows: Sequence[Difference]) -> list[Difference]:
    """Choose the rows about words."""
    return [row for row in rows if any(row.words)]


def about(row: Difference) -> str:
    """Name a row."""
    return f"{row.operation.id} {row.place} ({' '.join(row.languages)}), line {row.line}"


def severity_and_day(notice: Notice) -> str:
    """Name the severity and the day of an announcement."""
    return f"{notice.severity.name.lower()} {notice.day}"


def one_line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split()) or "-"


def code(text: str) -> str:
    """Quote what came from a page so that nothing in it works."""
    return f"`{' '.join(text.replace('`', '').replace('|', '/').split())}`" if text else ""


def as_markdown(rows: Sequence[Difference], notices: Sequence[Notice], problems: Sequence[str]) -> str:
    """Write a table for an issue."""
    lines = [[code(cell) for cell in cells(row)] for row in rows]
    table = [f"| {' | '.join(line)} |" for line in [COLUMNS, ["---"] * len(COLUMNS), *lines]] if rows else []
    said = [f"- {code(about(row))}: ours {code(row.words[0])}, OKX {code(row.words[1])}" for row in wordy(rows)]
    log = [
        f"- changelog {severity_and_day(each)} {code(each.title)}: {code(', '.join(each.reasons))}" for each in notices
    ]
    failed = [f"- not understood: {code(each)}" for each in problems]
    return "\n".join([*table, "", *said, *log, *failed]).strip() or "The pages say what the lock and the spec say."


def as_json(rows: Sequence[Difference], notices: Sequence[Notice], problems: Sequence[str]) -> str:
    """Write an object for a program."""
    found = [
        {
            **row._asdict(),
            "operation": row.operation.id,
            "place": str(row.place),
            "severity": row.severity.name.lower(),
        }
        for row in rows
    ]
    announced = [{**each._asdict(), "severity": each.severity.name.lower()} for each in notices]
    return json.dumps({"differences": found, "changelog": announced, "not_understood": list(problems)}, indent=2)


FORMATS: dict[str, Callable[[Sequence[Difference], Sequence[Notice], Sequence[str]], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
}
