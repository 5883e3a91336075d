"""The mock's rows, and their amounts: reproducible, exact, and within the quota."""

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal, localcontext
from typing import Any

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.mock import User
from okx_maxloan_sdk.mock.market import CURRENCIES, NO_DRIFT, drift_after, instrument_rows, max_loan_rows

PAIR = {"mgnMode": "cross", "instId": "BTC-USDT"}
USER = User("1", [], "spot", balances={"BTC": "1", "USDT": "10000"})


def loans(user: User, query: Mapping[str, str] = PAIR) -> list[tuple[Any, Any]]:
    """Return currency and amount of each row."""
    return [(row["ccy"], row["maxLoan"]) for row in max_loan_rows(user, query)]


def quota(ccy: str, drift: Mapping[str, Decimal] = NO_DRIFT, user: User = USER) -> Any:
    """Return the amount of a query for a currency."""
    return max_loan_rows(user, {"mgnMode": "cross", "ccy": ccy}, drift)[0]["maxLoan"]


@pytest.mark.parametrize(
    ("user", "sell", "buy"),
    [
        # The equity is 97342.7 * 0.98 + 10000, the leverage 10 * 0.5; selling BTC leaves USDT, which counts in full:
        # equity / 0.2 / 97342.7, and equity / (0.2 + 0.02), computed with fractions and cut.
        (USER, "5.4136492001968303", "479072.0272727272727272"),
        (User("1", [], "spot", balances={"BTC": "0.01", "USDT": "-5000"}), "0", "0"),  # in debt
        (User("1", [], "spot", balances={}), "0", "0"),
        (User("1", [], "spot", balances={"BTC": "20000"}), "60", "5000000"),  # the quota
    ],
)
def test_amounts_are_reproducible(user: User, sell: str, buy: str) -> None:
    """A release that changes the model changes these amounts, on which tests of bots may depend."""
    assert loans(user) == [("BTC", sell), ("USDT", buy)]
    assert (quota("USDT", user=user) == "0") == (sell == "0")


@pytest.mark.parametrize(
    ("query", "collateral"),
    [
        ({}, ["BTC", "USDT", "SOL"]),
        ({"mgnMode": "isolated"}, ["BTC", "USDT"]),
        ({"mgnMode": "isolated", "mgnCcy": "USDT"}, ["USDT"]),
        ({"mgnCcy": "BTC"}, ["BTC"]),
        ({"mgnMode": "isolated", "instId": "BTC-USDC", "mgnCcy": "USDC"}, []),
    ],
)
def test_collateral(query: dict[str, str], collateral: list[str]) -> None:
    """Isolated margin counts the pair's own currencies, and a margin currency that one alone."""
    user = User("1", [], "futures", balances={"BTC": "1", "USDT": "10000", "SOL": "100"})
    equity = {"BTC": Decimal("97342.7") * Decimal("0.98"), "USDT": Decimal(10000)}
    equity["SOL"] = Decimal("188.73") * 100 * Decimal("0.95")
    expected = sum(equity[ccy] for ccy in collateral) / (1 / Decimal(10) + 1 - Decimal("0.98"))
    _, (_, amount) = loans(user, PAIR | query)
    assert abs(Decimal(amount) - expected) < Decimal("1e-9")


def test_decimal_context_of_the_caller() -> None:
    """A decimal context with three digits changes neither loans nor drifting prices."""
    usual = quota("SOL", drift_after(7, 1))
    with localcontext() as context:
        context.prec, context.rounding = 3, ROUND_UP
        assert quota("SOL", drift_after(7, 1)) == usual


def test_drift() -> None:
    """Prices start at rest, stay near it and change each second; a seed reproduces them."""
    assert set(drift_after(0.9, 1).values()) == {1}
    walk = [drift_after(second, 1) for second in range(600)]
    assert walk == [drift_after(second + 0.5, 1) for second in range(600)]
    assert walk[7] != drift_after(7, 2)
    for factors in walk:
        assert factors.keys() == CURRENCIES.keys() - {"USDT", "USDC", "USD"}
        assert all(abs(factor - 1) < Decimal("0.06") for factor in factors.values())
    assert len({factors["BTC"] for factors in walk}) > 500
    assert len({quota("SOL", factors) for factors in walk[:20]}) == 20


def test_instruments() -> None:
    """An instrument has OKX's fields, in OKX's order."""
    (row,) = instrument_rows({"instType": "MARGIN", "instId": "WAVES-USDT"})
    assert list(row.items()) == [
        ("baseCcy", "WAVES"),
        ("instFamily", ""),
        ("instId", "WAVES-USDT"),
        ("instType", "MARGIN"),
        ("lever", "3"),
        ("quoteCcy", "USDT"),
        ("tradeQuoteCcyList", ["USDT"]),
        ("settleCcy", ""),
        ("state", "suspend"),
    ]


def test_fields_that_came_later_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that only the contract knows comes last and has the empty value of its type."""
    side = GET_MAX_LOAN.fields[-1]
    later = (
        side._replace(name="a", default=""),
        side._replace(name="b", required=True, default=None),
        side._replace(name="c", type="boolean", default=False),
        side._replace(name="d", type="array", default=()),
    )
    grown = GET_MAX_LOAN._replace(fields=GET_MAX_LOAN.fields + later)
    monkeypatch.setattr("okx_maxloan_sdk.mock.market.GET_MAX_LOAN", grown)
    for row in (*max_loan_rows(USER, PAIR), *max_loan_rows(USER, {"mgnMode": "cross", "ccy": "USDT"})):
        assert list(row) == [each.name for each in grown.fields]
        assert list(row.items())[-4:] == [("a", ""), ("b", ""), ("c", False), ("d", [])]
