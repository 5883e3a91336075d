"""Series, ticks and titles of charts."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from attrs import frozen

from .i18n import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .history import Segment, SeriesKey
    from .i18n import Language

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
TIME_STEPS_MS = (
    *(number * SECOND for number in (1, 2, 5, 10, 15, 30)),
    *(number * MINUTE for number in (1, 2, 5, 10, 15, 30)),
    *(number * HOUR for number in (1, 2, 3, 6, 12)),
    *(number * DAY for number in (1, 2, 7, 14, 28, 91, 182, 364)),
)


@frozen
class Series:
    """Segments of one row between outages: times in milliseconds since 1970 UTC, and amounts as floats."""

    key: SeriesKey
    segments: list[tuple[list[int], list[float]]]

    @property
    def start(self) -> int:
        """Time of the first amount."""
        return self.segments[0][0][0]

    @property
    def end(self) -> int:
        """Time of the last amount."""
        return self.segments[-1][0][-1]

    @property
    def amounts(self) -> list[float]:
        """All amounts."""
        return [amount for _, amounts in self.segments for amount in amounts]


def build_series(history: Mapping[SeriesKey, list[Segment]]) -> list[Series]:
    """Return the series of a history with amounts as floats."""
    return [
        Series(key, [([at for at, _ in segment], [float(amount) for _, amount in segment]) for segment in segments])
        for key, segments in history.items()
    ]


def time_ticks(start: int, end: int, max_count: int) -> list[int]:
    """Return round UTC times between two times, or the start where the span has none."""
    steps = (step for step in TIME_STEPS_MS if (end - start) / step < max_count)
    step = next(steps, TIME_STEPS_MS[-1])
    return list(range(ceil(start / step) * step, end + 1, step)) or [start]


def amount_ticks(low: float, high: float, max_count: int) -> list[float]:
    """Return round amounts between two amounts, or the amount where they are equal."""
    if low == high:
        return [low]
    power = 10.0 ** floor(log10((high - low) / max_count))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if (high - low) / (power * factor) < max_count)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def format_time(at: float, span: float) -> str:
    """Write the time of a tick, UTC: with the date where the span is longer than a day."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    if span > DAY:
        return moment.strftime("%m-%d %H:%MZ")
    return moment.strftime("%H:%MZ" if at % MINUTE == 0 else "%H:%M:%SZ")


def format_amount(amount: float, step: float) -> str:
    """Write the amount of a tick with thousands separators, and as many decimals as tell ticks apart."""
    if not step:
        return f"{amount:,.8g}" if abs(amount) < 1e8 else f"{amount:,.0f}"  # noqa: PLR2004 -- the eight digits before it
    return f"{amount:,.{min(max(-floor(log10(step) + 1e-9), 0), 16)}f}"


def format_amounts(ticks: list[float]) -> list[str]:
    """Write the amounts of ticks."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0
    return [format_amount(tick, step) for tick in ticks]


def format_title(series: Series, lang: Language) -> str:
    """Return what a series shows."""
    *names, ccy = series.key
    return " · ".join(filter(None, (*names, f"{text(lang, 'column.max_loan')} ({ccy})")))
