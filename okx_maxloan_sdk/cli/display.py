"""Output of `watch`: a table that is redrawn on a terminal, lines or NDJSON in a pipe."""

import sys
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Context, Decimal
from typing import Self

from attrs import define, field, frozen
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from okx_maxloan_sdk import MaxLoan

from .alerts import Alert
from .app import classify_error
from .base import Run
from .history import SeriesKey, series_key
from .i18n import Language, text
from .query import Result
from .render import StdoutConsole, fit_table, json_text, loan_fields, style_side

COLUMNS = ("inst_id", "side", "ccy", "max_loan", "change", "trend")
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


@define
class RowHistory:
    """The last amounts of one row."""

    amounts: deque[Decimal] = field(factory=lambda: deque(maxlen=MAX_AMOUNTS))

    def add(self, amount: Decimal | None) -> None:
        """Add an amount; None changes nothing."""
        if amount is not None:
            self.amounts.append(amount)

    @property
    def change(self) -> Decimal:
        """Difference to the amount before."""
        if len(self.amounts) < 2:  # noqa: PLR2004 -- a difference is between two
            return Decimal(0)
        return EXACT.normalize(EXACT.subtract(self.amounts[-1], self.amounts[-2]))

    @property
    def sparkline(self) -> str:
        """The amounts as a row of bars."""
        return draw_sparkline(self.amounts)


def draw_sparkline(amounts: Sequence[Decimal]) -> str:
    """Draw amounts as bars between their minimum and maximum, all of one height where they are equal."""
    low, high = min(amounts, default=Decimal(0)), max(amounts, default=Decimal(0))
    if low == high:
        return BARS[3] * len(amounts)
    return "".join(BARS[int((amount - low) / (high - low) * (len(BARS) - 1))] for amount in amounts)


def format_short(amount: Decimal, *, has_sign: bool = False) -> str:
    """Write an amount with at most eight decimals, cut and not rounded."""
    cut = EXACT.normalize(EXACT.quantize(amount, Decimal("1e-8")))
    return f"{cut:+f}" if has_sign and cut else f"{cut:f}"


class LineDisplay:
    """One line for each row and poll on stdout, as TSV or NDJSON; alerts and failures on stderr."""

    def __init__(self, run: Run, *, is_json: bool = False, has_profiles: bool = False) -> None:
        self._run = run
        self._is_json = is_json
        self._has_profiles = has_profiles
        self._history: defaultdict[SeriesKey, RowHistory] = defaultdict(RowHistory)

    def show(self, poll: Poll) -> None:
        """Print the lines."""
        for key, loan in poll.rows:
            history = self._history[key]
            history.add(loan.amount)
            change = f"{history.change:+f}" if history.change else "0"
            change = change if loan.max_loan else ""
            if self._is_json:
                row = loan_fields(loan, key.profile if self._has_profiles else None)
                print(json_text({"at": poll.timestamp, **row, "change": change}))
            else:
                print("\t".join((poll.timestamp, *key[0 if self._has_profiles else 1 :], loan.max_loan, change)))
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
        self._history: defaultdict[SeriesKey, RowHistory] = defaultdict(RowHistory)
        self._alerts: deque[str] = deque(maxlen=MAX_ALERTS)
        self._console = StdoutConsole()
        self._live = Live(text(run.lang, "watch.first"), console=self._console, auto_refresh=False)

    def show(self, poll: Poll) -> None:
        """Draw the table."""
        for key, loan in poll.rows:
            self._history[key].add(loan.amount)
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
        lang, fresh = self._run.lang, {key for key, _ in poll.rows}
        columns = ("profile", *COLUMNS) if self._has_profiles else COLUMNS
        titles = [text(lang, f"column.{name}") for name in columns]
        rows = [self._row(key, history, key in fresh) for key, history in self._history.items()]
        right = {columns.index("max_loan"), columns.index("change")}
        table = fit_table(self._console.width, titles, rows, right)
        return Group(
            *([table] if table else [line for row in rows for line in self._block(*map(str, row))]),
            *(Text(f"! {line}", "bold yellow") for line in self._alerts),
            *(Text(line, "red") for line in format_failures(self._run, poll)),
            Text(text(lang, "watch.foot", time=poll.time, every=self._every), "dim"),
        )

    def _row(self, key: SeriesKey, history: RowHistory, is_fresh: bool) -> list[Text]:
        amount = format_short(history.amounts[-1]) if history.amounts else "-"
        change = format_short(history.change, has_sign=True) if history.change else ""
        row = [Text(key.inst_id), style_side(key.side), Text(key.ccy), Text(amount)]
        row += [Text(change, "red" if history.change < 0 else "green"), Text(history.sparkline)]
        row = [Text(key.profile), *row] if self._has_profiles else row
        # A row that is missing from this poll is dimmed.
        return row if is_fresh else [Text(str(cell), "dim") for cell in row]

    def _block(self, *row: str) -> list[Text]:
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


Display = LineDisplay | LiveDisplay


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
        prefix = f"[{result.profile}] " if result.profile else ""
        for pairs, error in result.all_failures:
            reason = run.redact(classify_error(run.lang, error)[1].splitlines()[0])
            lines.append(prefix + text(run.lang, "watch.failed", what=list(pairs) or poll.time, reason=reason))
    return lines
