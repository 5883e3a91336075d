"""Hypothesis strategies for responses that the spec allows, and for responses with one defect."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import strategies as st
from ruamel.yaml import YAML

SPEC = Path(__file__).parents[2] / "spec" / "openapi.yaml"
SCALARS = st.sampled_from([None, True, False, 0, -7, 10**20, 0.1, -1.5e-9])
SHORT_TEXTS = st.text(max_size=8)
JSON = (
    SCALARS
    | SHORT_TEXTS
    | st.lists(SCALARS | SHORT_TEXTS, max_size=2)
    | st.dictionaries(SHORT_TEXTS, SCALARS | SHORT_TEXTS, max_size=2)
)
UNKNOWN = st.dictionaries(SHORT_TEXTS.map("x{}".format), JSON, max_size=2)
# Keyed by identity: the parsed spec lives as long as the process, and a strategy is slow to build.
_strategies: dict[int, st.SearchStrategy[Any]] = {}
_validators: dict[int, Any] = {}


@cache
def spec() -> dict[str, Any]:
    """Read the spec."""
    read: dict[str, Any] = YAML(typ="safe").load(SPEC)
    return read


def response_schema(path: str, status: str) -> dict[str, Any]:
    """Return the schema of an operation's responses with a status."""
    content = spec()["paths"][path]["get"]["responses"][status]["content"]
    return resolved(content["application/json"]["schema"])


def valid(schema: dict[str, Any], response: object) -> bool:
    """Return whether a schema allows a response."""
    return bool(_validator(schema).is_valid(response))


def _validator(schema: dict[str, Any]) -> Any:
    if id(schema) not in _validators:
        _validators[id(schema)] = jsonschema.Draft202012Validator({**schema, "components": spec()["components"]})
    return _validators[id(schema)]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Resolve a `$ref`."""
    if "$ref" not in schema:
        return schema
    node: Any = spec()
    for step in schema["$ref"].removeprefix("#/").split("/"):
        node = node[step]
    resolved: dict[str, Any] = node
    return resolved


def allowed(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Generate values that a schema of the spec allows, with fields that the schema does not name."""
    if id(schema) not in _strategies:
        _strategies[id(schema)] = _strategy(resolved(schema))
    return _strategies[id(schema)]


def _strategy(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    kinds = schema["type"] if isinstance(schema.get("type"), list) else [schema.get("type")]
    banned = schema.get("not", {}).get("enum", ())
    return st.one_of([_KINDS[kind](schema) for kind in kinds]).filter(lambda value: value not in banned)


def _text(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].strip("^$"), fullmatch=True)
    return st.text(min_size=schema.get("minLength", 0), max_size=20)


@st.composite
def _object(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema["properties"]
    chosen = [name for name in properties if name in schema.get("required", ()) or draw(st.booleans())]
    known = {name: draw(allowed(properties[name])) for name in chosen}
    return {**draw(UNKNOWN), **known}


_KINDS: dict[Any, Any] = {
    "object": _object,
    "array": lambda schema: st.lists(allowed(schema.get("items") or {}), max_size=4),
    "string": _text,
    "boolean": lambda _: st.booleans(),
    "integer": lambda _: st.integers(0, 99999),
    None: lambda _: JSON,
}


@st.composite
def with_defect(draw: st.DrawFn, schema: dict[str, Any]) -> Any:
    """Generate a success response with rows and introduce one defect; the schema may still allow the result."""
    response = draw(allowed(schema)) | {"code": "0"}
    rows = response["data"] = [*response["data"], draw(allowed(schema["properties"]["data"]["items"]))]
    row = draw(st.sampled_from(rows))
    place: Any = draw(st.sampled_from([response, row]))
    match draw(st.sampled_from(["drop", "change", "row", "body", "form"])):
        case "drop":
            place.pop(draw(st.sampled_from(sorted(place))))
        case "change":
            place[draw(st.sampled_from(sorted(place)))] = draw(JSON)
        case "row":
            rows[draw(st.integers(0, len(rows) - 1))] = draw(SCALARS | st.text() | st.lists(JSON, max_size=2))
        case "body":
            return draw(JSON)
        case "form":
            row[draw(st.sampled_from(sorted(row)))] = draw(st.text(max_size=5) | st.sampled_from(["-1", "-0.5", "-0"]))
    return response
