"""validate.py: contradictions between parameters, rules and examples."""

from __future__ import annotations

from typing import Any

import pytest
from codegen.validate import contradictions

PAIR = {"name": "pair", "schema": {"type": "string"}}
COIN = {"name": "coin", "schema": {"type": "string"}}
MODE = {"name": "mode", "schema": {"type": "string", "enum": ["a", "b"]}, "required": True}
ONE_OF = {"id": "one-of", "when": {"pair": "absent"}, "then": {"coin": "present"}}
EXCLUDES = {"id": "excludes", "when": {"pair": "present"}, "then": {"coin": "absent"}}
NEEDS = {"id": "needs", "when": {"coin": "present", "account.mode": "spot"}, "then": {"mode": "a"}}


def spec(
    parameters: list[dict[str, Any]], rules: list[dict[str, Any]], queries: list[dict[str, Any]]
) -> dict[str, Any]:
    """Make a spec with one operation."""
    examples = [{"id": f"example-{number}", "query": query} for number, query in enumerate(queries)]
    operation = {"parameters": parameters, "x-okx-rules": rules, "x-okx-examples": examples}
    return {"paths": {"/p": {"get": operation}}}


def required(parameter: dict[str, Any]) -> dict[str, Any]:
    """Make a parameter required."""
    return {**parameter, "required": True}


def test_spec_that_agrees_with_itself() -> None:
    """Rules and examples that match the parameters are no contradiction."""
    assert contradictions(spec([MODE, PAIR, COIN], [ONE_OF, EXCLUDES, NEEDS], [{"mode": "a", "pair": ["x"]}])) == []


@pytest.mark.parametrize(
    ("parameters", "rules", "queries", "messages"),
    [
        ([MODE, PAIR, required(COIN)], [EXCLUDES], [], ["rule excludes forbids coin, which is required"]),
        (
            [MODE, required(PAIR), COIN],
            [ONE_OF, EXCLUDES],
            [],
            [
                "rule one-of never applies: it is about requests without pair, which is required",
                "rule excludes forbids coin in every request, as pair is required",
            ],
        ),
        (
            [MODE, PAIR, COIN],
            [{**NEEDS, "then": {"mode": ["a", "c"]}}],
            [],
            ["rule needs speaks of mode=c, which is no value of it"],
        ),
        (
            [MODE, PAIR, COIN],
            [EXCLUDES, {"id": "with", "when": {"pair": "present", "mode": "a"}, "then": {"coin": "present"}}],
            [],
            ["rules with and excludes ask for different coin in one request"],
        ),
        (
            [MODE, PAIR, COIN],
            [
                {"id": "one", "when": {"account.mode": ["x", "y"]}, "then": {"mode": "a"}},
                {"id": "other", "when": {"account.mode": "x", "coin": "BTC"}, "then": {"mode": "b"}},
            ],
            [],
            ["rules other and one ask for different mode in one request"],
        ),
        ([MODE, PAIR, COIN], [], [{"pair": ["x"]}], ["example example-0 lacks mode, which is required"]),
    ],
)
def test_contradictions(
    parameters: list[dict[str, Any]], rules: list[dict[str, Any]], queries: list[dict[str, Any]], messages: list[str]
) -> None:
    """Rules that forbid a required parameter, never apply or name no value, and incomplete examples are reported."""
    assert contradictions(spec(parameters, rules, queries)) == [f"/p: {each}" for each in messages]


@pytest.mark.parametrize(
    "rule",
    [
        {"id": "other-case", "when": {"pair": "absent"}, "then": {"coin": "present"}},
        {"id": "narrower", "when": {"pair": "present"}, "then": {"mode": ["a"]}},
        {"id": "pattern", "when": {"pair": "*-A"}, "then": {"pair": "*-B"}},
        {"id": "other-place", "when": {"account.mode": "x"}, "then": {"coin": "BTC"}},
    ],
)
def test_rules_that_go_together(rule: dict[str, Any]) -> None:
    """Rules about different requests, or with something that fits both, contradict nothing."""
    rules = [EXCLUDES, {"id": "mode", "when": {"pair": "present"}, "then": {"mode": ["a", "b"]}}, rule]
    assert contradictions(spec([MODE, PAIR, COIN], rules, [])) == []


def test_deprecated_parameters_take_no_part() -> None:
    """A rule about a removed parameter contradicts nothing."""
    assert contradictions(spec([MODE, PAIR, {**required(COIN), "deprecated": True}], [EXCLUDES], [])) == []
