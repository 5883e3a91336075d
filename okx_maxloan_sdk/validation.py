"""Rules between parameters, and of each parameter by itself, checked before a request is sent."""

from __future__ import annotations

import re
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .exceptions import InvalidParametersError, Violation
from .messages import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from okx_maxloan_api.contract import Condition, Parameter, Rule

    from .codec import Query

# Inferred rules never block a request; if OKX rejects it, they are shown as a hint.
ENFORCED_BASES = ("documented", "observed")
CONTRACT_ID = r"[A-Za-z0-9]+-[A-Za-z0-9_]+-[A-Za-z0-9-]+"
EXAMPLE_VALUES = {"instId": "BTC-USDT"}


def matches(condition: Condition, inputs: Mapping[str, str]) -> bool:
    """Return whether every part of a condition is true."""
    return all(_matches_value(allowed, inputs.get(key)) for key, allowed in condition.items())


def _matches_value(allowed: tuple[str, ...], value: str | None) -> bool:
    if allowed == ("present",):
        return value is not None
    if allowed == ("absent",):
        return value is None
    return value is not None and any(fnmatchcase(value, pattern) for pattern in allowed)


def violated_rules(rules: Iterable[Rule], inputs: Mapping[str, str]) -> Iterator[Rule]:
    """Return the rules that are violated, of those whose account settings are all known.

    Inputs are the query parameters, and `account.mode`, `account.borrowing` and `account.isolated` where known.
    A rule is checked for each pair.
    """
    inst_ids = inputs.get("instId", "").split(",")
    each_pair = [{**inputs, "instId": inst_id} for inst_id in inst_ids] if len(inst_ids) > 1 else [inputs]
    return (
        rule
        for rule in rules
        if all(key in inputs for key in (*rule.when, *rule.then) if key.startswith("account."))
        and any(matches(rule.when, one) and not matches(rule.then, one) for one in each_pair)
    )


def check_parameter(parameter: Parameter, value: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what is wrong with one parameter: a message of the table `parameter` and its values."""
    if value is None:
        if parameter.required:
            yield "missing", {}
        return
    if not value:
        yield "empty", {}
        return
    if parameter.enum:
        allowed = {each.value.lower(): each.value for each in parameter.values}
        if value not in allowed.values():
            close = get_close_matches(value.strip().lower(), allowed, 1)
            yield "enum", {"values": ", ".join(allowed.values()), "close": allowed[close[0]] if close else ""}
        return
    items = value.split(",") if parameter.max_items > 1 else [value]
    if len(items) > parameter.max_items:
        yield "count", {"limit": str(parameter.max_items)}
    for item in sorted({item for item in items if items.count(item) > 1}):
        yield "twice", {"value": item}
    for item in items:
        if parameter.pattern and not re.fullmatch(parameter.pattern, item):
            message_id = "contract" if parameter.name == "instId" and re.fullmatch(CONTRACT_ID, item) else "form"
            yield message_id, {"value": item, "example": EXAMPLE_VALUES.get(parameter.name, "USDT")}


def validate(query: Query, account: Mapping[str, str], language: str) -> None:
    """Raise `InvalidParametersError` with everything that is wrong with a query."""
    if violations := find_violations(query, account, language):
        raise InvalidParametersError(violations)


def find_violations(
    query: Query, account: Mapping[str, str], language: str, *, only_pairs: bool = False
) -> list[Violation]:
    """Return everything that is wrong with a query: its parameters one by one, then the rules between them.

    `only_pairs` leaves out rules that cannot tell one pair from another, for the further requests of a call.
    """
    operation, inputs = query.operation, {**query.params, **account}
    docs: str = getattr(operation, f"docs_{language}")
    violations = []
    for parameter in operation.parameters:
        value = query.params.get(parameter.name)
        for message_id, context in check_parameter(parameter, value):
            close = context.get("close")
            suggestion = text(language, "parameter.suggestion", value=close) if close else ""
            expected = text(language, f"parameter.{message_id}", name=parameter.name, suggestion=suggestion, **context)
            shown = context.get("value", value)
            given = f"{parameter.name}: {'-' if shown is None else repr(shown[:80])}"
            violations.append(Violation(message_id, given, expected, docs, language))
    rules = (
        rule for rule in operation.rules if rule.basis in ENFORCED_BASES and (not only_pairs or _is_about_pairs(rule))
    )
    return violations + [
        Violation(rule.id, format_inputs(rule, inputs), getattr(rule, language), docs, language)
        for rule in violated_rules(rules, inputs)
    ]


def _is_about_pairs(rule: Rule) -> bool:
    cells = (rule.when.get("instId"), rule.then.get("instId"))
    return any(cell is not None and cell not in (("present",), ("absent",)) for cell in cells)


def hint(query: Query, account: Mapping[str, str], language: str) -> str:
    """Return the inferred rules that a rejected query violates."""
    unsure = (rule for rule in query.operation.rules if rule.basis not in ENFORCED_BASES)
    return " ".join(getattr(rule, language) for rule in violated_rules(unsure, {**query.params, **account}))


def format_inputs(rule: Rule, inputs: Mapping[str, str]) -> str:
    """Show the inputs that a rule depends on."""
    keys = dict.fromkeys((*rule.when, *rule.then))
    return ", ".join(f"{key}={inputs[key]}" if key in inputs else f"{key}: -" for key in keys)
