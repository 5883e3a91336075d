"""The mock exchange's users: the row of their account configuration."""

from typing import Any

import pytest

from okx_maxloan_sdk.mock import ApiKey, User
from okx_maxloan_sdk.mock.user import CONFIG_ROW, LEVELS

ROW: dict[str, object] = {
    **CONFIG_ROW,
    "acctLv": "1",
    "enableSpotBorrow": True,
    "label": "mock",
    "mainUid": "7",
    "mgnIsoMode": "automatic",
    "perm": "read_only,trade",
    "type": "0",
    "uid": "7",
}


@pytest.mark.parametrize(
    ("user", "key", "changes"),
    [
        ({}, {}, {}),
        ({"mode": "futures"}, {}, {"acctLv": LEVELS["futures"], "enableSpotBorrow": False}),
        ({"borrowing": False}, {}, {"enableSpotBorrow": False}),
        ({"isolated": "quick_margin"}, {}, {"mgnIsoMode": "quick_margin"}),
        ({"main_uid": "1"}, {}, {"mainUid": "1", "type": "1"}),
        ({}, {"addresses": ("203.0.113.7", "203.0.113.8")}, {"ip": "203.0.113.7,203.0.113.8"}),
        ({}, {"permissions": ("read_only",), "label": "bot"}, {"perm": "read_only", "label": "bot"}),
    ],
)
def test_config_row(user: dict[str, Any], key: dict[str, Any], changes: dict[str, object]) -> None:
    """The row has OKX's order, and shows the user's settings and those of the API key that signed the request."""
    row = User("7", [], **user).config_row(ApiKey("k", "s", "p", **key))
    assert list(row.items()) == list((ROW | changes).items())
