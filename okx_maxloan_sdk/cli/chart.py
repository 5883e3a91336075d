"""Command okx-maxloan chart: the history that `watch --record` wrote, in the terminal or as a picture."""

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from .base import FILE, Command, Run, parse_currency, parse_duration
from .errors import CliError
from .history import Segment, SeriesKey, open_history
from .i18n import text
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


def command() -> Command:
    """Create the command."""
    params = [
        click.Argument(["file"], help=text("chart.file"), type=FILE, metavar="FILE"),
        click.Argument(["pair"], help=text("chart.pair"), type=parse_currency, metavar="PAIR"),
        click.Option(["--since"], type=parse_duration, metavar="DURATION", help=text("chart.since")),
        click.Option(["--out"], type=FILE, metavar="FILE", help=text("chart.out")),
    ]
    return Command("chart", chart, params)


def chart(_run: Run, *, file: Path, pair: str, since: float | None, out: Path | None) -> None:
    """Draw the series of a pair or currency."""
    if out is not None and out.suffix.lower() not in IMAGE_SUFFIXES:
        raise CliError("image_suffix", path=out)
    with open_history(file, write=False) as history:
        start_ms = 0 if since is None else history.last_timestamp() - int(since * 1000)
        series = [Series(*each) for each in history.read_series(pair, start_ms).items()]
        if not series:
            names = history.list_names()
            raise CliError("no_series", path=file, pair=pair, names=names or "-", suggest_from=(pair, names))
    if out is None:
        print(render_terminal(series, shutil.get_terminal_size()))
    else:
        # It needs the extra `chart`, and takes a second to import.
        import_module(".chart_image", __package__).render_image(series, out)
        print(text("chart.done", path=out), file=sys.stderr)


@frozen
class Series:
    """The amounts of one row, divided by outages."""

    key: SeriesKey
    segments: Sequence[Segment]

    @property
    def title(self) -> str:
        """What the series shows."""
        *names, ccy = self.key
        return " · ".join(filter(None, (*names, f"{text('column.max_loan')} ({ccy})")))

    def label_times(self, max_count: int) -> tuple[list[int], list[str]]:
        """Return round UTC times as ticks, or the start where there is none, and how they are written."""
        start, end = self.segments[0][0][0], self.segments[-1][-1][0]
        step = next((step for step in TIME_STEPS_MS if (end - start) / step < max_count), TIME_STEPS_MS[-1])
        ticks = list(range(ceil(start / step) * step, end + 1, step)) or [start]
        labels = []
        for at in ticks:
            form = "%m-%d %H:%MZ" if end - start > DAY else "%H:%M:%SZ" if at % MINUTE else "%H:%MZ"
            labels.append(datetime.fromtimestamp(at / 1000, UTC).strftime(form))
        return ticks, labels

    def label_amounts(self, max_count: int) -> tuple[list[float], list[str]]:
        """Return round amounts as ticks, or the amount where all are equal, and how they are written."""
        amounts = [amount for segment in self.segments for _, amount in segment]
        low, high = min(amounts), max(amounts)
        ticks, step = [low], 1.0
        if low < high:
            power = 10.0 ** floor(log10((high - low) / max_count))
            step = next(power * factor for factor in (1, 2, 5, 10, 20) if (high - low) / (power * factor) < max_count)
            ticks = [number * step for number in range(ceil(low / step), floor(high / step) + 1)]
        if len(ticks) == 1:
            return ticks, [f"{ticks[0]:,.8g}" if abs(ticks[0]) < 1e8 else f"{ticks[0]:,.0f}"]  # noqa: PLR2004 -- the eight digits before it
        # As many decimals as tell them apart.
        decimals = min(max(-floor(log10(step) + 1e-9), 0), 16)
        return ticks, [f"{each:,.{decimals}f}" for each in ticks]


def render_terminal(series: Sequence[Series], size: os.terminal_size) -> str:
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
        for segment in each.segments:
            signal = figure.signal(*map(list, zip(*segment, strict=True)), marker=marker)
            plot.draw(signal.lines() if len(segment) > 1 else signal)
        plot.title(each.title)
        plot.ruler("x").ticks(*each.label_times(max(size.columns // (2 * TIME_TICK_WIDTH), 2)))
        plot.ruler("y").ticks(*each.label_amounts(MAX_AMOUNT_TICKS))
    is_plain = bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()
    drawing: str = figure.build().string(colorless=is_plain)
    return drawing.rstrip("\n")
