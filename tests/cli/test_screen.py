"""What watch draws on a terminal."""

import io
import re

import pytest
from rich.console import Console

from okx_maxloan_sdk import MaxLoan, OkxError, RequestNotSentError
from okx_maxloan_sdk.cli import cells
from okx_maxloan_sdk.cli.alerts import Alert, alert
from okx_maxloan_sdk.cli.screen import Live
from okx_maxloan_sdk.cli.watch import Round
from okx_maxloan_sdk.cli.words import Language
from tests.support import contract_values

DAY = 1_700_000_000


def loan(amount: str, side: str = "buy", ccy: str = "USDT") -> MaxLoan:
    """Make a row."""
    return contract_values.loan(side=side, ccy=ccy, max_loan=amount)


def drawn(
    monkeypatch: pytest.MonkeyPatch,
    *rounds: list[MaxLoan],
    lang: Language = "en",
    room: int = 80,
    rung: list[tuple[Alert, MaxLoan]] | None = None,
    failures: list[tuple[tuple[str, ...], OkxError]] | None = None,
    colour: bool = False,
) -> str:
    """Draw some rounds, and give what stands on the screen after the last."""
    screen = Console(
        file=io.StringIO(),
        width=room,
        height=40,
        force_terminal=True,
        color_system="standard" if colour else None,
        highlight=False,
    )
    monkeypatch.setattr("okx_maxloan_sdk.cli.screen.console", lambda: screen)
    live, each = Live(lang, 5.0), Round(DAY, [], [])
    for number, loans in enumerate(rounds):
        last = number == len(rounds) - 1
        each = Round(DAY + 5 * number, loans, (failures or []) if last else [])
        live.show(each, (rung or []) if last else [])
    with screen.capture() as capture:
        screen.print(live.draw(each))
    text = capture.get()
    return text if colour else re.sub("\x1b\\[[0-9;?]*[a-zA-Z]|\a", "", text)


def test_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row has its amount, its change, and the line of its last amounts."""
    text = drawn(monkeypatch, [loan("1000"), loan("1.5", "sell", "BTC")], [loan("750.25"), loan("1.5", "sell", "BTC")])
    assert [line.split() for line in text.splitlines()] == [
        ["Instrument", "Side", "Currency", "Max", "loan", "Change", "Trend"],
        ["BTC-USDT", "buy", "USDT", "750.25", "-249.75", "█▁"],
        ["BTC-USDT", "sell", "BTC", "1.5", "▄▄"],
        ["22:13:25Z", "·", "every", "5", "s", "·", "Ctrl-C", "ends"],
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("room", [40, 60, 80])
def test_nothing_is_wider_than_the_screen(monkeypatch: pytest.MonkeyPatch, lang: Language, room: int) -> None:
    """On any terminal lines fit, in both languages."""
    rounds = [
        [loan(f"{number}.1234567890123456"), loan("776213.6454545454545454", "sell", "BTC")] for number in range(25)
    ]
    text = drawn(monkeypatch, *rounds, lang=lang, room=room, rung=[(alert("USDT<1000"), rounds[0][0])])
    assert all(cells.width(line.rstrip()) <= room for line in text.splitlines())
    assert "USDT<1000" in text


def test_alerts_and_failures_stand_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """What rang, and what failed, can be read under the table."""
    row = loan("999")
    text = drawn(
        monkeypatch,
        [row],
        rung=[(alert("USDT<1000"), row)],
        failures=[(("ETH-USDT",), RequestNotSentError("no route\nat all"))],
    )
    assert "! 22:13:20Z USDT<1000: BTC-USDT buy 999 USDT" in text
    assert "ETH-USDT: no route\n" in text


def test_what_did_not_come_is_dimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is missing from a round stays, dimmed."""
    text = drawn(monkeypatch, [loan("1"), loan("2", "sell", "BTC")], [loan("1")], colour=True)
    (line,) = [line for line in text.splitlines() if "sell" in line]
    assert line.startswith("\x1b[2m")
    assert "\x1b[32mbuy" in text


def test_no_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that never had an amount shows a dash."""
    assert "  -" in drawn(monkeypatch, [loan("")])
