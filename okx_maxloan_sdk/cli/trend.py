"""How an amount has changed: since the last time, and at a glance."""

from __future__ import annotations

from collections import deque
from decimal import ROUND_DOWN, Context, Decimal
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
LONG = 20
# An amount has at most forty digits on either side of its point.
EXACT = Context(prec=90, rounding=ROUND_DOWN)


@define
class Trend:
    """The last amounts of one row."""

    amounts: deque[Decimal] = field(factory=lambda: deque(maxlen=LONG))

    def add(self, amount: Decimal | None) -> None:
        """Take the next amount, if there is one."""
        if amount is not None:
            self.amounts.append(amount)

    @property
    def change(self) -> Decimal:
        """The difference to the time before."""
        if len(self.amounts) < 2:  # noqa: PLR2004 -- a difference is between two
            return Decimal(0)
        return EXACT.normalize(EXACT.subtract(self.amounts[-1], self.amounts[-2]))

    @property
    def line(self) -> str:
        """The amounts as a row of bars, the lowest at the bottom."""
        return sparkline(self.amounts)


def sparkline(amounts: Sequence[Decimal]) -> str:
    """Draw amounts as bars between their least and their greatest; what never changes is a level line."""
    low, high = min(amounts, default=Decimal(0)), max(amounts, default=Decimal(0))
    if low == high:
        return BARS[3] * len(amounts)
    return "".join(BARS[int((amount - low) / (high - low) * (len(BARS) - 1))] for amount in amounts)


def short(amount: Decimal, *, sign: bool = False) -> str:
    """Write an amount with at most eight decimals, cut and not rounded."""
    cut = EXACT.normalize(EXACT.quantize(amount, Decimal("1e-8")))
    return f"{cut:+f}" if sign and cut else f"{cut:f}"
