"""A chart in the terminal."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .chart import Panel, amount, moment, steps, title
from .render import SIDES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .words import Language

# Rows of a panel, its frame and axis included; fewer show nothing, more are hard to take in at a glance.
LEAST, MOST = 8, 18
# Cells of a moment, and how many amounts stand beside a panel.
TICK, MARKS = 10, 4


def draw(panels: Sequence[Panel], size: os.terminal_size, lang: Language) -> str:
    """Draw the panels one below the other, as wide as the terminal; plain where colour is not wanted."""
    plotext: Any = import_module("plotext")  # it has no types
    figure = plotext.figure
    figure.clear()
    height = min(max(size.lines // len(panels), LEAST), MOST)
    figure.plot_size(size.columns, height * len(panels))
    if len(panels) > 1:
        figure.subplots(len(panels), 1)
    for row, panel in enumerate(panels, 1):
        marker = plotext.marker("braille", pixel=SIDES.get(panel.key.side, "default"))
        _panel(figure.subplot(row, 1) if len(panels) > 1 else figure, panel, marker, size.columns, lang)
    plain = bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()
    text: str = figure.build().string(colorless=plain)
    return text.rstrip("\n")


def _panel(plot: Any, panel: Panel, marker: Any, columns: int, lang: Language) -> None:
    first, last = panel.moments[0], panel.moments[-1]
    low, high = min(panel.amounts), max(panel.amounts)
    ticks, marks = steps(first, last, max(min(columns // (2 * TICK), 5), 2)), steps(low, high, MARKS)
    plot.theme("simple")
    plot.draw(plot.signal(panel.moments, panel.amounts, marker=marker).lines())
    plot.title(title(panel, lang))
    plot.ruler("x").ticks(ticks, [moment(at, last - first) for at in ticks])
    plot.ruler("y").ticks(marks, [amount(mark, high - low) for mark in marks])
