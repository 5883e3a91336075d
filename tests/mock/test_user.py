"""The mock exchange's users: the row of their account configuration."""

from __future__ import annotations

import pytest

from okx_maxloan_sdk.mock import ApiKey, User
from okx_maxloan_sdk.mock.user import LEVELS

# In the order of OKX's example, with an invented user.
ROW: dict[str, object] = {
    "acctLv": "1",
    "acctStpMode": "cancel_maker",
    "autoLoan": False,
    "ctIsoMode": "automatic",
    "enableSpotBorrow": True,
    "greeksType": "PA",
    "feeType": "0",
    "ip": "",
    "type": "0",
    "kycLv": "2",
    "label": "mock",
    "level": "Lv1",
    "levelTmp": "",
    "liquidationGear": "-1",
    "mainUid": "7",
    "mgnIsoMode": "automatic",
    "opAuth": "1",
    "perm": "read_only,trade",
    "posMode": "net_mode",
    "roleType": "0",
    "spotBorrowAutoRepay": False,
    "spotOffsetType": "",
    "spotRoleType": "0",
    "spotTraderInsts": [],
    "stgyType": "0",
    "traderInsts": [],
    "uid": "7",
    "settleCcy": "USDC",
    "settleCcyList": ["USD", "USDC"],
}


def test_config_row() -> None:
    """An account configuration has OKX's fields in OKX's order."""
    row = User("7", []).config_row(ApiKey("k", "s", "p"))
    assert list(row.items()) == list(ROW.items())


@pytest.mark.parametrize(
    ("user", "key", "changes"),
    [
        (User("7", [], "futures"), {}, {"acctLv": LEVELS["futures"], "enableSpotBorrow": False}),
        (User("7", [], borrowing=False), {}, {"enableSpotBorrow": False}),
        (User("7", [], isolated="quick_margin"), {}, {"mgnIsoMode": "quick_margin"}),
        (User("7", [], main_uid="1"), {}, {"mainUid": "1", "type": "1"}),
        (User("7", []), {"addresses": ("203.0.113.7", "203.0.113.8")}, {"ip": "203.0.113.7,203.0.113.8"}),
        (User("7", []), {"permissions": ("read_only",), "label": "bot"}, {"perm": "read_only", "label": "bot"}),
    ],
)
def test_settings(user: User, key: dict[str, str | tuple[str, ...]], changes: dict[str, object]) -> None:
    """The row shows the user's settings, and those of the API key that the request was signed with."""
    assert user.config_row(ApiKey("k", "s", "p", **key)) == ROW | changes  # type: ignore[arg-type]  # of either type
