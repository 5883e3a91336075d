"""Validation: the rules, the parameters' formats, and the messages for users."""

import pytest
from okx_maxloan_api.contract import GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN, Operation, Rule

from okx_maxloan_sdk import validation
from okx_maxloan_sdk.codec import Query
from okx_maxloan_sdk.exceptions import InvalidParametersError, Violation
from tests.support.cases import cases
from tests.support.contract_values import MODES, SIZE
from tests.support.fake_transport import inst_ids

PAIR = {"mgnMode": "cross", "instId": "BTC-USDT"}
CCY = {"mgnMode": "cross", "ccy": "USDT"}
CASES = cases(__file__)
RULES = {rule.id: rule for rule in GET_MAX_LOAN.rules}


def query_of(params: dict[str, str], operation: Operation = GET_MAX_LOAN) -> Query:
    """Make a query."""
    return Query(operation, operation.path, params)


def violations(params: dict[str, str], account: dict[str, str] | None = None, language: str = "en") -> list[Violation]:
    """Return the violations of a query for maximum loan."""
    return validation.find_violations(query_of(params), account or {}, language)


def facts(text: str) -> dict[str, str]:
    """Parse "name=value name=value"."""
    return dict(each.split("=") for each in text.split())


@pytest.mark.parametrize(("params", "account", "broken"), CASES["rules"])
def test_rules(params: str, account: str, broken: str) -> None:
    """Documented and observed rules reject a query; inferred ones are the hint of one that OKX rejects."""
    settings = {f"account.{name}": value for name, value in facts(account).items()}
    rules = [rule for rule in GET_MAX_LOAN.rules if rule.id in broken.split()]
    enforced = [rule.id for rule in rules if rule.basis in validation.ENFORCED_BASES]
    assert [each.rule_id for each in violations(facts(params), settings)] == enforced
    hint = " ".join(rule.en for rule in rules if rule.id not in enforced)
    assert validation.hint(query_of(facts(params)), settings, "en") == hint


PRESENT = Rule("r", "documented", {"a": ("present",)}, {"b": ("x", "y")}, "", "")
PATTERN = Rule("r", "inferred", {"instId": ("*-A",)}, {"instId": ("*-AB", "C-A")}, "", "")


@pytest.mark.parametrize(
    ("rule", "params", "is_violated"),
    [
        (PRESENT, "b=z", False),
        (PRESENT, "a=1 b=y", False),
        (PRESENT, "a=1 b=z", True),
        (PRESENT, "a=1", True),
        (PATTERN, "", False),
        (PATTERN, "instId=X-B,C-A", False),
        (PATTERN, "instId=X-B,X-AB,C-A,A-AX", False),
        (PATTERN, "instId=X-A", True),
        (PATTERN, "instId=C-A,X-A,X-AB", True),
    ],
)
def test_cells(rule: Rule, params: str, is_violated: bool) -> None:
    """A cell matches present, absent, a value, or one of several; a star any characters, in one of the listed pairs."""
    assert list(validation.violated_rules([rule], facts(params))) == [rule] * is_violated


@pytest.mark.parametrize(("name", "value", "rule_id", "expected"), CASES["formats"])
def test_formats(name: str, value: str, rule_id: str, expected: str) -> None:
    """Each parameter is checked for its values, format and repetition; a long value is cut."""
    (violation,) = violations({**(CCY if name == "ccy" else PAIR), name: value})
    assert violation.rule_id == rule_id
    assert not expected or violation.expected == expected.format(modes=", ".join(MODES))
    if rule_id in ("enum", "form") and "," not in value:
        assert violation.given == f"{name}: {value[:80]!r}"


def test_full_list() -> None:
    """A list with the limit's number of items is accepted, and not one with more, or with an item twice."""
    assert violations({**PAIR, "instId": ",".join(inst_ids(SIZE))}) == []
    (violation,) = violations({**PAIR, "instId": ",".join(inst_ids(SIZE + 1))})
    assert violation.rule_id == "count"
    assert violation.expected == f"instId takes at most {SIZE} values in one request"
    (violation,) = violations({**PAIR, "instId": "A-B,A-B"})
    assert violation.given == "instId: 'A-B'"
    pairs = GET_MAX_LOAN.parameters[1]._replace(max_items=2)
    assert list(validation.check_parameter(pairs, "A-B,C-D")) == []
    assert [violation for violation, _ in validation.check_parameter(pairs, "A-B,C-D,E-F")] == ["count"]


def test_all_violations_at_once() -> None:
    """All violations are reported together, each with given value, expected value and a link."""
    with pytest.raises(InvalidParametersError) as caught:
        validation.validate(query_of({"mgnCcy": "usdt!"}), {}, "en")
    broken = caught.value.violations
    assert [(each.rule_id, each.given) for each in broken] == [
        ("missing", "mgnMode: -"),
        ("form", "mgnCcy: 'usdt!'"),
        ("pair-or-currency", "instId: -, ccy: -"),
    ]
    assert broken[0].expected == "mgnMode is required"
    assert all(each.docs_url.startswith("https://www.okx.com/docs-v5/en/#") for each in broken)
    assert all(str(each) in str(caught.value) for each in broken)
    (violation,) = violations({**CCY, "mgnCcy": "BTC"})
    assert (violation.expected, violation.given) == (RULES[violation.rule_id].en, "ccy=USDT, mgnMode=cross, mgnCcy=BTC")
    query = query_of({"instType": "margin"}, GET_ACCOUNT_INSTRUMENTS)
    assert [each.rule_id for each in validation.find_violations(query, {}, "en")] == ["enum"]


def test_language() -> None:
    """In Chinese, the message and the linked page are Chinese."""
    parameter, rule = violations({"mgnMode": "croos"}, language="zh")
    assert "只能取" in parameter.expected
    assert "至少传一个" in rule.expected
    assert all("；规则 " in str(each) and "/docs-v5/zh/#" in each.docs_url for each in (parameter, rule))
