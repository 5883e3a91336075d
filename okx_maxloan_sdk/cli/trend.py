"""Change of an amount: since the last poll, and as a sparkline."""

from __future__ import annotations

from collections import deque
from decimal import ROUND_DOWN, Context, Decimal
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
MAX_AMOUNTS = 20
# An amount has at most forty digits on either side of its point.
EXACT = Context(prec=90, rounding=ROUND_DOWN)


@define
class RowHistory:
    """The last amounts of one row."""

    amounts: deque[Decimal] = field(factory=lambda: deque(maxlen=MAX_AMOUNTS))

    def add(self, amount: Decimal | None) -> None:
        """Add an amount; None changes nothing."""
        if amount is not None:
            self.amounts.append(amount)

    @property
    def change(self) -> Decimal:
        """Difference to the amount before."""
        if len(self.amounts) < 2:  # noqa: PLR2004 -- a difference is between two
            return Decimal(0)
        return EXACT.normalize(EXACT.subtract(self.amounts[-1], self.amounts[-2]))

    @property
    def sparkline(self) -> str:
        """The amounts as a row of bars."""
        return draw_sparkline(self.amounts)


def draw_sparkline(amounts: Sequence[Decimal]) -> str:
    """Draw amounts as bars between their minimum and maximum, all of one height where they are equal."""
    low, high = min(amounts, default=Decimal(0)), max(amounts, default=Decimal(0))
    if low == high:
        return BARS[3] * len(amounts)
    return "".join(BARS[int((amount - low) / (high - low) * (len(BARS) - 1))] for amount in amounts)


def format_short(amount: Decimal, *, has_sign: bool = False) -> str:
    """Write an amount with at most eight decimals, cut and not rounded."""
    cut = EXACT.normalize(EXACT.quantize(amount, Decimal("1e-8")))
    return f"{cut:+f}" if has_sign and cut else f"{cut:f}"
