"""validate.py: contradictions between parameters, rules and examples."""

from __future__ import annotations

from typing import Any

import pytest
from codegen.validate import contradictions

Node = dict[str, Any]
PAIR = {"name": "pair", "schema": {"type": "string"}}
COIN = {"name": "coin", "schema": {"type": "string"}}
MODE = {"name": "mode", "schema": {"type": "string", "enum": ["a", "b"]}, "required": True}
ONE_OF = {"id": "one-of", "when": {"pair": "absent"}, "then": {"coin": "present"}}
EXCLUDES = {"id": "excludes", "when": {"pair": "present"}, "then": {"coin": "absent"}}
NEEDS = {"id": "needs", "when": {"coin": "present", "account.mode": "spot"}, "then": {"mode": "a"}}
REQUIRED = {"required": True}


def find(rules: list[Node], pair: Node = PAIR, coin: Node = COIN, query: Node | None = None) -> list[str]:
    """Find the contradictions in a spec of one operation with these rules and an example."""
    examples = [] if query is None else [{"id": "example", "query": query}]
    operation = {"parameters": [MODE, pair, coin], "x-okx-rules": rules, "x-okx-examples": examples}
    return contradictions({"paths": {"/p": {"get": operation}}})


@pytest.mark.parametrize(
    ("messages", "rules", "others"),
    [
        (["rule excludes forbids coin, which is required"], [EXCLUDES], {"coin": COIN | REQUIRED}),
        (
            [
                "rule one-of never applies: it is about requests without pair, which is required",
                "rule excludes forbids coin in every request, as pair is required",
            ],
            [ONE_OF, EXCLUDES],
            {"pair": PAIR | REQUIRED},
        ),
        (["rule needs speaks of mode=c, which is no value of it"], [NEEDS | {"then": {"mode": ["a", "c"]}}], {}),
        (
            ["rules with and excludes ask for different coin in one request"],
            [EXCLUDES, {"id": "with", "when": {"pair": "present", "mode": "a"}, "then": {"coin": "present"}}],
            {},
        ),
        (
            ["rules other and one ask for different mode in one request"],
            [
                {"id": "one", "when": {"account.mode": ["x", "y"]}, "then": {"mode": "a"}},
                {"id": "other", "when": {"account.mode": "x", "coin": "BTC"}, "then": {"mode": "b"}},
            ],
            {},
        ),
        (["example example lacks mode, which is required"], [], {"query": {"pair": ["x"]}}),
    ],
)
def test_contradictions(messages: list[str], rules: list[Node], others: dict[str, Node]) -> None:
    """Rules that forbid a required parameter, never apply or name no value, and incomplete examples are reported."""
    assert find(rules, **others) == [f"/p: {each}" for each in messages]


@pytest.mark.parametrize(
    "rule",
    [
        {"id": "other-case", "when": {"pair": "absent"}, "then": {"coin": "present"}},
        {"id": "narrower", "when": {"pair": "present"}, "then": {"mode": ["a"]}},
        {"id": "pattern", "when": {"pair": "*-A"}, "then": {"pair": "*-B"}},
        {"id": "other-place", "when": {"account.mode": "x"}, "then": {"coin": "BTC"}},
    ],
)
def test_rules_that_go_together(rule: Node) -> None:
    """Rules about different requests, or with something that fits both, contradict nothing."""
    assert find([EXCLUDES, {"id": "mode", "when": {"pair": "present"}, "then": {"mode": ["a", "b"]}}, rule]) == []


def test_spec_that_agrees_with_itself() -> None:
    """Rules and examples that match, and a rule about a removed parameter, contradict nothing."""
    assert find([ONE_OF, EXCLUDES, NEEDS], query={"mode": "a", "pair": ["x"]}) == []
    assert find([EXCLUDES], coin=COIN | REQUIRED | {"deprecated": True}) == []
