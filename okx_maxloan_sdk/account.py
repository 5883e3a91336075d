"""Settings of an OKX account that decide which requests it may send.

https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration
"""

from __future__ import annotations

from enum import Enum

from attrs import field, frozen


class AccountMode(Enum):
    """Account mode, OKX's `acctLv`."""

    SPOT = "spot"
    FUTURES = "futures"
    MULTI_CURRENCY = "multi_currency"
    PORTFOLIO = "portfolio"


def _parse_mode(value: AccountMode | str | None) -> AccountMode | None:
    return AccountMode(value) if isinstance(value, str) else value


@frozen
class Account:
    """What is known about an account; None means unknown, and rules that depend on it do not apply.

    `mode` is an `AccountMode` or its value, `spot_borrow_enabled` OKX's `enableSpotBorrow`, `isolated_margin_mode` its
    `mgnIsoMode`, `uid` the OKX user whose requests are counted, `main_uid` that of the main account. `permissions` and
    `ip_allowlist` are those of the API key. Raises `ValueError` for an unknown mode.
    """

    mode: AccountMode | None = field(default=None, converter=_parse_mode)
    spot_borrow_enabled: bool | None = None
    isolated_margin_mode: str | None = None
    uid: str = ""
    main_uid: str = ""
    permissions: tuple[str, ...] = ()
    ip_allowlist: tuple[str, ...] = ()

    @property
    def rule_inputs(self) -> dict[str, str]:
        """The account's settings by the names that the rules between parameters use."""
        inputs = {}
        if self.mode is not None:
            inputs["account.mode"] = self.mode.value
        if self.spot_borrow_enabled is not None:
            inputs["account.borrowing"] = "enabled" if self.spot_borrow_enabled else "disabled"
        if self.isolated_margin_mode is not None:
            inputs["account.isolated"] = self.isolated_margin_mode
        return inputs
