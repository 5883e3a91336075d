"""A chart as a picture, PNG or SVG; the same record gives the same picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from .chart import Panel, moment, steps, title

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from .words import Language

# Fonts with Chinese characters: Linux, macOS, Windows.
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Heiti SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
)
WIDTH, HEIGHT = 8.0, 2.6
COLORS = {"sell": "#c0392b", "buy": "#1e8449"}
OTHER = "#2c5f8a"
TICKS = 5


def draw(panels: Sequence[Panel], path: Path, lang: Language) -> None:
    """Draw the panels one below the other; without a Chinese font the words are English."""
    family = next((name for name in CHINESE if name in {each.name for each in fontManager.ttflist}), None)
    words: Language = lang if family else "en"
    settings: dict[Any, Any] = {"svg.hashsalt": "okx-maxloan", "axes.unicode_minus": False}
    settings |= {"font.family": [family, "sans-serif"] if lang == "zh" and family else ["sans-serif"]}
    with mpl.rc_context(settings):
        figure = Figure(figsize=(WIDTH, HEIGHT * len(panels)), layout="constrained")
        FigureCanvasAgg(figure)
        for panel, axes in zip(panels, figure.subplots(len(panels), squeeze=False)[:, 0], strict=True):
            _panel(axes, panel, words)
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix.lower() == ".svg" else {"Software": None})


def _panel(axes: Axes, panel: Panel, lang: Language) -> None:
    first, last = panel.moments[0], panel.moments[-1]
    ticks = steps(first, last, TICKS)
    # An amount holds until the next one is seen.
    axes.plot(
        panel.moments, panel.amounts, drawstyle="steps-post", color=COLORS.get(panel.key.side, OTHER), linewidth=1.4
    )
    axes.set_title(title(panel, lang), loc="left", fontsize=10)
    axes.set_xticks(ticks, [moment(at, last - first) for at in ticks])
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
