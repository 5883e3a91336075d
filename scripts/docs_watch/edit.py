"""Edits of the spec that need no judgement."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from .draft import FIELDS, PARAMETERS, build_node, column_of, document_values, mark_as_draft
from .drift import diff_spec, open_differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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


def set_rate(operation: Any, now: tuple[tuple[int, int], ...]) -> bool:
    """Change the rate limit; two at once are a person's decision."""
    limit = operation["x-okx-rate-limit"]
    if len(now) == 1:
        limit["requests"], limit["period"] = now[0]
    return len(now) == 1


def set_anchor(operation: Any, now: str) -> bool:
    """Change the anchor of the documentation, which is the same in both languages."""
    docs = operation["externalDocs"]
    for key in ("url", "x-url-zh"):
        docs[key] = f"{docs[key].partition('#')[0]}#{now}"
    return True


def set_required(node: Any, now: str, _texts: Mapping[str, str], _column: int) -> bool:
    """Change whether a parameter is required."""
    insert_key(node, "required", now == "required")
    return True


def set_values(node: Any, now: tuple[str, ...], texts: Mapping[str, str], column: int) -> bool:
    """Change the listed values of a parameter or a field; a parameter's stay shared with the field that echoes it.

    The first list of a parameter, and one of a parameter that is a list, are a person's decision.
    """
    if "schema" in node:
        if node["schema"]["type"] != "string" or "enum" not in node["schema"]:
            return False
        listed = unalias(node, "schema")["enum"]
        listed[:] = [*(each for each in listed if each in now), *(each for each in now if each not in listed)]
    elif "x-okx-values" in node:
        unalias(node, "x-okx-values")
    node.fa.set_block_style()
    document_values(node, now, texts, column)
    return True


def set_limit(node: Any, now: int, _texts: Mapping[str, str], _column: int) -> bool:
    """Change how many items a parameter may list; to make a list of a parameter is a person's decision."""
    if "maxItems" not in node["schema"]:
        return False
    unalias(node, "schema")["maxItems"] = now
    return True


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


OF_THE_OPERATION: Mapping[str, Callable[[Any, Any], bool]] = {"rate": set_rate, "anchor": set_anchor}
# What is not here (type, method, path, whom the limit counts) is a person's decision.
SETTERS: Mapping[str, Callable[[Any, Any, Mapping[str, str], int], bool]] = {
    "required": set_required,
    "values": set_values,
    "limit": set_limit,
}


def apply_fact(spec: Spec, operation: Operation, place: Place, now: Any, fields: Mapping[str, Field]) -> bool:
    """Make one fact of the spec what the pages say; tell whether that took no judgement."""
    node = spec.operation(operation.method, operation.path)
    if not place.table:
        return place.fact in OF_THE_OPERATION and OF_THE_OPERATION[place.fact](node, now)
    properties = spec.row(operation.method, operation.path)["properties"]
    asked = place.table == "request"
    known = {each["name"]: each for each in node["parameters"]} if asked else properties
    texts = {language: field.source_text for language, field in fields.items()}
    if place.fact:
        column = (node["parameters"].lc.col if asked else column_of(properties)) + 4
        return place.fact in SETTERS and SETTERS[place.fact](known[place.name], now, texts, column)
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
    facts = [
        {
            "type": each.type,
            "required": each.required == "required",
            "values": frozenset(each.values) or None,
            "limit": each.limit,
        }
        for each in fields.values()
    ]
    return all(len({each[key] for each in facts} - {None}) <= 1 for key in ("type", "required", "values", "limit"))


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
        if certain and apply_fact(spec, operation, place, next(iter(said.values()), None), fields):
            yield place


def apply_facts(spec: Spec, lock: Lock, operation: Operation, pages: Mapping[str, Facts]) -> list[Place]:
    """Edit the spec until only judgement is left; list what was edited.

    A second round parts values that a field shares with a parameter through an alias, where only one row changed.
    """
    done: dict[Place, None] = {}
    while new := [place for place in apply_pass(spec, lock, operation, pages) if place not in done]:
        done |= dict.fromkeys(new)
    return [*done]
