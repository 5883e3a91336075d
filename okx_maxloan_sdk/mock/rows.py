"""The rows of the mock exchange's successful responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.codec import default_for

from .margin import CURRENCIES, DELISTED, NO_DRIFT, PAIRS, Pair, loan, quota
from .responses import MockApiError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from okx_maxloan_api.contract import Field

    from .user import User

FIELDS = ("instId", "mgnMode", "mgnCcy", "maxLoan", "ccy", "side")


def instrument_rows(query: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the rows of the instruments of a type; this exchange has pairs only."""
    inst_type, inst_id = query["instType"], query.get("instId")
    pairs = PAIRS.values() if inst_type in ("SPOT", "MARGIN") else ()
    rows = [pair.instrument_row(inst_type) for pair in pairs if inst_id in (None, pair.inst_id)]
    if inst_id and not rows:
        raise MockApiError("51001")
    return rows


def _get_tradable_pair(inst_id: str) -> Pair:
    pair = PAIRS.get(inst_id)
    if pair is None or pair.state == "suspend":
        raise MockApiError("51001")
    if pair.state == "preopen":
        raise MockApiError("51021")
    return pair


def max_loan_rows(
    user: User, query: Mapping[str, str], drift: Mapping[str, Decimal] = NO_DRIFT
) -> list[dict[str, object]]:
    """Return the rows for pairs, two each and none if delisted, or the one row for a currency."""
    mgn_mode, mgn_ccy, quote = query["mgnMode"], query.get("mgnCcy", ""), query.get("tradeQuoteCcy", "")
    if ccy := query.get("ccy"):
        if ccy not in CURRENCIES:
            raise MockApiError("51000", "ccy", ccy)
        return [_row("", mgn_mode, "", quota(user, ccy, drift), ccy, "")]
    rows = []
    for pair in (_get_tradable_pair(inst_id) for inst_id in query["instId"].split(",") if inst_id not in DELISTED):
        if mgn_ccy and mgn_ccy not in (pair.base, pair.quote):
            raise MockApiError("51000", "mgnCcy", mgn_ccy)
        if quote and quote not in (pair.settlement_currencies or (pair.quote,)):
            raise MockApiError("51000", "tradeQuoteCcy", quote)
        for side in ("sell", "buy"):
            ccy, amount = loan(user, pair, side, query, drift)
            rows.append(_row(pair.inst_id, mgn_mode, mgn_ccy, amount, ccy, side))
    return rows


def _row(*values: str) -> dict[str, object]:
    known: dict[str, object] = dict(zip(FIELDS, values, strict=True))
    # Fields that were added to the contract later are empty.
    return known | {each.name: empty_value(each) for each in GET_MAX_LOAN.fields if each.name not in known}


def empty_value(field: Field) -> object:
    """Return the value of an empty field: the contract's default, else an empty string."""
    return "" if field.default is None else default_for(field)
