"""From a table of a page to its parameters or fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .facts import Field, Unreadable, digest, squash
from .text import limit, values
from .words import COLUMNS, REQUIRED, TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .blocks import Table

NAME = re.compile(r"((?:>\s*)*)([A-Za-z_][\w.\-]{0,60})", re.ASCII)
TYPE = re.compile(r"[A-Za-z]{1,20}(?: [A-Za-z]{1,20}){0,3}", re.ASCII)


def columns(header: list[str], wanted: set[str]) -> list[str]:
    """Name the columns of a table."""
    found = [COLUMNS.get(squash(each), "") for each in header]
    if "" in found or set(found) != wanted or len(found) != len(wanted):
        message = f"a table with the columns {header!r:.200}, expected {', '.join(sorted(wanted))}"
        raise Unreadable(message)
    return found


def row(cells: dict[str, str], kind: str) -> Field:
    """Read one parameter or field."""
    required = ""
    if kind == "request":
        required = REQUIRED.get(squash(cells["required"]), "")
        if not required:
            message = f"{cells['name']}: {cells['required'][:40]!r} does not say whether it is required"
            raise Unreadable(message)
    if not TYPE.fullmatch(cells["type"]):
        message = f"{cells['name']}: {cells['type'][:40]!r} is no type"
        raise Unreadable(message)
    words = cells["description"]
    kind_of = TYPES.get(squash(cells["type"]), cells["type"].lower())
    return Field(
        type=kind_of,
        required=required,
        values=() if kind_of == "boolean" else tuple(values(words)),
        limit=limit(words) if kind == "request" else None,
        text=digest(words),
        words=words,
    )


def fields(table: Table, kind: str) -> Mapping[str, Field]:
    """Read a table; a nested field is named with its parents."""
    wanted = {"name", "type", "description"} | ({"required"} if kind == "request" else set())
    names = columns(table.rows[0] if table.rows else [], wanted)
    found: dict[str, Field] = {}
    parents: list[str] = []
    for cells in table.rows[1:]:
        each = dict(zip(names, cells, strict=False))
        name = NAME.fullmatch(each.get("name", "").strip("`~ "))
        if len(cells) != len(names) or not name:
            message = f"a row of the {kind} table that is none: {' | '.join(cells)[:60]!r}"
            raise Unreadable(message)
        depth = name[1].count(">")
        parents = [*parents[:depth], name[2]]
        path = ".".join(parents)
        if path in found or len(parents) != depth + 1:
            message = f"{path} stands twice, or without its parent, in the {kind} table"
            raise Unreadable(message)
        found[path] = row({**each, "name": path}, kind)
    if not found:
        message = f"the {kind} table has no rows"
        raise Unreadable(message)
    return found
