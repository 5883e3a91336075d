"""Chart in the terminal."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from .chart import Series, format_title
from .i18n import Language
from .render import SIDE_STYLES

plotext: Any = import_module("plotext")  # it has no types

# Lines of one chart, its frame and axis included; fewer show nothing, more are hard to take in at a glance.
MIN_HEIGHT, MAX_HEIGHT = 8, 18
TIME_TICK_WIDTH = 10
MAX_AMOUNT_TICKS = 4


def render_terminal(series: Sequence[Series], size: os.terminal_size, lang: Language) -> str:
    """Draw one chart below the other, as wide as the terminal; plain where colour is not wanted."""
    figure = plotext.figure
    figure.clear()
    height = min(max(size.lines // len(series), MIN_HEIGHT), MAX_HEIGHT)
    figure.plot_size(size.columns, height * len(series))
    if len(series) > 1:
        figure.subplots(len(series), 1)
    for row, each in enumerate(series, 1):
        _draw(figure.subplot(row, 1) if len(series) > 1 else figure, each, size.columns, lang)
    is_plain = bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()
    text: str = figure.build().string(colorless=is_plain)
    return text.rstrip("\n")


def _draw(plot: Any, series: Series, columns: int, lang: Language) -> None:
    marker = plotext.marker("braille", pixel=SIDE_STYLES.get(series.key.side, "default"))
    plot.theme("simple")
    for times, amounts in series.segments:
        signal = plotext.figure.signal(times, amounts, marker=marker)
        plot.draw(signal.lines() if len(times) > 1 else signal)
    plot.title(format_title(series, lang))
    plot.ruler("x").ticks(*series.label_times(max(columns // (2 * TIME_TICK_WIDTH), 2)))
    plot.ruler("y").ticks(*series.label_amounts(MAX_AMOUNT_TICKS))
