"""Validation: the rules, the parameters' formats, and the messages for users."""

import itertools

import pytest
from okx_maxloan_api.contract import GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN, Operation, Rule

from okx_maxloan_sdk import validation
from okx_maxloan_sdk.codec import Query
from okx_maxloan_sdk.exceptions import InvalidParametersError
from tests.support import fake_transport
from tests.support.contract_values import MODES, SIZE

PAIR = {"mgnMode": "cross", "instId": "BTC-USDT"}
CCY = {"mgnMode": "cross", "ccy": "USDT"}
LISTED = ", ".join(MODES)


def query_of(operation: Operation, params: dict[str, str]) -> Query:
    """Make a query."""
    return Query(operation, operation.path, params)


def ids(query: dict[str, str], account: dict[str, str] | None = None, language: str = "en") -> list[str]:
    """Return the ids of a query's violations."""
    return [each.rule_id for each in validation.find_violations(query_of(GET_MAX_LOAN, query), account or {}, language)]


@pytest.mark.parametrize(
    ("query", "account", "broken"),
    [
        (PAIR, {}, set()),
        (CCY, {}, set()),
        ({"mgnMode": "cross"}, {}, {"pair-or-currency"}),
        ({"mgnMode": "cross", "mgnCcy": "BTC"}, {}, {"pair-or-currency"}),
        ({**CCY, "mgnCcy": "BTC"}, {}, {"currency-without-margin-currency"}),
        ({**PAIR, "ccy": "USDT"}, {}, {"pair-excludes-currency"}),
        ({**CCY, "mgnMode": "isolated"}, {}, {"currency-is-cross"}),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "spot"}, {"spot-is-cross"}),
        (PAIR, {"account.mode": "spot", "account.borrowing": "disabled"}, {"spot-needs-borrowing"}),
        (CCY, {"account.mode": "futures"}, {"currency-is-spot"}),
        (CCY, {"account.mode": "multi_currency"}, {"currency-is-spot"}),
        (CCY, {"account.mode": "portfolio"}, {"currency-is-spot"}),
        (CCY, {"account.mode": "spot"}, set()),
        (PAIR, {"account.mode": "futures"}, {"futures-cross-needs-margin-currency"}),
        ({**PAIR, "mgnCcy": "BTC"}, {"account.mode": "futures"}, set()),
        ({**PAIR, "mgnCcy": "BTC"}, {"account.mode": "spot"}, {"cross-margin-currency-is-futures"}),
        ({**PAIR, "mgnCcy": "BTC"}, {"account.mode": "multi_currency"}, {"cross-margin-currency-is-futures"}),
        ({**PAIR, "mgnCcy": "BTC"}, {"account.mode": "portfolio"}, {"cross-margin-currency-is-futures"}),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "portfolio"}, {"isolated-is-futures"}),
        (
            {**PAIR, "mgnMode": "isolated", "mgnCcy": "BTC"},
            {"account.mode": "multi_currency"},
            {"isolated-margin-currency-is-futures", "isolated-is-futures"},
        ),
        (
            {**PAIR, "mgnMode": "isolated", "mgnCcy": "BTC"},
            {"account.mode": "portfolio"},
            {"isolated-margin-currency-is-futures", "isolated-is-futures"},
        ),
        (
            {**PAIR, "mgnMode": "isolated", "mgnCcy": "BTC"},
            {"account.mode": "spot"},
            {"spot-is-cross", "isolated-margin-currency-is-futures"},
        ),
        ({**CCY, "mgnMode": "isolated", "mgnCcy": "BTC"}, {}, {"currency-is-cross"}),
        (
            {**PAIR, "mgnMode": "isolated"},
            {"account.mode": "futures", "account.isolated": "auto_transfers_ccy"},
            {"auto-transfer-needs-margin-currency"},
        ),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "futures", "account.isolated": "automatic"}, set()),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "futures"}, set()),
        ({**CCY, "tradeQuoteCcy": "USDC"}, {}, {"quote-currency-needs-pair"}),
        ({**PAIR, "mgnMode": "isolated", "tradeQuoteCcy": "USDC"}, {}, {"quote-currency-is-cross"}),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "multi_currency"}, {"isolated-is-futures"}),
        ({**PAIR, "tradeQuoteCcy": "USDC"}, {"account.mode": "portfolio"}, {"quote-currency-is-spot"}),
        (PAIR, {"account.mode": "spot", "account.borrowing": "enabled"}, set()),
        ({**PAIR, "instId": "BTC-USD"}, {}, {"usd-pair-became-usdc-pair"}),
        ({**PAIR, "instId": "BTC-USDC,ETH-USD,BTC-USDT"}, {}, {"usd-pair-became-usdc-pair"}),
        ({**PAIR, "instId": "BTC-USDC,ETH-USDT,USD-USDT", "tradeQuoteCcy": "USD"}, {}, set()),
    ],
)
def test_rules(query: dict[str, str], account: dict[str, str], broken: set[str]) -> None:
    """Documented and observed rules reject a query; inferred ones are the hint of one that OKX rejects."""
    rules = [rule for rule in GET_MAX_LOAN.rules if rule.id in broken]
    enforced = [rule.id for rule in rules if rule.basis in validation.ENFORCED_BASES]
    assert ids(query, account) == enforced
    hint = " ".join(rule.en for rule in rules if rule.id not in enforced)
    assert validation.hint(query_of(GET_MAX_LOAN, query), account, "en") == hint


def test_every_rule_can_be_violated() -> None:
    """Every rule is violated by some query of some account, and satisfied by another."""
    queries = [
        {"mgnMode": mode, **{name: value for name, value in optional if value}}
        for mode in ("cross", "isolated")
        for optional in itertools.product(
            *(
                [(name, ""), (name, value)]
                for name, value in (("instId", "BTC-USD"), ("ccy", "BTC"), ("mgnCcy", "BTC"), ("tradeQuoteCcy", "USD"))
            )
        )
    ]
    accounts = [
        {"account.mode": mode, "account.borrowing": borrowing, "account.isolated": isolated}
        for mode in ("spot", "futures", "multi_currency", "portfolio")
        for borrowing in ("enabled", "disabled")
        for isolated in ("automatic", "auto_transfers_ccy", "quick_margin")
    ]
    facts = [{**query, **account} for query in queries for account in accounts]
    for rule in GET_MAX_LOAN.rules:
        verdicts = {bool(list(validation.violated_rules([rule], each))) for each in facts}
        assert verdicts == {True, False}, rule.id


def test_cells() -> None:
    """A cell matches present, absent, a value, or one of several values."""
    rule = Rule("r", "documented", {"a": ("present",)}, {"b": ("x", "y")}, "", "")
    assert not list(validation.violated_rules([rule], {"b": "z"}))
    assert not list(validation.violated_rules([rule], {"a": "1", "b": "y"}))
    assert list(validation.violated_rules([rule], {"a": "1", "b": "z"})) == [rule]
    assert list(validation.violated_rules([rule], {"a": "1"})) == [rule]


def test_pattern_applies_to_each_pair() -> None:
    """A star matches any characters, and a single listed pair in any position can violate the rule."""
    rule = Rule("r", "inferred", {"instId": ("*-A",)}, {"instId": ("*-AB", "C-A")}, "", "")
    assert not list(validation.violated_rules([rule], {}))
    assert not list(validation.violated_rules([rule], {"instId": "X-B,X-AB,C-A,A-AX"}))
    assert list(validation.violated_rules([rule], {"instId": "X-A"})) == [rule]
    assert list(validation.violated_rules([rule], {"instId": "C-A,X-A,X-AB"})) == [rule]


@pytest.mark.parametrize(("language", "message"), [("en", "query X-USDC"), ("zh", "请改查 X-USDC")])
def test_hint_about_usd_pairs(language: str, message: str) -> None:
    """A USD pair is sent, since OKX's page shows one; if OKX rejects it, the hint names the USDC pair."""
    query = {**PAIR, "instId": "BTC-USD", "tradeQuoteCcy": "USD"}
    rules = tuple(
        rule._replace(basis="inferred") for rule in GET_MAX_LOAN.rules if rule.id == "usd-pair-became-usdc-pair"
    )
    query_with_rules = query_of(GET_MAX_LOAN._replace(rules=rules), query)
    assert validation.find_violations(query_with_rules, {"account.mode": "spot"}, language) == []
    hint = validation.hint(query_with_rules, {"account.mode": "spot"}, language)
    assert message in hint
    assert "tradeQuoteCcy=USD" in hint


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"instId": "BTC-USDT"}, ["missing"]),
        ({**PAIR, "mgnMode": ""}, ["empty"]),
        ({**PAIR, "mgnMode": "Cross"}, ["enum"]),
        ({**PAIR, "mgnMode": "crossed"}, ["enum"]),
        ({**PAIR, "instId": ""}, ["empty"]),
        ({**PAIR, "instId": "BTC-USDT-SWAP"}, ["contract"]),
        ({**PAIR, "instId": "BTC-USD-260327"}, ["contract"]),
        ({**PAIR, "instId": "BTC-USD-260327-50000-C"}, ["contract"]),
        ({**PAIR, "instId": "BTC-USD_UM-260327"}, ["contract"]),
        ({**PAIR, "instId": "BTC-USDT, ETH-USDT"}, ["form"]),
        ({**PAIR, "instId": "BTC-USDT,"}, ["form"]),
        ({**PAIR, "instId": "BTC/USDT"}, ["form"]),
        ({**PAIR, "instId": "BTC-USDT\n"}, ["form"]),
        ({**PAIR, "instId": "BTC‐USDT"}, ["form"]),
        ({**PAIR, "instId": "A-B,A-B"}, ["twice"]),
        ({**PAIR, "instId": ",".join(fake_transport.inst_ids(SIZE + 1))}, ["count"]),
        ({**PAIR, "instId": ",".join(fake_transport.inst_ids(SIZE))}, []),
        ({**CCY, "ccy": "US DT"}, ["form"]),
        ({**CCY, "ccy": "USDT,BTC"}, ["form"]),
        ({**PAIR, "mgnCcy": " "}, ["form"]),
        ({**PAIR, "tradeQuoteCcy": ""}, ["empty"]),
    ],
)
def test_parameter_formats(query: dict[str, str], expected: list[str]) -> None:
    """Each parameter is checked for presence, enum, number of items, repetition and format."""
    assert ids(query) == expected


def test_all_violations_at_once() -> None:
    """All violations are reported together, each with given value, expected value and a link."""
    with pytest.raises(InvalidParametersError) as caught:
        validation.validate(query_of(GET_MAX_LOAN, {"mgnMode": "croos", "mgnCcy": "usdt!"}), {}, "en")
    broken = caught.value.violations
    assert [each.rule_id for each in broken] == ["enum", "form", "pair-or-currency"]
    assert "did you mean cross?" in broken[0].expected
    assert broken[0].given == "mgnMode: 'croos'"
    assert broken[2].given == "instId: -, ccy: -"
    assert all(each.docs_url.startswith("https://www.okx.com/docs-v5/en/#") for each in broken)
    assert all(str(each) in str(caught.value) for each in broken)


def test_language() -> None:
    """In Chinese, the message and the linked page are Chinese."""
    parameter, rule = validation.find_violations(query_of(GET_MAX_LOAN, {"mgnMode": "croos"}), {}, "zh")
    assert "只能取" in parameter.expected
    assert "至少传一个" in rule.expected
    assert all("/docs-v5/zh/#" in each.docs_url for each in (parameter, rule))


def test_messages_are_complete() -> None:
    """Both languages have messages for the same violations."""
    assert validation.MESSAGES["en"].keys() == validation.MESSAGES["zh"].keys()


def test_other_operations() -> None:
    """The same checks apply to every operation."""
    invalid = validation.find_violations(query_of(GET_ACCOUNT_INSTRUMENTS, {"instType": "margin"}), {}, "en")
    assert [each.rule_id for each in invalid] == ["enum"]


@pytest.mark.parametrize(
    ("query", "needed", "given"),
    [
        ({**PAIR, "mgnMode": "Crss"}, f"mgnMode must be one of {LISTED}; did you mean cross?", "mgnMode: 'Crss'"),
        ({**PAIR, "mgnMode": "zzz"}, f"mgnMode must be one of {LISTED}", "mgnMode: 'zzz'"),
        ({"instId": "A-B"}, "mgnMode is required", "mgnMode: -"),
        (
            {**PAIR, "instId": ",".join(fake_transport.inst_ids(SIZE + 1))},
            f"instId takes at most {SIZE} values in one request",
            None,
        ),
        ({**PAIR, "instId": "A-B,A-B"}, "instId lists A-B twice", "instId: 'A-B'"),
        (
            {**PAIR, "instId": "A/B"},
            "instId has an invalid form; expected a value such as BTC-USDT",
            "instId: 'A/B'",
        ),
        (
            {**CCY, "ccy": "U S"},
            "ccy has an invalid form; expected a value such as USDT",
            "ccy: 'U S'",
        ),
        ({**CCY, "ccy": "?" * 99}, None, f"ccy: '{'?' * 80}'"),
        (
            {**CCY, "mgnCcy": "BTC"},
            "With cross margin, mgnCcy is for Futures mode and ccy for Spot mode; no account can use both.",
            "ccy=USDT, mgnMode=cross, mgnCcy=BTC",
        ),
    ],
)
def test_messages(query: dict[str, str], needed: str | None, given: str | None) -> None:
    """Expected and given values are complete, and long values are cut."""
    (broken,) = validation.find_violations(query_of(GET_MAX_LOAN, query), {}, "en")
    assert needed in (None, broken.expected)
    assert given in (None, broken.given)


def test_hints_in_one_line() -> None:
    """Several inferred rules are joined in one hint, in the caller's language."""
    query = {"mgnMode": "isolated", "instId": "A-B", "ccy": "USDT"}
    table = {rule.id: rule._replace(basis="inferred") for rule in GET_MAX_LOAN.rules}
    two = (table["pair-excludes-currency"], table["currency-is-cross"])
    operation = GET_MAX_LOAN._replace(rules=two)
    assert validation.hint(query_of(operation, query), {}, "en") == " ".join(rule.en for rule in two)
    assert validation.hint(query_of(operation, query), {}, "zh") == " ".join(rule.zh for rule in two)


def test_lists_of_two() -> None:
    """A parameter with at most two values accepts two, each of the right format."""
    pairs = GET_MAX_LOAN.parameters[1]._replace(max_items=2)
    assert list(validation.check_parameter(pairs, "A-B,C-D")) == []
    assert [violation for violation, _ in validation.check_parameter(pairs, "A-B,C-D,E-F")] == ["count"]
