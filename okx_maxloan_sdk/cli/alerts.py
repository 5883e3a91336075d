"""Alerts: `USDT<1000` rings when some row of USDT falls under 1000, `BTC-USDT<0.5` when one of the pair does."""

from __future__ import annotations

import operator
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from .troubles import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from okx_maxloan_sdk import MaxLoan

    from .record import Key

FORM = re.compile(r"\s*(?P<what>[A-Za-z0-9-]+)\s*(?P<test><=|>=|<|>)\s*(?P<amount>[0-9]+(\.[0-9]+)?)\s*")
TESTS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@frozen
class Alert:
    """A currency or a pair, and the bound of its amount."""

    text: str
    what: str
    test: str
    amount: Decimal

    def rings(self, loan: MaxLoan) -> bool:
        """Tell whether a row is beyond the bound; a row without an amount is not."""
        if loan.amount is None or self.what not in (loan.ccy, loan.inst_id):
            return False
        return TESTS[self.test](loan.amount, self.amount)


def alert(text: str) -> Alert:
    """Read an alert."""
    found = FORM.fullmatch(text)
    if found is None:
        raise Trouble("alert", value=text)
    return Alert(text.strip(), found["what"].upper(), found["test"], Decimal(found["amount"]))


@define
class Bells:
    """Rings once when a row goes beyond a bound, and again only after it has come back."""

    alerts: Sequence[Alert]
    _ringing: set[tuple[Alert, Key]] = field(factory=set, init=False)
    _without_data: set[Alert] = field(factory=set, init=False)

    def ring(self, rows: dict[Key, MaxLoan]) -> list[tuple[Alert, MaxLoan]]:
        """Give the alerts that begin with these rows."""
        beyond = {(alert, key): row for alert in self.alerts for key, row in rows.items() if alert.rings(row)}
        begun = [(alert, row) for (alert, key), row in beyond.items() if (alert, key) not in self._ringing]
        # A row that did not arrive this time rings on.
        self._ringing = set(beyond) | {(alert, key) for alert, key in self._ringing if key not in rows}
        return begun

    def report_without_data(self, rows: Iterable[MaxLoan]) -> list[Alert]:
        """Return the alerts that no row of a complete answer belongs to, each once until it has a row again."""
        names = {name for row in rows for name in (row.ccy.upper(), row.inst_id.upper())}
        without = {alert for alert in self.alerts if alert.what not in names}
        new = [alert for alert in self.alerts if alert in without - self._without_data]
        self._without_data = without
        return new
