"""Users of the mock exchange, and their API keys."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

from attrs import Factory, define, field
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG

Mode = Literal["spot", "futures", "multi_currency", "portfolio"]
Isolated = Literal["automatic", "auto_transfers_ccy", "quick_margin"]

LEVELS: Mapping[str, str] = {
    mode.name: mode.value for each in GET_ACCOUNT_CONFIG.fields if each.name == "acctLv" for mode in each.values
}
CONFIG_ROW: Mapping[str, object] = tomllib.loads(Path(__file__).with_name("account.toml").read_text("utf-8"))


def _balances(given: Mapping[str, str | Decimal]) -> dict[str, Decimal]:
    return {ccy: Decimal(amount) for ccy, amount in given.items()}


BALANCES = _balances({"BTC": "0.75", "ETH": "12.5", "USDT": "25000", "USDC": "8000", "SOL": "140"})


@define
class ApiKey:
    """One API key of a user.

    `permissions` are `read_only`, `trade`, `withdraw`; `addresses` are the IPs it is bound to, none meaning any; a
    `demo` key works on demo trading only.
    """

    key: str
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    permissions: tuple[str, ...] = ("read_only", "trade")
    addresses: tuple[str, ...] = ()
    demo: bool = False
    label: str = "mock"


@define
class User:
    """One OKX user, a sub-account when `main_uid` names another; it may be changed while the exchange runs."""

    uid: str
    keys: list[ApiKey]
    mode: Mode = "spot"
    borrowing: bool = True
    isolated: Isolated = "automatic"
    main_uid: str = Factory(lambda self: self.uid, takes_self=True)
    balances: dict[str, Decimal] = field(default=BALANCES, converter=_balances)

    @property
    def rule_inputs(self) -> dict[str, str]:
        """The settings of the account that the contract's rules refer to."""
        return {
            "account.mode": self.mode,
            "account.borrowing": "enabled" if self.borrowing else "disabled",
            "account.isolated": self.isolated,
        }

    def config_row(self, key: ApiKey) -> dict[str, object]:
        """Return the row of `GET /api/v5/account/config`, in OKX's order."""
        return {
            **CONFIG_ROW,
            "acctLv": LEVELS[self.mode],
            "enableSpotBorrow": self.mode == "spot" and self.borrowing,
            "ip": ",".join(key.addresses),
            "label": key.label,
            "mainUid": self.main_uid,
            "mgnIsoMode": self.isolated,
            "perm": ",".join(key.permissions),
            "type": "0" if self.main_uid == self.uid else "1",
            "uid": self.uid,
        }
