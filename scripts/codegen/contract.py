"""The contract as Python source, out of the spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openapi_python_client.strings import PythonIdentifier

from . import contract_model as model
from .validate import EFFECTS

MODEL = Path(model.__file__).read_text(encoding="utf-8")
# What okx_maxloan_sdk/client.py spells out; a later parameter of maximum loan reaches its methods as ExtraParameters.
EXPLICIT_PARAMETERS = {"mgnMode", "instId", "ccy", "mgnCcy", "tradeQuoteCcy"}


QUESTIONS_HEAD = """\
\"\"\"What nobody knows yet about the operations: what spec/openapi.yaml says, typed; never edited by hand.\"\"\"

from .contract import OpenQuestion, Outcome
"""


def attribute(name: str) -> str:
    """Name a parameter or field as the generated code does."""
    return str(PythonIdentifier(name, prefix="field_"))


def values(node: dict[str, Any]) -> tuple[model.Value, ...]:
    """Read the documented values of a parameter or field."""
    return tuple(
        model.Value(value, words.get("name", value), words["en"], words["zh"])
        for value, words in node.get("x-okx-values", {}).items()
    )


def parameter(node: dict[str, Any]) -> model.Parameter:
    """Read one query parameter."""
    schema = node["schema"]
    one = schema.get("items", schema)
    return model.Parameter(
        name=node["name"],
        attribute=attribute(node["name"]),
        required=node.get("required", False),
        max_items=schema.get("maxItems", 1),
        pattern=one.get("pattern", ""),
        enum="enum" in schema,
        values=values(node),
        en=node["description"],
        zh=node["x-description-zh"],
    )


def field(name: str, node: dict[str, Any], required: list[str]) -> model.Field:
    """Read one field of a row."""
    default = node.get("default")
    return model.Field(
        name=name,
        attribute=attribute(name),
        type=node["type"],
        required=name in required,
        default=() if default == [] else default,
        pattern=node.get("pattern", ""),
        values=values(node),
        en=node["description"],
        zh=node["x-description-zh"],
    )


def condition(node: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Read one side of a rule; a lone value is a list of one."""
    return {key: tuple(cell) if isinstance(cell, list) else (cell,) for key, cell in node.items()}


def rule(node: dict[str, Any]) -> model.Rule:
    """Read one rule between parameters, without its source, which serves the editors of the spec."""
    said = {name: value for name, value in node.items() if name != "source"}
    return model.Rule(**{**said, "when": condition(node["when"]), "then": condition(node["then"])})


def example(node: dict[str, Any]) -> model.Example:
    """Read one documented question; OKX takes lists joined by raw commas."""
    return model.Example(**{**node, "query": raw_query(node["query"])})


def raw_query(query: dict[str, str | list[str]]) -> dict[str, str]:
    """Join the lists of a query as OKX takes them."""
    return {name: ",".join(value) if isinstance(value, list) else value for name, value in query.items()}


def outcome(node: dict[str, Any]) -> model.Outcome:
    """Read one possible response to an open question."""
    effects = {effect: tuple(node.get(effect, ())) for effect in EFFECTS}
    return model.Outcome(**{**node, **effects, "when": condition(node["when"])})


def open_question(node: dict[str, Any]) -> model.OpenQuestion:
    """Read one open question."""
    return model.OpenQuestion(
        id=node["id"],
        accounts=tuple(map(condition, node["accounts"])),
        query=raw_query(node["query"]),
        unlisted=tuple(node.get("unlisted", ())),
        outcomes=tuple(map(outcome, node["outcomes"])),
        en=node["en"],
        zh=node["zh"],
    )


def row(spec: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Find the schema of the rows that an operation answers."""
    schemas = spec["components"]["schemas"]
    answer = node["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    found: dict[str, Any] = schemas[schemas[answer]["properties"]["data"]["items"]["$ref"].rpartition("/")[2]]
    return found


def operation(spec: dict[str, Any], path: str, node: dict[str, Any]) -> model.Operation:
    """Read one operation."""
    schema = row(spec, node)
    return model.Operation(
        id=node["operationId"],
        method="GET",
        path=path,
        signed=bool(node["security"]),
        limit=model.RateLimit(**node["x-okx-rate-limit"]),
        parameters=tuple(parameter(each) for each in node["parameters"]),
        fields=tuple(field(name, each, schema["required"]) for name, each in schema["properties"].items()),
        rules=tuple(rule(each) for each in node.get("x-okx-rules", ())),
        examples=tuple(example(each) for each in node.get("x-okx-examples", ())),
        en=node["description"],
        zh=node["x-description-zh"],
        docs_en=node["externalDocs"]["url"],
        docs_zh=node["externalDocs"]["x-url-zh"],
    )


def questions_source(spec: dict[str, Any]) -> str:
    """Write open_questions.py, apart from the contract: only `okx-maxloan verify` loads it."""
    nodes = (each for item in spec["paths"].values() for each in item["get"].get("x-okx-open-questions", ()))
    return f"{QUESTIONS_HEAD}\nOPEN_QUESTIONS = {tuple(map(open_question, nodes))!r}\n"


def new_parameters(operations: list[model.Operation]) -> str:
    """Write the type of the parameters that the SDK's signatures do not spell out yet."""
    known = (each for each in operations if each.id == "getMaxLoan")
    found = [each for operation in known for each in operation.parameters if each.name not in EXPLICIT_PARAMETERS]
    # A text reaches the source as a literal only: it comes from a page, and importing the package runs the source.
    texts = [f"{each.en}\n{each.zh}" for each in found]
    fields = "".join(
        f"    {each.attribute}: str | None\n    {text!r}\n" for each, text in zip(found, texts, strict=True)
    )
    words = '"""Query parameters of maximum loan that came later."""'
    return f"class ExtraParameters(TypedDict, total=False):\n    {words}\n{fields}"


def source(spec: dict[str, Any]) -> str:
    """Write contract.py: the model's own source, and the facts as its literals."""
    operations = [operation(spec, path, item["get"]) for path, item in spec["paths"].items()]
    errors = {each["code"]: model.Error(**each) for each in spec["x-okx-errors"]}
    sites = {server["x-okx-site"]: server["url"] for server in spec["servers"]}
    lines = [
        MODEL.replace("import Literal, NamedTuple", "import Literal, NamedTuple, TypedDict"),
        new_parameters(operations),
        *(f"{attribute(each.id).upper()} = {each!r}" for each in operations),
        f"OPERATIONS = ({', '.join(attribute(each.id).upper() for each in operations)},)",
        f"ERRORS: Mapping[str, Error] = {errors!r}",
        f"SITES: Mapping[str, str] = {sites!r}",
        f"DEMO_HEADER = ({spec['x-okx-demo']['header']!r}, {spec['x-okx-demo']['value']!r})",
        f"SPEC_VERSION = {spec['info']['version']!r}",
    ]
    return "\n".join(lines) + "\n"


ROW_TYPES = {"string": "str", "boolean": "bool", "array": "tuple[str, ...]"}
ROW_CLASSES = {"getMaxLoan": "MaxLoanFields", "getAccountInstruments": "InstrumentFields"}
ROWS_HEAD = '''"""Rows of responses: immutable, hashable, equal by value; never edited by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

'''


def row_field(each: model.Field) -> str:
    """Write one field; documented values are listed, and others may come."""
    kind = ROW_TYPES[each.type]
    if each.values:
        kind = f"Literal[{', '.join(repr(value.value) for value in each.values)}] | {kind}"
    default = "" if each.required else f" = field(default={each.default!r}, kw_only=True)"
    text = f"{each.en}\n{each.zh}"
    return f"    {each.attribute}: {kind}{default}\n    {text!r}\n"


def rows_source(spec: dict[str, Any]) -> str:
    """Write rows.py: one immutable class for the rows of each operation."""
    classes = []
    for path, item in spec["paths"].items():
        found = operation(spec, path, item["get"])
        if name := ROW_CLASSES.get(found.id):
            fields = "".join(row_field(each) for each in found.fields)
            more = (
                "    additional_properties: Mapping[str, Any] = field(default_factory=dict, hash=False, kw_only=True)\n"
            )
            classes.append(
                f"@dataclass(frozen=True, slots=True)\nclass {name}:\n    {f'Row of {found.path}.'!r}\n\n{fields}{more}"
            )
    return ROWS_HEAD + "\n\n".join(classes)
