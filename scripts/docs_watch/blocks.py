"""The parts that a page is made of, whichever form it came in."""

from __future__ import annotations

from typing import NamedTuple


class Heading(NamedTuple):
    """A heading below the title of a section."""

    text: str


class Table(NamedTuple):
    """Rows of cells, the header first; a line break in a cell is a newline, code stands in back quotes."""

    rows: list[list[str]]


class Code(NamedTuple):
    """A block of code as it stands."""

    text: str


class Text(NamedTuple):
    """A paragraph."""

    text: str


class Stray(NamedTuple):
    """A piece of a table that stands outside of one, or where no table has it."""

    text: str


Block = Heading | Table | Code | Text | Stray


class Section(NamedTuple):
    """A piece of a page under one title, in its own markup, with its anchor and the level of its title."""

    title: str
    body: str
    anchor: str = ""
    level: int = 0
