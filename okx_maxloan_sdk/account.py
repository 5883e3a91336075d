"""The account's settings, as far as the rules between parameters ask for them."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from okx_maxloan_api.models import AccountConfigRow


class AccountMode(Enum):
    """The account mode, `acctLv` of GET /api/v5/account/config."""

    SPOT = "spot"
    FUTURES = "futures"
    MULTI_CURRENCY = "multi_currency"
    PORTFOLIO = "portfolio"


def _mode(value: AccountMode | str | None) -> AccountMode | None:
    return AccountMode(value) if isinstance(value, str) else value


@frozen
class Account:
    """What is known of an account; None means unknown, and rules that ask for it do not apply.

    `mode` is an `AccountMode` or its word, `borrowing` whether borrowing is enabled in Spot mode, `isolated` how
    isolated margin is transferred (`mgnIsoMode`), `uid` the OKX user that the rate limit is counted by.
    """

    mode: AccountMode | None = field(default=None, converter=_mode)
    borrowing: bool | None = None
    isolated: str | None = None
    uid: str = ""
    main_uid: str = ""
    permissions: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()

    @classmethod
    def from_row(cls, row: AccountConfigRow) -> Account:
        """Read the row that OKX answers; an account mode that is not documented is an unknown one."""
        from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG  # noqa: PLC0415 -- generated code loads when needed

        level = next(each for each in GET_ACCOUNT_CONFIG.fields if each.name == "acctLv")
        names = {each.value: each.name for each in level.values}
        return cls(
            mode=names.get(row.acct_lv),
            borrowing=row.enable_spot_borrow,
            isolated=row.mgn_iso_mode or None,
            uid=row.uid,
            main_uid=row.main_uid,
            permissions=tuple(row.perm.split(",")) if row.perm else (),
            ips=tuple(row.ip.split(",")) if row.ip else (),
        )

    @property
    def facts(self) -> dict[str, str]:
        """What the rules can be asked about."""
        facts = {}
        if self.mode is not None:
            facts["account.mode"] = self.mode.value
        if self.borrowing is not None:
            facts["account.borrowing"] = "enabled" if self.borrowing else "disabled"
        if self.isolated is not None:
            facts["account.isolated"] = self.isolated
        return facts
