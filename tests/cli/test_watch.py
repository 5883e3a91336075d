"""Command okx-maxloan watch: intervals, lines, the table on a terminal, alerts, exit codes."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import time
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from okx_maxloan_sdk.cli.query import map_concurrently
from okx_maxloan_sdk.cli.watch import poll
from okx_maxloan_sdk.mock.margin import PAIRS
from tests.support.clock import FakeClock
from tests.support.contract_values import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from okx_maxloan_sdk.cli.query import Result
    from okx_maxloan_sdk.mock.server import MockServer

    from .conftest import Run

    Screen = Callable[..., str]

PATH = "/api/v5/account/max-loan"


def row(amount: str, side: str = "buy", inst_id: str = "BTC-USDT") -> dict[str, str]:
    """Make a row of a response."""
    ccy = inst_id.split("-")[side == "buy"]
    return {"instId": inst_id, "mgnMode": "cross", "mgnCcy": "", "maxLoan": amount, "ccy": ccy, "side": side}


def plan(exchange: MockServer, *polls: list[dict[str, str]]) -> None:
    """Plan the rows of each poll."""
    for rows in polls:
        html = json.dumps({"code": "0", "msg": "", "data": rows})
        exchange.exchange.fail_next(1, status=200, html=html, path=PATH)


def arguments(*more: str, count: int = 1, pairs: tuple[str, ...] = ("BTC-USDT",)) -> list[str]:
    """Return the arguments of some quick polls."""
    return ["watch", *pairs, "--every", "1ms", "--count", str(count), *more]


@pytest.fixture
def screen(run: Run, exchange: MockServer, terminal: Callable[[int], None]) -> Screen:
    """Return a function that watches polls on a terminal, and returns the screen after the last one."""

    def screen(*polls: list[dict[str, str]], options: tuple[str, ...] = (), width: int = 80, pairs: int = 1) -> str:
        plan(exchange, *polls)
        terminal(width)
        command = arguments(*options, count=len(polls), pairs=("BTC-USDT", "ETH-USDT")[:pairs])
        return re.sub("\x1b\\[[0-9;?]*[a-zA-Z]|\a|\r", "", re.split("\x1b\\[2K", run(*command).out)[-1])

    return screen


def test_interval() -> None:
    """Polls begin `every` seconds apart; a slow one delays the next; after the last there is no wait."""
    clock, durations, begun = FakeClock(), iter([0.0, 2.0, 12.0, 0.0, 0.0]), []

    def query() -> list[Result]:
        begun.append(clock.monotonic() - 1000)
        clock.now += next(durations)
        return []

    polls = list(islice(poll(query, 5.0, clock), 5))
    assert begun == [0, 5, 10, 22, 27]
    assert [each.at - clock.behind - 1000 for each in polls] == [0, 7, 22, 22, 27]
    assert len(clock.slept) == 4


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("500ms", "0.5"), ("5s", "5"), ("5", "5"), (" 1.5 m ", "90"), ("2h", "7200"), ("7d", "604800")],
)
def test_durations(run: Run, value: str, seconds: str | int) -> None:
    """An interval is a number with a unit, by default seconds."""
    options = ("--every", value, "--count", "1", "--format", "table")
    assert f" every {seconds} s " in run("watch", "BTC-USDT", "--mock", *options).out


@pytest.mark.usefixtures("exchange")
def test_pipe(run: Run) -> None:
    """In a pipe each row of each poll is one line with exact amounts and its change."""
    code, out, err = run("watch", "btc-usdt", "--every", "10ms", "--count", "3")
    assert (code, err) == (0, "")
    rows = [line.split("\t") for line in out.splitlines()]
    assert len(rows) == 6
    assert rows[0][1:] == ["BTC-USDT", "cross", "", "sell", "BTC", "8.7714333997310532", "0"]


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize("option", ["--format=ndjson", "--json"])
def test_ndjson(run: Run, option: str) -> None:
    """NDJSON has one object with the documented keys for each row and poll; --all watches every pair."""
    code, out, err = run("watch", "--all", "--every", "10ms", "--count", "2", option)
    assert (code, err) == (0, "")
    rows = [json.loads(line) for line in out.splitlines()]
    keys = ["at", "inst_id", "mgn_mode", "mgn_ccy", "side", "ccy", "max_loan", "change"]
    live = [name for name, pair in PAIRS.items() if pair.state == "live"]
    assert [list(each) for each in rows] == [keys] * 4 * len(live)
    assert {each["inst_id"] for each in rows} == set(live)
    documented = run("watch", "--help", "--lang", "en").out
    assert all(key in documented for key in keys)


def test_changes_alerts_and_history(run: Run, exchange: MockServer, tmp_path: Path) -> None:
    """A poll is shown with its exact change, recorded as text, and triggers alerts."""
    amounts = ["12345678901234567890.1234567890123456", "12345678901234567890.1234567890123455", "999.25", "", "1000"]
    plan(exchange, *([row(amount)] for amount in amounts))
    file = tmp_path / "loans.sqlite"
    code, out, err = run(*arguments("--alert", " usdt<1000 ", "--record", str(file), count=5))
    assert code == 0
    assert [line.split("\t")[6] for line in out.splitlines()] == amounts
    changes = ["0", "-0.0000000000000001", "-12345678901234566890.8734567890123455", "", "+0.75"]
    assert [line.split("\t")[7] for line in out.splitlines()] == changes
    assert re.fullmatch(r"\d\d:\d\d:\d\dZ usdt<1000: BTC-USDT buy 999.25 USDT\n", err)
    with closing(sqlite3.connect(file)) as database:
        recorded = database.execute("SELECT max_loan, typeof(max_loan) FROM loans ORDER BY at").fetchall()
        assert recorded == [(amount, "text") for amount in amounts]
        for table, columns in re.findall(r"(polls|loans)\(([a-z_, ]+)\)", run("watch", "--help", "--lang", "en").out):
            assert [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")] == columns.split(", ")


@pytest.mark.parametrize(
    ("alert", "is_triggered"),
    [
        ("USDT<1000.0000000000000002", True),
        ("USDT<1000.0000000000000001", False),
        ("USDT<=1000.0000000000000001", True),
        ("USDT>1000", True),
        ("USDT>=1000.0000000000000002", False),
        ("BTC-USDT<2000", True),
        ("BTC<2000", False),
        ("ETH-USDT<2000", False),
    ],
)
def test_bounds_are_exact(run: Run, exchange: MockServer, alert: str, is_triggered: bool) -> None:
    """Amounts are compared exactly, for the named pair or currency; no amount is neither below nor above a bound."""
    plan(exchange, [row("")], [row("1000.0000000000000001")])
    assert run(*arguments("--alert", alert, count=2)).err.count(f"Z {alert}: BTC-USDT buy ") == is_triggered


def test_one_alert_for_each_crossing(run: Run, exchange: MockServer) -> None:
    """An alert is triggered when a row passes its bound, and again only after the row was back inside."""
    plan(exchange, *([row(amount)] if amount else [] for amount in ("9", "4", "3", "", "2", "11", "1")))
    err = run(*arguments("--alert", "USDT<10", "--alert", "USDT<5", count=7)).err
    assert re.findall(r"Z (\S+): BTC-USDT buy (\d)", err) == [
        ("USDT<10", "9"),
        ("USDT<5", "4"),
        ("USDT<10", "1"),
        ("USDT<5", "1"),
    ]


def test_each_row_has_its_state(run: Run, exchange: MockServer) -> None:
    """Two pairs of one currency trigger an alert each."""
    plan(exchange, [row("9"), row("11", inst_id="ETH-USDT")], [row("9"), row("9", inst_id="ETH-USDT")])
    err = run(*arguments("--alert", "USDT<10", count=2, pairs=("BTC-USDT", "ETH-USDT"))).err
    assert re.findall(r"Z USDT<10: (\S+)", err) == ["BTC-USDT", "ETH-USDT"]


def test_alert_without_data(run: Run, exchange: MockServer) -> None:
    """A missing row with an alert is reported once, and again after it was present; a failed poll tells nothing."""
    exchange.exchange.fail_next(1, code="50064", path=PATH)
    plan(exchange, [], [], [row("1")], [])
    err = run(*arguments("--alert", "BTC-USDT<0.5", "--alert", "EUR<1", count=5)).err
    lines = [line for line in err.splitlines() if "cannot be triggered" in line]
    assert [line.split()[1] for line in lines] == ["BTC-USDT<0.5", "EUR<1", "BTC-USDT<0.5"]
    assert "OKX has no data for BTC-USDT" in lines[0]
    assert err.index("50064") < err.index(lines[0])


@pytest.mark.usefixtures("exchange")
def test_alert_command(run: Run, tmp_path: Path) -> None:
    """An alert runs the command without a shell, with the event as JSON; a failure is reported."""
    script, target = tmp_path / "notify.py", tmp_path / "event.json"
    script.write_text(f"import sys, pathlib; pathlib.Path({str(target)!r}).write_text(sys.stdin.read() + sys.argv[1])")
    command = arguments("--alert", "USDT>1", "--alert-command", f"{sys.executable} {script} '$HOME'", count=2)
    code, _, err = run(*command)
    assert (code, len(err.splitlines())) == (0, 1)
    event = json.loads(target.read_text().removesuffix("$HOME"))
    keys = {"text", "alert", "at", "profile", "inst_id", "mgn_mode", "mgn_ccy", "side", "ccy", "max_loan"}
    assert event.keys() == keys
    assert event["text"] == err.strip()
    assert (event["alert"], event["inst_id"], event["side"]) == ("USDT>1", "BTC-USDT", "buy")
    assert event["max_loan"] == "776213.6454545454545454"
    script.write_text("import sys; sys.exit('no network')")
    code, _, err = run(*command)
    assert code == 0
    assert f"The alert command {sys.executable} {script} $HOME failed: exit code 1: no network" in err


@pytest.mark.parametrize(("fails", "code"), [([], 0), ([1], 3), ([0, 1, 2], 1)])
def test_exit_codes(run: Run, exchange: MockServer, fails: list[int], code: int) -> None:
    """The exit code is 0 if every poll got a response, 3 if some did, 1 if none did."""
    for number in range(3):
        code_of_poll = "50064" if number in fails else None
        exchange.exchange.fail_next(1, code=code_of_poll, delay=0.001, path=PATH)
    result = run(*arguments(count=3))
    assert result.code == code
    assert result.err.count("50064") == len(fails)


@pytest.mark.usefixtures("profiles")
def test_several_profiles(run: Run) -> None:
    """Accounts are watched side by side, with a key for the profile; a failing one hides no other."""
    code, out, err = run(*arguments("--profile", "spot", "--profile", "wrong", "--json", count=2))
    assert code == 3
    assert [json.loads(line)["profile"] for line in out.splitlines()] == ["spot"] * 4
    assert err.count("[wrong] ") == 2
    assert run(*arguments("--profile", "wrong", "--profile", "wrong")).code == 2


def test_concurrent_queries() -> None:
    """Results are in the order of the accounts, and an unexpected error reaches the caller."""

    def wait(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    assert map_concurrently(wait, [0.05, 0.0, 0.02]) == [0.05, 0.0, 0.02]
    with pytest.raises(ZeroDivisionError):
        map_concurrently(lambda number: 1 / number, [1, 0])


def test_limit(exchange: MockServer, run: Run) -> None:
    """OKX never counts too many requests, however short the interval; a sparkline has the last twenty amounts."""
    begun = time.monotonic()
    code, out, err = run(*arguments("--format", "table", count=LIMIT.requests + 5))
    assert (code, err) == (0, "")
    assert time.monotonic() - begun > LIMIT.period
    assert {each.status for each in exchange.exchange.log} == {200}
    assert max(map(len, re.findall("[▁-█]+", out))) == 20


@pytest.mark.usefixtures("exchange")
def test_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the last poll stays on the screen, and the cursor is shown again."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, out, err = run(*arguments(count=2))
    assert (code, err) == (0, "")
    assert out.rindex("\x1b[?25l") < out.rindex("8.7714") < out.rindex("\x1b[?25h")


def test_table(screen: Screen) -> None:
    """Each row has its amount, its change, and the sparkline of its last amounts."""
    *lines, foot = screen([row("1000"), row("1.5", "sell")], [row("750.25"), row("1.5", "sell")]).splitlines()
    assert [line.split() for line in lines] == [
        ["Instrument", "Side", "Currency", "Max", "loan", "Change", "Trend"],
        ["BTC-USDT", "buy", "USDT", "750.25", "-249.75", "█▁"],
        ["BTC-USDT", "sell", "BTC", "1.5", "▄▄"],
    ]
    assert re.match(r"\d\d:\d\d:\d\dZ · every 0.001 s · Ctrl-C stops", foot)


@pytest.mark.parametrize(("amounts", "bars"), [("12", "▁█"), ("184", "▁█▄"), ("01234567", "▁▂▃▄▅▆▇█")])
def test_sparkline(screen: Screen, amounts: str, bars: str) -> None:
    """The minimum has the lowest bar, the maximum the highest."""
    assert f" {bars} " in screen(*([row(amount)] for amount in amounts)).replace("\n", " ")


@pytest.mark.parametrize(
    ("amounts", "cells"),
    [
        (["1.123456789"], ["1.12345678"]),
        (["1.50"], ["1.5"]),
        (["100"], ["100"]),
        (["0.000000000001"], ["0"]),
        (["9" * 40], ["9" * 40]),
        ([""], ["-"]),
        (["1", "2.500"], ["2.5", "+1.5"]),
    ],
)
def test_short_amounts(screen: Screen, amounts: list[str], cells: list[str]) -> None:
    """An amount is cut after eight decimals, never rounded up or written with an exponent; a change has a sign."""
    _, line, _ = screen(*([row(amount)] for amount in amounts), width=120).splitlines()
    assert line.split()[3 : 3 + len(cells)] == cells


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [40, 60, 80])
def test_nothing_is_wider_than_the_screen(screen: Screen, lang: str, width: int) -> None:
    """On any terminal lines fit in both languages, and nothing is cut off."""
    polls = [[row(f"{number}.1234567890123456"), row("776213.6454545454545454", "sell")] for number in range(15)]
    text = screen(*polls, options=("--alert", "USDT<1000", "--lang", lang), width=width)
    assert all(cell_len(line.rstrip()) <= width for line in text.splitlines())
    assert "USDT<1000" in text
    assert "776213.64545454" in text


def test_alerts_and_failures(screen: Screen) -> None:
    """Alerts and the first line of each failure are below the table."""
    text = screen([row("999"), row("1", inst_id="ETH-USDT")], [row("999")], options=("--alert", "USDT<1000"), pairs=2)
    assert re.search(r"! \d\d:\d\d:\d\dZ USDT<1000: BTC-USDT buy 999 USDT *\n", text)
    assert re.search("ETH-USDT: OKX returned no data [^\n]*\n", text)


def test_missing_rows_are_dimmed(
    run: Run, exchange: MockServer, terminal: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is missing from a poll stays, dimmed; the others have their side's colour."""
    terminal(80)
    monkeypatch.delenv("NO_COLOR")
    plan(exchange, [row("1"), row("2", "sell")], [row("1")])
    lines = run(*arguments(count=2)).out.splitlines()
    assert "\x1b[32mbuy" in [line for line in lines if "buy" in line][-1]
    assert "\x1b[2msell" in [line for line in lines if "sell" in line][-1]


@pytest.mark.usefixtures("profiles")
def test_profiles_on_a_terminal(run: Run, terminal: Callable[[int], None]) -> None:
    """With several profiles there is a column for the profile, and failures name it."""
    terminal(80)
    out = run(*arguments("--profile", "spot", "--profile", "wrong")).out
    assert re.search("^.*spot +BTC-USDT ", out, re.MULTILINE)
    assert re.search("^.*\\[wrong\\] ", out, re.MULTILINE)
