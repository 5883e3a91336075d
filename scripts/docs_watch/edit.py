"""Edits of the spec that need no judgement."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from .draft import FIELDS, PARAMETERS, build_node, column_of, document_values, mark_as_draft
from .drift import diff_spec, open_differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .compare import Place
    from .drift import Operation
    from .facts import Facts, Field
    from .lock import Lock
    from .spec import Spec


def unalias(node: Any, key: str) -> Any:
    """Replace an alias by a copy of the node that it names."""
    if node[key].anchor.value:
        node[key] = copy.deepcopy(node[key])
        node[key].yaml_set_anchor(None)
    return node[key]


def insert_key(node: Any, key: str, value: Any) -> None:
    """Set a key; a new one goes near the top, as what follows the last one may be the next section's comment."""
    if key in node:
        node[key] = value
    else:
        node.insert(list(node).index("in" if "in" in node else "type") + 1, key, value)


def set_values(node: Any, now: tuple[str, ...], texts: Mapping[str, str], column: int) -> None:
    """Change the listed values of a parameter or a field; a parameter's stay shared with the field that echoes it."""
    if "schema" in node:
        listed = unalias(node, "schema")["enum"]
        listed[:] = [*(each for each in listed if each in now), *(each for each in now if each not in listed)]
    elif "x-okx-values" in node:
        unalias(node, "x-okx-values")
    node.fa.set_block_style()
    document_values(node, now, texts, column)


def add_parameter(parameters: Any, name: str, field: Field, texts: Mapping[str, str]) -> None:
    """Add a request parameter."""
    required = {"required": True} if field.required == "required" else {}
    style = {"style": "form", "explode": False} if field.limit else {}
    column = parameters.lc.col
    parameters.append(build_node({"name": name, "in": "query", **required, **style}, field, texts, column + 2))
    mark_as_draft(parameters, len(parameters) - 1, column)


def add_field(properties: Any, name: str, field: Field, texts: Mapping[str, str]) -> None:
    """Add a field of the answer."""
    column = column_of(properties)
    properties[name] = build_node(FIELDS[field.type], field, texts, column + 2)
    mark_as_draft(properties, name, column)


def edit_operation(operation: Any, fact: str, now: Any) -> bool:
    """Edit a fact of an operation; return whether that took no judgement, as two rate limits at once do."""
    match fact:
        case "rate" if len(now) == 1:
            operation["x-okx-rate-limit"].update(zip(("requests", "period"), now[0], strict=True))
        case "anchor":  # the same in both languages
            docs = operation["externalDocs"]
            docs.update({key: f"{docs[key].partition('#')[0]}#{now}" for key in ("url", "x-url-zh")})
        case _:
            return False
    return True


def edit_row(node: Any, fact: str, now: Any, texts: Mapping[str, str], column: int) -> bool:
    """Edit a fact of a parameter or a field; return whether that took no judgement.

    Another type, the first list of a parameter, values of a parameter that is a list, and a parameter that becomes a
    list are a person's decision.
    """
    schema = node.get("schema", {})
    match fact:
        case "required":
            insert_key(node, "required", now == "required")
        case "values" if not schema or (schema["type"] == "string" and "enum" in schema):
            set_values(node, now, texts, column)
        case "limit" if "maxItems" in schema:
            unalias(node, "schema")["maxItems"] = now
        case _:
            return False
    return True


def edit_fact(spec: Spec, operation: Operation, place: Place, now: Any, fields: Mapping[str, Field]) -> bool:
    """Make one fact of the spec what the pages say; return whether that took no judgement."""
    node = spec.operation(operation.method, operation.path)
    if not place.table:
        return edit_operation(node, place.fact, now)
    properties = spec.row(operation.method, operation.path)["properties"]
    asked = place.table == "request"
    known = {each["name"]: each for each in node["parameters"]} if asked else properties
    texts = {language: field.source_text for language, field in fields.items()}
    if place.fact:
        column = (node["parameters"].lc.col if asked else column_of(properties)) + 4
        return edit_row(known[place.name], place.fact, now, texts, column)
    field = fields.get("en") or next(iter(fields.values()), None)
    if field is None:
        insert_key(known[place.name], "deprecated", True)
    elif place.name in known:
        del known[place.name]["deprecated"]
    elif field.type not in (PARAMETERS if asked else FIELDS):
        return False
    elif asked:
        add_parameter(node["parameters"], place.name, field, texts)
    else:
        add_field(properties, place.name, field, texts)
    return True


def agree(fields: Mapping[str, Field]) -> bool:
    """Return whether no language contradicts another about a new parameter or field."""
    facts = (
        (each.type, each.required == "required", frozenset(each.values) or None, each.limit) for each in fields.values()
    )
    return all(len({*column} - {None}) <= 1 for column in zip(*facts, strict=True))


def apply_pass(spec: Spec, lock: Lock, operation: Operation, pages: Mapping[str, Facts]) -> Iterator[Place]:
    """Edit the spec where every language that says anything says the same."""
    facts = spec.facts(operation.method, operation.path)
    open_ = open_differences(spec, lock, operation, pages)
    accepted = {k: {c.place for c in diff_spec(spec, operation, pages, k)} - open_[k].keys() for k in pages}
    for place in dict.fromkeys(place for found in open_.values() for place in found):
        said = {k: place.of(page.plain()) for k, page in pages.items() if place not in accepted[k]}
        said = {k: now for k, now in said.items() if now not in (None, ())}
        canon = {frozenset(now) if isinstance(now, tuple) else now for now in said.values()}
        agreed = len(canon) == 1 and any(place in open_[k] for k in said)
        rows = {k: getattr(page, place.table).get(place.name) for k, page in pages.items()} if place.table else {}
        fields = {k: field for k, field in rows.items() if field}
        certain = agreed if place.fact else agree(fields) and not (fields and place.of(facts))
        if certain and edit_fact(spec, operation, place, next(iter(said.values()), None), fields):
            yield place


def apply_facts(spec: Spec, lock: Lock, operation: Operation, pages: Mapping[str, Facts]) -> list[Place]:
    """Edit the spec until only judgement is left; list what was edited.

    A second round parts values that a field shares with a parameter through an alias, where only one row changed.
    """
    done: dict[Place, None] = {}
    while new := [place for place in apply_pass(spec, lock, operation, pages) if place not in done]:
        done |= dict.fromkeys(new)
    return [*done]
