"""Command okx-maxloan show: maximum loans of pairs, of a currency, or of all margin pairs."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import click

from okx_maxloan_sdk import OkxError

from .app import classify_error
from .base import NAME, Choice, Command, Run
from .connection import Connection, ConnectionOptions, connection_options, open_connections
from .i18n import text
from .query import (
    Query,
    Result,
    batch_failures,
    collect_query,
    exit_code,
    fetch,
    iter_all,
    list_pairs,
    map_concurrently,
    query_options,
)
from .render import Format, Writer, create_progress, create_writer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from okx_maxloan_sdk import MaxLoan

    from .i18n import Language
    from .query import Failures

EXAMPLES = (
    f"{NAME} show BTC-USDT ETH-USDT --mock",
    f"{NAME} show BTC-USDT --mode isolated --json",
    f"{NAME} show --ccy USDT --profile main --profile bot",
    f"{NAME} show --all --format csv > loans.csv",
)


def command(lang: Language) -> Command:
    """Create the command."""
    formats = Choice(get_args(Format), lang)
    params = [
        *query_options(lang),
        click.Option(["--format"], type=formats, default="table", help=text(lang, "show.format")),
        click.Option(["--json", "is_json"], is_flag=True, help=text(lang, "show.json")),
        *connection_options(lang),
    ]
    return Command("show", lang, show, params, EXAMPLES)


def show(run: Run, *, format: Format, is_json: bool, **options: Any) -> int:  # noqa: A002 -- the option's name
    """Print the rows of each account, and return the exit code."""
    connect, query = ConnectionOptions.take(options), collect_query(options)
    format = "json" if is_json else format  # noqa: A001 -- see above
    with open_connections(run, connect, query.mode) as connections:
        has_profiles = len(connections) > 1
        writer = create_writer(format, run.lang, has_profiles=has_profiles)
        if query.has_all:
            results = [show_all(each, query, writer) for each in connections]
        else:
            results = map_concurrently(partial(fetch, query=query, lang=run.lang), connections)
        if not has_profiles and results[0].error:
            raise results[0].error
        if not query.has_all:
            for each in results:
                if each.loans or not each.has_failed:
                    writer.add(each.loans, each.profile)
        if any(each.loans or not each.has_failed for each in results):
            writer.close()
        for each in results:
            print_failures(run, each, has_profiles=has_profiles)
    return exit_code(results)


def show_all(connection: Connection, query: Query, writer: Writer) -> Result:
    """Query every margin pair of an account, and print rows as they arrive."""
    failures: Failures = []
    loans: list[MaxLoan] = []
    try:
        inst_ids = list_pairs(connection.client)
        writer.expect(inst_ids)
        with create_progress() as progress:
            task = progress.add_task("", total=len(inst_ids))
            for batch in iter_all(connection.client, query, inst_ids):
                loans += batch.loans
                failures += batch_failures(batch)
                progress.advance(task, len(batch.inst_ids))
                if batch.loans:
                    progress.stop()
                    writer.add(batch.loans, connection.profile)
                    progress.start()
    except OkxError as error:
        return Result(connection.profile, loans, failures, error=error)
    return Result(connection.profile, loans, failures)


def print_failures(run: Run, result: Result, *, has_profiles: bool) -> None:
    """Print what failed to stderr, pairs with the same failure together."""
    reasons: dict[tuple[str, ...], list[str]] = {}
    failures: Iterable[tuple[tuple[str, ...], Exception]] = result.failures
    for pairs, error in failures:
        reason = tuple(line for line in str(error).splitlines() if not line.startswith("instId "))
        reasons.setdefault(reason, []).extend(pairs)
    lines = [
        "\n  ".join((text(run.lang, "show.failed", what=pairs, reason=first), *more))
        for (first, *more), pairs in reasons.items()
    ]
    if result.error is not None:
        lines.append(classify_error(run.lang, result.error)[1])
        lines += getattr(result.error, "__notes__", [])
    prefix = f"[{result.profile}] " if has_profiles else ""
    for line in (*lines, *result.suggestions):
        print(run.redact(f"{prefix}{line}"), file=sys.stderr)
