"""Command okx-maxloan doctor, and the report of any checks."""

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from okx_maxloan_sdk.verify.checks import DOCTOR_CHECKS, Check, CheckResult, run_checks

from .base import Command, Run, lay_out_terms
from .config import Settings
from .connection import connection_options, open_connections
from .errors import ExitCode
from .i18n import LANGUAGE, load_catalogue, text
from .render import StdoutConsole

STATE_STYLES = {"ok": "green", "note": "yellow", "failed": "red", "skipped": "dim"}


def command() -> Command:
    """Create the command."""
    return Command("doctor", doctor, connection_options())


def doctor(run: Run, **options: Any) -> int:
    """Check each account up to the first failure, and return the exit code."""
    results = run_report(run, DOCTOR_CHECKS, stops_at_failure=True, **options)
    return ExitCode.FAILURE if any(each.state == "failed" for each in results) else ExitCode.OK


def run_report(run: Run, listed: Sequence[Check], *, stops_at_failure: bool, **options: Any) -> list[CheckResult]:
    """Check each account, print the results as they come, and return them."""
    results: list[CheckResult] = []
    console = StdoutConsole()
    with open_connections(run, **options) as connections:
        for each in connections:
            console.print(Text(run.redact(heading(each.settings)), "bold"))
            for result in run_checks(each, listed):
                results.append(result)
                print_result(console, run, each.settings, result)
                if stops_at_failure and result.state == "failed":
                    console.print(Text(text("report.not_tried"), "dim"))
                    break
    return results


def heading(settings: Settings) -> str:
    """Return what is checked, and with which credentials."""
    kind = "mock" if settings.is_mock else "demo" if settings.demo else "live"
    return text("report.heading", url=settings.url, kind=text(f"report.{kind}"), source=settings.source)


def print_result(console: StdoutConsole, run: Run, settings: Settings, result: CheckResult) -> None:
    """Print one result, its message beside its name or, on a narrow terminal, below it."""
    catalogue, message_id = load_catalogue(LANGUAGE.get()), result.message_id
    if message_id == "rejected":
        # The usual cause, where the code has one; any other code explains itself.
        cause = f"code_{str(result.args['code']).partition('_')[0]}"
        causes = (f"{cause}_{'demo' if settings.demo else 'live'}", cause)
        message_id = next((each for each in causes if each in catalogue["result"]), message_id)
    message = Text(run.redact(text(f"result.{message_id}", **{"url": settings.url, **result.args})).strip())
    states, titles = ({key: catalogue["report"][key] for key in STATE_STYLES}, catalogue["check"])
    state, title = Text(states[result.state], STATE_STYLES[result.state]), Text(titles[result.check], "bold")
    widths = [max(map(cell_len, words.values())) for words in (states, titles)]
    console.print(lay_out_terms([(state, title, message)], widths, console.width))
