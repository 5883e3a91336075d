"""Rules: the interpreter of the table, the parameters' own forms, and what a user is told."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from okx_maxloan_api.contract import GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN, Parameter, Rule

from okx_maxloan_sdk import rules
from okx_maxloan_sdk.errors import RuleError
from tests.support import wire
from tests.support.facts import MODES, SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

PAIR = {"mgnMode": "cross", "instId": "BTC-USDT"}
CCY = {"mgnMode": "cross", "ccy": "USDT"}
LISTED = ", ".join(MODES)


def ids(query: dict[str, str], account: dict[str, str] | None = None, language: str = "en") -> list[str]:
    """Name what is wrong with a question."""
    return [each.id for each in rules.wrongs(GET_MAX_LOAN, query, account or {}, language)]


@pytest.mark.parametrize(
    ("query", "account", "expected"),
    [
        (PAIR, {}, []),
        (CCY, {}, []),
        ({"mgnMode": "cross"}, {}, ["pair-or-currency"]),
        ({"mgnMode": "cross", "mgnCcy": "BTC"}, {}, ["pair-or-currency"]),
        ({**CCY, "mgnCcy": "BTC"}, {}, ["currency-without-margin-currency"]),
        ({**PAIR, "ccy": "USDT"}, {}, []),
        ({"mgnMode": "isolated", "ccy": "USDT"}, {}, []),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "spot"}, ["spot-is-cross"]),
        (PAIR, {"account.mode": "spot", "account.borrowing": "disabled"}, []),
        (CCY, {"account.mode": "futures"}, ["currency-is-spot"]),
        (CCY, {"account.mode": "multi_currency"}, ["currency-is-spot"]),
        (CCY, {"account.mode": "portfolio"}, ["currency-is-spot"]),
        (CCY, {"account.mode": "spot"}, []),
        (PAIR, {"account.mode": "futures"}, []),
        ({**PAIR, "mgnCcy": "BTC"}, {"account.mode": "futures"}, []),
        ({**PAIR, "mgnCcy": "BTC"}, {"account.mode": "spot"}, ["cross-margin-currency-is-futures"]),
        ({**PAIR, "mgnCcy": "BTC"}, {"account.mode": "multi_currency"}, ["cross-margin-currency-is-futures"]),
        ({**PAIR, "mgnCcy": "BTC"}, {"account.mode": "portfolio"}, ["cross-margin-currency-is-futures"]),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "portfolio"}, []),
        ({**PAIR, "mgnMode": "isolated", "mgnCcy": "BTC"}, {"account.mode": "multi_currency"}, []),
        ({**PAIR, "mgnMode": "isolated", "mgnCcy": "BTC"}, {"account.mode": "portfolio"}, []),
        ({**PAIR, "mgnMode": "isolated", "mgnCcy": "BTC"}, {"account.mode": "spot"}, ["spot-is-cross"]),
        ({**CCY, "mgnMode": "isolated", "mgnCcy": "BTC"}, {}, []),
        (
            {**PAIR, "mgnMode": "isolated"},
            {"account.mode": "futures", "account.isolated": "auto_transfers_ccy"},
            ["auto-transfer-needs-margin-currency"],
        ),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "futures", "account.isolated": "automatic"}, []),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "futures"}, []),
    ],
)
def test_enforced(query: dict[str, str], account: dict[str, str], expected: list[str]) -> None:
    """Documented and observed rules stop a question; inferred ones, and ones about an unknown account, do not."""
    assert ids(query, account) == expected


@pytest.mark.parametrize(
    ("query", "account", "expected"),
    [
        ({**PAIR, "ccy": "USDT"}, {}, {"pair-excludes-currency"}),
        ({"mgnMode": "isolated", "ccy": "USDT"}, {}, {"currency-is-cross"}),
        ({**CCY, "tradeQuoteCcy": "USDC"}, {}, {"quote-currency-needs-pair"}),
        ({**PAIR, "mgnMode": "isolated", "tradeQuoteCcy": "USDC"}, {}, {"quote-currency-is-cross"}),
        (PAIR, {"account.mode": "spot", "account.borrowing": "disabled"}, {"spot-needs-borrowing"}),
        (PAIR, {"account.mode": "futures"}, {"futures-cross-needs-margin-currency"}),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "multi_currency"}, {"isolated-is-futures"}),
        ({**PAIR, "mgnMode": "isolated"}, {"account.mode": "portfolio"}, {"isolated-is-futures"}),
        (
            {**PAIR, "mgnMode": "isolated", "mgnCcy": "BTC"},
            {"account.mode": "multi_currency"},
            {"isolated-margin-currency-is-futures", "isolated-is-futures"},
        ),
        ({**CCY, "mgnMode": "isolated", "mgnCcy": "BTC"}, {}, {"currency-is-cross"}),
        ({**PAIR, "tradeQuoteCcy": "USDC"}, {"account.mode": "portfolio"}, {"quote-currency-is-spot"}),
        (PAIR, {"account.mode": "spot", "account.borrowing": "enabled"}, set()),
        ({**PAIR, "instId": "BTC-USD"}, {}, {"usd-pair-became-usdc-pair"}),
        ({**PAIR, "instId": "BTC-USDC,ETH-USD,BTC-USDT"}, {}, {"usd-pair-became-usdc-pair"}),
        ({**PAIR, "instId": "BTC-USDC,ETH-USDT,USD-USDT", "tradeQuoteCcy": "USD"}, {}, set()),
    ],
)
def test_hint(query: dict[str, str], account: dict[str, str], expected: set[str]) -> None:
    """A refused question is told which unconfirmed rules it breaks."""
    table = {rule.id: rule for rule in GET_MAX_LOAN.rules}
    assert rules.hint(GET_MAX_LOAN, query, account, "en") == " ".join(
        rule.en for rule in GET_MAX_LOAN.rules if rule.id in expected
    )
    assert all(table[each].basis == "inferred" for each in expected)


def test_every_rule_can_break() -> None:
    """No row of the table is dead: each is broken by some question of some account, and kept by another."""
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
        verdicts = {bool(list(rules.broken([rule], each))) for each in facts}
        assert verdicts == {True, False}, rule.id


def test_cells() -> None:
    """A cell reads present, absent, a value, or one of several values."""
    rule = Rule("r", "documented", {"a": ("present",)}, {"b": ("x", "y")}, "", "")
    assert not list(rules.broken([rule], {"b": "z"}))
    assert not list(rules.broken([rule], {"a": "1", "b": "y"}))
    assert list(rules.broken([rule], {"a": "1", "b": "z"})) == [rule]
    assert list(rules.broken([rule], {"a": "1"})) == [rule]


def test_a_pattern_holds_for_each_pair() -> None:
    """A star stands for any characters, and one listed pair that breaks the rule is enough, wherever it stands."""
    rule = Rule("r", "inferred", {"instId": ("*-A",)}, {"instId": ("*-AB", "C-A")}, "", "")
    assert not list(rules.broken([rule], {}))
    assert not list(rules.broken([rule], {"instId": "X-B,X-AB,C-A,A-AX"}))
    assert list(rules.broken([rule], {"instId": "X-A"})) == [rule]
    assert list(rules.broken([rule], {"instId": "C-A,X-A,X-AB"})) == [rule]


@pytest.mark.parametrize(("language", "words"), [("en", "ask for X-USDC"), ("zh", "请改查 X-USDC")])
def test_the_merger_of_usd_pairs_is_a_hint(language: str, words: str) -> None:
    """A USD pair is asked for as any other, since OKX's page shows one; its refusal names the pair to ask for."""
    query = {**PAIR, "instId": "BTC-USD", "tradeQuoteCcy": "USD"}
    assert ids(query, {"account.mode": "spot"}, language) == []
    hint = rules.hint(GET_MAX_LOAN, query, {"account.mode": "spot"}, language)
    assert words in hint
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
        ({**PAIR, "instId": ",".join(wire.ids(SIZE + 1))}, ["count"]),
        ({**PAIR, "instId": ",".join(wire.ids(SIZE))}, []),
        ({**CCY, "ccy": "US DT"}, ["form"]),
        ({**CCY, "ccy": "USDT,BTC"}, ["form"]),
        ({**PAIR, "mgnCcy": " "}, ["form"]),
        ({**PAIR, "tradeQuoteCcy": ""}, ["empty"]),
    ],
)
def test_forms(query: dict[str, str], expected: list[str]) -> None:
    """Each parameter's own form is checked: presence, enum, count, repetition, shape."""
    assert ids(query) == expected


def test_everything_at_once() -> None:
    """All faults of a question are reported together, each with what was given, what is needed, and a link."""
    with pytest.raises(RuleError) as caught:
        rules.check(GET_MAX_LOAN, {"mgnMode": "croos", "mgnCcy": "usdt!"}, {}, "en")
    broken = caught.value.broken
    assert [each.id for each in broken] == ["enum", "form", "pair-or-currency"]
    assert "did you mean cross?" in broken[0].needed
    assert broken[0].given == "mgnMode: 'croos'"
    assert broken[2].given == "instId: -, ccy: -"
    assert all(each.docs.startswith("https://www.okx.com/docs-v5/en/#") for each in broken)
    assert all(str(each) in str(caught.value) for each in broken)


def test_language() -> None:
    """A caller who reads Chinese is told in Chinese, with the link to the Chinese page."""
    parameter, rule = rules.wrongs(GET_MAX_LOAN, {"mgnMode": "croos"}, {}, "zh")
    assert "只能取" in parameter.needed
    assert "必须传其中一个" in rule.needed
    assert all("/docs-v5/zh/#" in each.docs for each in (parameter, rule))


def test_words_are_total() -> None:
    """Both languages have words for the same faults."""
    assert rules.WORDS["en"].keys() == rules.WORDS["zh"].keys()


def test_other_operations() -> None:
    """The same interpreter serves every operation."""
    wrong = rules.wrongs(GET_ACCOUNT_INSTRUMENTS, {"instType": "margin"}, {}, "en")
    assert [each.id for each in wrong] == ["enum"]


@pytest.mark.parametrize(
    ("query", "needed", "given"),
    [
        ({**PAIR, "mgnMode": "Crss"}, f"mgnMode must be one of {LISTED}; did you mean cross?", "mgnMode: 'Crss'"),
        ({**PAIR, "mgnMode": "zzz"}, f"mgnMode must be one of {LISTED}", "mgnMode: 'zzz'"),
        ({"instId": "A-B"}, "mgnMode is required", "mgnMode: -"),
        ({**PAIR, "instId": ",".join(wire.ids(SIZE + 1))}, f"instId takes at most {SIZE} values in one request", None),
        ({**PAIR, "instId": "A-B,A-B"}, "instId lists A-B twice", "instId: 'A-B'"),
        (
            {**PAIR, "instId": "A/B"},
            "instId has characters or a shape that no value of it has; it looks like BTC-USDT",
            "instId: 'A/B'",
        ),
        (
            {**CCY, "ccy": "U S"},
            "ccy has characters or a shape that no value of it has; it looks like USDT",
            "ccy: 'U S'",
        ),
        ({**CCY, "ccy": "?" * 99}, None, f"ccy: '{'?' * 80}'"),
        (
            {**CCY, "mgnCcy": "BTC"},
            "For cross margin mgnCcy belongs to Futures mode and ccy to Spot mode; they never go together.",
            "ccy=USDT, mgnMode=cross, mgnCcy=BTC",
        ),
    ],
)
def test_words(query: dict[str, str], needed: str | None, given: str | None) -> None:
    """What is needed and what was given are said in full, and long values cut."""
    (broken,) = rules.wrongs(GET_MAX_LOAN, query, {}, "en")
    assert needed in (None, broken.needed)
    assert given in (None, broken.given)


def test_hints_in_one_line() -> None:
    """Several unconfirmed rules are named one after the other, in the caller's language."""
    query = {"mgnMode": "isolated", "instId": "A-B", "ccy": "USDT"}
    table = {rule.id: rule for rule in GET_MAX_LOAN.rules}
    two = [table["pair-excludes-currency"], table["currency-is-cross"]]
    assert rules.hint(GET_MAX_LOAN, query, {}, "en") == " ".join(rule.en for rule in two)
    assert rules.hint(GET_MAX_LOAN, query, {}, "zh") == " ".join(rule.zh for rule in two)


def test_lists_of_two() -> None:
    """A parameter that takes two values takes two, each by itself of the right form."""
    pairs = GET_MAX_LOAN.parameters[1]._replace(max_items=2)
    assert list(rules.faults(pairs, "A-B,C-D")) == []
    assert [fault for fault, _ in rules.faults(pairs, "A-B,C-D,E-F")] == ["count"]


def test_right_questions_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that was right is not checked again, and only so many are remembered."""
    monkeypatch.setattr(rules, "_right", {})
    monkeypatch.setattr(rules, "KEPT", 2)
    checked: list[str] = []
    faults = rules.faults

    def counting(parameter: Parameter, value: str | None) -> Iterator[tuple[str, dict[str, str]]]:
        checked.append(parameter.name)
        return faults(parameter, value)

    monkeypatch.setattr(rules, "faults", counting)
    for pair in ("A-B", "A-B", "C-D", "E-F", "G-H"):
        before = len(checked)
        assert ids({**PAIR, "instId": pair}) == []
        assert len(rules._right) <= 2
        assert (len(checked) == before) == (before > 0 and pair == "A-B")
    assert ids({**PAIR, "instId": ""}) == ids({**PAIR, "instId": ""}) == ["empty"]
