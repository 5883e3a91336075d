"""The pages written into spec and lock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import SingleQuotedScalarString
from validate import faults

from .compare import Place
from .draft import MARK
from .drift import line
from .edit import apply
from .files import replace_all
from .spec import Spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from .drift import Difference, Operation
    from .facts import Facts
    from .lock import Lock

SPEC = "spec/openapi.yaml"


class Refused(Exception):
    """An edit that would leave the spec invalid."""


class Written(NamedTuple):
    """The spec as it is now, the places that were edited, and the drafts among its lines."""

    spec: Spec
    edited: list[tuple[Operation, Place]]
    drafts: list[int]


def write(root: Path, spec: Spec, lock: Lock, pages: Mapping[Operation, Mapping[str, Facts]]) -> Written:
    """Bring spec and lock up to date, both or neither."""
    edited = []
    for operation, found in pages.items():
        edited += [(operation, place) for place in apply(spec, lock, operation, found)]
        lock.update(operation.id, found)
    if edited:
        spec.document["info"]["version"] = SingleQuotedScalarString(datetime.now(UTC).date().isoformat())
    text = spec.text()
    if wrong := faults(YAML(typ="safe").load(text), root / "spec" / "extensions.schema.json"):
        raise Refused("\n  ".join(["the edited spec would not be valid; nothing was written", *wrong]))
    replace_all({root / "spec" / "openapi.yaml": text, root / "spec" / "docs.lock.json": lock.text()})
    drafts = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == f"# {MARK}"]
    return Written(Spec(text), edited, drafts)


def tasks(written: Written, rows: Sequence[Difference]) -> Iterator[str]:
    """Say what was edited, and what a person has to do, each with its line in the new spec."""
    for operation, place in written.edited:
        yield f"edited   {operation.id} {place} {where(written.spec, operation, place)}"
    for operation in dict.fromkeys(operation for operation, place in written.edited if place.table == "request"):
        rules = where(written.spec, operation, Place(fact="rules"))
        yield f"decide   {operation.id} does a rule between parameters follow? x-okx-rules {rules}"
    for row in rows:
        if (row.operation, row.place) not in written.edited:
            about = f"{row.severity.name.lower()} {row.operation.id} {row.place} ({' '.join(row.languages)})"
            yield f"read     {about} {where(written.spec, row.operation, row.place)}"
    yield from (f"rewrite  OKX's words in our own {SPEC}:{number}" for number in written.drafts)


def where(spec: Spec, operation: Operation, place: Place) -> str:
    """Name the line of the spec."""
    return f"{SPEC}:{line(spec.lines(operation.method, operation.path), place)}"
