"""Command okx-maxloan chart: the history that `watch --record` wrote, in the terminal or as a picture."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from .base import FILE, Command, Run, parse_currency, parse_duration
from .errors import CliError
from .history import HistoryFile, Segment, SeriesKey
from .i18n import Language, text
from .render import SIDE_STYLES

IMAGE_SUFFIXES = (".png", ".svg")
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
TIME_STEPS_MS = (
    *(number * SECOND for number in (1, 2, 5, 10, 15, 30)),
    *(number * MINUTE for number in (1, 2, 5, 10, 15, 30)),
    *(number * HOUR for number in (1, 2, 3, 6, 12)),
    *(number * DAY for number in (1, 2, 7, 14, 28, 91, 182, 364)),
)

# Lines of one chart in the terminal, its frame and axis included; fewer show nothing, more are hard to take in.
MIN_HEIGHT, MAX_HEIGHT = 8, 18
TIME_TICK_WIDTH = 10
MAX_AMOUNT_TICKS = 4


def command(lang: Language) -> Command:
    """Create the command."""
    params = [
        click.Argument(["file"], help=text(lang, "chart.file"), type=FILE, metavar="FILE"),
        click.Argument(["pair"], help=text(lang, "chart.pair"), type=parse_currency, metavar="PAIR"),
        click.Option(["--since"], type=parse_duration, metavar="DURATION", help=text(lang, "chart.since")),
        click.Option(["--out"], type=FILE, metavar="FILE", help=text(lang, "chart.out")),
    ]
    return Command("chart", lang, chart, params)


def chart(run: Run, *, file: Path, pair: str, since: float | None, out: Path | None) -> None:
    """Draw the series of a pair or currency."""
    if out is not None and out.suffix.lower() not in IMAGE_SUFFIXES:
        raise CliError("image_suffix", path=out)
    with HistoryFile(file, write=False) as history:
        start_ms = 0 if since is None else history.last_timestamp() - int(since * 1000)
        series = build_series(history.read_series(pair, start_ms))
        if not series:
            names = history.list_names()
            raise CliError("no_series", path=file, pair=pair, names=names or "-", suggest_from=(pair, names))
    if out is None:
        print(render_terminal(series, shutil.get_terminal_size(), run.lang))
    else:
        # It needs the extra `chart`, and takes a second to import.
        import_module(".chart_image", __package__).render_image(series, out, run.lang)
        print(text(run.lang, "chart.done", path=out), file=sys.stderr)


@frozen
class Series:
    """Segments of one row between outages: times in milliseconds since 1970 UTC, and amounts as floats."""

    key: SeriesKey
    segments: list[tuple[list[int], list[float]]]

    def label_times(self, max_count: int) -> tuple[list[int], list[str]]:
        """Return the ticks of the time axis, and how they are written."""
        start, end = self.segments[0][0][0], self.segments[-1][0][-1]
        ticks = time_ticks(start, end, max_count)
        return ticks, [format_time(at, end - start) for at in ticks]

    def label_amounts(self, max_count: int) -> tuple[list[float], list[str]]:
        """Return the ticks of the axis of amounts, and how they are written."""
        amounts = [amount for _, segment in self.segments for amount in segment]
        ticks = amount_ticks(min(amounts), max(amounts), max_count)
        return ticks, format_amounts(ticks)


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


def format_amounts(ticks: list[float]) -> list[str]:
    """Write the amounts of ticks with thousands separators, and as many decimals as tell them apart."""
    if len(ticks) == 1:
        return [f"{ticks[0]:,.8g}" if abs(ticks[0]) < 1e8 else f"{ticks[0]:,.0f}"]  # noqa: PLR2004 -- the eight digits before it
    decimals = min(max(-floor(log10(ticks[1] - ticks[0]) + 1e-9), 0), 16)
    return [f"{each:,.{decimals}f}" for each in ticks]


def format_title(series: Series, lang: Language) -> str:
    """Return what a series shows."""
    *names, ccy = series.key
    return " · ".join(filter(None, (*names, f"{text(lang, 'column.max_loan')} ({ccy})")))


def render_terminal(series: Sequence[Series], size: os.terminal_size, lang: Language) -> str:
    """Draw one chart below the other, as wide as the terminal; plain where colour is not wanted."""
    plotext: Any = import_module("plotext")  # of the extra `chart`; it has no types
    figure = plotext.figure
    figure.clear()
    height = min(max(size.lines // len(series), MIN_HEIGHT), MAX_HEIGHT)
    figure.plot_size(size.columns, height * len(series))
    if len(series) > 1:
        figure.subplots(len(series), 1)
    for row, each in enumerate(series, 1):
        plot = figure.subplot(row, 1) if len(series) > 1 else figure
        plot.theme("simple")
        marker = plotext.marker("braille", pixel=SIDE_STYLES.get(each.key.side, "default"))
        for times, amounts in each.segments:
            signal = figure.signal(times, amounts, marker=marker)
            plot.draw(signal.lines() if len(times) > 1 else signal)
        plot.title(format_title(each, lang))
        plot.ruler("x").ticks(*each.label_times(max(size.columns // (2 * TIME_TICK_WIDTH), 2)))
        plot.ruler("y").ticks(*each.label_amounts(MAX_AMOUNT_TICKS))
    is_plain = bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()
    drawing: str = figure.build().string(colorless=is_plain)
    return drawing.rstrip("\n")
