"""What the contract says of maximum loan, for tests to count by, and rows that name only the fields that matter."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import MaxLoan
from okx_maxloan_sdk.mock.rows import nothing
from tests.support.wire import ids

LIMIT = GET_MAX_LOAN.limit
PARAMETERS = {each.name: each for each in GET_MAX_LOAN.parameters}
SIZE = PARAMETERS["instId"].max_items
MODES = tuple(each.value for each in PARAMETERS["mgnMode"].values)
# Full requests, and five times as many as are sent at once.
MANY = ids(5 * LIMIT.requests * SIZE)
EMPTY: dict[str, Any] = {each.name: nothing(each) for each in GET_MAX_LOAN.fields}


def loan(**fields: str) -> MaxLoan:
    """Make a row of BTC-USDT under cross margin; what is not given is empty."""
    return evolve(MaxLoan.from_dict(EMPTY), **{"inst_id": "BTC-USDT", "mgn_mode": "cross", **fields})
