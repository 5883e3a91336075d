"""SQLite history of watch."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from okx_maxloan_sdk import MaxLoan
from okx_maxloan_sdk.cli.errors import CliError
from okx_maxloan_sdk.cli.history import open_history, series_key
from tests.support import contract_values

from .conftest import Run


def loan(amount: str, inst_id: str = "BTC-USDT", ccy: str = "BTC") -> MaxLoan:
    """Make a row."""
    return contract_values.loan(inst_id=inst_id, side="sell", ccy=ccy, max_loan=amount)


def test_adding_to_a_file(tmp_path: Path) -> None:
    """Rows are appended to an existing file, for each account; a second row of the same time replaces the first."""
    path, key, bot = tmp_path / "loans.sqlite", series_key(loan("")), series_key(loan(""), "bot")
    for amount in ("1", "2"):
        with open_history(path, write=True) as history:
            history.add(1, [(key, loan(amount))])
            history.add(float(amount) + 1.5, [(key, loan(amount)), (bot, loan(f"{amount}0"))])
    with open_history(path, write=False) as history:
        assert history.read_series("BTC-USDT") == {
            key: [[(1000, 2), (2500, 1), (3500, 2)]],
            bot: [[(2500, 10), (3500, 20)]],
        }
        assert history.read_series("BTC-USDT", 3000)[key] == [[(3500, 2)]]
        assert history.last_timestamp() == 3500


def test_outages_divide_a_series(tmp_path: Path) -> None:
    """A poll without a row, an empty amount, and a restart each end a segment of the series."""
    key = series_key(loan(""))
    with open_history(tmp_path / "loans.sqlite", write=True) as history:
        history.add(0)
        for at, rows in enumerate([["1"], ["2"], [], ["3"], [""], ["4"], ["5"]], 1):
            history.add(at, [(key, loan(amount)) for amount in rows])
        history.add(7.5)
        history.add(8, [(key, loan("6"))])
        (segments,) = history.read_series("BTC-USDT").values()
    assert [[amount for _, amount in segment] for segment in segments] == [[1, 2], [3], [4, 5], [6]]


def test_names(tmp_path: Path) -> None:
    """Pairs are selected by their id, and the row of a currency by the currency."""
    with open_history(tmp_path / "loans.sqlite", write=True) as history:
        pair, currency = loan("1"), loan("2", "", "USDT")
        history.add(1, [(series_key(pair), pair), (series_key(currency), currency)])
        assert history.list_names() == ["BTC-USDT", "USDT"]
        assert list(history.read_series("USDT")) == [series_key(currency)]
        assert not history.read_series("BTC")


@pytest.mark.parametrize("command", ["chart {} BTC-USDT", "watch BTC-USDT --mock --count 1 --record {}"])
def test_other_files_are_left_alone(run: Run, tmp_path: Path, command: str) -> None:
    """A file of another program is rejected and not changed."""
    text_file, other = tmp_path / "text", tmp_path / "other.sqlite"
    text_file.write_text("no database, only words " * 50)
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE mine (x)")
    for path in (text_file, other):
        before = path.read_bytes()
        code, out, err = run(*command.format(path).split())
        assert (code, out) == (1, "")
        assert f"{path} cannot be used as a history" in err
        assert path.read_bytes() == before


def test_missing_files(run: Run, tmp_path: Path) -> None:
    """A missing folder is named, and not created."""
    path = tmp_path / "no" / "loans.sqlite"
    code, _, err = run("watch", "BTC-USDT", "--mock", "--record", str(path), "--lang", "zh")
    assert code == 1
    assert str(path) in err
    assert not list(tmp_path.iterdir())


def test_a_full_disk(tmp_path: Path) -> None:
    """A poll that cannot be written completely is an error, and none of its rows remains."""
    path = tmp_path / "loans.sqlite"
    rows = [loan("1", f"A{number}-USDT") for number in range(1000)]

    def fill() -> None:
        with open_history(path, write=True) as history:
            history._database.execute("PRAGMA max_page_count = 3")
            history.add(1, [(series_key(row), row) for row in rows])

    with pytest.raises(CliError, match=f"{path} .*full"):
        fill()
    with open_history(path, write=False) as history:
        assert history.list_names() == []
