"""Command okx-maxloan doctor: checks from the credentials' format to one real request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import NAME, Command, Run
from .connection import ConnectionOptions, connection_options
from .diagnostics import DOCTOR_CHECKS
from .errors import ExitCode
from .report import run_report

if TYPE_CHECKING:
    from .i18n import Language


def command(lang: Language) -> Command:
    """Create the command."""
    return Command("doctor", lang, doctor, connection_options(lang), (f"{NAME} doctor", f"{NAME} doctor --mock"))


def doctor(run: Run, **options: Any) -> int:
    """Check each account up to the first failure, and return the exit code."""
    results = run_report(run, ConnectionOptions.take(options), DOCTOR_CHECKS, stops_at_failure=True)
    return ExitCode.FAILURE if any(each.state == "failed" for each in results) else ExitCode.OK
