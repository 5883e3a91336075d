"""Strategies for the answers that the spec allows, and for answers with one fault that it forbids."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import strategies as st
from ruamel.yaml import YAML

SPEC = Path(__file__).parents[2] / "spec" / "openapi.yaml"
SCALARS = st.sampled_from([None, True, False, 0, -7, 10**20, 0.1, -1.5e-9])
WORDS = st.text(max_size=8)
JSON = SCALARS | WORDS | st.lists(SCALARS | WORDS, max_size=2) | st.dictionaries(WORDS, SCALARS | WORDS, max_size=2)
UNKNOWN = st.dictionaries(WORDS.map("x{}".format), JSON, max_size=2)
# By identity: the spec is read once and kept, and these take longer to make than to use.
_made: dict[int, st.SearchStrategy[Any]] = {}
_validators: dict[int, Any] = {}


@cache
def spec() -> dict[str, Any]:
    """Read the spec."""
    read: dict[str, Any] = YAML(typ="safe").load(SPEC)
    return read


def answer_schema(path: str, status: str) -> dict[str, Any]:
    """Find the schema of an operation's answers with a status."""
    content = spec()["paths"][path]["get"]["responses"][status]["content"]
    return resolved(content["application/json"]["schema"])


def valid(schema: dict[str, Any], answer: object) -> bool:
    """Tell whether a schema allows an answer."""
    return bool(_validator(schema).is_valid(answer))


def _validator(schema: dict[str, Any]) -> Any:
    if id(schema) not in _validators:
        _validators[id(schema)] = jsonschema.Draft202012Validator({**schema, "components": spec()["components"]})
    return _validators[id(schema)]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference."""
    if "$ref" not in schema:
        return schema
    found: Any = spec()
    for step in schema["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    resolved: dict[str, Any] = found
    return resolved


def allowed(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Generate what a schema of the spec allows, fields that it does not know included."""
    if id(schema) not in _made:
        _made[id(schema)] = _strategy(resolved(schema))
    return _made[id(schema)]


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
def spoilt(draw: st.DrawFn, schema: dict[str, Any]) -> Any:
    """Put one fault into an answer with rows that says success; the result may still be allowed."""
    answer = draw(allowed(schema)) | {"code": "0"}
    rows = answer["data"] = [*answer["data"], draw(allowed(schema["properties"]["data"]["items"]))]
    row = draw(st.sampled_from(rows))
    place: Any = draw(st.sampled_from([answer, row]))
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
    return answer
