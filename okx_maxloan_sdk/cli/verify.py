"""Command okx-maxloan verify: whether OKX still behaves as this release expects."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from okx_maxloan_sdk.verify.checks import VERIFY_CHECKS

from .base import NAME, Command, Run
from .connection import ConnectionOptions, connection_options
from .errors import CliError, ExitCode
from .i18n import text
from .open_questions import ask_open_questions, list_requests
from .report import STATE_STYLES, run_report

if TYPE_CHECKING:
    from .i18n import Language


class VerifyCommand(Command):
    """Command whose exit codes have a meaning of their own."""

    exit_codes = "verify.exit_codes"


def command(lang: Language) -> Command:
    """Create the command."""
    params = [
        click.Option(["--open-questions"], is_flag=True, help=text(lang, "verify.open_questions")),
        click.Option(["--dry-run"], is_flag=True, help=text(lang, "verify.dry_run")),
        click.Option(["--report"], type=click.Path(dir_okay=False), metavar="FILE", help=text(lang, "verify.report")),
        *connection_options(lang),
    ]
    examples = (
        f"{NAME} verify",
        f"{NAME} verify --mock",
        f"{NAME} verify --open-questions --report answers.json",
        "python -m okx_maxloan_sdk.verify --profile ci",
    )
    return VerifyCommand("verify", lang, verify, params, examples)


def verify(run: Run, *, open_questions: bool, dry_run: bool, report: str | None, **options: Any) -> int:
    """Check each account, print a summary, and return the exit code."""
    connect = ConnectionOptions.take(options)
    if (dry_run or report) and not open_questions:
        raise CliError("open_questions_needed", option="--dry-run" if dry_run else "--report")
    if open_questions and dry_run:
        list_requests(run.lang)
        return ExitCode.OK
    if open_questions:
        return ask_open_questions(run, connect, report)
    results = run_report(run, connect, VERIFY_CHECKS, stops_at_failure=False)
    counts: Counter[str] = Counter(each.state for each in results)
    print(text(run.lang, "report.summary", **{state: counts[state] for state in STATE_STYLES}))
    if any(each.is_inconclusive for each in results):
        print(text(run.lang, "report.inconclusive"))
        return ExitCode.USAGE
    return ExitCode.FAILURE if counts["failed"] else ExitCode.OK
