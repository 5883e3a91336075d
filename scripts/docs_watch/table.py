"""From a table of a page to its parameters or fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .description import limit, values
from .facts import Field, PageParseError, normalize, text_hash
from .vocabulary import COLUMNS, REQUIRED, TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .blocks import Table

NAME = re.compile(r"((?:>\s*)*)([A-Za-z_][\w.\-]{0,60})", re.ASCII)
MARKS = re.compile("[`~]")
TYPE = re.compile(r"[A-Za-z]{1,20}(?: [A-Za-z]{1,20}){0,3}", re.ASCII)


def parse_header(header: list[str], wanted: set[str]) -> list[str]:
    """Name the columns of a table."""
    found = [COLUMNS.get(normalize(each), "") for each in header]
    if "" in found or set(found) != wanted or len(found) != len(wanted):
        raise PageParseError(f"a table with the columns {header!r:.200}, expected {', '.join(sorted(wanted))}")
    return found


def parse_names(table: Table) -> frozenset[str]:
    """List the names of a table, without their parents."""
    return frozenset(MARKS.sub("", row[0]).lstrip("> ").strip() for row in table.rows[1:] if row)


def parse_field(cells: dict[str, str], kind: str, names: frozenset[str]) -> Field:
    """Read one parameter or field."""
    required = ""
    if kind == "request":
        required = REQUIRED.get(normalize(cells["required"]), "")
        if not required:
            raise PageParseError(f"{cells['name']}: {cells['required'][:40]!r} does not say whether it is required")
    if not TYPE.fullmatch(cells["type"]):
        raise PageParseError(f"{cells['name']}: {cells['type'][:40]!r} is no type")
    words = cells["description"]
    kind_of = TYPES.get(normalize(cells["type"]), cells["type"].lower())
    return Field(
        type=kind_of,
        required=required,
        values=() if kind_of == "boolean" else tuple(values(words, names)),
        limit=limit(words) if kind == "request" else None,
        text=text_hash(words),
        source_text=words,
    )


class Fields(NamedTuple):
    """The rows of a table by name, a nested one named with its parents, and the names that are struck through."""

    rows: Mapping[str, Field]
    struck: tuple[str, ...] = ()


def parse_fields(table: Table, kind: str, known: frozenset[str]) -> Fields:
    """Read a table; below a name that is struck through every nested one is. `known` are the names of all tables."""
    wanted = {"name", "type", "description"} | ({"required"} if kind == "request" else set())
    names = parse_header(table.rows[0] if table.rows else [], wanted)
    found: dict[str, Field] = {}
    struck: list[str] = []
    parents: list[str] = []
    for cells in table.rows[1:]:
        each = dict(zip(names, cells, strict=False))
        name = NAME.fullmatch(MARKS.sub("", each.get("name", "")).strip())
        if len(cells) != len(names) or not name or all(normalize(cell) in COLUMNS for cell in cells):
            raise PageParseError(f"a row of the {kind} table that is none: {' | '.join(cells)[:60]!r}")
        depth = name[1].count(">")
        parents = [*parents[:depth], name[2]]
        path = ".".join(parents)
        if path in found or path in struck or len(parents) != depth + 1:
            raise PageParseError(f"{path} stands twice, or without its parent, in the {kind} table")
        if "~~" in each["name"] or ".".join(parents[:-1]) in struck:
            struck.append(path)
        else:
            found[path] = parse_field({**each, "name": path}, kind, known)
    if not found:
        raise PageParseError(f"the {kind} table has no rows")
    return Fields(found, tuple(f"{kind}.{path}" for path in struck))
