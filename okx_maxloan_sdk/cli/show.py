"""Command okx-maxloan show: maximum loans of pairs, of a currency, or of all margin pairs."""

import sys
from contextlib import nullcontext
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress

from .app import classify_error
from .base import Choice, Command, Run
from .connection import Connection, connection_options, open_connections
from .i18n import text
from .query import Result, collect_query, exit_code, fetch, map_concurrently, query_options
from .render import PRINTERS, loan_fields


def command() -> Command:
    """Create the command."""
    params = [
        *query_options(),
        click.Option(["--format"], type=Choice(list(PRINTERS)), default="table", help=text("show.format")),
        click.Option(["--json", "is_json"], is_flag=True, help=text("show.json")),
        *connection_options(),
    ]
    return Command("show", show, params)


def show(run: Run, *, format: str, is_json: bool, **options: Any) -> int:  # noqa: A002 -- the option's name
    """Print the rows of each account, and return the exit code."""
    query = collect_query(options)
    with open_connections(run, query.params["mgn_mode"], **options) as connections:
        has_profiles = len(connections) > 1
        columns = "{task.description}", BarColumn(24), MofNCompleteColumn()
        progress = Progress(*columns, console=Console(stderr=True), transient=True)
        # Rich before 14.3 prints a line where one is disabled.
        with progress if query.has_all and sys.stderr.isatty() else nullcontext():

            def query_one(connection: Connection) -> Result:
                task = progress.add_task(connection.profile, total=None)
                return fetch(connection, query, lambda count, total: progress.update(task, advance=count, total=total))

            results = map_concurrently(query_one, connections)
    if not has_profiles and results[0].error:
        raise results[0].error
    rows = [loan_fields(loan, each.profile if has_profiles else None) for each in results for loan in each.loans]
    if rows or any(not each.all_failures for each in results):
        PRINTERS["json" if is_json else format](rows)
    for each in results:
        print_failures(run, each, has_profiles=has_profiles)
    return exit_code(each.outcome for each in results)


def print_failures(run: Run, result: Result, *, has_profiles: bool) -> None:
    """Print what failed to stderr, pairs with the same failure together."""
    reasons: dict[tuple[str, ...], list[str]] = {}
    for pairs, error in result.failures:
        reason = tuple(line for line in str(error).splitlines() if not line.startswith("instId "))
        reasons.setdefault(reason, []).extend(pairs)
    lines = [
        "\n  ".join((text("show.failed", what=pairs, reason=first), *more)) for (first, *more), pairs in reasons.items()
    ]
    if result.error is not None:
        lines.append(classify_error(result.error)[1])
    prefix = f"[{result.profile}] " if has_profiles else ""
    for line in (*lines, *result.suggestions):
        print(run.redact(f"{prefix}{line}"), file=sys.stderr)
