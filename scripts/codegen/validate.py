"""The spec held against OpenAPI 3.1, its own extensions, and the promise of two languages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What contract.py is made of.
NEEDED = ("operationId", "x-okx-rate-limit", "externalDocs", "security", "parameters", "responses")
ACCOUNT = {"account.mode", "account.borrowing", "account.isolated"}
# What an answer to an open question may say about a rule.
EFFECTS = ("confirms", "supports", "refutes")


def walk(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Visit every mapping of the document with its place."""
    if isinstance(node, dict):
        yield where, node
        for key, value in node.items():
            yield from walk(value, f"{where}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{where}/{index}")


def extension_faults(spec: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    """Hold every x- key against its definition; a key without one is a typo."""
    for where, node in walk(spec):
        for key in node:
            if not str(key).startswith("x-") or where.startswith("/components/securitySchemes"):
                continue
            if key not in schema["$defs"]:
                yield f"{where}/{key}: no such extension in extensions.schema.json"
                continue
            checker = Draft202012Validator({"$ref": f"#/$defs/{key}", "$defs": schema["$defs"]})
            yield from (
                f"{where}/{key}{error.json_path[1:]}: {error.message}" for error in checker.iter_errors(node[key])
            )


def language_faults(spec: dict[str, Any]) -> Iterator[str]:
    """Require both languages for every operation, parameter, field and enum value."""
    for where, node in walk(spec):
        if where.startswith("/info") and where != "/info":
            continue
        if isinstance(node.get("description"), str) and "x-description-zh" not in node:
            yield f"{where}: a description without x-description-zh"
        if isinstance(properties := node.get("properties"), dict) and "type" in node:
            yield from (
                f"{where}/properties/{name}: no description"
                for name, each in properties.items()
                if "description" not in each
            )
        if "in" in node and "name" in node and "description" not in node:
            yield f"{where}: no description"
        schema = node.get("schema", node) if "in" in node else node
        if isinstance(values := schema.get("enum"), list) and "x-okx-values" not in node and "in" in node:
            yield f"{where}: the values {values} have no x-okx-values"
        elif isinstance(values, list) and "x-okx-values" in node:
            yield from (
                f"{where}: {value!r} has no x-okx-values entry" for value in values if value not in node["x-okx-values"]
            )


def contract_faults(spec: dict[str, Any]) -> Iterator[str]:
    """Require what the contract is made of, that rules speak of what exists, and that ids and codes are unique."""
    for path, item in spec["paths"].items():
        operation = item["get"]
        yield from (f"{path}: it needs {each}" for each in NEEDED if each not in operation)
        names = {each["name"] for each in operation.get("parameters", [])} | ACCOUNT
        ids = [rule["id"] for rule in operation.get("x-okx-rules", [])]
        yield from (f"{path}: rule {each} stands twice" for each in repeated(ids))
        for rule in operation.get("x-okx-rules", []):
            for each in sorted({*rule["when"], *rule["then"]} - names):
                yield f"{path}: rule {rule['id']} speaks of {each}, which is no parameter"
        yield from (f"{path}: {fault}" for fault in question_faults(operation, names, ids))
    codes = [each["code"] for each in spec["x-okx-errors"]]
    yield from (f"x-okx-errors: {each} stands twice" for each in repeated(codes))


def repeated(names: list[str]) -> list[str]:
    """List the names that stand twice."""
    return sorted({each for each in names if names.count(each) > 1})


def question_faults(operation: dict[str, Any], names: set[str], rule_ids: list[str]) -> Iterator[str]:
    """Require that questions have unique ids, send parameters that exist, and are about rules that exist.

    An answered question may be about a rule that has gone, as one that it refuted.
    """
    open_questions = operation.get("x-okx-open-questions", [])
    questions = [*open_questions, *operation.get("x-okx-answered-questions", [])]
    yield from (f"question {each} stands twice" for each in repeated([each["id"] for each in questions]))
    for question in questions:
        for name in sorted(question["query"].keys() - names):
            yield f"question {question['id']} sends {name}, which is no parameter"
        for pair in question.get("unlisted", ()):
            if pair not in question["query"].get("instId", ()):
                yield f"question {question['id']} has the unlisted pair {pair}, which it does not send"
        outcomes = [outcome["id"] for outcome in question["outcomes"]]
        yield from (f"question {question['id']} has the outcome {each} twice" for each in repeated(outcomes))
        yield from effect_faults(question, rule_ids if question in open_questions else None)
        if question.get("answer", {}).get("outcome", outcomes[0]) not in outcomes:
            yield f"question {question['id']} has an answer that is none of its outcomes"


def effect_faults(question: dict[str, Any], rule_ids: list[str] | None) -> Iterator[str]:
    """Require that outcomes speak of rules that exist, if these are given, and of each in one way."""
    for outcome in question["outcomes"]:
        rules = [rule for effect in EFFECTS for rule in outcome.get(effect, ())]
        for rule in sorted({*rules}):
            if rule_ids is not None and rule not in rule_ids:
                yield f"question {question['id']} is about the rule {rule}, which does not exist"
            if rules.count(rule) > 1:
                yield f"outcome {outcome['id']} of question {question['id']} says two things about the rule {rule}"


def contradictions(spec: dict[str, Any]) -> list[str]:
    """List the rules and examples that do not go together with what the parameters say of themselves."""
    return [
        f"{path}: {fault}"
        for path, item in spec["paths"].items()
        for fault in (
            *rule_contradictions(item["get"]),
            *conflicts(item["get"]),
            *example_contradictions(item["get"]),
        )
    ]


def rule_contradictions(operation: dict[str, Any]) -> Iterator[str]:
    """List the rules that forbid what is required, that can never apply, or that speak of values that do not exist."""
    parameters = {each["name"]: each for each in operation["parameters"] if not each.get("deprecated")}
    required = {name for name, each in parameters.items() if each.get("required")}
    for rule in operation.get("x-okx-rules", []):
        when, then = ({name: cells(cell) for name, cell in rule[side].items()} for side in ("when", "then"))
        always = all(name in required and cell == {"present"} for name, cell in when.items())
        for name, cell in then.items():
            if cell == {"absent"} and name in required:
                yield f"rule {rule['id']} forbids {name}, which is required"
            elif cell == {"absent"} and name in parameters and always:
                yield f"rule {rule['id']} forbids {name} in every request, as {', '.join(when)} is required"
        for name in required & when.keys():
            if when[name] == {"absent"}:
                yield f"rule {rule['id']} never applies: it is about requests without {name}, which is required"
        for name, cell in (*when.items(), *then.items()):
            values = parameters.get(name, {}).get("schema", {}).get("enum")
            if values and (unknown := cell - {"present", "absent", *values}):
                yield f"rule {rule['id']} speaks of {name}={', '.join(sorted(unknown))}, which is no value of it"


def conflicts(operation: dict[str, Any]) -> Iterator[str]:
    """List the pairs of rules of which one rules out what the other asks for wherever the one applies."""
    rules = operation.get("x-okx-rules", [])
    for rule in rules:
        for other in rules:
            both = rule["when"].keys() | other["when"].keys() == rule["when"].keys()
            covered = both and all(
                implies(cells(rule["when"][name]), cells(cell)) for name, cell in other["when"].items()
            )
            if not covered or (rule["when"] == other["when"] and rule["id"] >= other["id"]):
                continue
            for name in rule["then"].keys() & other["then"].keys():
                if excludes(cells(rule["then"][name]), cells(other["then"][name])):
                    yield f"rules {rule['id']} and {other['id']} ask for different {name} in one request"


def implies(cell: set[str], other: set[str]) -> bool:
    """Tell whether whatever fits one cell of a rule fits another."""
    return cell <= other or (other == {"present"} and "absent" not in cell)


def excludes(cell: set[str], other: set[str]) -> bool:
    """Tell whether nothing fits both cells of rules; a pattern may fit what another one does."""
    if any("*" in each for each in cell | other):
        return False
    return not (
        cell & other or (cell == {"present"} and other - {"absent"}) or (other == {"present"} and cell - {"absent"})
    )


def example_contradictions(operation: dict[str, Any]) -> Iterator[str]:
    """List the examples that lack a required parameter."""
    parameters = [each for each in operation["parameters"] if not each.get("deprecated")]
    required = [each["name"] for each in parameters if each.get("required")]
    for example in operation.get("x-okx-examples", []):
        if lacking := [name for name in required if name not in example["query"]]:
            yield f"example {example['id']} lacks {', '.join(lacking)}, which is required"


def cells(cell: Any) -> set[str]:
    """Read one side of a rule; a lone value is a set of one."""
    return set(cell) if isinstance(cell, list) else {cell}


def faults(spec: dict[str, Any], extensions: Path) -> list[str]:
    """List everything that is wrong with the spec, each with its place."""
    document = [
        f"/{'/'.join(map(str, error.path))}: {error.message.partition(chr(10))[0]}"
        for error in OpenAPIV31SpecValidator(spec).iter_errors()
    ]
    if document:
        return document
    schema = json.loads(extensions.read_text(encoding="utf-8"))
    return [*extension_faults(spec, schema), *language_faults(spec), *contract_faults(spec)]
