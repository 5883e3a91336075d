"""okx-maxloan watch."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk import MaxLoan, MissingDataError, RequestNotSentError
from okx_maxloan_sdk.cli.alerts import Bells, alert
from okx_maxloan_sdk.cli.record import Record
from okx_maxloan_sdk.cli.screen import Lines
from okx_maxloan_sdk.cli.watch import Answer, asking, follow, patient
from tests.support import contract_values
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from okx_maxloan_sdk.mock.server import MockServer

    from .conftest import Run


def loan(amount: str) -> MaxLoan:
    """Make a row."""
    return contract_values.loan(side="buy", ccy="USDT", max_loan=amount)


def test_times_are_kept() -> None:
    """Rounds begin `every` seconds apart, however long each takes; one that takes longer delays the next."""
    clock, taken, begun = FakeClock(), iter([0.0, 2.0, 12.0, 0.0, 0.0]), []

    def ask() -> Answer:
        begun.append(clock.monotonic() - 1000)
        clock.now += next(taken)
        return [], []

    rounds = list(islice(asking(ask, 5.0, clock), 5))
    assert begun == [0, 5, 10, 22, 27]
    assert [each.at - clock.behind - 1000 for each in rounds] == [0, 7, 22, 22, 27]


def test_nothing_is_asked_before_it_is_wanted() -> None:
    """After the last round nobody waits."""
    clock = FakeClock()
    list(islice(asking(lambda: ([], []), 5.0, clock), 2))
    assert clock.slept == [5.0]


def test_what_passes_is_no_reason_to_end(exchange: MockServer) -> None:
    """A lost connection or a busy exchange is shown and asked again; a wrong key ends it."""
    source = exchange.client(max_retries=0)

    def ask() -> Answer:
        return patient(lambda: source.get_max_loan("BTC-USDT", mgn_mode="cross"))

    exchange.exchange.fail_next(1, code="50013")
    loans, failures = ask()
    assert (loans, [type(error).__name__ for _, error in failures]) == ([], ["ServiceUnavailableError"])
    assert len(ask()[0]) == 2
    exchange.exchange.fail_next(1, code="50113")
    with pytest.raises(Exception, match="50113"):
        ask()


@pytest.mark.usefixtures("exchange")
def test_pipe(run: Run, tmp_path: Path) -> None:
    """Into a pipe goes one line for each row and time, exact, with the change; alerts go to stderr."""
    file = tmp_path / "loans.sqlite"
    arguments = ["--every", "10ms", "--count", "3", "--alert", "BTC-USDT<8", "--record", str(file)]
    code, out, err = run("watch", "BTC-USDT", *arguments)
    assert (code, err) == (0, "")
    rows = [line.split("\t") for line in out.splitlines()]
    assert len(rows) == 6
    assert rows[0][1:] == ["BTC-USDT", "cross", "", "sell", "BTC", "8.7714333997310532", "0"]
    with Record(file, write=False) as record:
        assert {amount for points in record.points("BTC-USDT").values() for _, amount in points} == {
            row[6] for row in rows
        }


def test_change_record_and_alert(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A round is recorded before it is shown, with its change, and rings what begins with it."""
    clock, amounts = FakeClock(), iter(["1500.5", "999.25", ""])
    rounds = islice(asking(lambda: ([loan(next(amounts))], []), 5.0, clock), 3)
    with Record(tmp_path / "loans.sqlite", write=True) as record:
        follow(rounds, Lines("en"), Bells([alert("USDT<1000")]), record)
        ((_, points),) = record.points("BTC-USDT").items()
    assert [amount for _, amount in points] == ["1500.5", "999.25", ""]
    out, err = capsys.readouterr()
    assert [line.split("\t")[6:] for line in out.splitlines()] == [["1500.5", "0"], ["999.25", "-501.25"], ["", ""]]
    assert err.splitlines() == ["22:30:05Z USDT<1000: BTC-USDT buy 999.25 USDT"]


def test_alert_without_data(capsys: pytest.CaptureFixture[str]) -> None:
    """An alert on what a complete answer has no row of is reported once, and again after it had one."""
    gone: Answer = ([], [(("BTC-USDT",), MissingDataError(["BTC-USDT"]))])
    lost: Answer = ([], [(("BTC-USDT",), RequestNotSentError("no route"))])
    given = iter([lost, gone, gone, ([loan("1")], []), gone])
    bells = Bells([alert("BTC-USDT<0.5"), alert("EUR<1")])
    follow(islice(asking(lambda: next(given), 1.0, FakeClock()), 5), Lines("en"), bells, None)
    said = [line for line in capsys.readouterr().err.splitlines() if "cannot fire" in line]
    assert [line.split()[1] for line in said] == ["BTC-USDT<0.5", "EUR<1", "BTC-USDT<0.5"]
    assert "OKX has no data for BTC-USDT" in said[0]


def test_failures_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A round that failed is a line on stderr, and the next goes on."""
    answers: list[Answer] = [([], [((), RequestNotSentError("no route"))]), ([loan("1")], [])]
    given = iter(answers)
    follow(islice(asking(lambda: next(given), 1.0, FakeClock()), 2), Lines("en"), Bells([]), None)
    out, err = capsys.readouterr()
    assert "no route" in err
    assert len(out.splitlines()) == 1


def test_one_of_several_requests_fails(exchange: MockServer) -> None:
    """What arrived is shown beside what failed."""
    asked = ["BTC-USDT"] * contract_values.SIZE + ["BTC-USTD"]
    source = exchange.client()
    loans, failures = patient(lambda: source.get_max_loan(asked, mgn_mode="cross"))
    assert {each.inst_id for each in loans} == {"BTC-USDT"}
    assert [pairs for pairs, _ in failures] == [("BTC-USTD",)]


@pytest.mark.usefixtures("exchange")
def test_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the last round stays when watching ends, and the cursor that was hidden comes back."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, out, err = run("watch", "BTC-USDT", "--every", "10ms", "--count", "2")
    assert (code, err) == (0, "")
    assert out.rindex("\x1b[?25l") < out.rindex("8.7714") < out.rindex("\x1b[?25h")


def test_limit_is_kept(exchange: MockServer, run: Run) -> None:
    """However often one asks, the exchange never counts too many."""
    begun = time.monotonic()
    code, _, err = run("watch", "BTC-USDT", "--every", "1ms", "--count", str(contract_values.LIMIT.requests + 5))
    assert (code, err) == (0, "")
    assert time.monotonic() - begun > contract_values.LIMIT.period
    assert {each.status for each in exchange.exchange.log} == {200}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "pairs such as BTC-USDT"),
        (["BTC-USDT", "--every", "5x"], "500ms, 5s, 2m or 1h"),
        (["BTC-USDT", "--alert", "USDT!5"], "'USDT<1000'"),
        (["BTC-USDT", "--count", "0"], "--count"),
        (["BTC-USDT"], "OKX_API_KEY"),
    ],
)
def test_wrong_arguments(run: Run, arguments: list[str], words: str) -> None:
    """What cannot be watched exits 2 and says why."""
    code, out, err = run("watch", *arguments)
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.usefixtures("exchange")
def test_a_pair_that_there_is_not(run: Run) -> None:
    """A typo ends it at once, with the nearest pair."""
    code, _, err = run("watch", "BTC-USTD")
    assert code == 1
    assert "did you mean BTC-USDT?" in err


@pytest.mark.usefixtures("exchange")
def test_interrupting_is_the_way_to_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends it with 0."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("okx_maxloan_sdk.clock.SystemClock.sleep", interrupt)
    code, out, _ = run("watch", "BTC-USDT", "--every", "1h")
    assert code == 0
    assert len(out.splitlines()) == 2
