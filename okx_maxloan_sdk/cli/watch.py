"""Command okx-maxloan watch: one query again and again, with changes, alerts and a history."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click
from attrs import evolve

from okx_maxloan_sdk import exceptions
from okx_maxloan_sdk.clock import Clock, SystemClock

from .alerts import Alert, AlertTracker, parse_alert, parse_command, run_command
from .base import FILE, Choice, Command, Run, parse_duration
from .connection import connection_options, open_connections
from .display import Poll, open_display
from .errors import CliError
from .history import open_history
from .i18n import text
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


def command() -> Command:
    """Create the command."""
    duration: dict[str, Any] = {"type": parse_duration, "metavar": "DURATION", "default": "5s"}
    program: dict[str, Any] = {"type": parse_command, "metavar": "COMMAND"}
    alert: dict[str, Any] = {"type": parse_alert, "metavar": "BOUND", "multiple": True}
    params = [
        *query_options(),
        click.Option(["--every"], **duration, help=text("watch.every")),
        click.Option(["--count"], type=click.IntRange(min=1), metavar="N", help=text("watch.count")),
        click.Option(["--alert", "alerts"], **alert, help=text("watch.alert")),
        click.Option(["--alert-command"], **program, help=text("watch.alert_command")),
        click.Option(["--record"], type=FILE, metavar="FILE", help=text("watch.record")),
        click.Option(["--format"], type=Choice(["table", "tsv", "ndjson"]), help=text("watch.format")),
        click.Option(["--json", "is_json"], is_flag=True, help=text("watch.json")),
        *connection_options(),
    ]
    return Command("watch", watch, params)


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
    clock, tracker, outcomes = SystemClock(), AlertTracker(alerts), set[tuple[bool, bool]]()
    with ExitStack() as stack:
        history = stack.enter_context(open_history(record, write=True)) if record else None
        connections = stack.enter_context(open_connections(run, query.params["mgn_mode"], **options))
        for connection in connections:
            _ = connection.client  # a wrong setting is an error before anything is drawn or recorded
        form = "ndjson" if is_json else format
        display = stack.enter_context(open_display(run, form, every, has_profiles=len(connections) > 1))
        if history is not None:
            # A poll without rows: what was not watched is an outage in charts.
            history.add(clock.time())
        query_all = partial(map_concurrently, partial(fetch, query=query), connections)
        for each in islice(poll(query_all, every, clock), count):
            raise_fatal(each.results, is_first=not outcomes and not query.has_all)
            outcomes |= {result.outcome for result in each.results}
            if history is not None:
                history.add(each.at, each.rows)
            rows = dict(each.rows)
            without = tracker.update_without_data(rows.values()) if each.is_complete else ()
            done = evolve(each, without_data=without, triggered=tracker.update(rows))
            display.show(done)
            for line in run_alert_command(alert_command, done) if alert_command else ():
                display.print_line(line)
    return exit_code(outcomes)


def poll(query_all: Callable[[], Sequence[Result]], every: float, clock: Clock) -> Iterator[Poll]:
    """Query every so many seconds; a poll that takes longer delays the next."""
    due = clock.monotonic()
    while True:
        results = query_all()
        yield Poll(clock.time(), results)
        due = max(due + every, clock.monotonic())
        clock.sleep(max(due - clock.monotonic(), 0.0))


def run_alert_command(command: Sequence[str], done: Poll) -> Iterator[str]:
    """Run the command of each alert that a poll triggers, and yield why one failed."""
    for alert, key, loan in done.triggered:
        names = {"text": done.format_alert(alert, key, loan), "alert": alert.text, "at": done.timestamp}
        if reason := run_command(command, {**names, **loan_fields(loan, key.profile)}):
            yield text("watch.command_failed", command=" ".join(command), reason=reason)


def raise_fatal(results: Sequence[Result], *, is_first: bool) -> None:
    """Raise where polling again is no use: each account rejects the first query, or fails for good."""
    rejected = [
        [(pairs, error) for pairs, error in each.all_failures if isinstance(error, exceptions.BadRequestError)]
        for each in results
    ]
    if is_first and all(rejected):
        pairs, error = rejected[0][0]
        reason = "\n".join([str(error), *results[0].suggestions])
        raise CliError("rejected_query", what=list(pairs or error.inst_ids) or "-", reason=reason) from error
    errors = [each.error for each in results if each.error and not is_transient(each.error)]
    if len(errors) == len(results):
        raise errors[0]


def is_transient(error: Exception) -> bool:
    """Return whether the next poll may succeed."""
    return isinstance(error, TRANSIENT_ERRORS) or isinstance(error.__cause__, TRANSIENT_ERRORS)
