"""The mock exchange's amounts: a market with still or drifting prices, and a small margin model.

To borrow X (in USD) of one currency and trade it for another leaves `equity + X * discount - X`, which must cover the
initial margin `X / leverage`; so X is at most `equity / (1 / leverage + 1 - discount)`, and at most the quota.
"""

from __future__ import annotations

import math
import random
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .user import User


@frozen
class Currency:
    """Price in USD, share of it that counts as collateral, and the most that one account may owe."""

    price: Decimal = Decimal(1)
    discount: Decimal = Decimal(1)
    quota: Decimal = Decimal(0)


@frozen
class Pair:
    """One trading pair as the exchange lists it."""

    base: str
    quote: str
    leverage: Decimal
    state: str = "live"
    settlement_currencies: tuple[str, ...] = ()

    @property
    def inst_id(self) -> str:
        """The id, such as BTC-USDT."""
        return f"{self.base}-{self.quote}"

    def instrument_row(self, inst_type: str) -> dict[str, object]:
        """Return the row of `GET /api/v5/account/instruments`."""
        return {
            "baseCcy": self.base,
            "instFamily": "",
            "instId": self.inst_id,
            "instType": inst_type,
            "lever": str(self.leverage),
            "quoteCcy": self.quote,
            "tradeQuoteCcyList": list(self.settlement_currencies or (self.quote,)),
            "settleCcy": "",
            "state": self.state,
        }


# Invented, of the right order of magnitude: price, discount, quota.
CURRENCIES: Mapping[str, Currency] = {
    ccy: Currency(*map(Decimal, row.split()))
    for ccy, row in {
        "USDT": "1 1 5000000",
        "USDC": "1 1 3000000",
        "USD": "1 1 1000000",
        "BTC": "97342.7 0.98 60",
        "ETH": "3391.26 0.97 1200",
        "SOL": "188.73 0.95 20000",
        "XRP": "2.2841 0.93 1500000",
        "DOGE": "0.32817 0.9 6000000",
        "ADA": "0.9143 0.89 2000000",
        "LTC": "104.61 0.92 15000",
        "AVAX": "37.842 0.91 40000",
        "LINK": "23.157 0.9 60000",
        "DOT": "7.0392 0.88 150000",
        "WAVES": "1.6318 0.5 50000",
        "NEWCO": "0.0457 0 0",
    }.items()
}
PAIRS: Mapping[str, Pair] = {
    pair.inst_id: pair
    for pair in (
        Pair("BTC", "USDT", Decimal(10)),
        Pair("ETH", "USDT", Decimal(10)),
        Pair("SOL", "USDT", Decimal(10)),
        Pair("XRP", "USDT", Decimal(10)),
        Pair("DOGE", "USDT", Decimal(8)),
        Pair("ADA", "USDT", Decimal(5)),
        Pair("LTC", "USDT", Decimal(5)),
        Pair("AVAX", "USDT", Decimal(5)),
        Pair("LINK", "USDT", Decimal(5)),
        Pair("DOT", "USDT", Decimal(3)),
        Pair("BTC", "USDC", Decimal(10), settlement_currencies=("USDC", "USD")),
        Pair("ETH", "BTC", Decimal(5)),
        Pair("WAVES", "USDT", Decimal(3), state="suspend"),
        Pair("NEWCO", "USDT", Decimal(3), state="preopen"),
    )
}
# Merged into BTC-USDC on 2026-09-30: no longer listed, and a response has no row for it.
DELISTED = frozenset({"BTC-USD"})
# The share of a pair's leverage that each account mode lends: invented, so that the modes differ.
LEVERAGE_FACTOR = {
    "spot": Decimal("0.5"),
    "futures": Decimal(1),
    "multi_currency": Decimal("0.9"),
    "portfolio": Decimal("1.2"),
}
# Factors of prices, by currency; without one the price stands still.
NO_DRIFT: Mapping[str, Decimal] = {}
# A drifting price is a sum of two waves: (relative amplitude, period in seconds).
DRIFT_WAVES = ((0.02, 120.0), (0.005, 11.0))
AMOUNT_STEP = Decimal("1e-16")  # as many decimals as were ever seen in a response


def drift_after(seconds: float, seed: int) -> Mapping[str, Decimal]:
    """Return the factors of all prices but dollars', the same for the same seed; they change once a second."""
    return {ccy: _factor(f"{seed}:{ccy}", math.floor(seconds)) for ccy in CURRENCIES if not ccy.startswith("USD")}


def _factor(seed: str, seconds: int) -> Decimal:
    phases = random.Random(seed)  # noqa: S311 -- no secret
    change = 0.0
    for size, period in DRIFT_WAVES:
        phase = phases.uniform(0, math.tau)
        change += size * (math.sin(math.tau * seconds / period + phase) - math.sin(phase))
    return Decimal(f"{1 + change:.6f}")


def loan(
    user: User,
    mgn_mode: str,
    pair: Pair,
    side: str,
    *,
    mgn_ccy: str,
    trade_quote_ccy: str,
    drift: Mapping[str, Decimal] = NO_DRIFT,
) -> tuple[str, str]:
    """Return the currency that one side of a pair borrows, and the maximum loan in it."""
    quote = trade_quote_ccy or pair.quote
    borrowed, received = (pair.base, quote) if side == "sell" else (quote, pair.base)
    collateral = user.balances if mgn_mode == "cross" else {pair.base, quote}
    collateral = {mgn_ccy} if mgn_ccy else collateral
    return borrowed, _amount(user, borrowed, received, pair.leverage, collateral, drift)


def quota(user: User, ccy: str, drift: Mapping[str, Decimal] = NO_DRIFT) -> str:
    """Return the maximum loan of a currency that is borrowed manually, to be held rather than traded."""
    return _amount(user, ccy, ccy, Decimal(5), user.balances, drift)


def _amount(
    user: User,
    borrowed: str,
    received: str,
    leverage: Decimal,
    collateral: Iterable[str],
    drift: Mapping[str, Decimal],
) -> str:
    with localcontext(Context(prec=60, rounding=ROUND_DOWN)):
        held = ((ccy, user.balances.get(ccy, Decimal(0))) for ccy in sorted(collateral))
        equity = sum((amount * _price(ccy, drift) * CURRENCIES[ccy].discount for ccy, amount in held), Decimal(0))
        leverage = max(leverage * LEVERAGE_FACTOR[user.mode], Decimal(1))
        most = equity / (1 / leverage + 1 - CURRENCIES[received].discount) / _price(borrowed, drift)
        # An account that owes more than it holds borrows nothing.
        exact = max(min(most, CURRENCIES[borrowed].quota), Decimal(0)).quantize(AMOUNT_STEP)
        return f"{exact.normalize():f}" if exact else "0"


def _price(ccy: str, drift: Mapping[str, Decimal]) -> Decimal:
    return CURRENCIES[ccy].price * drift.get(ccy, Decimal(1))
