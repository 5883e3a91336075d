"""What the exchange's rows hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.mock import demo
from okx_maxloan_sdk.mock.rows import loans

if TYPE_CHECKING:
    import pytest

PAIR = {"mgnMode": "cross", "instId": "BTC-USDT"}


def test_rows_have_what_the_contract_has() -> None:
    """Every field of the contract is there, whether it is a pair that is asked about or a currency."""
    user = demo().users["spot"]
    for row in (*loans(user, PAIR), *loans(user, {"mgnMode": "cross", "ccy": "USDT"})):
        assert list(row) == [each.name for each in GET_MAX_LOAN.fields]


def test_fields_that_came_later_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that only the contract knows holds nothing, in its type."""
    side = GET_MAX_LOAN.fields[-1]
    later = (
        side._replace(name="a", default=""),
        side._replace(name="b", required=True, default=None),
        side._replace(name="c", type="boolean", default=False),
        side._replace(name="d", type="array", default=()),
    )
    grown = GET_MAX_LOAN._replace(fields=GET_MAX_LOAN.fields + later)
    monkeypatch.setattr("okx_maxloan_sdk.mock.rows.GET_MAX_LOAN", grown)
    for row in loans(demo().users["spot"], PAIR):
        assert list(row.items())[-4:] == [("a", ""), ("b", ""), ("c", False), ("d", [])]
