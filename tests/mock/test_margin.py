"""The mock's amounts: reproducible, exact, and within the quota."""

from decimal import ROUND_UP, Decimal, localcontext

import pytest

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.margin import CURRENCIES, PAIRS, drift_after, loan, quota
from okx_maxloan_sdk.mock.user import User

USER = User("1", [], "spot", balances={"BTC": "1", "USDT": "10000"})


def test_amounts_are_reproducible() -> None:
    """A release that changes the model changes these amounts, on which tests of bots may depend."""
    pair = PAIRS["BTC-USDT"]
    sides = [loan(USER, "cross", pair, side, mgn_ccy="", trade_quote_ccy="") for side in ("sell", "buy")]
    # The equity is 97342.7 * 0.98 + 10000, the leverage 10 * 0.5; selling BTC leaves USDT, which counts in full:
    # equity / 0.2 / 97342.7, and equity / (0.2 + 0.02), computed with fractions and cut.
    assert sides == [("BTC", "5.4136492001968303"), ("USDT", "479072.0272727272727272")]


def test_collateral() -> None:
    """Isolated margin counts the pair's own currencies, and a margin currency that one alone."""
    user = User("1", [], "futures", balances={"BTC": "1", "USDT": "10000", "SOL": "100"})
    pair = PAIRS["BTC-USDT"]

    def amount(mode: str, mgn_ccy: str = "") -> Decimal:
        return Decimal(loan(user, mode, pair, "buy", mgn_ccy=mgn_ccy, trade_quote_ccy="")[1])

    equity = {"BTC": Decimal("97342.7") * Decimal("0.98"), "USDT": Decimal(10000)}
    equity["SOL"] = Decimal("188.73") * 100 * Decimal("0.95")
    factor = 1 / (1 / Decimal(10) + 1 - Decimal("0.98"))
    for currencies, found in (
        (["BTC", "USDT", "SOL"], amount("cross")),
        (["BTC", "USDT"], amount("isolated")),
        (["USDT"], amount("isolated", "USDT")),
        ([], amount("cross", "USDC")),
    ):
        assert abs(found - sum(equity[ccy] for ccy in currencies) * factor) < Decimal("1e-9")


def test_instrument_row() -> None:
    """An instrument has OKX's fields."""
    assert PAIRS["WAVES-USDT"].instrument_row("MARGIN") == {
        "baseCcy": "WAVES",
        "instFamily": "",
        "instId": "WAVES-USDT",
        "instType": "MARGIN",
        "lever": "3",
        "quoteCcy": "USDT",
        "tradeQuoteCcyList": ["USDT"],
        "settleCcy": "",
        "state": "suspend",
    }


@pytest.mark.parametrize("user", default_exchange().users.values(), ids=lambda user: user.uid)
def test_loans_are_plain_decimals(user: User) -> None:
    """Every loan is positive, at most the quota, and a plain decimal with at most sixteen places."""
    for pair in PAIRS.values():
        if pair.state != "live":
            continue
        for side in ("sell", "buy"):
            ccy, amount = loan(user, "cross", pair, side, mgn_ccy="", trade_quote_ccy="")
            assert "E" not in amount
            assert len(amount.partition(".")[2]) <= 16
            assert 0 < Decimal(amount) <= CURRENCIES[ccy].quota


def test_account_in_debt_cannot_borrow() -> None:
    """An account with negative equity gets the amount 0, for a pair and for a currency."""
    user = User("1", [], "spot", balances={"BTC": "0.01", "USDT": "-5000"})
    sides = [loan(user, "cross", PAIRS["BTC-USDT"], side, mgn_ccy="", trade_quote_ccy="") for side in ("sell", "buy")]
    assert sides == [("BTC", "0"), ("USDT", "0")]
    assert quota(user, "USDT") == "0"


def test_decimal_context_of_the_caller() -> None:
    """A decimal context with three digits does not change the loans."""
    usual = quota(USER, "SOL")
    with localcontext() as context:
        context.prec, context.rounding = 3, ROUND_UP
        assert quota(USER, "SOL") == usual


def test_every_currency_of_a_pair_is_known() -> None:
    """Every base, quote and settlement currency of a pair has a price."""
    assert all({pair.base, pair.quote, *pair.settlement_currencies} <= CURRENCIES.keys() for pair in PAIRS.values())


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
    assert len({quota(USER, "SOL", factors) for factors in walk[:20]}) == 20
