"""Rows as a table for people, or as JSON, NDJSON or CSV for programs; amounts stay exact text."""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from attrs import frozen
from okx_maxloan_api.contract import GET_MAX_LOAN
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from okx_maxloan_sdk import MaxLoan

from .base import GAP, INDENT
from .i18n import text

Cell = str | Text
# By the names of their fields, beside their profile where there are several.
Rows = Sequence[Mapping[str, Any]]
COLUMNS = ("inst_id", "mgn_mode", "mgn_ccy", "side", "ccy", "max_loan")
SIDE_STYLES = {"sell": "red", "buy": "green"}
# A pipe has no width: tables are not folded there.
PIPE_WIDTH = 10_000
# Between the words of a name such as maxLoan.
CAMEL = re.compile("(?<=[a-z0-9])(?=[A-Z])")


class StdoutConsole(Console):
    """Console on stdout: colour where it is wanted, whole lines in a pipe."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        super().__init__(width=width, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Leave the exit code to the command; rich would exit here."""
        raise BrokenPipeError


@frozen
class RowTable:
    """Table without empty columns or, where one of its lines would be longer than the terminal, blocks of lines.

    Without other blocks, the cells of each row are listed with their titles below the first.
    """

    titles: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    blocks: Iterable[RenderableType] | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, or the blocks."""
        columns = [each for each in zip(self.titles, *self.rows, strict=True) if any(each[1:])]
        widths = [max(cell_len(str(cell)) for cell in column) for column in columns]
        if sum(each + GAP for each in widths) - GAP > options.max_width:
            yield from self._list_cells() if self.blocks is None else self.blocks
            return
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for (title, *_), width in zip(columns, widths, strict=True):
            table.add_column(title, width=width)
        for row in zip(*(cells for _, *cells in columns), strict=True):
            table.add_row(*row)
        yield table

    def _list_cells(self) -> Iterator[RenderableType]:
        for first, *cells in self.rows:
            yield Text(str(first), "bold")
            for title, cell in zip(self.titles[1:], cells, strict=True):
                yield Padding(Text.assemble(text("column.label", title=title), cell), INDENT)


def style_side(side: str) -> Text:
    """Return a side in its colour."""
    return Text(side, SIDE_STYLES.get(side, ""))


def align_decimals(amounts: Sequence[str], min_width: int) -> list[str]:
    """Pad numbers to one width so that their decimal points form one column."""
    decimals = [len(amount.partition(".")[2]) for amount in amounts]
    most = max(decimals)
    pad = [most - count + (1 if most and not count else 0) for count in decimals]
    padded = [amount + " " * count for amount, count in zip(amounts, pad, strict=True)]
    # Rich would strip the blanks of a right-aligned column.
    width = max(min_width, *map(len, padded))
    return [each.rjust(width) for each in padded]


def print_table(rows: Rows) -> None:
    """Print a table or, where the terminal is narrower than it, a line for each row below its pair."""
    if not rows:
        return
    columns = [name for name in ("profile", *COLUMNS) if name in rows[0]]
    titles = [text(f"column.{name}") for name in columns]
    amounts = align_decimals([row["max_loan"] or "-" for row in rows], cell_len(titles[-1]))
    cells = [
        [*(row[name] for name in columns[:-3]), style_side(row["side"]), row["ccy"], amount]
        for row, amount in zip(rows, amounts, strict=True)
    ]
    heads: list[Cell] = [*titles[:-1], Text(titles[-1], justify="right")]
    StdoutConsole().print(RowTable(heads, cells, _blocks(rows)))


def _blocks(rows: Rows) -> Iterator[Text]:
    """Yield a line for each row, below the pair that it belongs to."""
    names = ("profile", *COLUMNS[:3])
    for title, block in groupby(rows, lambda row: " ".join(row[name] for name in names if row.get(name))):
        yield Text(title, "bold")
        for row in block:
            side = f"{row['side']:4}", SIDE_STYLES.get(row["side"], "")
            yield Text.assemble("  ", side, f" {row['max_loan'] or '-'} {row['ccy']}")


def print_json(rows: Rows) -> None:
    """Print one JSON array of all rows."""
    print("[\n " + ",\n ".join(map(json_text, rows)) + "\n]" if rows else "[]")


def print_ndjson(rows: Rows) -> None:
    """Print one JSON object a line."""
    for row in rows:
        print(json_text(row))


def print_csv(rows: Rows) -> None:
    """Print a column for each field of the contract, those added to the contract later at the end."""
    if not rows:
        return
    columns = [name for name in ("profile", *field_names()) if name in rows[0]]
    writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: each if isinstance(each, str) else json_text(each) for name, each in row.items()})


PRINTERS: Mapping[str, Callable[[Rows], None]] = {
    "table": print_table,
    "json": print_json,
    "ndjson": print_ndjson,
    "csv": print_csv,
}


def field_names() -> list[str]:
    """List the fields of the contract, those added to the contract later at the end."""
    return [*COLUMNS, *(each.attribute for each in GET_MAX_LOAN.fields if each.attribute not in COLUMNS)]


def loan_fields(loan: MaxLoan, profile: str | None = None) -> dict[str, Any]:
    """Return the fields of a row by their names in snake_case, those that this release does not know too."""
    row = {} if profile is None else {"profile": profile}
    row |= {name: getattr(loan, name) for name in field_names()}
    for name, value in loan.additional_properties.items():
        row.setdefault(CAMEL.sub("_", name).lower(), value)
    return row


def json_text(value: object) -> str:
    """Return a value as JSON; a number keeps its digits as text."""
    return json.dumps(value, ensure_ascii=False, default=str)
