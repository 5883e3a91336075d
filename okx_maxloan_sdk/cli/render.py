"""Rows as a table for people, or as JSON, NDJSON or CSV for programs; amounts stay exact text."""

import csv
import json
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen
from okx_maxloan_api.contract import GET_MAX_LOAN
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from okx_maxloan_sdk import MaxLoan

from .base import GAP
from .i18n import text

Cell = str | Text
COLUMNS = ("inst_id", "mgn_mode", "mgn_ccy", "side", "ccy", "max_loan")
SIDE_STYLES = {"sell": "red", "buy": "green"}
# The most decimals that were seen in a response.
MAX_DECIMALS = 16
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


def column_widths(titles: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Return the width of each column, 0 where no row has a value."""
    columns = zip(titles, *rows, strict=True)
    return [
        max(cell_len(str(cell)) for cell in (title, *column)) if any(column) or not rows else 0
        for title, *column in columns
    ]


@frozen
class RowTable:
    """Table without empty columns or, where one of its lines would be longer than the terminal, blocks of lines."""

    titles: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    blocks: Iterable[RenderableType]
    widths: Sequence[int] | None = None
    has_header: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, or the blocks."""
        widths = self.widths or column_widths(self.titles, self.rows)
        shown = [(index, each) for index, each in enumerate(widths) if each]
        if sum(each + GAP for _, each in shown) - GAP > options.max_width:
            yield from self.blocks
            return
        table = Table(
            box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=self.has_header, header_style="bold"
        )
        for index, each in shown:
            table.add_column(self.titles[index], width=each, overflow="fold")
        for row in self.rows:
            table.add_row(*(row[index] for index, _ in shown))
        yield table


def style_side(side: str) -> Text:
    """Return a side in its colour."""
    return Text(side, SIDE_STYLES.get(side, ""))


def align_decimals(amounts: list[str], min_decimals: int = 0) -> list[str]:
    """Pad numbers on the right so that their decimal points form one column."""
    decimals = [len(amount.partition(".")[2]) for amount in amounts]
    most = max([min_decimals, *decimals])
    pad = [most - count + (1 if most and not count else 0) for count in decimals]
    return [amount + " " * count for amount, count in zip(amounts, pad, strict=True)]


class Writer(ABC):
    """Writes rows to stdout as they arrive, with the profile of each where there are several."""

    def __init__(self, *, has_profiles: bool = False) -> None:
        self._profile_columns = ("profile",) if has_profiles else ()
        self._has_rows = False
        # Pairs that arrive later: a table reserves the width that they need.
        self.expected: Sequence[str] = ()

    def add(self, loans: Sequence[MaxLoan], profile: str = "") -> None:
        """Write some rows of an account."""
        self.write([loan_fields(loan, profile if self._profile_columns else None) for loan in loans])
        self._has_rows = True
        sys.stdout.flush()

    @abstractmethod
    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows, one or more."""

    def close(self) -> None:  # noqa: B027 -- only JSON has an end
        """Write the end of the document."""


class TableWriter(Writer):
    """Table whose columns are as wide as the first rows need, or blocks where the terminal is narrower than it."""

    def __init__(self, *, has_profiles: bool = False) -> None:
        super().__init__(has_profiles=has_profiles)
        self._columns = (*self._profile_columns, *COLUMNS)
        self._console = StdoutConsole()
        self._widths = [0] * len(self._columns)
        self._block = ""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print rows, the first below the titles."""
        titles = [text(f"column.{name}") for name in self._columns]
        amounts = align_decimals([row["max_loan"] or "-" for row in rows], MAX_DECIMALS if self.expected else 0)
        cells = [[*(row[name] for name in self._columns[:-1]), each] for row, each in zip(rows, amounts, strict=True)]
        self._widths = [*map(max, self._widths, column_widths(titles, cells))]
        pair_column = len(self._profile_columns)
        self._widths[pair_column] = max([self._widths[pair_column], *map(len, self.expected)])
        # Right-aligned here: rich would strip the blanks that align the decimal points.
        width = self._widths[-1]
        styled = [[*names, style_side(side), ccy, amount.rjust(width)] for *names, side, ccy, amount in cells]
        heads: list[Cell] = [*titles[:-1], Text(titles[-1], justify="right")]
        table = RowTable(heads, styled, self._blocks(cells), self._widths, has_header=not self._has_rows)
        self._console.print(table)

    def _blocks(self, rows: Iterable[Sequence[str]]) -> Iterator[Text]:
        """Yield a line for each row, below the pair that it belongs to."""
        for *names, side, ccy, amount in rows:
            title = " ".join(filter(None, names))
            if title != self._block:
                self._block = title
                yield Text(title, "bold")
            yield Text.assemble("  ", (f"{side:4}", SIDE_STYLES.get(side, "")), f" {amount.strip()} {ccy}")


class JsonWriter(Writer):
    """One JSON array of all rows."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print rows, the first after the bracket."""
        print(",\n " if self._has_rows else "[\n ", ",\n ".join(map(json_text, rows)), sep="", end="")

    def close(self) -> None:
        """End the array."""
        print("\n]" if self._has_rows else "[]")


class NdjsonWriter(Writer):
    """One JSON object a line."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print rows."""
        print(*map(json_text, rows), sep="\n")


class CsvWriter(Writer):
    """A column for each field of the contract, those added to the contract later at the end."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print rows, the first below the header."""
        columns = [*self._profile_columns, *field_names()]
        writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
        if not self._has_rows:
            writer.writeheader()
        for row in rows:
            writer.writerow({name: each if isinstance(each, str) else json_text(each) for name, each in row.items()})


WRITERS: Mapping[str, type[Writer]] = {
    "table": TableWriter,
    "json": JsonWriter,
    "ndjson": NdjsonWriter,
    "csv": CsvWriter,
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
