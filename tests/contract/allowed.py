"""Schemas of the spec's responses, and Hypothesis strategies for responses that they allow or that have one defect."""

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import strategies as st
from ruamel.yaml import YAML

SPEC: dict[str, Any] = YAML(typ="safe").load(Path(__file__).parents[2] / "spec" / "openapi.yaml")
SCALARS = st.sampled_from([None, True, False, 0, -7, 10**20, 0.1, -1.5e-9])
SHORT_TEXTS = st.text(max_size=8)
PLAIN = SCALARS | SHORT_TEXTS
JSON = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(SHORT_TEXTS, PLAIN, max_size=2)
UNKNOWN = st.dictionaries(SHORT_TEXTS.map("x{}".format), JSON, max_size=2)


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    resolved: dict[str, Any] = SPEC["components"]["schemas"][name] if name else schema
    return resolved


def content(path: str, status: int = 200) -> dict[str, Any]:
    """Return schema and examples of an operation's responses with a status."""
    responses = SPEC["paths"][path]["get"]["responses"]
    found: dict[str, Any] = responses["200" if status == 200 else f"{status // 100}XX"]["content"]["application/json"]
    return found


def row_schema(path: str) -> dict[str, Any]:
    """Return the schema of an operation's rows."""
    return _resolve(_resolve(content(path)["schema"])["properties"]["data"]["items"])


@cache
def _validator(path: str, status: int) -> Any:
    return jsonschema.Draft202012Validator({**content(path, status)["schema"], "components": SPEC["components"]})


def response_error(path: str, status: int, response: object) -> str:
    """Return why the spec does not allow a response, "" if it does."""
    error = next(_validator(path, status).iter_errors(response), None)
    return error.message if error else ""


@cache
def allowed(path: str, status: int = 200) -> st.SearchStrategy[Any]:
    """Generate responses that the spec allows, with fields that it does not name."""
    return _strategy(content(path, status)["schema"])


def _strategy(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    schema = _resolve(schema)
    types = schema.get("type")
    banned = schema.get("not", {}).get("enum", ())
    strategies = [_strategy_of_type(each, schema) for each in (types if isinstance(types, list) else [types])]
    return st.one_of(strategies).filter(lambda value: value not in banned)


def _strategy_of_type(name: str | None, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match name:
        case "object":
            optional = {name: _strategy(each) for name, each in schema["properties"].items()}
            required = {name: optional.pop(name) for name in schema.get("required", ())}
            return st.builds(dict.__or__, UNKNOWN, st.fixed_dictionaries(required, optional=optional))
        case "array":
            return st.lists(_strategy(schema.get("items") or {}), max_size=4)
        case "string":
            pattern = schema.get("pattern", "").strip("^$")
            text = st.text(min_size=schema.get("minLength", 0), max_size=20)
            return st.from_regex(pattern, fullmatch=True) if pattern else text
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(0, 99999)
    return JSON


@st.composite
def with_defect(draw: st.DrawFn, path: str) -> Any:
    """Generate a success response with rows and introduce one defect; the schema may still allow the result."""
    response = draw(allowed(path)) | {"code": "0"}
    rows = response["data"] = [*response["data"], draw(_strategy(row_schema(path)))]
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
