"""Rows as a table for people, or as JSON, NDJSON or CSV for programs; amounts stay exact text."""

from __future__ import annotations

import csv
import json
import re
import sys
from typing import TYPE_CHECKING, Any, Literal, Protocol

from okx_maxloan_api.contract import GET_MAX_LOAN
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress
from rich.table import Table
from rich.text import Text

from .i18n import text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.console import JustifyMethod

    from okx_maxloan_sdk import MaxLoan

    from .i18n import Language

Format = Literal["table", "json", "ndjson", "csv"]
COLUMNS = ("inst_id", "mgn_mode", "mgn_ccy", "side", "ccy", "max_loan")
SIDE_STYLES = {"sell": "red", "buy": "green"}
GAP = 2
# The most decimals that were seen in a response.
MAX_DECIMALS = 16
# A pipe has no width: tables are not folded there.
PIPE_WIDTH = 10_000
# Between the words of a name such as maxLoan.
CAMEL = re.compile("(?<=[a-z0-9])(?=[A-Z])")


class Writer(Protocol):
    """Writes rows to stdout as they arrive."""

    def expect(self, inst_ids: Sequence[str]) -> None:
        """Learn which pairs arrive later."""
        ...

    def add(self, loans: Sequence[MaxLoan], profile: str = "") -> None:
        """Write some rows of an account."""
        ...

    def close(self) -> None:
        """Write the end of the document."""
        ...


class StdoutConsole(Console):
    """Console on stdout: colour where it is wanted, whole lines in a pipe."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        super().__init__(width=width, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Leave the exit code to the command; rich would exit here."""
        raise BrokenPipeError


def create_progress() -> Progress:
    """Create a progress bar on stderr, which shows nothing where stderr is no terminal."""
    console = Console(stderr=True)
    columns = (BarColumn(24), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=not sys.stderr.isatty())


def column_widths(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the width of each column, 0 where no row has a value."""
    columns = zip(titles, *rows, strict=True)
    return [max(map(cell_len, (title, *column))) if any(column) or not rows else 0 for title, *column in columns]


def fits(widths: Sequence[int], width: int) -> bool:
    """Return whether columns fit on a line."""
    return sum(each + GAP for each in widths if each) - GAP <= width


def build_table(
    titles: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    widths: Sequence[int],
    *,
    right: Collection[int] = (),
    has_header: bool = True,
) -> Table:
    """Return a table of fixed column widths, without columns of width 0."""
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=has_header, header_style="bold")
    shown = [index for index, width in enumerate(widths) if width]
    for index in shown:
        justify: JustifyMethod = "right" if index in right else "left"
        table.add_column(titles[index], width=widths[index], justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(row[index] for index in shown))
    return table


def align_decimals(amounts: list[str], min_decimals: int = 0) -> list[str]:
    """Pad numbers on the right so that their decimal points form one column."""
    decimals = [len(amount.partition(".")[2]) for amount in amounts]
    most = max([min_decimals, *decimals])
    pad = [most - count + (1 if most and not count else 0) for count in decimals]
    return [amount + " " * count for amount, count in zip(amounts, pad, strict=True)]


class TableWriter:
    """Table whose columns are as wide as the first rows need, or blocks where the terminal is narrower than it."""

    def __init__(self, lang: Language, *, has_profiles: bool = False) -> None:
        columns = (("profile",) if has_profiles else ()) + COLUMNS
        self._titles = [text(lang, f"column.{name}") for name in columns]
        self._has_profiles = has_profiles
        self._expected: Sequence[str] = ()
        self._console = StdoutConsole()
        self._widths: list[int] | None = None
        self._block = ""

    def expect(self, inst_ids: Sequence[str]) -> None:
        """Reserve the width that these pairs need."""
        self._expected = inst_ids

    def add(self, loans: Sequence[MaxLoan], profile: str = "") -> None:
        """Print some rows."""
        amounts = align_decimals([loan.max_loan or "-" for loan in loans], MAX_DECIMALS if self._expected else 0)
        prefix = [profile] if self._has_profiles else []
        rows = [
            [*prefix, *(getattr(loan, name) for name in COLUMNS[:-1]), amount]
            for loan, amount in zip(loans, amounts, strict=True)
        ]
        has_header = self._widths is None
        if self._widths is None:
            self._widths = column_widths(self._titles, rows)
        widths = column_widths(self._titles, rows)
        self._widths = [max(pair) for pair in zip(self._widths, widths, strict=True)]
        pair_column = len(prefix)
        self._widths[pair_column] = max([self._widths[pair_column], *map(len, self._expected)])
        if not fits(self._widths, self._console.width):
            for row in rows:
                self._print_block(row)
            return
        # Right-aligned here: rich would strip the blanks that align the decimal points.
        width = self._widths[-1]
        rows = [[*row[:-1], row[-1].rjust(width)] for row in rows]
        titles = [*self._titles[:-1], " " * (width - cell_len(self._titles[-1])) + self._titles[-1]]
        side = pair_column + COLUMNS.index("side")
        cells: list[list[str | Text]] = [
            [Text(cell, SIDE_STYLES.get(cell, "")) if index == side else Text(cell) for index, cell in enumerate(row)]
            for row in rows
        ]
        self._console.print(build_table(titles, cells, self._widths, has_header=has_header))

    def close(self) -> None:
        """Do nothing: a table has no end."""

    def _print_block(self, row: Sequence[str]) -> None:
        *heading, side, ccy, amount = row
        title = " ".join(filter(None, heading))
        if title != self._block:
            self._block = title
            self._console.print(Text(title, "bold"))
        self._console.print(Text.assemble("  ", (f"{side:4}", SIDE_STYLES.get(side, "")), f" {amount.strip()} {ccy}"))


class JsonWriter:
    """One JSON array of all rows, or with `is_lines` one JSON object a line (NDJSON)."""

    def __init__(self, *, has_profiles: bool, is_lines: bool) -> None:
        self._has_profiles = has_profiles
        self._is_lines = is_lines
        self._has_rows = False

    def expect(self, inst_ids: Sequence[str]) -> None:
        """Do nothing: JSON has no widths."""

    def add(self, loans: Sequence[MaxLoan], profile: str = "") -> None:
        """Print some rows."""
        for loan in loans:
            row = json_text(loan_fields(loan, profile if self._has_profiles else None))
            if self._is_lines:
                print(row)
            else:
                print(",\n " if self._has_rows else "[\n ", row, sep="", end="")
            self._has_rows = True
        sys.stdout.flush()

    def close(self) -> None:
        """End the array."""
        if not self._is_lines:
            print("\n]" if self._has_rows else "[]")


class CsvWriter:
    """A column for each field of the contract, those added to the contract later at the end."""

    def __init__(self, *, has_profiles: bool) -> None:
        later = (each.attribute for each in GET_MAX_LOAN.fields if each.attribute not in COLUMNS)
        self._columns = ((("profile",) if has_profiles else ()), (*COLUMNS, *later))
        self._has_header = False

    def expect(self, inst_ids: Sequence[str]) -> None:
        """Do nothing: CSV has no widths."""

    def add(self, loans: Sequence[MaxLoan], profile: str = "") -> None:
        """Print some rows, the first below the header."""
        writer = csv.writer(sys.stdout, lineterminator="\n")
        profiles, columns = self._columns
        if not self._has_header:
            self._has_header = True
            writer.writerow((*profiles, *columns))
        prefix = [profile] if profiles else []
        writer.writerows([*prefix, *(_csv_cell(getattr(loan, name)) for name in columns)] for loan in loans)
        sys.stdout.flush()

    def close(self) -> None:
        """Do nothing: CSV has no end."""


def _csv_cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def loan_fields(loan: MaxLoan, profile: str | None = None) -> dict[str, Any]:
    """Return the fields of a row by their names in snake_case, those that this release does not know too."""
    row = {} if profile is None else {"profile": profile}
    later = (each.attribute for each in GET_MAX_LOAN.fields if each.attribute not in COLUMNS)
    row |= {name: getattr(loan, name) for name in (*COLUMNS, *later)}
    for name, value in loan.additional_properties.items():
        row.setdefault(CAMEL.sub("_", name).lower(), value)
    return row


def json_text(row: dict[str, Any]) -> str:
    """Return a row as JSON; a number keeps its digits as text."""
    return json.dumps(row, ensure_ascii=False, default=str)


def create_writer(format: Format, lang: Language, *, has_profiles: bool = False) -> Writer:  # noqa: A002 -- the option's name
    """Create the writer of a format."""
    match format:
        case "json" | "ndjson":
            return JsonWriter(has_profiles=has_profiles, is_lines=format == "ndjson")
        case "csv":
            return CsvWriter(has_profiles=has_profiles)
    return TableWriter(lang, has_profiles=has_profiles)
