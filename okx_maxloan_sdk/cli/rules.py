"""Command okx-maxloan rules: which requests each account mode allows, and the rules between parameters behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.padding import Padding
from rich.text import Text

from . import matrix
from .base import NAME, Choice, Command, Run
from .i18n import text
from .render import StdoutConsole, build_table, column_widths, fits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .i18n import Language

STYLES = {"yes": "green", "no": "red", "unconfirmed": "yellow"}
COLUMNS = ("rule", "basis", "when", "then", "meaning")


def command(lang: Language) -> Command:
    """Create the command."""
    modes = Choice(matrix.MODES, lang)
    params = [click.Option(["--account"], type=modes, metavar="MODE", help=text(lang, "rules.account"))]
    return Command("rules", lang, rules, params, (f"{NAME} rules --account futures",))


def rules(run: Run, *, account: str | None) -> None:
    """Print the table of requests, then the rules."""
    console, lang = StdoutConsole(), run.lang
    print_requests(console, matrix.list_accounts(account), lang)
    console.print()
    titles = [text(lang, f"rules.{name}") for name in COLUMNS]
    rows = [
        [
            each.id,
            text(lang, f"rules.{each.basis}"),
            matrix.format_condition(each.when),
            matrix.format_condition(each.then),
            each.zh if lang == "zh" else each.en,
        ]
        for each in matrix.list_rules(account)
    ]
    widths = column_widths(titles, rows)
    if fits(widths, console.width):
        console.print(build_table(titles, rows, widths))
        return
    for name, basis, when, then, meaning in rows:
        console.print(Text.assemble((name, "bold"), f" ({basis})"))
        console.print(Padding(Text(f"{when} → {then}", "cyan"), (0, 0, 0, 2)))
        console.print(Padding(Text(meaning), (0, 0, 0, 2)))


def print_requests(console: StdoutConsole, accounts: Sequence[str], lang: Language) -> None:
    """Print which account allows which request, as a table or, where that is too wide, as a block for each account."""
    titles = [text(lang, f"matrix.{name}") for name in ("request", *accounts)]
    verdicts = {name: [matrix.is_allowed(each, name) for each in accounts] for name in matrix.EXAMPLE_REQUESTS}
    rows = [
        [text(lang, f"matrix.{name}"), *(text(lang, f"matrix.{each}") for each in found)]
        for name, found in verdicts.items()
    ]
    widths = column_widths(titles, rows)
    if fits(widths, console.width):
        cells: list[list[str | Text]] = [
            [row[0], *(Text(cell, STYLES[each]) for cell, each in zip(row[1:], found, strict=True))]
            for row, found in zip(rows, verdicts.values(), strict=True)
        ]
        console.print(build_table(titles, cells, widths))
        return
    for index, title in enumerate(titles[1:]):
        console.print(Text(title, "bold"))
        for row, found in zip(rows, verdicts.values(), strict=True):
            separator = "：" if lang == "zh" else ": "
            line = Text(f"{row[0]}{separator}{row[index + 1]}", STYLES[found[index]])
            console.print(Padding(line, (0, 0, 0, 2)))
