"""Fixtures: a mock exchange in the environment, a file of profiles, and the command in this process."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from okx_maxloan_sdk.cli.app import main
from okx_maxloan_sdk.cli.history import open_history, series_key
from okx_maxloan_sdk.mock.server import MockServer, run_mock_server
from tests.support.contract_values import loan

START = 1_700_000_000


class Result(NamedTuple):
    """Exit code and output of a run."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Run okx-maxloan with arguments."""

    def __call__(self, *arguments: str) -> Result: ...


@pytest.fixture(autouse=True)
def _clean_environment(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have no setting of the user, and a folder of their own for the settings of the test."""
    environment.setenv("LANG", "C.UTF-8")
    environment.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process."""

    def run(*arguments: str) -> Result:
        code = main(arguments)
        written = capsys.readouterr()
        assert "Traceback" not in written.err or "--debug" in arguments
        return Result(code, written.out, written.err)

    return run


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that makes standard output a terminal of some width, without colours."""

    def terminal(width: int) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        for name, value in (("TERM", "xterm"), ("NO_COLOR", "1"), ("COLUMNS", str(width))):
            monkeypatch.setenv(name, value)

    return terminal


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockServer]:
    """Run a mock exchange, and set the environment to its user `spot`."""
    with run_mock_server() as server:
        for name, value in server.environment("spot").items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def profiles(exchange: MockServer, tmp_path: Path) -> MockServer:
    """Write the profiles `spot` and `futures`, and `wrong` with a wrong passphrase."""
    file = tmp_path / "config" / "okx-maxloan" / "config.toml"
    file.parent.mkdir(parents=True)
    text = ""
    for name, user in (("spot", "spot"), ("futures", "futures"), ("wrong", "spot")):
        key = exchange.key(user)
        passphrase = "Wrong-1" if name == "wrong" else key.passphrase
        text += f'[{name}]\nkey = "{key.key}"\nsecret = "{key.secret}"\npassphrase = "{passphrase}"\n'
        text += f'base_url = "{exchange.url}"\n'
    file.write_text(text)
    file.chmod(0o600)
    return exchange


def record(path: Path, *segments: Iterable[float], side: str = "sell", ccy: str = "BTC") -> Path:
    """Record a poll of BTC-USDT every five seconds, and a poll without a row after each segment."""
    at = START
    with open_history(path, write=True) as history:
        for segment in segments:
            for amount in segment:
                row = loan(side=side, ccy=ccy, max_loan=str(amount))
                history.add(at, [(series_key(row), row)])
                at += 5
            history.add(at)
            at += 5
    return path


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Record forty polls."""
    return record(tmp_path / "loans.sqlite", [8.0018 + number % 7 for number in range(40)])
