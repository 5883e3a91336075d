"""What OKX returns, as models: immutable, hashable, equal by value."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from attrs import field, fields_dict, frozen
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG
from okx_maxloan_api.rows import AccountConfigFields, InstrumentFields, MaxLoanFields

from .codec import to_models

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_amount(text: str) -> Decimal | None:
    """Return an amount as an exact number; None for an empty one."""
    return Decimal(text) if text else None


class _Row:
    """What rows of every operation have in common."""

    __slots__ = ()
    additional_properties: Mapping[str, Any]

    def _known(self: Any) -> dict[str, Any]:
        return {name: getattr(self, name) for name in fields_dict(type(self)) if name != "additional_properties"}

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by their snake_case names."""
        return {**self._known(), **self.additional_properties}

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy cannot be pickled.
        return _rebuild, (type(self), self._known(), dict(self.additional_properties))


def _rebuild(kind: type[Any], known: dict[str, Any], unknown: dict[str, Any]) -> Any:
    return kind(**known, additional_properties=MappingProxyType(unknown))


@frozen
class MaxLoan(_Row, MaxLoanFields):
    """How much could be borrowed for one order side of a pair, or of one currency.

    The fields are as OKX sent them; `additional_properties` has those that this release does not know.
    https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-the-maximum-loan-of-instrument
    """

    @property
    def amount(self) -> Decimal | None:
        """`max_loan` as an exact number, in units of `ccy`; None if OKX sent none."""
        return parse_amount(self.max_loan)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by their snake_case names, with the exact `amount`."""
        return {**super().to_dict(), "amount": self.amount}


@frozen
class Instrument(_Row, InstrumentFields):
    """An instrument that the account may trade.

    https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-instruments
    """


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

    https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration

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


def to_account(row: Mapping[str, Any]) -> Account:
    """Return the account's settings; an account mode that is not documented is unknown."""
    [config] = to_models(AccountConfigFields, GET_ACCOUNT_CONFIG, [row])
    level = next(field for field in GET_ACCOUNT_CONFIG.fields if field.name == "acctLv")
    return Account(
        mode={each.value: each.name for each in level.values}.get(config.acct_lv),
        spot_borrow_enabled=config.enable_spot_borrow,
        isolated_margin_mode=config.mgn_iso_mode or None,
        uid=config.uid,
        main_uid=config.main_uid,
        permissions=tuple(config.perm.split(",")) if config.perm else (),
        ip_allowlist=tuple(config.ip.split(",")) if config.ip else (),
    )
