"""The mock's numbers: known by heart, exact, and within the quota."""

from decimal import ROUND_UP, Decimal, localcontext

import pytest

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.margin import CURRENCIES, PAIRS, drift_after, loan, quota
from okx_maxloan_sdk.mock.user import User

USER = User("1", [], "spot", balances={"BTC": "1", "USDT": "10000"})


def test_amounts_are_known_by_heart() -> None:
    """A release that changes the model changes these figures, which bots' tests may rest on."""
    pair = PAIRS["BTC-USDT"]
    sides = [loan(USER, "cross", pair, side, mgn_ccy="", trade_quote_ccy="") for side in ("sell", "buy")]
    # The equity is 97342.7 * 0.98 + 10000, the leverage 10 * 0.5; selling BTC leaves USDT, which counts in full:
    # equity / 0.2 / 97342.7, and equity / (0.2 + 0.02), computed with fractions and cut.
    assert sides == [("BTC", "5.4136492001968303"), ("USDT", "479072.0272727272727272")]


@pytest.mark.parametrize("user", default_exchange().users.values(), ids=lambda user: user.uid)
def test_loans_are_plain_decimals(user: User) -> None:
    """Every loan is a plain decimal with at most sixteen places, no more than the quota, and more than nothing."""
    for pair in PAIRS.values():
        if pair.state != "live":
            continue
        for side in ("sell", "buy"):
            ccy, amount = loan(user, "cross", pair, side, mgn_ccy="", trade_quote_ccy="")
            assert "E" not in amount
            assert len(amount.partition(".")[2]) <= 16
            assert 0 < Decimal(amount) <= CURRENCIES[ccy].quota


def test_an_account_in_debt_borrows_nothing() -> None:
    """A negative equity gives the amount 0, of a pair and of a currency."""
    user = User("1", [], "spot", balances={"BTC": "0.01", "USDT": "-5000"})
    sides = [loan(user, "cross", PAIRS["BTC-USDT"], side, mgn_ccy="", trade_quote_ccy="") for side in ("sell", "buy")]
    assert sides == [("BTC", "0"), ("USDT", "0")]
    assert quota(user, "USDT") == "0"


def test_the_callers_decimal_context_does_not_matter() -> None:
    """A program that computes with three digits gets the same loans."""
    usual = quota(USER, "SOL")
    with localcontext() as context:
        context.prec, context.rounding = 3, ROUND_UP
        assert quota(USER, "SOL") == usual


def test_every_currency_of_a_pair_is_known() -> None:
    """Pairs name currencies that have a price, and quote currencies that they settle in."""
    assert all({pair.base, pair.quote, *pair.settlement_currencies} <= CURRENCIES.keys() for pair in PAIRS.values())


def test_drift() -> None:
    """Prices begin at rest, stay near it, move each second, alike for one seed and otherwise for another."""
    assert set(drift_after(0.9, 1).values()) == {1}
    walk = [drift_after(second, 1) for second in range(600)]
    assert walk == [drift_after(second + 0.5, 1) for second in range(600)]
    assert walk[7] != drift_after(7, 2)
    for factors in walk:
        assert factors.keys() == CURRENCIES.keys() - {"USDT", "USDC", "USD"}
        assert all(abs(factor - 1) < Decimal("0.06") for factor in factors.values())
    assert len({factors["BTC"] for factors in walk}) > 500
    assert len({quota(USER, "SOL", factors) for factors in walk[:20]}) == 20
