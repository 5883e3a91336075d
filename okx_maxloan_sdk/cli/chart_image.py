"""Chart as PNG or SVG; the same history gives the same file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from .chart import Series
from .i18n import LANGUAGE, Language, use_language

# Fonts with Chinese characters: Linux, macOS, Windows.
CHINESE_FONTS = (
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
WIDTH_INCHES, HEIGHT_INCHES = 8.0, 2.6
SIDE_COLORS = {"sell": "#c0392b", "buy": "#1e8449"}
DEFAULT_COLOR = "#2c5f8a"
MAX_TICKS = 6


def render_image(series: Sequence[Series], path: Path) -> None:
    """Draw one chart below the other; without a Chinese font the titles are English."""
    installed = {each.name for each in fontManager.ttflist}
    family = next((name for name in CHINESE_FONTS if name in installed), None)
    lang: Language = LANGUAGE.get() if family else "en"
    settings: dict[Any, Any] = {"svg.hashsalt": "okx-maxloan", "axes.unicode_minus": False}
    settings["font.family"] = [family, "sans-serif"] if lang == "zh" else ["sans-serif"]
    with mpl.rc_context(settings), use_language(lang):
        figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES * len(series)), layout="constrained")
        FigureCanvasAgg(figure)
        for each, axes in zip(series, figure.subplots(len(series), squeeze=False)[:, 0], strict=True):
            _draw(axes, each)
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
        figure.savefig(path, dpi=120, metadata=metadata)


def _draw(axes: Axes, series: Series) -> None:
    color = SIDE_COLORS.get(series.key.side, DEFAULT_COLOR)
    for segment in series.segments:
        # An amount holds until the next poll; a single one is a dot.
        marker = "" if len(segment) > 1 else "."
        axes.plot(*zip(*segment, strict=True), drawstyle="steps-post", color=color, linewidth=1.4, marker=marker)
    axes.set_title(series.title, loc="left", fontsize=10)
    axes.set_xticks(*series.label_times(MAX_TICKS))
    axes.set_yticks(*series.label_amounts(MAX_TICKS))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
