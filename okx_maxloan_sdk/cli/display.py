"""Output of `watch`: a table that is redrawn on a terminal, lines or NDJSON in a pipe."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Group
from rich.live import Live
from rich.text import Text

from .app import classify_error
from .history import SeriesKey, series_key
from .i18n import text
from .render import SIDE_STYLES, StdoutConsole, build_table, column_widths, fits, json_text, loan_fields
from .trend import RowHistory, format_short

if TYPE_CHECKING:
    from rich.console import RenderableType

    from okx_maxloan_sdk import MaxLoan

    from .alerts import Alert
    from .base import Run
    from .i18n import Language
    from .watch import Poll

COLUMNS = ("inst_id", "side", "ccy", "max_loan", "change", "trend")
MAX_ALERTS = 5


class Display(Protocol):
    """Shows one poll after the other."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, poll: Poll) -> None:
        """Show a poll and the alerts that it triggers."""
        ...

    def print_line(self, line: str) -> None:
        """Show a message about the program itself."""
        ...


class History:
    """The last amounts of every row since the start."""

    def __init__(self) -> None:
        self.rows: dict[SeriesKey, RowHistory] = {}

    def add(self, poll: Poll) -> None:
        """Add the rows of a poll."""
        for profile, loan in poll.rows:
            self.rows.setdefault(series_key(loan, profile), RowHistory()).add(loan.amount)

    def change(self, loan: MaxLoan, profile: str) -> str:
        """Return the exact change of a row, empty where it has no amount."""
        change = self.rows[series_key(loan, profile)].change
        return "" if not loan.max_loan else f"{change:+f}" if change else "0"


class LineDisplay:
    """One line for each row and poll on stdout, as TSV or NDJSON; alerts and failures on stderr."""

    def __init__(self, run: Run, *, is_json: bool = False, has_profiles: bool = False) -> None:
        self._run = run
        self._is_json = is_json
        self._has_profiles = has_profiles
        self._history = History()

    def show(self, poll: Poll) -> None:
        """Print the lines."""
        self._history.add(poll)
        for profile, loan in poll.rows:
            change = self._history.change(loan, profile)
            if self._is_json:
                row = loan_fields(loan, profile if self._has_profiles else None)
                print(json_text({"at": poll.timestamp, **row, "change": change}))
            else:
                key = series_key(loan, profile)[0 if self._has_profiles else 1 :]
                print("\t".join((poll.timestamp, *key, loan.max_loan, change)))
        sys.stdout.flush()
        for line in (*format_alerts(self._run.lang, poll), *format_failures(self._run, poll)):
            self.print_line(line)

    def print_line(self, line: str) -> None:
        """Print a line to stderr."""
        print(line, file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: lines stay."""


class LiveDisplay:
    """A table that is redrawn; the last alerts and failures stand below it."""

    def __init__(self, run: Run, every: float, *, has_profiles: bool = False) -> None:
        self._run = run
        self._every = every
        self._has_profiles = has_profiles
        self._history = History()
        self._alerts: deque[str] = deque(maxlen=MAX_ALERTS)
        self._console = StdoutConsole()
        self._live = Live(text(run.lang, "watch.first"), console=self._console, auto_refresh=False)

    def show(self, poll: Poll) -> None:
        """Draw the table."""
        self._history.add(poll)
        self._alerts.extend(format_alerts(self._run.lang, poll))
        if poll.triggered:
            self._console.bell()
        if self._console.is_terminal:
            self._live.update(self.draw(poll), refresh=True)
        else:
            # Rich draws nothing in a pipe until the end.
            self._console.print(self.draw(poll))

    def print_line(self, line: str) -> None:
        """Show a line among the alerts of the next poll."""
        self._alerts.append(line)

    def draw(self, poll: Poll) -> RenderableType:
        """Return what is on the screen after a poll."""
        fresh = {series_key(loan, profile) for profile, loan in poll.rows}
        foot = text(self._run.lang, "watch.foot", time=poll.time, every=self._every)
        return Group(
            *self._rows(fresh),
            *(Text(f"! {line}", "bold yellow") for line in self._alerts),
            *(Text(line, "red") for line in format_failures(self._run, poll)),
            Text(foot, "dim"),
        )

    def _rows(self, fresh: set[SeriesKey]) -> list[RenderableType]:
        columns = (("profile",) if self._has_profiles else ()) + COLUMNS
        titles = [text(self._run.lang, f"column.{name}") for name in columns]
        cells, plain = [], []
        for key, history in self._history.rows.items():
            amount = format_short(history.amounts[-1]) if history.amounts else "-"
            change = format_short(history.change, has_sign=True) if history.change else ""
            row = [key.inst_id, key.side, key.ccy, amount, change, history.sparkline]
            # A row that is missing from this poll is dimmed.
            styles = ["", SIDE_STYLES.get(key.side, ""), "", "", "red" if history.change < 0 else "green", ""]
            if key not in fresh:
                styles = ["dim"] * len(row)
            prefix = [key.profile] if self._has_profiles else []
            plain.append([*prefix, *row])
            styled = [Text(cell, style) for cell, style in zip(row, styles, strict=True)]
            cells.append([*(Text(each) for each in prefix), *styled])
        widths = column_widths(titles, plain)
        if fits(widths, self._console.width):
            right = {columns.index("max_loan"), columns.index("change")}
            return [build_table(titles, cells, widths, right=right)]
        return [line for row in plain for line in self._block(row)]

    def _block(self, row: list[str]) -> list[Text]:
        *heading, side, ccy, amount, change, sparkline = row
        return [
            Text(" ".join(filter(None, (*heading, side))) or ccy, "bold"),
            Text(f"  {amount} {ccy} {change}".rstrip()),
            Text(f"  {sparkline[2 - self._console.width :]}"),
        ]

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


def create_display(format: str | None, run: Run, every: float, *, has_profiles: bool) -> Display:  # noqa: A002 -- the option's name
    """Create the display of a format; without one, a table on a terminal and TSV in a pipe."""
    if format == "table" or (format is None and StdoutConsole().is_terminal):
        return LiveDisplay(run, every, has_profiles=has_profiles)
    return LineDisplay(run, is_json=format == "ndjson", has_profiles=has_profiles)


def format_alert(lang: Language, time: str, alert: Alert, key: SeriesKey, loan: MaxLoan) -> str:
    """Return the message of an alert."""
    amount = loan.amount and format_short(loan.amount)
    what = " ".join(filter(None, (key.profile, key.inst_id or key.ccy, key.side)))
    return text(lang, "watch.alerted", time=time, alert=alert.text, what=what, amount=amount, ccy=key.ccy)


def format_alerts(lang: Language, poll: Poll) -> list[str]:
    """Return which alerts a poll triggers, and which cannot be triggered."""
    without = (text(lang, "watch.without_data", alert=each.text, what=each.subject) for each in poll.without_data)
    return [*without, *(format_alert(lang, poll.time, *each) for each in poll.triggered)]


def format_failures(run: Run, poll: Poll) -> list[str]:
    """Return what failed in a poll, one line each."""
    lines = []
    for result in poll.results:
        failures = result.failures if result.error is None else [*result.failures, ((), result.error)]
        prefix = f"[{result.profile}] " if result.profile else ""
        for pairs, error in failures:
            reason = run.redact(classify_error(run.lang, error)[1].splitlines()[0])
            lines.append(prefix + text(run.lang, "watch.failed", what=list(pairs) or poll.time, reason=reason))
    return lines
