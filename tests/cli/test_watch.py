"""Command okx-maxloan watch: intervals, lines, the table on a terminal, alerts, exit codes."""

import json
import re
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from okx_maxloan_sdk.cli.query import Result
from okx_maxloan_sdk.cli.watch import poll
from okx_maxloan_sdk.mock.market import PAIRS
from okx_maxloan_sdk.mock.server import MockServer
from tests.support.clock import FakeClock
from tests.support.contract_values import LIMIT
from tests.support.fake_transport import loan_row

from .conftest import Run

PATH = "/api/v5/account/max-loan"


def row(amount: str, side: str = "buy") -> dict[str, str]:
    """Make a row of a response."""
    return loan_row("BTC-USDT", side, amount)


def plan(exchange: MockServer, *polls: list[dict[str, str]]) -> None:
    """Plan the rows of each poll."""
    for rows in polls:
        html = json.dumps({"code": "0", "msg": "", "data": rows})
        exchange.exchange.fail_next(1, status=200, html=html, path=PATH)


def arguments(*more: str, count: int = 1) -> list[str]:
    """Return the arguments of some quick polls."""
    return ["watch", "BTC-USDT", "--every", "1ms", "--count", str(count), *more]


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


def test_record(run: Run, exchange: MockServer, tmp_path: Path) -> None:
    """A history has the tables that the help documents, with OKX's digits as text."""
    file, amounts = tmp_path / "loans.sqlite", ["0.0018826268161452", "12345678901234567890.1234567890123456", ""]
    plan(exchange, *([row(amount)] for amount in amounts))
    assert run(*arguments("--record", str(file), count=3)).code == 0
    help_text = " ".join(run("watch", "--help", "--lang", "en").out.split())
    documented = dict(re.findall(r"(polls|loans)\(([a-z_, ]+)\)", help_text))
    with closing(sqlite3.connect(file)) as database:
        recorded = database.execute("SELECT max_loan, typeof(max_loan) FROM loans ORDER BY at").fetchall()
        assert recorded == [(amount, "text") for amount in amounts]
        columns = {
            table: ", ".join(name for _, name, *_ in database.execute(f"PRAGMA table_info({table})"))
            for table in ("polls", "loans")
        }
        assert columns == documented


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


@pytest.mark.usefixtures("profiles")
def test_several_profiles(run: Run, tmp_path: Path) -> None:
    """Accounts are watched side by side, with a key or column for the profile; a failing one hides no other."""
    file, both = tmp_path / "loans.sqlite", ("--profile", "spot", "--profile", "wrong")
    code, out, err = run(*arguments(*both, "--json", "--record", str(file), count=2))
    assert code == 3
    assert [json.loads(line)["profile"] for line in out.splitlines()] == ["spot"] * 4
    assert err.count("[wrong] ") == 2
    with closing(sqlite3.connect(file)) as database:
        assert {*database.execute("SELECT DISTINCT profile FROM loans")} == {("spot",)}
    table = run(*arguments(*both, "--format", "table")).out
    assert re.search(r"^spot +BTC-USDT (.*\n)+\[wrong\] ", table, re.MULTILINE)
    assert run(*arguments("--profile", "wrong", "--profile", "wrong")).code == 2


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
    """On a terminal the first poll is announced, the last one stays on the screen, and the cursor is shown again."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, out, err = run(*arguments(count=2))
    assert (code, err) == (0, "")
    assert out.rindex("\x1b[?25l") < out.index("Querying…") < out.rindex("8.7714") < out.rindex("\x1b[?25h")


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
