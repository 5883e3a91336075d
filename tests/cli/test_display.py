"""Output of watch on a terminal."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from rich.console import Console

from okx_maxloan_sdk import MaxLoan, RequestNotSentError
from okx_maxloan_sdk.cli.alerts import Alert, parse_alert
from okx_maxloan_sdk.cli.base import Run
from okx_maxloan_sdk.cli.display import LiveDisplay, Poll
from okx_maxloan_sdk.cli.history import series_key
from okx_maxloan_sdk.cli.query import Result
from tests.support import contract_values

if TYPE_CHECKING:
    from okx_maxloan_sdk.cli.i18n import Language
    from okx_maxloan_sdk.cli.query import Failures

START = 1_700_000_000


def loan(amount: str, side: str = "buy", ccy: str = "USDT") -> MaxLoan:
    """Make a row."""
    return contract_values.loan(side=side, ccy=ccy, max_loan=amount)


def draw(
    monkeypatch: pytest.MonkeyPatch,
    *polls: list[MaxLoan],
    lang: Language = "en",
    width: int = 80,
    alerted: tuple[Alert, MaxLoan] | None = None,
    failures: Failures | None = None,
    has_colour: bool = False,
    profile: str = "",
) -> str:
    """Show some polls, and return the screen after the last one."""
    screen = Console(
        file=io.StringIO(),
        width=width,
        height=40,
        force_terminal=True,
        color_system="standard" if has_colour else None,
        highlight=False,
    )
    monkeypatch.setattr("okx_maxloan_sdk.cli.display.StdoutConsole", lambda: screen)
    display, last = LiveDisplay(Run(lang), 5.0, has_profiles=bool(profile)), Poll(START, [])
    for number, loans in enumerate(polls):
        is_last = number == len(polls) - 1
        triggered = [(alerted[0], series_key(alerted[1]), alerted[1])] if alerted and is_last else []
        result = Result(profile, loans, (failures or []) if is_last else [])
        last = Poll(START + 5 * number, [result], triggered=triggered)
        display.show(last)
    with screen.capture() as capture:
        screen.print(display.draw(last))
    text = capture.get()
    return text if has_colour else re.sub("\x1b\\[[0-9;?]*[a-zA-Z]|\a", "", text)


def test_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row has its amount, its change, and the sparkline of its last amounts."""
    text = draw(monkeypatch, [loan("1000"), loan("1.5", "sell", "BTC")], [loan("750.25"), loan("1.5", "sell", "BTC")])
    assert [line.split() for line in text.splitlines()] == [
        ["Instrument", "Side", "Currency", "Max", "loan", "Change", "Trend"],
        ["BTC-USDT", "buy", "USDT", "750.25", "-249.75", "█▁"],
        ["BTC-USDT", "sell", "BTC", "1.5", "▄▄"],
        ["22:13:25Z", "·", "every", "5", "s", "·", "Ctrl-C", "stops"],
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [40, 60, 80])
def test_nothing_is_wider_than_the_screen(monkeypatch: pytest.MonkeyPatch, lang: Language, width: int) -> None:
    """On any terminal lines fit in both languages, and nothing is cut off."""
    polls = [
        [loan(f"{number}.1234567890123456"), loan("776213.6454545454545454", "sell", "BTC")] for number in range(25)
    ]
    text = draw(monkeypatch, *polls, lang=lang, width=width, alerted=(parse_alert("USDT<1000"), polls[0][0]))
    assert all(cell_len(line.rstrip()) <= width for line in text.splitlines())
    assert "USDT<1000" in text
    assert "776213.64545454" in text


def test_alerts_and_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alerts and the first line of each failure are below the table."""
    row = loan("999")
    text = draw(
        monkeypatch,
        [row],
        alerted=(parse_alert("USDT<1000"), row),
        failures=[(("ETH-USDT",), RequestNotSentError("no route\nat all"))],
    )
    assert "! 22:13:20Z USDT<1000: BTC-USDT buy 999 USDT" in text
    assert re.search("ETH-USDT: the request was not sent: no route *\n", text)


def test_missing_rows_are_dimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is missing from a poll stays, dimmed."""
    text = draw(monkeypatch, [loan("1"), loan("2", "sell", "BTC")], [loan("1")], has_colour=True)
    (line,) = [line for line in text.splitlines() if "sell" in line]
    assert line.startswith("\x1b[2m")
    assert "\x1b[32mbuy" in text


def test_no_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that never had an amount shows a dash."""
    assert "  -" in draw(monkeypatch, [loan("")])


def test_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """With several profiles there is a column for the profile, and failures name it."""
    text = draw(monkeypatch, [loan("1")], failures=[(("A-B",), RequestNotSentError("no route"))], profile="bot")
    assert text.splitlines()[1].startswith("bot ")
    assert "[bot] A-B: the request was not sent: no route" in text
