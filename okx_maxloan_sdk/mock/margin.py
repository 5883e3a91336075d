"""The mock exchange's amounts: a market with still or drifting prices, and a small margin model.

To borrow X (in USD) of one currency and trade it for another leaves `equity + X * discount - X`, which must cover the
initial margin `X / leverage`; so X is at most `equity / (1 / leverage + 1 - discount)`, and at most the quota.
"""

from __future__ import annotations

import math
import random
import tomllib
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .user import User


@frozen
class Currency:
    """Price in USD, share of it that counts as collateral, and the most that one account may owe."""

    price: Decimal = field(converter=Decimal)
    discount: Decimal = field(converter=Decimal)
    quota: Decimal = field(converter=Decimal)


@frozen
class Pair:
    """One trading pair as the exchange lists it."""

    base: str
    quote: str
    leverage: Decimal = field(converter=Decimal)
    state: str = "live"
    settlement_currencies: tuple[str, ...] = field(default=(), converter=tuple)

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


_MARKET = tomllib.loads(Path(__file__).with_name("market.toml").read_text("utf-8"))
CURRENCIES: Mapping[str, Currency] = {ccy: Currency(*row) for ccy, row in _MARKET["currencies"].items()}
PAIRS: Mapping[str, Pair] = {inst_id: Pair(*inst_id.split("-"), **row) for inst_id, row in _MARKET["pairs"].items()}
# Merged into BTC-USDC on 2026-09-30: no longer listed, and a response has no row for it.
DELISTED = frozenset({"BTC-USD"})
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
    user: User, pair: Pair, side: str, query: Mapping[str, str], drift: Mapping[str, Decimal] = NO_DRIFT
) -> tuple[str, str]:
    """Return the currency that one side of a pair borrows, and the maximum loan in it."""
    quote = query.get("tradeQuoteCcy") or pair.quote
    borrowed, received = (pair.base, quote) if side == "sell" else (quote, pair.base)
    collateral: Iterable[str] = user.balances if query["mgnMode"] == "cross" else {pair.base, quote}
    if mgn_ccy := query.get("mgnCcy"):
        collateral = {mgn_ccy}
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
    def price(ccy: str) -> Decimal:
        return CURRENCIES[ccy].price * drift.get(ccy, Decimal(1))

    with localcontext(Context(prec=60, rounding=ROUND_DOWN)):
        held = ((ccy, user.balances.get(ccy, Decimal(0))) for ccy in sorted(collateral))
        equity = sum((amount * price(ccy) * CURRENCIES[ccy].discount for ccy, amount in held), Decimal(0))
        leverage = max(leverage * Decimal(_MARKET["leverage_factors"][user.mode]), Decimal(1))
        most = equity / (1 / leverage + 1 - CURRENCIES[received].discount) / price(borrowed)
        # An account that owes more than it holds borrows nothing.
        exact = max(min(most, CURRENCIES[borrowed].quota), Decimal(0)).quantize(AMOUNT_STEP)
        return f"{exact.normalize():f}" if exact else "0"
