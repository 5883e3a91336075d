"""Values of the contract of maximum loan that tests depend on, and rows with empty default values."""

from dataclasses import replace
from typing import Any

from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import MaxLoan
from okx_maxloan_sdk.codec import to_models
from okx_maxloan_sdk.mock.market import empty_value
from tests.support.fake_transport import inst_ids

LIMIT = GET_MAX_LOAN.limit
PARAMETERS = {each.name: each for each in GET_MAX_LOAN.parameters}
SIZE = PARAMETERS["instId"].max_items
MODES = tuple(each.value for each in PARAMETERS["mgnMode"].values)
# The pairs of five times as many full requests as the rate limit permits at once.
MANY = inst_ids(5 * LIMIT.requests * SIZE)
EMPTY: dict[str, Any] = {each.name: empty_value(each) for each in GET_MAX_LOAN.fields}
[EMPTY_LOAN] = to_models(MaxLoan, GET_MAX_LOAN, [EMPTY])


def loan(**fields: Any) -> MaxLoan:
    """Make a row of BTC-USDT under cross margin, with the other fields empty."""
    return replace(EMPTY_LOAN, **{"inst_id": "BTC-USDT", "mgn_mode": "cross", **fields})
