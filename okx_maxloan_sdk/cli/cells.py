"""Text in terminal cells, of which a Chinese character takes two."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Punctuation that must not begin a line.
CLOSING = "，。；：、！？）》」』”’…"
# A word of narrow characters, or one wide character with the punctuation that follows it.
TOKEN = re.compile(rf"\s+|[\u2e80-\uffef][{CLOSING}]*|[^\s\u2e80-\uffef]+[{CLOSING}]*")


@cache
def _cell(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width(text: str) -> int:
    """Count the cells that a line of text takes."""
    return sum(map(_cell, text))


def left(text: str, room: int) -> str:
    """Fill a text up with blanks on its right."""
    return text + " " * (room - width(text))


def right(text: str, room: int) -> str:
    """Fill a text up with blanks on its left."""
    return " " * (room - width(text)) + text


def wrap(text: str, room: int) -> list[str]:
    """Break a paragraph into lines of at most `room` cells; a longer word is cut."""
    lines = [""]
    for token in TOKEN.findall(text):
        if token.isspace():
            lines[-1] += " " if lines[-1] else ""
            continue
        if width(lines[-1]) + width(token) > room and lines[-1].strip():
            lines.append("")
        *full, rest = _cut(token, room)
        lines[-1:] = [*(lines[-1] + part for part in full), lines[-1] + rest] if not full else [*full, rest]
    return [line.rstrip() for line in lines]


def _cut(word: str, room: int) -> Iterator[str]:
    part = ""
    for character in word:
        if part and width(part) + _cell(character) > room:
            yield part
            part = ""
        part += character
    yield part


def decimals(amounts: list[str], least: int = 0) -> list[str]:
    """Fill numbers up on the right, as if they had `least` decimals, so that their points stand in one column."""
    tails = [len(amount.partition(".")[2]) for amount in amounts]
    widest = max([least, *tails])
    return [
        amount + " " * (widest - tail + (1 if widest and not tail else 0))
        for amount, tail in zip(amounts, tails, strict=True)
    ]
