"""The mock exchange's market: its pairs, still or drifting prices, and the rows of responses.

To borrow X (in USD) of one currency and trade it for another leaves `equity + X * discount - X`, which must cover the
initial margin `X / leverage`; so X is at most `equity / (1 / leverage + 1 - discount)`, and at most the quota.
"""

import math
import random
import tomllib
from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from pathlib import Path

from attrs import Factory, field, frozen
from okx_maxloan_api.contract import GET_MAX_LOAN, Field

from okx_maxloan_sdk.codec import default_for

from .responses import MockApiError
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
    settlement_currencies: tuple[str, ...] = field(
        default=Factory(lambda self: (self.quote,), takes_self=True), converter=tuple
    )


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
MANUAL_LEVERAGE = Decimal(5)  # of a currency that is borrowed to be held rather than traded


def drift_after(seconds: float, seed: int | None) -> Mapping[str, Decimal]:
    """Return the factors of all prices but dollars', the same for the same seed; they change once a second."""
    if seed is None:
        return NO_DRIFT
    return {ccy: _factor(f"{seed}:{ccy}", math.floor(seconds)) for ccy in CURRENCIES if not ccy.startswith("USD")}


def _factor(seed: str, seconds: int) -> Decimal:
    phases = random.Random(seed)  # noqa: S311 -- no secret
    change = 0.0
    for size, period in DRIFT_WAVES:
        phase = phases.uniform(0, math.tau)
        change += size * (math.sin(math.tau * seconds / period + phase) - math.sin(phase))
    return Decimal(f"{1 + change:.6f}")


def instrument_rows(query: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the rows of the instruments of a type; this exchange has pairs only."""
    inst_type, inst_id = query["instType"], query.get("instId")
    pairs = PAIRS if inst_type in ("SPOT", "MARGIN") else {}
    if inst_id and inst_id not in pairs:
        raise MockApiError("51001")
    return [
        {
            "baseCcy": pair.base,
            "instFamily": "",
            "instId": name,
            "instType": inst_type,
            "lever": str(pair.leverage),
            "quoteCcy": pair.quote,
            "tradeQuoteCcyList": list(pair.settlement_currencies),
            "settleCcy": "",
            "state": pair.state,
        }
        for name, pair in pairs.items()
        if inst_id in (None, name)
    ]


def max_loan_rows(
    user: User, query: Mapping[str, str], drift: Mapping[str, Decimal] = NO_DRIFT
) -> list[dict[str, object]]:
    """Return the rows for pairs, two each and none if delisted, or the one row for a currency."""
    if ccy := query.get("ccy"):
        if ccy not in CURRENCIES:
            raise MockApiError("51000", "ccy", ccy)
        return [_row(query, "", ccy, "", _amount(user, ccy, ccy, MANUAL_LEVERAGE, user.balances, drift))]
    rows = []
    for inst_id in query["instId"].split(","):
        if inst_id in DELISTED:
            continue
        pair = _find_pair(inst_id, query)
        quote = query.get("tradeQuoteCcy") or pair.quote
        collateral: Iterable[str] = user.balances if query["mgnMode"] == "cross" else (pair.base, quote)
        if mgn_ccy := query.get("mgnCcy"):
            collateral = (mgn_ccy,)
        for side, borrowed, received in (("sell", pair.base, quote), ("buy", quote, pair.base)):
            amount = _amount(user, borrowed, received, pair.leverage, collateral, drift)
            rows.append(_row(query, inst_id, borrowed, side, amount))
    return rows


def _find_pair(inst_id: str, query: Mapping[str, str]) -> Pair:
    pair, mgn_ccy, quote = PAIRS.get(inst_id), query.get("mgnCcy"), query.get("tradeQuoteCcy")
    if pair is None or pair.state == "suspend":
        raise MockApiError("51001")
    if pair.state == "preopen":
        raise MockApiError("51021")
    if mgn_ccy and mgn_ccy not in (pair.base, pair.quote):
        raise MockApiError("51000", "mgnCcy", mgn_ccy)
    if quote and quote not in pair.settlement_currencies:
        raise MockApiError("51000", "tradeQuoteCcy", quote)
    return pair


def _row(query: Mapping[str, str], inst_id: str, ccy: str, side: str, amount: str) -> dict[str, object]:
    row: dict[str, object] = {"instId": inst_id, "mgnMode": query["mgnMode"], "mgnCcy": query.get("mgnCcy", "")}
    row |= {"maxLoan": amount, "ccy": ccy, "side": side}
    # Fields that were added to the contract later are empty.
    return row | {each.name: empty_value(each) for each in GET_MAX_LOAN.fields if each.name not in row}


def empty_value(field: Field) -> object:
    """Return the value of an empty field: the contract's default, else an empty string."""
    return "" if field.default is None else default_for(field)


def _amount(
    user: User, borrowed: str, received: str, leverage: Decimal, collateral: Iterable[str], drift: Mapping[str, Decimal]
) -> str:
    def price(ccy: str) -> Decimal:
        return CURRENCIES[ccy].price * drift.get(ccy, Decimal(1))

    with localcontext(Context(prec=60, rounding=ROUND_DOWN)):
        held = ((ccy, user.balances.get(ccy, Decimal(0))) for ccy in collateral)
        equity = sum((amount * price(ccy) * CURRENCIES[ccy].discount for ccy, amount in held), Decimal(0))
        leverage = max(leverage * Decimal(_MARKET["leverage_factors"][user.mode]), Decimal(1))
        most = equity / (1 / leverage + 1 - CURRENCIES[received].discount) / price(borrowed)
        # An account that owes more than it holds borrows nothing.
        exact = max(min(most, CURRENCIES[borrowed].quota), Decimal(0)).quantize(AMOUNT_STEP)
        return f"{exact.normalize():f}" if exact else "0"
