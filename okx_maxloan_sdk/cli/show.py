"""Command okx-maxloan show: maximum loans of pairs, of a currency, or of all margin pairs."""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress

from okx_maxloan_sdk import BatchResult

from .app import classify_error
from .base import Choice, Command, Run
from .connection import connection_options, open_connections
from .i18n import text
from .query import Result, collect_query, exit_code, fetch, map_concurrently, query_options
from .render import WRITERS, Writer


def command() -> Command:
    """Create the command."""
    params = [
        *query_options(),
        click.Option(["--format"], type=Choice(list(WRITERS)), default="table", help=text("show.format")),
        click.Option(["--json", "is_json"], is_flag=True, help=text("show.json")),
        *connection_options(),
    ]
    return Command("show", show, params)


def show(run: Run, *, format: str, is_json: bool, **options: Any) -> int:  # noqa: A002 -- the option's name
    """Print the rows of each account, and return the exit code."""
    query = collect_query(options)
    with open_connections(run, query.params["mgn_mode"], **options) as connections:
        has_profiles = len(connections) > 1
        writer = WRITERS["json" if is_json else format](has_profiles=has_profiles)
        query_one = partial(fetch, query=query)
        if query.has_all:
            results = [query_one(each, on_batches=partial(write_batches, writer, each.profile)) for each in connections]
        else:
            results = map_concurrently(query_one, connections)
        if not has_profiles and results[0].error:
            raise results[0].error
        for each in results if not query.has_all else ():
            if each.loans:
                writer.add(each.loans, each.profile)
        if any(each.loans or not each.all_failures for each in results):
            writer.close()
        for each in results:
            print_failures(run, each, has_profiles=has_profiles)
    return exit_code(each.outcome for each in results)


def write_batches(
    writer: Writer, profile: str, inst_ids: Sequence[str], batches: Iterator[BatchResult]
) -> Iterator[BatchResult]:
    """Write rows as they arrive, with a progress bar below them where stderr is a terminal."""
    writer.expected = inst_ids
    columns, is_hidden = (BarColumn(24), MofNCompleteColumn()), not sys.stderr.isatty()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=is_hidden) as progress:
        task = progress.add_task("", total=len(inst_ids))
        for batch in batches:
            progress.advance(task, len(batch.inst_ids))
            if batch.loans:
                progress.stop()
                writer.add(batch.loans, profile)
                progress.start()
            yield batch


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
        lines += [classify_error(result.error)[1], *getattr(result.error, "__notes__", [])]
    prefix = f"[{result.profile}] " if has_profiles else ""
    for line in (*lines, *result.suggestions):
        print(run.redact(f"{prefix}{line}"), file=sys.stderr)
