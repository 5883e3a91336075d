"""The Markdown form of a page."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from .blocks import Code, Heading, Section, Table, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .blocks import Block

TITLE = re.compile(r"#{1,3} +(?P<text>\S.*)")
PART = re.compile(r"#{4,6} +(?P<text>\S.*)")
FENCE = re.compile(r" {0,3}(```|~~~)")
DELIMITER = re.compile(r"\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{3,}:?[ \t]*)+\|?[ \t]*")
PIPE = re.compile(r"(?<!\\)\|")
NAME = re.compile(r"(?:>\s*)*[A-Za-z_][\w.\-]{0,60}")
LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~<])")
BREAK = re.compile(r"<br */?>", re.IGNORECASE)


def sections(text: str) -> Iterator[Section]:
    """Cut a page at its titles, past the front matter."""
    lines = text.splitlines()
    first = lines.index("---", 1) + 1 if lines[:1] == ["---"] and "---" in lines[1:] else 0
    starts, fenced = [], False
    for number in range(first, len(lines)):
        fenced ^= bool(FENCE.match(lines[number]))
        if not fenced and TITLE.fullmatch(lines[number]):
            starts.append(number)
    for start, end in pairwise([*starts, len(lines)]):
        yield Section(plain(lines[start].lstrip("#")), "\n".join(lines[start + 1 : end]))


def plain(text: str) -> str:
    """Take off the marks that the HTML form does not have."""
    bare = BREAK.sub("\n", LINK.sub(r"\1", text)).replace("**", "")
    return html.unescape(ESCAPE.sub(r"\1", bare)).strip()


def cells(line: str) -> list[str]:
    """Split a line of a table."""
    return [each.strip() for each in PIPE.split(line.strip().removeprefix("|").removesuffix("|"))]


def ends(lines: list[str], at: int) -> bool:
    """Tell whether a line is no longer part of a table."""
    if at == len(lines) or lines[at].strip() == "---" or PART.match(lines[at]) or FENCE.match(lines[at]):
        return True
    return lines[at].startswith("> ") and "|" not in lines[at]


def table(lines: list[str], at: int) -> tuple[Table, int]:
    """Read a table; a line that is no row goes on with the cell above, even past a blank line."""
    width = len(cells(lines[at + 1]))
    rows = [cells(lines[at])]
    more: list[list[str]] = [[]]
    at += 2
    while True:
        while at < len(lines) and not lines[at].strip():
            at += 1
        if ends(lines, at):
            break
        parts = cells(lines[at])
        if len(parts) > 1 and NAME.fullmatch(plain(parts[0]).strip("`~ ")):
            rows.append([*parts[: width - 1], " | ".join(parts[width - 1 :])] if len(parts) >= width else parts)
            more.append([])
        else:
            more[-1].append(lines[at].strip())
        at += 1
    whole = ([*row[:-1], "\n".join([row[-1], *rest])] for row, rest in zip(rows, more, strict=True))
    return Table([[plain(cell) for cell in row] for row in whole]), at


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
            block, at = table(lines, at)
            yield block
            continue
        elif line.startswith("    ") or FENCE.match(line):
            listing, at = code(lines, at)
            yield listing
            continue
        elif line.strip() not in {"", "---"}:
            yield Text(plain(line.removeprefix("> ")))
        at += 1
