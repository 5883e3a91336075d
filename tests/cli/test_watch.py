"""Command okx-maxloan watch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk import MaxLoan, MissingDataError, RequestNotSentError
from okx_maxloan_sdk.cli.alerts import AlertTracker, parse_alert
from okx_maxloan_sdk.cli.base import Run as State
from okx_maxloan_sdk.cli.display import LineDisplay
from okx_maxloan_sdk.cli.errors import ExitCode
from okx_maxloan_sdk.cli.history import HistoryFile
from okx_maxloan_sdk.cli.query import Failures, Result, map_concurrently
from okx_maxloan_sdk.cli.watch import WatchLoop, poll
from okx_maxloan_sdk.mock.margin import PAIRS
from tests.support import contract_values
from tests.support.clock import FakeClock
from tests.support.processes import interrupt

if TYPE_CHECKING:
    from pathlib import Path

    from okx_maxloan_sdk.mock.server import MockServer

    from .conftest import Run

PATH = "/api/v5/account/max-loan"
FAST = ("--every", "10ms")


def loan(amount: str) -> MaxLoan:
    """Make a row."""
    return contract_values.loan(side="buy", ccy="USDT", max_loan=amount)


def run_loop(*polls: tuple[list[MaxLoan], Failures], alerts: tuple[str, ...] = (), **more: Any) -> ExitCode:
    """Process some polls, and return the exit code."""
    results = iter(polls)
    tracker = AlertTracker([parse_alert(each) for each in alerts])
    loop = WatchLoop("en", LineDisplay(State("en")), tracker, **more)

    def query() -> list[Result]:
        loans, failures = next(results)
        return [Result("", loans, failures)]

    loop.run(islice(poll(query, 5.0, FakeClock()), len(polls)))
    return loop.code


def test_interval() -> None:
    """Polls begin `every` seconds apart; a slow poll delays the next one."""
    clock, durations, begun = FakeClock(), iter([0.0, 2.0, 12.0, 0.0, 0.0]), []

    def query() -> list[Result]:
        begun.append(clock.monotonic() - 1000)
        clock.now += next(durations)
        return []

    polls = list(islice(poll(query, 5.0, clock), 5))
    assert begun == [0, 5, 10, 22, 27]
    assert [each.at - clock.behind - 1000 for each in polls] == [0, 7, 22, 22, 27]


def test_no_wait_after_the_last_poll() -> None:
    """After the last poll there is no wait."""
    clock = FakeClock()
    list(islice(poll(list, 5.0, clock), 2))
    assert clock.slept == [5.0]


@pytest.mark.usefixtures("exchange")
def test_pipe(run: Run, tmp_path: Path) -> None:
    """In a pipe each row of each poll is one exact line with its change, and alerts go to stderr."""
    file = tmp_path / "loans.sqlite"
    code, out, err = run("watch", "btc-usdt", *FAST, "--count", "3", "--alert", "BTC-USDT<8", "--record", str(file))
    assert (code, err) == (0, "")
    rows = [line.split("\t") for line in out.splitlines()]
    assert len(rows) == 6
    assert rows[0][1:] == ["BTC-USDT", "cross", "", "sell", "BTC", "8.7714333997310532", "0"]
    with HistoryFile(file, write=False) as history:
        segments = [segment for each in history.read_series("BTC-USDT").values() for segment in each]
    assert {amount for segment in segments for _, amount in segment} == {row[6] for row in rows}


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize("option", [["--format", "ndjson"], ["--json"]])
def test_ndjson(run: Run, option: list[str]) -> None:
    """NDJSON has one object with the documented keys for each row and poll."""
    code, out, err = run("watch", "BTC-USDT", *FAST, "--count", "2", *option)
    assert (code, err) == (0, "")
    rows = [json.loads(line) for line in out.splitlines()]
    keys = ["at", "inst_id", "mgn_mode", "mgn_ccy", "side", "ccy", "max_loan", "change"]
    assert [list(row) for row in rows] == [keys] * 4
    documented = run("watch", "--help", "--lang", "en").out
    assert all(key in documented for key in keys)


@pytest.mark.usefixtures("exchange")
def test_all(run: Run) -> None:
    """--all watches every margin pair of the account."""
    code, out, err = run("watch", "--all", *FAST, "--count", "1", "--json")
    assert (code, err) == (0, "")
    live = {name for name, pair in PAIRS.items() if pair.state == "live"}
    assert {json.loads(line)["inst_id"] for line in out.splitlines()} == live


def test_history_change_and_alert(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A poll is recorded and shown with its change, and triggers alerts."""
    with HistoryFile(tmp_path / "loans.sqlite", write=True) as history:
        polls: list[tuple[list[MaxLoan], Failures]] = [([loan(each)], []) for each in ("1500.5", "999.25", "")]
        run_loop(*polls, alerts=("USDT<1000",), history=history)
        ((segment,),) = history.read_series("BTC-USDT").values()
    assert [amount for _, amount in segment] == ["1500.5", "999.25"]
    out, err = capsys.readouterr()
    assert [line.split("\t")[6:] for line in out.splitlines()] == [["1500.5", "0"], ["999.25", "-501.25"], ["", ""]]
    assert err.splitlines() == ["22:30:05Z USDT<1000: BTC-USDT buy 999.25 USDT"]


def test_alert_without_data(capsys: pytest.CaptureFixture[str]) -> None:
    """A missing row with an alert is reported once, and again after it was present."""
    gone: tuple[list[MaxLoan], Failures] = ([], [(("BTC-USDT",), MissingDataError(["BTC-USDT"]))])
    missing: tuple[list[MaxLoan], Failures] = ([], [(("BTC-USDT",), RequestNotSentError("no route"))])
    run_loop(missing, gone, gone, ([loan("1")], []), gone, alerts=("BTC-USDT<0.5", "EUR<1"))
    lines = [line for line in capsys.readouterr().err.splitlines() if "cannot be triggered" in line]
    assert [line.split()[1] for line in lines] == ["BTC-USDT<0.5", "EUR<1", "BTC-USDT<0.5"]
    assert "OKX has no data for BTC-USDT" in lines[0]


@pytest.mark.usefixtures("exchange")
def test_alert_command(run: Run, tmp_path: Path) -> None:
    """An alert runs the command without a shell, with the event as JSON; a failure is reported."""
    script = tmp_path / "notify.py"
    target = tmp_path / "event.json"
    script.write_text(f"import sys, pathlib; pathlib.Path({str(target)!r}).write_text(sys.stdin.read() + sys.argv[1])")
    command = f"{sys.executable} {script} '$HOME'"
    arguments = ["watch", "BTC-USDT", *FAST, "--count", "2", "--alert", "USDT>1", "--alert-command"]
    code, _, err = run(*arguments, command)
    assert (code, len(err.splitlines())) == (0, 1)
    event = json.loads(target.read_text().removesuffix("$HOME"))
    assert event["text"] == err.strip()
    assert (event["alert"], event["inst_id"], event["side"]) == ("USDT>1", "BTC-USDT", "buy")
    assert event["max_loan"] == "776213.6454545454545454"
    assert set(event) == {
        *("text", "alert", "at", "profile", "inst_id", "mgn_mode", "mgn_ccy", "side", "ccy", "max_loan")
    }
    script.write_text("import sys; sys.exit('no network')")
    code, _, err = run(*arguments, f"{sys.executable} {script}")
    assert code == 0
    assert f"The alert command {sys.executable} {script} failed: exit code 1: no network" in err


@pytest.mark.parametrize(("fails", "code"), [([], ExitCode.OK), ([1], ExitCode.PARTIAL), ([0, 1, 2], ExitCode.FAILURE)])
def test_exit_codes(run: Run, exchange: MockServer, fails: list[int], code: ExitCode) -> None:
    """The exit code is 0 if every poll got a response, 3 if some did, 1 if none did."""
    for number in range(3):
        code_of_poll = "50064" if number in fails else None
        exchange.exchange.fail_next(1, code=code_of_poll, delay=0.001, path=PATH)
    exit_code, _, err = run("watch", "BTC-USDT", "--every", "10ms", "--count", "3")
    assert exit_code == code
    assert err.count("50064") == len(fails)


def test_partial_poll() -> None:
    """Pairs without data are a partial response; a lost connection is none."""
    missing: Failures = [(("BTC-USDT",), MissingDataError(["BTC-USDT"]))]
    assert run_loop(([], missing)) == ExitCode.PARTIAL
    assert run_loop(([], [((), RequestNotSentError("no route"))])) == ExitCode.FAILURE
    assert run_loop(([], [((), RequestNotSentError("no route"))]), ([loan("1")], [])) == ExitCode.PARTIAL


@pytest.mark.usefixtures("exchange")
def test_no_network(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network every poll fails, and the exit code is 1."""
    monkeypatch.setenv("OKX_BASE_URL", "http://127.0.0.1:9")
    code, out, err = run("watch", "BTC-USDT", *FAST, "--count", "2")
    assert (code, out) == (1, "")
    assert err.count("No response from http://127.0.0.1:9") == 2


@pytest.mark.usefixtures("exchange")
def test_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the last poll stays on the screen, and the cursor is shown again."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, out, err = run("watch", "BTC-USDT", *FAST, "--count", "2")
    assert (code, err) == (0, "")
    assert out.rindex("\x1b[?25l") < out.rindex("8.7714") < out.rindex("\x1b[?25h")


def test_limit(exchange: MockServer, run: Run) -> None:
    """OKX never counts too many requests, however short the interval."""
    begun = time.monotonic()
    code, _, err = run("watch", "BTC-USDT", "--every", "1ms", "--count", str(contract_values.LIMIT.requests + 5))
    assert (code, err) == (0, "")
    assert time.monotonic() - begun > contract_values.LIMIT.period
    assert {each.status for each in exchange.exchange.log} == {200}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "pairs such as BTC-USDT"),
        (["BTC-USDT", "--every", "5x"], "500ms, 5s, 2m or 1h"),
        (["BTC-USDT", "--alert", "USDT!5"], "'USDT<1000'"),
        (["BTC-USDT", "--alert-command", "cat"], "add an alert"),
        (
            ["BTC-USDT", "--alert", "USDT<5", "--alert-command", "no-such-program x"],
            "'no-such-program x' cannot be run",
        ),
        (["BTC-USDT", "--alert", "USDT<5", "--alert-command", "'"], "cannot be run"),
        (["BTC-USDT", "--count", "0"], "--count"),
        (["BTC-USDT", "--ccy", "USDT"], "exclude each other"),
        (["BTC-USDT"], "OKX_API_KEY"),
        (["BTC-USDT", "--profile", "bot"], "profile bot"),
        (["BTC-USDT", "--mock", "--limiter", "file:///proc/no/such"], "The rate limiter file:///proc/no/such"),
        (["BTC-USDT", "--mock", "--limiter", "pigeon:x"], "pigeon"),
    ],
)
def test_wrong_arguments(run: Run, arguments: list[str], message: str) -> None:
    """An invalid setting exits with 2 at once, and is named."""
    code, out, err = run("watch", *arguments)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize("pairs", [["BTC-USTD"], ["BTC-USDT", "BTC-USTD"], ["BTC/USDT"]])
def test_unknown_pair(run: Run, pairs: list[str]) -> None:
    """A pair that OKX rejects in the first poll exits with 2, with the nearest as suggestion."""
    code, out, err = run("watch", *pairs)
    assert (code, out) == (2, "")
    assert "Did you mean BTC-USDT?" in err


def test_wrong_credentials(run: Run, exchange: MockServer) -> None:
    """Credentials that OKX rejects exit with 2 at once."""
    exchange.exchange.fail_next(1, code="50113", path=PATH)
    code, out, err = run("watch", "BTC-USDT")
    assert (code, out) == (2, "")
    assert "50113" in err


def test_several_profiles(run: Run, exchange: MockServer, tmp_path: Path) -> None:
    """Accounts are watched side by side, with a key for the profile; a failing one hides no other."""
    file = tmp_path / "config" / "okx-maxloan" / "config.toml"
    file.parent.mkdir(parents=True)
    key = exchange.key("spot")
    text = ""
    for name, passphrase in (("good", key.passphrase), ("bad", "Wrong-1")):
        parts = {"key": key.key, "secret": key.secret, "passphrase": passphrase, "base_url": exchange.url}
        text += f"[{name}]\n" + "".join(f'{part} = "{value}"\n' for part, value in parts.items())
    file.write_text(text)
    file.chmod(0o600)
    several = ["--profile", "good", "--profile", "bad"]
    code, out, err = run("watch", "BTC-USDT", *several, *FAST, "--count", "2", "--json")
    assert code == 3
    assert [json.loads(line)["profile"] for line in out.splitlines()] == ["good"] * 4
    assert err.count("[bad] ") == 2
    assert run("watch", "BTC-USDT", "--profile", "bad", "--profile", "bad", *FAST).code == 2


def test_concurrent_queries() -> None:
    """Results are in the order of the accounts, and an unexpected error reaches the caller."""

    def wait(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    assert map_concurrently(wait, [0.05, 0.0, 0.02]) == [0.05, 0.0, 0.02]
    with pytest.raises(ZeroDivisionError):
        map_concurrently(lambda number: 1 / number, [1, 0])


@pytest.mark.usefixtures("exchange")
def test_interrupt(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C exits with 130."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("okx_maxloan_sdk.clock.SystemClock.sleep", interrupt)
    code, out, _ = run("watch", "BTC-USDT", "--every", "1h")
    assert code == 130
    assert len(out.splitlines()) == 2


@pytest.mark.skipif(os.name != "posix", reason="Windows interrupts programs in another way")
def test_interrupted_process() -> None:
    """A real SIGINT exits with 130, without a traceback."""
    command = [sys.executable, "-m", "okx_maxloan_sdk", "watch", "BTC-USDT", "--mock", "--every", "1h"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        errors = interrupt(process)
    assert (process.returncode, errors.strip()) == (130, "")
