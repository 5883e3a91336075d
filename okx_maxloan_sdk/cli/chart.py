"""okx-maxloan chart: what watch has recorded, drawn in the terminal or into a picture."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import frozen

from .command import NAME, Argument, Command, Run
from .duration import duration
from .record import Key, Points, Record
from .troubles import Trouble
from .words import ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .words import Language, Words

WORDS: Words = {
    "en": {
        "about": "Draw what okx-maxloan watch --record has recorded, one panel for each side and currency.",
        "file": "The SQLite file that watch has written.",
        "pair": "A pair, or a currency if one was watched.",
        "since": "Only the last part of the record: 30m, 2h, 7d.",
        "out": "Draw into a .png or .svg file instead of the terminal.",
        "done": "{path} is drawn.",
    },
    "zh": {
        "about": "把 okx-maxloan watch --record 的记录画成图，每个方向和币种一幅。",
        "file": "watch 写入的 SQLite 文件。",
        "pair": "币对，或所观察的币种。",
        "since": "只画记录的最后一段：30m、2h、7d。",
        "out": "画到 .png 或 .svg 文件，而不是终端。",
        "done": "已生成 {path}。",
    },
}
EXAMPLES = (
    f"{NAME} watch BTC-USDT --record loans.sqlite",
    f"{NAME} chart loans.sqlite BTC-USDT",
    f"{NAME} chart loans.sqlite BTC-USDT --since 2h --out chart.svg",
)
PICTURES = (".png", ".svg")
DAY = 86_400_000


@frozen
class Panel:
    """One series: moments in milliseconds since 1970 UTC, and amounts as near as a drawing needs them."""

    key: Key
    moments: list[int]
    amounts: list[float]


def command(lang: Language) -> Command:
    """Make the command."""
    words = WORDS[lang]
    params = [
        Argument("file", words["file"], type=click.Path(path_type=Path), metavar="FILE"),
        Argument("pair", words["pair"], metavar="PAIR"),
        click.Option(["--since"], type=duration, metavar="DURATION", help=words["since"]),
        click.Option(["--out"], type=click.Path(path_type=Path), metavar="FILE", help=words["out"]),
    ]
    return Command("chart", lang, chart, words["about"], params, EXAMPLES)


def chart(run: Run, *, file: Path, pair: str, since: float | None, out: Path | None) -> None:
    """Draw a pair."""
    if out is not None and out.suffix.lower() not in PICTURES:
        raise Trouble("picture", path=out)
    with Record(file, write=False) as record:
        start = 0 if since is None else record.last() - int(since * 1000)
        found = panels(record.points(pair, start))
        if not found:
            names = record.names()
            raise Trouble("record_pair", path=file, pair=pair, pairs=", ".join(names) or "-", near=(pair, names))
    if out is not None:
        from .picture import draw  # noqa: PLC0415 -- matplotlib takes a second to load

        draw(found, out, run.lang)
        print(WORDS[run.lang]["done"].format(path=out), file=sys.stderr)
    else:
        from .plot import draw as plot  # noqa: PLC0415 -- plotext is only for the terminal

        print(plot(found, shutil.get_terminal_size(), run.lang))


def panels(points: Mapping[Key, Points]) -> list[Panel]:
    """Turn exact text into something to draw; a moment without an amount is left out."""
    found = []
    for key, series in points.items():
        there = [(at, float(amount)) for at, amount in series if amount]
        if there:
            found.append(Panel(key, [at for at, _ in there], [amount for _, amount in there]))
    return found


def steps(first: float, last: float, count: int) -> list[float]:
    """Divide an axis evenly; what never changes has one step."""
    return [first + (last - first) * step / (count - 1) for step in range(count)] if last > first else [first]


def moment(at: float, span: float) -> str:
    """Write a moment of an axis, UTC: with the day where the record is longer than one."""
    when = datetime.fromtimestamp(at / 1000, UTC)
    return when.strftime("%m-%d %H:%MZ" if span > DAY else "%H:%M:%SZ")


def amount(value: float, span: float) -> str:
    """Write an amount of an axis, with as many decimals as tell its ticks apart."""
    return f"{value:.{min(max(1 - floor(log10(span)), 0), 8)}f}" if span else f"{value:.8g}"


def title(panel: Panel, lang: Language) -> str:
    """Name a panel after what it shows."""
    inst_id, mode, margin, side, ccy = panel.key
    return " · ".join(filter(None, (inst_id, mode, margin, side, f"{ROWS[lang]['amount']} ({ccy})")))
