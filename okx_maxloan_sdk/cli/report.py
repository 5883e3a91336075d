"""Report of `doctor` and `verify`: what is checked and with which credentials, and one line for each result."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .connection import base_url, resolve_settings
from .diagnostics import AccountContext, diagnose
from .i18n import load_catalogue, text
from .render import GAP, StdoutConsole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from okx_maxloan_sdk.verify import CheckResult
    from okx_maxloan_sdk.verify.checks import Check

    from .base import Run
    from .config import Settings
    from .connection import ConnectionOptions
    from .i18n import Language

STATE_STYLES = {"ok": "green", "note": "yellow", "failed": "red", "skipped": "dim"}


def run_report(
    run: Run, options: ConnectionOptions, checks: Sequence[Check], *, stops_at_failure: bool
) -> list[CheckResult]:
    """Check each account, print the results as they come, and return them."""
    results: list[CheckResult] = []
    console = StdoutConsole()
    with resolve_settings(options) as accounts:
        for settings in accounts:
            run.secrets |= settings.secrets
            console.print(Text(run.redact(heading(settings, run.lang)), "bold"))
            with closing(AccountContext(run, settings)) as context:
                for result in diagnose(context, checks):
                    results.append(result)
                    print_result(console, run, result)
                    if stops_at_failure and result.state == "failed":
                        console.print(Text(text(run.lang, "report.not_tried"), "dim"))
                        break
    return results


def heading(settings: Settings, lang: Language) -> str:
    """Return what is checked, and with which credentials."""
    kind = "mock" if settings.is_mock else "demo" if settings.demo else "live"
    kind = text(lang, f"report.{kind}")
    return text(lang, "report.heading", url=base_url(settings), kind=kind, source=settings.source)


def print_result(console: StdoutConsole, run: Run, result: CheckResult) -> None:
    """Print one result, its message beside its name or, on a narrow terminal, below it."""
    titles = load_catalogue(run.lang)["check"]
    states = [text(run.lang, f"report.{state}") for state in STATE_STYLES]
    message = run.redact(text(run.lang, f"result.{result.message_id}", **result.args)).strip()
    state_width, title_width = max(map(cell_len, states)), max(map(cell_len, titles.values()))
    state = Text(text(run.lang, f"report.{result.state}"), STATE_STYLES[result.state])
    title = Text(titles[result.check], "bold")
    is_narrow = console.width < 2 * (state_width + title_width + 2 * GAP)
    grid = Table.grid(padding=(0, GAP, 0, 0))
    grid.add_column(width=state_width)
    grid.add_column(width=title_width)
    if is_narrow:
        grid.add_row(state, title)
        console.print(grid)
        console.print(Padding(Text(message), (0, 0, 0, GAP)))
    else:
        grid.add_column(overflow="fold")
        grid.add_row(state, title, Text(message))
        console.print(grid)
