"""The mock's amounts: reproducible, exact, and within the quota."""

from decimal import ROUND_UP, Decimal, localcontext

import pytest

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.margin import CURRENCIES, PAIRS, drift_after, loan, quota
from okx_maxloan_sdk.mock.user import User

PAIR, CROSS = PAIRS["BTC-USDT"], {"mgnMode": "cross"}
USER = User("1", [], "spot", balances={"BTC": "1", "USDT": "10000"})


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
    assert [loan(user, PAIR, side, CROSS) for side in ("sell", "buy")] == [("BTC", sell), ("USDT", buy)]
    assert (quota(user, "USDT") == "0") == (sell == "0")


@pytest.mark.parametrize(
    ("mgn_mode", "mgn_ccy", "collateral"),
    [
        ("cross", "", ["BTC", "USDT", "SOL"]),
        ("isolated", "", ["BTC", "USDT"]),
        ("isolated", "USDT", ["USDT"]),
        ("cross", "USDC", []),
    ],
)
def test_collateral(mgn_mode: str, mgn_ccy: str, collateral: list[str]) -> None:
    """Isolated margin counts the pair's own currencies, and a margin currency that one alone."""
    user = User("1", [], "futures", balances={"BTC": "1", "USDT": "10000", "SOL": "100"})
    equity = {"BTC": Decimal("97342.7") * Decimal("0.98"), "USDT": Decimal(10000)}
    equity["SOL"] = Decimal("188.73") * 100 * Decimal("0.95")
    expected = sum(equity[ccy] for ccy in collateral) / (1 / Decimal(10) + 1 - Decimal("0.98"))
    _, amount = loan(user, PAIR, "buy", {"mgnMode": mgn_mode, "mgnCcy": mgn_ccy})
    assert abs(Decimal(amount) - expected) < Decimal("1e-9")


@pytest.mark.parametrize("user", default_exchange().users.values(), ids=lambda user: user.uid)
def test_loans_are_plain_decimals(user: User) -> None:
    """Every loan is positive, at most the quota, and a plain decimal with at most sixteen places."""
    for pair in PAIRS.values():
        assert {pair.base, pair.quote, *pair.settlement_currencies} <= CURRENCIES.keys()
        for side in ("sell", "buy") if pair.state == "live" else ():
            ccy, amount = loan(user, pair, side, CROSS)
            assert "E" not in amount
            assert len(amount.partition(".")[2]) <= 16
            assert 0 < Decimal(amount) <= CURRENCIES[ccy].quota


def test_decimal_context_of_the_caller() -> None:
    """A decimal context with three digits changes neither loans nor drifting prices."""
    usual = quota(USER, "SOL", drift_after(7, 1))
    with localcontext() as context:
        context.prec, context.rounding = 3, ROUND_UP
        assert quota(USER, "SOL", drift_after(7, 1)) == usual


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
