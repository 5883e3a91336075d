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

# Codes with one usual cause; any other code explains itself.
MESSAGE_BY_CODE = {
    "50102": "clock_rejected",
    "50105": "wrong_passphrase",
    "50110": "wrong_ip",
    "50111": "wrong_key",
    "50113": "wrong_secret",
    "50119": "wrong_site",
}
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
    catalogue = load_catalogue(LANGUAGE.get())
    message_id = result.message_id
    if message_id == "rejected":
        # The usual cause, where the code has one.
        code = str(result.args["code"]).partition("_")[0]
        message_id = MESSAGE_BY_CODE.get(code, "rejected")
        if code == "50101":
            message_id = "live_key" if settings.demo else "demo_key"
    message = Text(run.redact(text(f"result.{message_id}", **{"url": settings.url, **result.args})).strip())
    states, titles = ({key: catalogue["report"][key] for key in STATE_STYLES}, catalogue["check"])
    state, title = Text(states[result.state], STATE_STYLES[result.state]), Text(titles[result.check], "bold")
    widths = [max(map(cell_len, words.values())) for words in (states, titles)]
    console.print(lay_out_terms([(state, title, message)], widths, console.width))
