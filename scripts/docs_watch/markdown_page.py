"""The Markdown form of a page."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from .blocks import Code, Heading, Section, Stray, Table, Text
from .description import values
from .facts import normalize
from .vocabulary import COLUMNS, LABELS, TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .blocks import Block

TITLE = re.compile(r"#{1,3} +(?P<text>\S.*)")
PART = re.compile(r"#{4,6} +(?P<text>\S.*)")
FENCE = re.compile(r" {0,3}(```|~~~)")
DELIMITER = re.compile(r"\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{3,}:?[ \t]*)+\|?[ \t]*")
PIPE = re.compile(r"(?<!\\)[|｜]")
NAME = re.compile(r"(?:>\s*)*[A-Za-z_][\w.\-]{0,60}")
NARROWEST = 3  # columns of a table of fields
LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~<])")
STRIKE = re.compile(r"</?(?:del|s|strike)>", re.IGNORECASE)
KEY = re.compile(r"[a-z_]{1,40}:")
ANCHOR = re.compile(r"anchor_id:\s*([\w\-]{1,200})\s*")
BREAK = re.compile(r"<br */?>", re.IGNORECASE)


def sections(text: str) -> Iterator[Section]:
    """Cut a page at its titles, without the front matter, which names the anchor of what follows."""
    lines = text.splitlines()
    starts: list[tuple[int, str]] = []
    anchor, fenced, number = "", False, 0
    while number < len(lines):
        fenced ^= bool(FENCE.match(lines[number]))
        if not fenced and (end := front_matter(lines, number)):
            anchor = next((found[1] for line in lines[number:end] if (found := ANCHOR.fullmatch(line))), "")
            lines[number:end] = [""] * (end - number)
            number = end
        elif not fenced and TITLE.fullmatch(lines[number]):
            starts.append((number, anchor))
        number += 1
    for (start, linked), (end, _) in pairwise([*starts, (len(lines), "")]):
        title = lines[start].lstrip("#")
        yield Section(plain(title), "\n".join(lines[start + 1 : end]), linked, len(lines[start]) - len(title))


def front_matter(lines: list[str], start: int) -> int:
    """Find the end of a block of keys and values between two lines of dashes; 0 where there is none."""
    if lines[start] != "---":
        return 0
    end = start + 1
    while end < len(lines) and KEY.match(lines[end]):
        end += 1
    return end if end > start + 1 and end < len(lines) and lines[end] == "---" else 0


def plain(text: str) -> str:
    """Take off the marks that the HTML form does not have."""
    bare = STRIKE.sub("~~", BREAK.sub("\n", LINK.sub(r"\1", text))).replace("**", "")
    return html.unescape(ESCAPE.sub(r"\1", bare)).strip()


def cells(line: str, width: int = 0) -> list[str]:
    """Split a line of a table; a pipe at its end may close an empty last cell."""
    parts = [each.strip() for each in PIPE.split(line.strip().removeprefix("|"))]
    return parts[:-1] if len(parts) > width and not parts[-1] else parts


def is_row(parts: list[str], width: int) -> bool:
    """Return whether cells are a row: of the table's width, or shorter with a name or a type where a row has it."""
    named = bool(NAME.fullmatch(plain(parts[0]).strip("`~ ")))
    return len(parts) >= width or (len(parts) > 1 and (named or normalize(parts[1]) in TYPES))


def is_delimiter(parts: list[str]) -> bool:
    """Return whether cells are the line between a header and its rows."""
    return len(parts) > 1 and all(re.fullmatch(r":?-+:?", each) for each in parts)


def is_stray(line: str) -> bool:
    """Return whether a line outside a table looks like a row, a header or a delimiter."""
    parts = [normalize(plain(each)) for each in cells(line)]
    typed = len(parts) > 1 and (parts[1] in TYPES or all(each in COLUMNS for each in parts))
    return typed or is_delimiter(parts) or (len(parts) >= NARROWEST and bool(NAME.fullmatch(parts[0])))


def is_end(lines: list[str], at: int) -> bool:
    """Return whether a line is no longer part of a table; a quote is the label of the code that follows it."""
    if at == len(lines) or lines[at].strip() == "---" or PART.match(lines[at]) or FENCE.match(lines[at]):
        return True
    if not lines[at].startswith(">") or "|" in lines[at]:
        return False
    after = next((lines[each] for each in range(at + 1, len(lines)) if lines[each].strip()), "")
    return normalize(lines[at].strip("> ")) in LABELS or after.startswith("    ") or bool(FENCE.match(after))


def split_note(lines: list[str]) -> tuple[list[str], list[str]]:
    """Part the lines below the last row into those of its cell and a note below the table.

    The note begins with a quote, or past a blank line with one that lists no values.
    """
    for number, line in enumerate(lines):
        past_blank = number > 0 and not lines[number - 1]
        if line.startswith(">") or (line and past_blank and not values(line)):
            return lines[:number], lines[number:]
    return lines, []


def table(lines: list[str], at: int) -> tuple[list[Block], int]:
    """Read a table and the note below it; a line that is no row goes on with the cell above, past a blank line too."""
    width = len(cells(lines[at + 1]))
    rows = [cells(lines[at], width)]
    more: list[list[str]] = [[]]
    strays: list[Block] = []
    at += 2
    while not is_end(lines, at):
        parts = cells(lines[at], width)
        if is_delimiter(parts):
            strays.append(Stray(lines[at]))
        elif is_row(parts, width):
            rows.append([*parts[: width - 1], " | ".join(parts[width - 1 :])] if len(parts) >= width else parts)
            more.append([])
        else:
            more[-1].append(lines[at].strip())
        at += 1
    more[-1], note = split_note(more[-1])
    whole = ([*row[:-1], "\n".join(filter(None, [row[-1], *rest]))] for row, rest in zip(rows, more, strict=True))
    read = Table([[plain(cell) for cell in row] for row in whole])
    return [read, *strays, *(outside(line) for line in note if line)], at


def outside(line: str) -> Block:
    """Read a line outside a table."""
    return Stray(line) if is_stray(line) else Text(plain(line.removeprefix("> ")))


def code(lines: list[str], at: int) -> tuple[Code, int]:
    """Read a block of code, fenced or indented."""
    start = at
    if FENCE.match(lines[at]):
        at += 1
        while at < len(lines) and not FENCE.match(lines[at]):
            at += 1
        return Code("\n".join(lines[start + 1 : at])), at + 1
    while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
        at += 1
    return Code("\n".join(lines[start:at])), at


def blocks(body: str) -> Iterator[Block]:
    """Read the blocks of a section."""
    lines = body.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        if found := PART.match(line):
            yield Heading(plain(found["text"]))
        elif "|" in line and at + 1 < len(lines) and DELIMITER.fullmatch(lines[at + 1]):
            read, at = table(lines, at)
            yield from read
            continue
        elif line.startswith("    ") or FENCE.match(line):
            listing, at = code(lines, at)
            yield listing
            continue
        elif line.strip() not in {"", "---"}:
            yield outside(line)
        at += 1
