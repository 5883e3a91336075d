"""Rows of the mock exchange."""

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.rows import instrument_rows, max_loan_rows

PAIR = {"mgnMode": "cross", "instId": "BTC-USDT"}
USER = default_exchange().users["spot"]


def test_rows_have_what_the_contract_has() -> None:
    """Rows of pairs and of currencies have every field of the contract."""
    for row in (*max_loan_rows(USER, PAIR), *max_loan_rows(USER, {"mgnMode": "cross", "ccy": "USDT"})):
        assert list(row) == [each.name for each in GET_MAX_LOAN.fields]


@pytest.mark.parametrize(
    ("settlement", "quote"), [({}, "USDC"), ({"tradeQuoteCcy": "USDC"}, "USDC"), ({"tradeQuoteCcy": "USD"}, "USD")]
)
def test_a_usdc_pair_settles_in_usdc_or_usd(settlement: dict[str, str], quote: str) -> None:
    """BTC-USDC is borrowed in USDC, or in USD if the request says so; BTC-USD, which became it, has no row."""
    rows = max_loan_rows(USER, {**PAIR, "instId": "BTC-USDC", **settlement})
    assert [(row["instId"], row["side"], row["ccy"]) for row in rows] == [
        ("BTC-USDC", "sell", "BTC"),
        ("BTC-USDC", "buy", quote),
    ]
    assert max_loan_rows(USER, {**PAIR, "instId": "BTC-USD", **settlement}) == []
    assert max_loan_rows(USER, {**PAIR, "instId": "BTC-USD,BTC-USDC", **settlement}) == rows


def test_instruments() -> None:
    """An instrument has OKX's fields, BTC-USDC both of its quote currencies, and BTC-USD is not listed."""
    rows = {row["instId"]: row for row in instrument_rows({"instType": "MARGIN"})}
    assert rows["BTC-USDC"]["tradeQuoteCcyList"] == ["USDC", "USD"]
    assert "BTC-USD" not in rows
    assert rows["WAVES-USDT"] == {
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
    for row in max_loan_rows(USER, PAIR):
        assert list(row.items())[-4:] == [("a", ""), ("b", ""), ("c", False), ("d", [])]
