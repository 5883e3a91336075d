"""Command okx-maxloan watch: one query again and again, with changes, alerts and a history."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import count as count_from
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import define, field, frozen

from okx_maxloan_sdk import (
    ApiConnectionError,
    BadRequestError,
    InvalidResponseError,
    LimiterUnavailableError,
    MissingDataError,
    RateLimitError,
    RateLimitTimeoutError,
    ServiceUnavailableError,
)
from okx_maxloan_sdk.clock import SystemClock

from .alerts import Alert, AlertTracker, parse_alert, parse_command, run_command
from .base import NAME, Choice, Command, Run
from .connection import ConnectionOptions, connection_options, open_connections
from .display import Display, create_display, format_alert
from .errors import CliError, ExitCode
from .history import HistoryFile, SeriesKey, series_key
from .i18n import text
from .params import parse_duration
from .query import Result, collect_query, fetch, map_concurrently, query_options
from .render import loan_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from okx_maxloan_sdk import MaxLoan
    from okx_maxloan_sdk.clock import Clock

    from .i18n import Language

# What may be over by the next poll.
TRANSIENT_ERRORS = (
    ApiConnectionError,
    InvalidResponseError,
    LimiterUnavailableError,
    RateLimitError,
    RateLimitTimeoutError,
    ServiceUnavailableError,
)
EXAMPLES = (
    f"{NAME} watch BTC-USDT ETH-USDT --every 5s --alert 'USDT<1000'",
    f"{NAME} watch --all --every 1m --json --count 60 > loans.ndjson",
    f"{NAME} watch BTC-USDT --record loans.sqlite",
    f"{NAME} watch BTC-USDT --alert 'USDT<1000' --alert-command 'curl -fsS --json @- https://chat.example.com/hook'",
)


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
    def rows(self) -> list[tuple[str, MaxLoan]]:
        """Rows with their profile."""
        return [(each.profile, loan) for each in self.results for loan in each.loans]


def command(lang: Language) -> Command:
    """Create the command."""
    path = click.Path(path_type=Path)
    params = [
        *query_options(lang),
        click.Option(
            ["--every"], type=parse_duration, metavar="DURATION", default="5s", help=text(lang, "watch.every")
        ),
        click.Option(["--count"], type=click.IntRange(min=1), metavar="N", help=text(lang, "watch.count")),
        click.Option(
            ["--alert", "alerts"], type=parse_alert, metavar="BOUND", multiple=True, help=text(lang, "watch.alert")
        ),
        click.Option(
            ["--alert-command"], type=parse_command, metavar="COMMAND", help=text(lang, "watch.alert_command")
        ),
        click.Option(["--record"], type=path, metavar="FILE", help=text(lang, "watch.record")),
        click.Option(["--format"], type=Choice(["table", "tsv", "ndjson"], lang), help=text(lang, "watch.format")),
        click.Option(["--json", "is_json"], is_flag=True, help=text(lang, "watch.json")),
        *connection_options(lang),
    ]
    return Command("watch", lang, watch, params, EXAMPLES)


def watch(
    run: Run,
    *,
    every: float,
    count: int | None,
    alerts: Sequence[Alert],
    alert_command: Sequence[str] | None,
    record: Path | None,
    format: str | None,  # noqa: A002 -- the option's name
    is_json: bool,
    **options: Any,
) -> int:
    """Poll until interrupted, or `count` times, and return the exit code."""
    connect, query = ConnectionOptions.take(options), collect_query(options)
    if alert_command and not alerts:
        raise CliError("alert_command_alone")
    clock = SystemClock()
    with ExitStack() as stack:
        history = stack.enter_context(HistoryFile(record, write=True)) if record else None
        connections = stack.enter_context(open_connections(run, connect, query.mode))
        display = create_display("ndjson" if is_json else format, run, every, has_profiles=len(connections) > 1)
        stack.enter_context(display)
        if history is not None:
            # A poll without rows: what was not watched is an outage in charts.
            history.add(clock.time())
        query_all = partial(map_concurrently, partial(fetch, query=query, lang=run.lang), connections)
        loop = WatchLoop(run.lang, display, AlertTracker(alerts), history, alert_command, query.has_all)
        loop.run(islice(poll(query_all, every, clock), count))
    return loop.code


def poll(query_all: Callable[[], list[Result]], every: float, clock: Clock) -> Iterator[Poll]:
    """Query every so many seconds; a poll that takes longer delays the next."""
    due = clock.monotonic()
    for number in count_from():
        if number:
            due = max(due + every, clock.monotonic())
            clock.sleep(max(due - clock.monotonic(), 0.0))
        results = query_all()
        yield Poll(clock.time(), results)


@define
class WatchLoop:
    """Records, shows and alerts on each poll, and remembers how the polls ended."""

    lang: Language
    display: Display
    tracker: AlertTracker
    history: HistoryFile | None = None
    alert_command: Sequence[str] | None = None
    has_all: bool = False
    _outcomes: set[tuple[bool, bool]] = field(factory=set, init=False)

    @property
    def code(self) -> ExitCode:
        """The exit code: OK, PARTIAL where something failed, FAILURE where nothing was answered."""
        has_failed = any(failed for _, failed in self._outcomes)
        is_answered = any(answered for answered, _ in self._outcomes)
        return ExitCode.OK if not has_failed else ExitCode.PARTIAL if is_answered else ExitCode.FAILURE

    def run(self, polls: Iterable[Poll]) -> None:
        """Process each poll."""
        for number, each in enumerate(polls):
            if number == 0 and not self.has_all:
                raise_rejected(each.results)
            raise_fatal(each.results)
            self._outcomes |= {(result.is_answered, result.has_failed) for result in each.results}
            if self.history is not None:
                self.history.add(each.at, each.rows)
            rows = {series_key(loan, profile): loan for profile, loan in each.rows}
            without = self.tracker.update_without_data(rows.values()) if is_complete(each) else ()
            done = Poll(each.at, each.results, without, self.tracker.update(rows))
            self.display.show(done)
            self._run_commands(done)

    def _run_commands(self, done: Poll) -> None:
        for alert, key, loan in done.triggered if self.alert_command else ():
            event = {
                "text": format_alert(self.lang, done.time, alert, key, loan),
                "alert": alert.text,
                "at": done.timestamp,
                **loan_fields(loan, key.profile),
            }
            if reason := run_command(self.alert_command or (), event):
                command = " ".join(self.alert_command or ())
                self.display.print_line(text(self.lang, "watch.command_failed", command=command, reason=reason))


def raise_fatal(results: Sequence[Result]) -> None:
    """Raise where polling again is no use, since each account fails for good."""
    errors = [each.error for each in results if each.error and not is_transient(each.error)]
    if len(errors) == len(results):
        raise errors[0]


def raise_rejected(results: Sequence[Result]) -> None:
    """Raise a usage error where each account rejects a pair or another parameter."""
    rejected = [
        [(pairs, error) for pairs, error in (*each.failures, ((), each.error)) if isinstance(error, BadRequestError)]
        for each in results
    ]
    if not all(rejected):
        return
    (pairs, error), result = rejected[0][0], results[0]
    notes = (*result.suggestions, *getattr(error, "__notes__", ()))
    what = list(pairs or error.inst_ids) or "-"
    raise CliError("rejected_query", what=what, reason="\n".join([str(error), *notes])) from error


def is_transient(error: Exception) -> bool:
    """Return whether the next poll may succeed."""
    return isinstance(error, TRANSIENT_ERRORS) or isinstance(error.__cause__, TRANSIENT_ERRORS)


def is_complete(poll: Poll) -> bool:
    """Return whether OKX answered the whole query, be it that it has no data or rejects a pair."""
    return not any(each.error for each in poll.results) and all(
        isinstance(error, MissingDataError | BadRequestError) for each in poll.results for _, error in each.failures
    )
