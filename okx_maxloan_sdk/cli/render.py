"""Rows as a table for people, or as JSON, NDJSON or CSV for programs; amounts stay exact text."""

import csv
import json
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, Literal

from okx_maxloan_api.contract import GET_MAX_LOAN
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from okx_maxloan_sdk import MaxLoan

from .i18n import Language, text

Format = Literal["table", "json", "ndjson", "csv"]
Cell = str | Text
COLUMNS = ("inst_id", "mgn_mode", "mgn_ccy", "side", "ccy", "max_loan")
SIDE_STYLES = {"sell": "red", "buy": "green"}
GAP = 2
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


def column_widths(titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Return the width of each column, 0 where no row has a value."""
    columns = zip(titles, *rows, strict=True)
    return [
        max(cell_len(str(cell)) for cell in (title, *column)) if any(column) or not rows else 0
        for title, *column in columns
    ]


def fits(widths: Sequence[int], width: int) -> bool:
    """Return whether columns fit on a line."""
    return sum(each + GAP for each in widths if each) - GAP <= width


def build_table(
    titles: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    widths: Sequence[int],
    *,
    right: Collection[int] = (),
    has_header: bool = True,
) -> Table:
    """Return a table of fixed column widths, without columns of width 0."""
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=has_header, header_style="bold")
    shown = [index for index, width in enumerate(widths) if width]
    for index in shown:
        justify: Literal["left", "right"] = "right" if index in right else "left"
        table.add_column(titles[index], width=widths[index], justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(row[index] for index in shown))
    return table


def fit_table(
    width: int, titles: Sequence[str], rows: Sequence[Sequence[Cell]], right: Collection[int] = ()
) -> Table | None:
    """Return a table, or None where a line of it is longer than the width."""
    widths = column_widths(titles, rows)
    return build_table(titles, rows, widths, right=right) if fits(widths, width) else None


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

    def __init__(self, *, has_profiles: bool) -> None:
        self._profile_columns = ("profile",) if has_profiles else ()
        self._has_header = False

    def _fields(self, loan: MaxLoan, profile: str) -> dict[str, Any]:
        return loan_fields(loan, profile if self._profile_columns else None)

    def expect(self, inst_ids: Sequence[str]) -> None:  # noqa: B027 -- only a table has widths
        """Learn which pairs arrive later."""

    @abstractmethod
    def add(self, loans: Sequence[MaxLoan], profile: str = "") -> None:
        """Write some rows of an account."""

    def close(self) -> None:  # noqa: B027 -- only JSON has an end
        """Write the end of the document."""


class TableWriter(Writer):
    """Table whose columns are as wide as the first rows need, or blocks where the terminal is narrower than it."""

    def __init__(self, lang: Language, *, has_profiles: bool) -> None:
        super().__init__(has_profiles=has_profiles)
        self._titles = [text(lang, f"column.{name}") for name in (*self._profile_columns, *COLUMNS)]
        self._expected: Sequence[str] = ()
        self._console = StdoutConsole()
        self._widths = [0] * len(self._titles)
        self._block = ""

    def expect(self, inst_ids: Sequence[str]) -> None:
        """Reserve the width that these pairs need."""
        self._expected = inst_ids

    def add(self, loans: Sequence[MaxLoan], profile: str = "") -> None:
        """Print some rows."""
        amounts = align_decimals([loan.max_loan or "-" for loan in loans], MAX_DECIMALS if self._expected else 0)
        names = (*self._profile_columns, *COLUMNS[:-1])
        fields = [self._fields(loan, profile) for loan in loans]
        rows = [[*(row[name] for name in names), amount] for row, amount in zip(fields, amounts, strict=True)]
        self._widths = [*map(max, self._widths, column_widths(self._titles, rows))]
        pair_column = len(self._profile_columns)
        self._widths[pair_column] = max([self._widths[pair_column], *map(len, self._expected)])
        if not fits(self._widths, self._console.width):
            for row in rows:
                self._print_block(row)
            return
        # Right-aligned here: rich would strip the blanks that align the decimal points.
        width = self._widths[-1]
        titles = [*self._titles[:-1], " " * (width - cell_len(self._titles[-1])) + self._titles[-1]]
        cells = [[*names, style_side(side), ccy, amount.rjust(width)] for *names, side, ccy, amount in rows]
        self._console.print(build_table(titles, cells, self._widths, has_header=not self._has_header))
        self._has_header = True

    def _print_block(self, row: Sequence[str]) -> None:
        *heading, side, ccy, amount = row
        title = " ".join(filter(None, heading))
        if title != self._block:
            self._block = title
            self._console.print(Text(title, "bold"))
        self._console.print(Text.assemble("  ", (f"{side:4}", SIDE_STYLES.get(side, "")), f" {amount.strip()} {ccy}"))


class JsonWriter(Writer):
    """One JSON array of all rows, or with `is_lines` one JSON object a line (NDJSON)."""

    def __init__(self, *, has_profiles: bool, is_lines: bool) -> None:
        super().__init__(has_profiles=has_profiles)
        self._is_lines = is_lines

    def add(self, loans: Sequence[MaxLoan], profile: str = "") -> None:
        """Print some rows."""
        for loan in loans:
            row = json_text(self._fields(loan, profile))
            if self._is_lines:
                print(row)
            else:
                print(",\n " if self._has_header else "[\n ", row, sep="", end="")
            self._has_header = True
        sys.stdout.flush()

    def close(self) -> None:
        """End the array."""
        if not self._is_lines:
            print("\n]" if self._has_header else "[]")


class CsvWriter(Writer):
    """A column for each field of the contract, those added to the contract later at the end."""

    def add(self, loans: Sequence[MaxLoan], profile: str = "") -> None:
        """Print some rows, the first below the header."""
        columns = [*self._profile_columns, *field_names()]
        writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
        if not self._has_header:
            self._has_header = True
            writer.writeheader()
        for loan in loans:
            row = self._fields(loan, profile)
            writer.writerow({name: each if isinstance(each, str) else json_text(each) for name, each in row.items()})
        sys.stdout.flush()


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


def create_writer(format: Format, lang: Language, *, has_profiles: bool = False) -> Writer:  # noqa: A002 -- the option's name
    """Create the writer of a format."""
    match format:
        case "json" | "ndjson":
            return JsonWriter(has_profiles=has_profiles, is_lines=format == "ndjson")
        case "csv":
            return CsvWriter(has_profiles=has_profiles)
    return TableWriter(lang, has_profiles=has_profiles)
