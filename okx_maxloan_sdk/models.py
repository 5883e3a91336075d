"""Rows that OKX returns: immutable, hashable, equal by value."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Any

from attrs import fields_dict, frozen

from .codec import InstrumentFields, MaxLoanFields


def parse_amount(text: str) -> Decimal | None:
    """Return an amount as an exact number; None for an empty one."""
    return Decimal(text) if text else None


def _to_dict(row: Any) -> dict[str, Any]:
    names = [name for name in fields_dict(type(row)) if name != "additional_properties"]
    return {**{name: getattr(row, name) for name in names}, **row.additional_properties}


def _reduce(row: Any) -> tuple[Any, ...]:
    values = {name: getattr(row, name) for name in fields_dict(type(row))}
    # A mapping proxy cannot be pickled.
    return _rebuild, (type(row), {**values, "additional_properties": dict(row.additional_properties)})


def _rebuild(kind: type[Any], values: dict[str, Any]) -> Any:
    return kind(**{**values, "additional_properties": MappingProxyType(values["additional_properties"])})


@frozen
class MaxLoan(MaxLoanFields):
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
        return {**_to_dict(self), "amount": self.amount}

    def __reduce__(self) -> tuple[Any, ...]:
        return _reduce(self)


@frozen
class Instrument(InstrumentFields):
    """An instrument that the account may trade.

    https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-instruments
    """

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by their snake_case names."""
        return _to_dict(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reduce(self)
