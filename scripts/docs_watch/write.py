"""The pages written into spec and lock."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from codegen.validate import faults
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from .compare import Change, Place, Severity
from .draft import MARK
from .drift import line, open_differences
from .edit import apply_facts
from .files import replace_atomically
from .report import say
from .spec import Spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from .drift import Difference, Operation
    from .facts import Facts
    from .lock import Lock

SPEC = "spec/openapi.yaml"
FOLDERS = ("okx_maxloan_sdk", "scripts", "tests", "docs")
HISTORY = "CHANGELOG.md"


class RefusedError(Exception):
    """An edit that would leave the spec invalid."""


class Written(NamedTuple):
    """The spec as it is now, the places that were edited, those where it is left unlike the pages, and the drafts."""

    spec: Spec
    edited: list[tuple[Operation, Place]]
    left: set[tuple[Operation, Place]]
    drafts: list[int]


def write(
    root: Path,
    spec: Spec,
    lock: Lock,
    pages: Mapping[Operation, Mapping[str, Facts]],
    rows: Sequence[Difference],
) -> Written:
    """Bring spec and lock up to date, both or neither; of `rows`, what only a person can judge stays in the lock."""
    edited: list[tuple[Operation, Place]] = []
    left: set[tuple[Operation, Place]] = set()
    for operation, found in pages.items():
        edited += [(operation, place) for place in apply_facts(spec, lock, operation, found)]
        lock.update(operation.id, found)
        unlike = open_differences(spec, lock, operation, found)
        left |= {(operation, place) for each in unlike.values() for place in each}
        for row in rows:
            if row.operation == operation and (operation, row.place) not in edited:
                change = Change(row.place, row.was, row.now, row.severity)
                for language in row.languages:
                    if row.place not in unlike[language]:
                        lock.keep_unread(operation.id, language, change)
    if edited:
        set_version(spec)
    new = save(root, spec, {root / "spec" / "docs.lock.json": lock.text()})
    drafts = [number for number, line in enumerate(new.source.splitlines(), 1) if line.strip() == f"# {MARK}"]
    return Written(new, edited, left, drafts)


def set_version(spec: Spec) -> None:
    """Let the spec's version be today."""
    spec.document["info"]["version"] = SingleQuotedScalarString(datetime.now(UTC).date().isoformat())


def save(root: Path, spec: Spec, others: Mapping[Path, str] | None = None) -> Spec:
    """Write the spec and other files, all or none, and read it; raise `RefusedError` if it would not be valid."""
    new = Spec(spec.text())
    plain = json.loads(json.dumps(new.document))  # validators refuse ruamel's subclasses of str
    if wrong := faults(plain, root / "spec" / "extensions.schema.json"):
        raise RefusedError("\n  ".join(["the edited spec would not be valid; nothing was written", *wrong]))
    replace_atomically({root / SPEC: new.source, **(others or {})})
    return new


def todo_list(root: Path, written: Written, rows: Sequence[Difference]) -> Iterator[str]:
    """Report the edits, and what a person has to do, each with its line in the new spec."""
    spec = written.spec
    for operation, place in written.edited:
        yield f"edited   {operation.id} {place} {spec_location(spec, operation, place)}"
    yield from decisions(spec, rows)
    for row in rows:
        if row.place.fact in {"path", "anchor"}:
            yield from (f"edit     {place} names {row.was}" for place in mentions(root, str(row.was)))
        if (row.operation, row.place) in written.edited:
            continue
        where = f"({' '.join(row.languages)}) {spec_location(spec, row.operation, row.place)}"
        if (row.operation, row.place) in written.left:
            yield f"edit     {row.operation.id} {row.place}: {say(row.was)} -> {say(row.now)} {where}"
        else:
            yield f"read     {row.severity.name.lower()} {row.operation.id} {row.place} {where}"
    yield from (f"rewrite  OKX's words in our own {SPEC}:{number}" for number in written.drafts)


def decisions(spec: Spec, rows: Sequence[Difference]) -> Iterator[str]:
    """Name each rule that a changed parameter or a reworded source concerns, and what else a new parameter needs."""
    for operation in dict.fromkeys(row.operation for row in rows):
        node = spec.operation(operation.method, operation.path)
        about = [row for row in rows if row.operation == operation and row.place.table == "request"]
        changed = {row.place.name: row.place for row in about if row.severity > Severity.WORDING}
        texts = [row for row in about if row.place.fact == "text"]
        reworded = {f"{language} request.{row.place.name}" for row in texts for language in row.languages}
        lines = spec.lines(operation.method, operation.path)
        for rule in node.get("x-okx-rules", ()):
            mentioned = [name for name in changed if name in {**rule["when"], **rule["then"]}]
            sources = [each for each in rule.get("source", ()) if each in reworded]
            if mentioned or sources:
                why = f"It mentions {', '.join(mentioned)}"
                if not mentioned:
                    why = f"Its source has other words: {', '.join(sources)}"
                place = lines[f"x-okx-rules.{rule['id']}"]
                yield f"decide   {operation.id} does rule {rule['id']} still hold? {why} {SPEC}:{place}"
        known = {each["name"]: each for each in node["parameters"]}
        if any(not place.fact and name in known for name, place in changed.items()):
            yield f"decide   {operation.id} does a rule between parameters follow? x-okx-rules {SPEC}:{lines['rules']}"
        required = [name for name in changed if known.get(name, {}).get("required")]
        for name in required:
            if not changed[name].fact:
                why = f"{name} is required: every caller has to give it, so okx_maxloan_sdk/client.py spells it out"
                yield f"edit     {operation.id} {why} {spec_location(spec, operation, changed[name])}"
        for each in node.get("x-okx-examples", ()):
            if lacking := [name for name in required if name not in each["query"]]:
                why = f"example {each['id']} lacks {', '.join(lacking)}, which is required"
                yield f"edit     {operation.id} {why} {SPEC}:{lines['x-okx-examples.' + each['id']]}"


def mentions(root: Path, text: str) -> Iterator[str]:
    """List the places of files that name a text themselves; what happened once stays in the changelog."""
    named = re.compile(rf"{re.escape(text)}(?![\w/-])")
    inner = (path for folder in FOLDERS for path in sorted((root / folder).rglob("*")))
    for path in (*sorted(root.glob("*")), *inner):
        if "docs_watch" in path.parts or path.suffix not in {".py", ".md", ".toml", ".yaml"} or path.name == HISTORY:
            continue
        for number, each in enumerate(path.read_text("utf-8").splitlines(), 1):
            if named.search(each):
                yield f"{path.relative_to(root).as_posix()}:{number}"


def spec_location(spec: Spec, operation: Operation, place: Place) -> str:
    """Name the line of the spec."""
    return f"{SPEC}:{line(spec.lines(operation.method, operation.path), place)}"
