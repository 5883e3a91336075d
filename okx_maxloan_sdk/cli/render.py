"""Rows for a person, as a table, or for a program, as JSON, NDJSON or CSV; amounts stay exact text.

A writer takes rows as they come, so that a long question shows what has arrived.
"""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Literal, Protocol

from . import cells
from .words import ROWS, Language

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rich.console import Console
    from rich.text import Text

    from okx_maxloan_sdk import MaxLoan

Format = Literal["table", "json", "ndjson", "csv"]
COLUMNS = ("inst_id", "mgn_mode", "mgn_ccy", "side", "ccy", "max_loan")
HEADS = ("instrument", "mode", "margin", "side", "currency", "amount")
GAP = "  "
SIDE = COLUMNS.index("side")
SIDES = {"sell": "red", "buy": "green"}
# The most that were ever seen in an answer.
DECIMALS = 16


class Writer(Protocol):
    """Writes rows to stdout, as often as they come."""

    def add(self, loans: Sequence[MaxLoan]) -> None:
        """Write some rows."""
        ...

    def close(self) -> None:
        """Write what stands at the end."""
        ...


def console() -> Console:
    """Open stdout for a person: colour where it is wanted, lines as long as they are in a pipe."""
    from rich.console import Console  # noqa: PLC0415 -- help and JSON do not need it

    class Stdout(Console):
        def on_broken_pipe(self) -> None:
            # Rich would end the program here; how it ends is for the command to say.
            raise BrokenPipeError

    return Stdout(width=None if sys.stdout.isatty() else 10_000, highlight=False, markup=False, emoji=False)


class Grid:
    """Columns as wide as their widest cell; a column that says nothing is left out."""

    def __init__(self, heads: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> None:
        """`right` are the columns of numbers."""
        self._right = right
        self._widths = [
            max(map(cells.width, (head, *column))) if any(column) else 0
            for head, *column in zip(heads, *rows, strict=True)
        ]

    def least(self, column: int, room: int) -> None:
        """Keep room for cells that come later."""
        self._widths[column] = max(self._widths[column], room)

    def fits(self, room: int) -> bool:
        """Tell whether a line takes at most so many cells."""
        return sum(each + len(GAP) for each in self._widths if each) - len(GAP) <= room

    def line(self, row: Sequence[str], styles: Mapping[int, str] | str = "") -> Text:
        """Draw one line, in one style or with a style for some columns."""
        from rich.text import Text  # noqa: PLC0415 -- help and JSON do not need it

        drawn = [
            Text(
                (cells.right if index in self._right else cells.left)(text, room),
                styles if isinstance(styles, str) else styles.get(index, ""),
            )
            for index, (text, room) in enumerate(zip(row, self._widths, strict=True))
            if room
        ]
        line = Text(GAP).join(drawn)
        line.rstrip()
        return line


class Table:
    """A table whose columns are as wide as the first rows need, or blocks where the terminal is narrower than it."""

    def __init__(self, lang: Language, coming: Sequence[str] = ()) -> None:
        """`coming` are instruments of which not all stand in the first rows."""
        self._heads = [ROWS[lang][head] for head in HEADS]
        self._coming = coming
        self._console = console()
        self._grid: Grid | None = None
        self._block = ""

    def add(self, loans: Sequence[MaxLoan]) -> None:
        """Draw some rows."""
        amounts = cells.decimals([loan.max_loan or "-" for loan in loans], DECIMALS if self._coming else 0)
        rows = [
            [*(getattr(loan, name) for name in COLUMNS[:-1]), amount]
            for loan, amount in zip(loans, amounts, strict=True)
        ]
        begun = self._grid is not None
        self._grid = self._grid or Grid(self._heads, rows, {len(HEADS) - 1})
        self._grid.least(0, max(map(len, self._coming), default=0))
        wide = self._grid.fits(self._console.width)
        if wide and not begun:
            self._print(self._grid.line(self._heads, "bold"))
        for row in rows:
            if wide:
                self._print(self._grid.line(row, {SIDE: SIDES.get(row[SIDE], "")}))
            else:
                self._narrow(row)

    def close(self) -> None:
        """Leave it as it is."""

    def _narrow(self, row: Sequence[str]) -> None:
        from rich.text import Text  # noqa: PLC0415 -- help and JSON do not need it

        inst_id, mode, margin, side, ccy, amount = row
        title = " ".join(filter(None, (inst_id, mode, margin)))
        if title != self._block:
            self._block = title
            self._print(Text(title, "bold"))
        self._print(Text.assemble("  ", (cells.left(side, 4), SIDES.get(side, "")), f" {amount.strip()} {ccy}"))

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)


class Json:
    """One JSON array of the rows."""

    def __init__(self) -> None:
        self._begun = False

    def add(self, loans: Sequence[MaxLoan]) -> None:
        """Write some rows."""
        for loan in loans:
            print(",\n " if self._begun else "[\n ", json_text(loan), sep="", end="")
            self._begun = True
        sys.stdout.flush()

    def close(self) -> None:
        """End the array."""
        print("\n]" if self._begun else "[]")


class Ndjson:
    """One JSON object a line."""

    def add(self, loans: Sequence[MaxLoan]) -> None:
        """Write some rows."""
        for loan in loans:
            print(json_text(loan))
        sys.stdout.flush()

    def close(self) -> None:
        """Leave it as it is."""


class Csv:
    """A column for each documented field, those that came later at the end."""

    def __init__(self) -> None:
        self._begun = False

    def add(self, loans: Sequence[MaxLoan]) -> None:
        """Write some rows, the first below the names of their columns."""
        from okx_maxloan_api.contract import GET_MAX_LOAN  # noqa: PLC0415 -- help needs none of it

        later = (each.attribute for each in GET_MAX_LOAN.fields if each.attribute not in COLUMNS)
        columns = (*COLUMNS, *later)
        writer = csv.writer(sys.stdout, lineterminator="\n")
        if not self._begun:
            self._begun = True
            writer.writerow(columns)
        writer.writerows([_cell(getattr(loan, name)) for name in columns] for loan in loans)
        sys.stdout.flush()

    def close(self) -> None:
        """Leave it as it is."""


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_text(loan: MaxLoan) -> str:
    """Write one row with the names that CSV has; a number that OKX adds keeps its digits."""
    fields = {name: value for name, value in loan.to_dict().items() if name != "amount"}
    return json.dumps(fields, ensure_ascii=False, default=str)


def writer(format: Format, lang: Language, coming: Sequence[str] = ()) -> Writer:  # noqa: A002 -- the option's name
    """Choose a writer."""
    match format:
        case "json":
            return Json()
        case "ndjson":
            return Ndjson()
        case "csv":
            return Csv()
    return Table(lang, coming)
