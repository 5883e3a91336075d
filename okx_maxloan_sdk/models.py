"""What OKX returns, as models: immutable, hashable, equal by value."""

from __future__ import annotations

import copyreg
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG
from okx_maxloan_api.rows import InstrumentFields, MaxLoanFields

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_amount(text: str) -> Decimal | None:
    """Return an amount as an exact number; None for an empty one."""
    return Decimal(text) if text else None


def _read_only(mapping: dict[str, Any]) -> MappingProxyType[str, Any]:
    return MappingProxyType(mapping)


# Python cannot pickle or copy a read-only mapping, which dataclasses.asdict and pandas do with rows.
copyreg.pickle(MappingProxyType, lambda mapping: (_read_only, (dict(mapping),)))


class _Row:
    """What rows of every operation have in common."""

    __slots__ = ()
    additional_properties: Mapping[str, Any]

    def to_dict(self: Any) -> dict[str, Any]:
        """Return the fields by their snake_case names."""
        known = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "additional_properties"}
        return {**known, **self.additional_properties}


class MaxLoan(_Row, MaxLoanFields):
    """How much could be borrowed for one order side of a pair, or of one currency.

    The fields are as OKX sent them; `additional_properties` has those that this release does not know.
    https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-the-maximum-loan-of-instrument
    """

    __slots__ = ()

    @property
    def amount(self) -> Decimal | None:
        """`max_loan` as an exact number, in units of `ccy`; None if OKX sent none."""
        return parse_amount(self.max_loan)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by their snake_case names, with the exact `amount`."""
        return {**super().to_dict(), "amount": self.amount}


class Instrument(_Row, InstrumentFields):
    """An instrument that the account may trade.

    https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-instruments
    """

    __slots__ = ()


class AccountMode(StrEnum):
    """Account mode, OKX's `acctLv`."""

    SPOT = "spot"
    FUTURES = "futures"
    MULTI_CURRENCY = "multi_currency"
    PORTFOLIO = "portfolio"


@dataclass(frozen=True, slots=True)
class Account:
    """What is known about an account; None means unknown, and rules that depend on it do not apply.

    https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration

    `mode` is an `AccountMode`, `spot_borrow_enabled` OKX's `enableSpotBorrow`, `isolated_margin_mode` its
    `mgnIsoMode`, `uid` the OKX user whose requests are counted, `main_uid` that of the main account. `permissions` and
    `ip_allowlist` are those of the API key. Raises `ValueError` for an unknown mode.
    """

    mode: AccountMode | None = None
    spot_borrow_enabled: bool | None = None
    isolated_margin_mode: str | None = None
    uid: str = ""
    main_uid: str = ""
    permissions: tuple[str, ...] = ()
    ip_allowlist: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mode is not None:
            object.__setattr__(self, "mode", AccountMode(self.mode))

    @property
    def rule_inputs(self) -> dict[str, str]:
        """The account's settings by the names that the rules between parameters use."""
        inputs = {}
        if self.mode is not None:
            inputs["account.mode"] = str(self.mode)
        if self.spot_borrow_enabled is not None:
            inputs["account.borrowing"] = "enabled" if self.spot_borrow_enabled else "disabled"
        if self.isolated_margin_mode is not None:
            inputs["account.isolated"] = self.isolated_margin_mode
        return inputs


def to_account(row: Mapping[str, Any]) -> Account:
    """Return the account's settings from a validated row; an account mode that is not documented is unknown."""
    [level] = (field for field in GET_ACCOUNT_CONFIG.fields if field.name == "acctLv")
    modes = {each.value: AccountMode(each.name) for each in level.values}
    return Account(
        mode=modes.get(row["acctLv"]),
        spot_borrow_enabled=row["enableSpotBorrow"],
        isolated_margin_mode=row["mgnIsoMode"] or None,
        uid=row["uid"],
        main_uid=row["mainUid"],
        permissions=tuple(row["perm"].split(",")) if row["perm"] else (),
        ip_allowlist=tuple(row["ip"].split(",")) if row["ip"] else (),
    )
