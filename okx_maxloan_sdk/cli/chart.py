"""Command okx-maxloan chart: the history that `watch --record` wrote, in the terminal or as a picture."""

from __future__ import annotations

import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import NAME, Command, Run
from .chart_data import build_series
from .errors import CliError
from .history import HistoryFile
from .i18n import text
from .params import parse_currency, parse_duration

if TYPE_CHECKING:
    from .i18n import Language

EXAMPLES = (
    f"{NAME} watch BTC-USDT --record loans.sqlite",
    f"{NAME} chart loans.sqlite BTC-USDT",
    f"{NAME} chart loans.sqlite BTC-USDT --since 2h --out chart.svg",
)
IMAGE_SUFFIXES = (".png", ".svg")


def command(lang: Language) -> Command:
    """Create the command."""
    path = click.Path(path_type=Path)
    params = [
        click.Argument(["file"], help=text(lang, "chart.file"), type=path, metavar="FILE"),
        click.Argument(["pair"], help=text(lang, "chart.pair"), type=parse_currency, metavar="PAIR"),
        click.Option(["--since"], type=parse_duration, metavar="DURATION", help=text(lang, "chart.since")),
        click.Option(["--out"], type=path, metavar="FILE", help=text(lang, "chart.out")),
    ]
    return Command("chart", lang, chart, params, EXAMPLES)


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
    # Each needs a package of the extra `chart`; matplotlib takes a second to import.
    renderer = import_module(f".chart_{'terminal' if out is None else 'image'}", __package__)
    if out is None:
        print(renderer.render_terminal(series, shutil.get_terminal_size(), run.lang))
    else:
        renderer.render_image(series, out, run.lang)
        print(text(run.lang, "chart.done", path=out), file=sys.stderr)
