"""Command okx-maxloan watch: one query again and again, with changes, alerts and a history."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count as count_from
from itertools import islice
from pathlib import Path
from typing import Any

import click
from attrs import define, evolve, field

from okx_maxloan_sdk import exceptions
from okx_maxloan_sdk.clock import Clock, SystemClock

from .alerts import Alert, AlertTracker, parse_alert, parse_command, run_command
from .base import FILE, Choice, Command, Run, parse_duration
from .connection import connection_options, open_connections
from .display import Display, Poll, create_display, format_alert
from .errors import CliError, ExitCode
from .history import HistoryFile
from .i18n import Language, text
from .query import Result, collect_query, exit_code, fetch, map_concurrently, query_options
from .render import loan_fields

# What may be over by the next poll.
TRANSIENT_ERRORS = (
    exceptions.ApiConnectionError,
    exceptions.InvalidResponseError,
    exceptions.LimiterUnavailableError,
    exceptions.RateLimitError,
    exceptions.RateLimitTimeoutError,
    exceptions.ServiceUnavailableError,
)


def command(lang: Language) -> Command:
    """Create the command."""
    duration: dict[str, Any] = {"type": parse_duration, "metavar": "DURATION", "default": "5s"}
    program: dict[str, Any] = {"type": parse_command, "metavar": "COMMAND"}
    alert: dict[str, Any] = {"type": parse_alert, "metavar": "BOUND", "multiple": True}
    params = [
        *query_options(lang),
        click.Option(["--every"], **duration, help=text(lang, "watch.every")),
        click.Option(["--count"], type=click.IntRange(min=1), metavar="N", help=text(lang, "watch.count")),
        click.Option(["--alert", "alerts"], **alert, help=text(lang, "watch.alert")),
        click.Option(["--alert-command"], **program, help=text(lang, "watch.alert_command")),
        click.Option(["--record"], type=FILE, metavar="FILE", help=text(lang, "watch.record")),
        click.Option(["--format"], type=Choice(["table", "tsv", "ndjson"]), help=text(lang, "watch.format")),
        click.Option(["--json", "is_json"], is_flag=True, help=text(lang, "watch.json")),
        *connection_options(lang),
    ]
    return Command("watch", lang, watch, params)


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
    query = collect_query(options)
    if alert_command and not alerts:
        raise CliError("alert_command_alone")
    clock = SystemClock()
    with ExitStack() as stack:
        history = stack.enter_context(HistoryFile(record, write=True)) if record else None
        connections = stack.enter_context(open_connections(run, query.params["mgn_mode"], **options))
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
        """The exit code of all polls."""
        return exit_code(self._outcomes)

    def run(self, polls: Iterable[Poll]) -> None:
        """Process each poll."""
        for number, each in enumerate(polls):
            if number == 0 and not self.has_all:
                raise_rejected(each.results)
            raise_fatal(each.results)
            self._outcomes |= {result.outcome for result in each.results}
            rows = dict(each.rows)
            if self.history is not None:
                self.history.add(each.at, [(key.profile, loan) for key, loan in rows.items()])
            without = self.tracker.update_without_data(rows.values()) if is_complete(each) else ()
            done = evolve(each, without_data=without, triggered=self.tracker.update(rows))
            self.display.show(done)
            if self.alert_command:
                self._run_command(self.alert_command, done)

    def _run_command(self, command: Sequence[str], done: Poll) -> None:
        for alert, key, loan in done.triggered:
            alert_text = format_alert(self.lang, done.time, alert, key, loan)
            event = {"text": alert_text, "alert": alert.text, "at": done.timestamp, **loan_fields(loan, key.profile)}
            if reason := run_command(command, event):
                self.display.print_line(
                    text(self.lang, "watch.command_failed", command=" ".join(command), reason=reason)
                )


def raise_fatal(results: Sequence[Result]) -> None:
    """Raise where polling again is no use, since each account fails for good."""
    errors = [each.error for each in results if each.error and not is_transient(each.error)]
    if len(errors) == len(results):
        raise errors[0]


def raise_rejected(results: Sequence[Result]) -> None:
    """Raise a usage error where each account rejects a pair or another parameter."""
    rejected = [
        [(pairs, error) for pairs, error in each.all_failures if isinstance(error, exceptions.BadRequestError)]
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
    failures = [error for each in poll.results for _, error in each.failures]
    is_answered = all(isinstance(error, exceptions.MissingDataError | exceptions.BadRequestError) for error in failures)
    return is_answered and not any(each.error for each in poll.results)
