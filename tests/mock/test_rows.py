"""Rows of the mock exchange."""

from __future__ import annotations

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.rows import instrument_rows, max_loan_rows

PAIR = {"mgnMode": "cross", "instId": "BTC-USDT"}


def test_rows_have_what_the_contract_has() -> None:
    """Rows of pairs and of currencies have every field of the contract."""
    user = default_exchange().users["spot"]
    for row in (*max_loan_rows(user, PAIR), *max_loan_rows(user, {"mgnMode": "cross", "ccy": "USDT"})):
        assert list(row) == [each.name for each in GET_MAX_LOAN.fields]


@pytest.mark.parametrize(
    ("settlement", "quote"), [({}, "USDC"), ({"tradeQuoteCcy": "USDC"}, "USDC"), ({"tradeQuoteCcy": "USD"}, "USD")]
)
def test_a_usdc_pair_settles_in_usdc_or_usd(settlement: dict[str, str], quote: str) -> None:
    """BTC-USDC is borrowed in USDC, or in USD if the request says so, under the id of the pair."""
    rows = max_loan_rows(default_exchange().users["spot"], {**PAIR, "instId": "BTC-USDC", **settlement})
    assert [(row["instId"], row["side"], row["ccy"]) for row in rows] == [
        ("BTC-USDC", "sell", "BTC"),
        ("BTC-USDC", "buy", quote),
    ]


@pytest.mark.parametrize("settlement", [{}, {"tradeQuoteCcy": "USD"}, {"tradeQuoteCcy": "USDC"}])
def test_a_delisted_pair_has_no_row(settlement: dict[str, str]) -> None:
    """BTC-USD, which was merged into BTC-USDC, has no row in any settlement currency; the other pairs have theirs."""
    user = default_exchange().users["spot"]
    assert max_loan_rows(user, {**PAIR, "instId": "BTC-USD", **settlement}) == []
    both = max_loan_rows(user, {**PAIR, "instId": "BTC-USD,BTC-USDC", **settlement})
    assert both == max_loan_rows(user, {**PAIR, "instId": "BTC-USDC", **settlement})


def test_a_delisted_pair_is_not_listed() -> None:
    """The instruments have BTC-USDC with both of its quote currencies, and not BTC-USD."""
    rows = {row["instId"]: row for row in instrument_rows({"instType": "MARGIN"})}
    assert rows["BTC-USDC"]["tradeQuoteCcyList"] == ["USDC", "USD"]
    assert "BTC-USD" not in rows


def test_fields_that_came_later_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that only the contract knows has the empty value of its type."""
    side = GET_MAX_LOAN.fields[-1]
    later = (
        side._replace(name="a", default=""),
        side._replace(name="b", required=True, default=None),
        side._replace(name="c", type="boolean", default=False),
        side._replace(name="d", type="array", default=()),
    )
    grown = GET_MAX_LOAN._replace(fields=GET_MAX_LOAN.fields + later)
    monkeypatch.setattr("okx_maxloan_sdk.mock.rows.GET_MAX_LOAN", grown)
    for row in max_loan_rows(default_exchange().users["spot"], PAIR):
        assert list(row.items())[-4:] == [("a", ""), ("b", ""), ("c", False), ("d", [])]
