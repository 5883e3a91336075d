"""Output of `watch`: a table that is redrawn on a terminal, lines or NDJSON in a pipe."""

import sys
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any

from attrs import define, field, frozen
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from okx_maxloan_sdk import BadRequestError, MaxLoan, MissingDataError

from .alerts import Alert
from .app import classify_error
from .base import Run
from .history import SeriesKey, series_key
from .i18n import text
from .query import Result
from .render import RowTable, StdoutConsole, json_text, loan_fields, style_side

COLUMNS = ("profile", "inst_id", "side", "ccy", "max_loan", "change", "trend")
MAX_ALERTS = 5
BARS = "▁▂▃▄▅▆▇█"
MAX_AMOUNTS = 20
# An amount has at most forty digits on either side of its point.
EXACT = Context(prec=90, rounding=ROUND_DOWN)


@frozen
class Poll:
    """Results of all accounts at one time, in seconds since 1970 UTC."""

    at: float
    results: Sequence[Result]
    without_data: Sequence[Alert] = ()
    """Alerts that cannot be triggered, as OKX has no data for what they name."""
    triggered: Sequence[tuple[Alert, SeriesKey, MaxLoan]] = ()

    @property
    def timestamp(self) -> str:
        """Date and time, UTC."""
        return datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def time(self) -> str:
        """Time of the day, UTC."""
        return f"{self.timestamp[11:19]}Z"

    @property
    def rows(self) -> list[tuple[SeriesKey, MaxLoan]]:
        """Rows with their key."""
        return [(series_key(loan, each.profile), loan) for each in self.results for loan in each.loans]

    @property
    def is_complete(self) -> bool:
        """Whether OKX answered the whole query, be it that it has no data or rejects a pair."""
        errors = [error for each in self.results for _, error in each.failures]
        is_answered = all(isinstance(error, MissingDataError | BadRequestError) for error in errors)
        return is_answered and not any(each.error for each in self.results)

    def format_alert(self, alert: Alert, key: SeriesKey, loan: MaxLoan) -> str:
        """Return the message of an alert that this poll triggers."""
        amount = loan.amount and format_short(loan.amount)
        what = " ".join(filter(None, (key.profile, key.inst_id or key.ccy, key.side)))
        return text("watch.alerted", time=self.time, alert=alert.text, what=what, amount=amount, ccy=key.ccy)

    def format_alerts(self) -> list[str]:
        """Return which alerts this poll triggers, and which cannot be triggered."""
        without = (text("watch.without_data", alert=each.text, what=each.subject) for each in self.without_data)
        return [*without, *(self.format_alert(*each) for each in self.triggered)]

    def format_failures(self, run: Run) -> list[str]:
        """Return what failed in this poll, one line each."""
        lines = []
        for result in self.results:
            prefix = f"[{result.profile}] " if result.profile else ""
            for pairs, error in result.all_failures:
                reason = run.redact(classify_error(error)[1].splitlines()[0])
                lines.append(prefix + text("watch.failed", what=list(pairs) or self.time, reason=reason))
        return lines


class Amounts(deque[Decimal]):
    """The last amounts of one row."""

    def __init__(self) -> None:
        super().__init__(maxlen=MAX_AMOUNTS)

    def add(self, amount: Decimal | None) -> None:
        """Add an amount; None changes nothing."""
        if amount is not None:
            self.append(amount)

    @property
    def change(self) -> Decimal:
        """Difference to the amount before."""
        return EXACT.normalize(EXACT.subtract(self[-1], self[-2])) if len(self) > 1 else Decimal(0)

    @property
    def sparkline(self) -> str:
        """The amounts as bars between their minimum and maximum, all of one height where they are equal."""
        low, high = min(self, default=Decimal(0)), max(self, default=Decimal(0))
        if low == high:
            return BARS[3] * len(self)
        return "".join(BARS[int((amount - low) / (high - low) * (len(BARS) - 1))] for amount in self)


def format_short(amount: Decimal, *, has_sign: bool = False) -> str:
    """Write an amount with at most eight decimals, cut and not rounded."""
    cut = EXACT.normalize(EXACT.quantize(amount, Decimal("1e-8")))
    return f"{cut:+f}" if has_sign and cut else f"{cut:f}"


@define
class LineDisplay:
    """One line for each row and poll on stdout, as TSV or NDJSON; alerts and failures on stderr."""

    run: Run
    has_profiles: bool
    is_json: bool
    _history: defaultdict[SeriesKey, Amounts] = field(factory=lambda: defaultdict(Amounts), init=False)

    def show(self, poll: Poll) -> None:
        """Print the lines."""
        for key, loan in poll.rows:
            amounts = self._history[key]
            amounts.add(loan.amount)
            change = f"{amounts.change:+f}" if amounts.change else "0"
            change = change if loan.max_loan else ""
            if self.is_json:
                row: dict[str, Any] = loan_fields(loan, key.profile if self.has_profiles else None)
                print(json_text({"at": poll.timestamp, **row, "change": change}))
            else:
                print("\t".join((poll.timestamp, *key[0 if self.has_profiles else 1 :], loan.max_loan, change)))
        sys.stdout.flush()
        for line in (*poll.format_alerts(), *poll.format_failures(self.run)):
            self.print_line(line)

    def print_line(self, line: str) -> None:
        """Print a line to stderr."""
        print(line, file=sys.stderr, flush=True)


@define
class LiveDisplay:
    """A table that is redrawn; the last alerts and failures stand below it."""

    run: Run
    has_profiles: bool
    every: float
    live: Live
    _history: defaultdict[SeriesKey, Amounts] = field(factory=lambda: defaultdict(Amounts), init=False)
    _alerts: deque[str] = field(factory=lambda: deque(maxlen=MAX_ALERTS), init=False)

    def show(self, poll: Poll) -> None:
        """Draw the table."""
        for key, loan in poll.rows:
            self._history[key].add(loan.amount)
        self._alerts.extend(poll.format_alerts())
        if poll.triggered:
            self.live.console.bell()
        if self.live.is_started:
            self.live.update(self._draw(poll), refresh=True)
        else:
            self.live.console.print(self._draw(poll))

    def print_line(self, line: str) -> None:
        """Show a line among the alerts of the next poll."""
        self._alerts.append(line)

    def _draw(self, poll: Poll) -> RenderableType:
        """Return what is on the screen after a poll."""
        *names, amount, change, trend = (Text(text(f"column.{name}")) for name in COLUMNS)
        amount.justify = change.justify = "right"
        fresh = {key for key, _ in poll.rows}
        rows = [self._row(key, amounts, key in fresh) for key, amounts in self._history.items()]
        return Group(
            RowTable([*names, amount, change, trend], rows, [_block(*map(str, row)) for row in rows]),
            *(Text(f"! {line}", "bold yellow") for line in self._alerts),
            *(Text(line, "red") for line in poll.format_failures(self.run)),
            Text(text("watch.foot", time=poll.time, every=self.every), "dim"),
        )

    def _row(self, key: SeriesKey, amounts: Amounts, is_fresh: bool) -> list[Text]:
        amount = format_short(amounts[-1]) if amounts else "-"
        change = format_short(amounts.change, has_sign=True) if amounts.change else ""
        row = [
            Text(key.profile if self.has_profiles else ""),
            Text(key.inst_id),
            style_side(key.side),
            Text(key.ccy),
            Text(amount, justify="right"),
            Text(change, "red" if amounts.change < 0 else "green", justify="right"),
            Text(amounts.sparkline),
        ]
        # A row that is missing from this poll is dimmed.
        return row if is_fresh else [Text(str(cell), "dim", justify=cell.justify) for cell in row]


Display = LineDisplay | LiveDisplay


def _block(*row: str) -> Group:
    *heading, side, ccy, amount, change, sparkline = row
    return Group(
        Text(" ".join(filter(None, (*heading, side))) or ccy, "bold"),
        Text(f"  {amount} {ccy} {change}".rstrip()),
        Text(f"  {sparkline}"),
    )


@contextmanager
def open_display(run: Run, form: str | None, every: float, *, has_profiles: bool) -> Iterator[Display]:
    """Start the display of a format; without one, a table on a terminal and TSV in a pipe."""
    console = StdoutConsole()
    if (form or ("table" if console.is_terminal else "tsv")) != "table":
        yield LineDisplay(run, has_profiles, is_json=form == "ndjson")
        return
    live = Live(text("watch.first"), console=console, auto_refresh=False)
    # Rich draws nothing in a pipe until the end.
    with live if console.is_terminal else nullcontext():
        yield LiveDisplay(run, has_profiles, every, live)
