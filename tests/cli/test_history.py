"""SQLite history of watch."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from okx_maxloan_sdk import MaxLoan
from okx_maxloan_sdk.cli.errors import CliError, ExitCode
from okx_maxloan_sdk.cli.history import HistoryFile, SeriesKey, series_key
from okx_maxloan_sdk.cli.i18n import text
from tests.support import contract_values

EXACT = "0.0018826268161452"


def loan(amount: str, inst_id: str = "BTC-USDT", ccy: str = "BTC") -> MaxLoan:
    """Make a row."""
    return contract_values.loan(inst_id=inst_id, side="sell", ccy=ccy, max_loan=amount)


def test_amounts_stay_text(tmp_path: Path) -> None:
    """Amounts are read exactly as they were written."""
    path = tmp_path / "loans.sqlite"
    with HistoryFile(path, write=True) as history:
        history.add(1.5, [("", loan(EXACT))])
        history.add(2.5, [("bot", loan("2"))])
    with HistoryFile(path, write=False) as history:
        series = history.read_series("BTC-USDT")
    key = SeriesKey("", "BTC-USDT", "cross", "", "sell", "BTC")
    assert series == {key: [[(1500, EXACT)]], key._replace(profile="bot"): [[(2500, "2")]]}
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT DISTINCT typeof(max_loan) FROM loans").fetchall() == [("text",)]


def test_schema_is_as_documented(tmp_path: Path) -> None:
    """The tables have the columns that the help and the module's docstring name."""
    with HistoryFile(tmp_path / "loans.sqlite", write=True) as history:
        for table, columns in re.findall(r"(polls|loans)\(([a-z_, ]+)\)", text("en", "watch.record")):
            names = [name for _, name, *_ in history._database.execute(f"PRAGMA table_info({table})")]
            assert names == columns.split(", ")


def test_adding_to_a_file(tmp_path: Path) -> None:
    """Rows are appended to an existing file; a second row of the same time replaces the first."""
    path = tmp_path / "loans.sqlite"
    for amount in ("1", "2"):
        with HistoryFile(path, write=True) as history:
            history.add(1, [("", loan(amount))])
            history.add(float(amount) + 1, [("", loan(amount))])
    with HistoryFile(path, write=False) as history:
        assert history.read_series("BTC-USDT")[series_key(loan(""))] == [[(1000, "2"), (2000, "1"), (3000, "2")]]
        assert history.read_series("BTC-USDT", 2500)[series_key(loan(""))] == [[(3000, "2")]]
        assert history.last_timestamp() == 3000


def test_outages_divide_a_series(tmp_path: Path) -> None:
    """A poll without a row, an empty amount, and a restart each end a segment of the series."""
    with HistoryFile(tmp_path / "loans.sqlite", write=True) as history:
        history.add(0)
        for at, rows in enumerate([["1"], ["2"], [], ["3"], [""], ["4"], ["5"]], 1):
            history.add(at, [("", loan(amount)) for amount in rows])
        history.add(7.5)
        history.add(8, [("", loan("6"))])
        (segments,) = history.read_series("BTC-USDT").values()
    assert [[amount for _, amount in segment] for segment in segments] == [["1", "2"], ["3"], ["4", "5"], ["6"]]


def test_names(tmp_path: Path) -> None:
    """Pairs are selected by their id, and the row of a currency by the currency."""
    with HistoryFile(tmp_path / "loans.sqlite", write=True) as history:
        history.add(1, [("", loan("1")), ("", loan("2", "", "USDT"))])
        assert history.list_names() == ["BTC-USDT", "USDT"]
        assert list(history.read_series("USDT")) == [series_key(loan("", "", "USDT"))]
        assert not history.read_series("BTC")


def test_reading_creates_no_file(tmp_path: Path) -> None:
    """The error for a missing file says how to create one."""
    with pytest.raises(CliError) as caught:
        HistoryFile(tmp_path / "none.sqlite", write=False)
    assert caught.value.code == ExitCode.USAGE
    assert "watch BTC-USDT --record" in caught.value.text("en")
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize("write", [True, False])
def test_other_files_are_left_alone(tmp_path: Path, write: bool) -> None:
    """A file of another program is rejected and not changed."""
    text_file, other = tmp_path / "text", tmp_path / "other.sqlite"
    text_file.write_text("no database, only words " * 50)
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE mine (x)")
    for path in (text_file, other):
        before = path.read_bytes()
        with pytest.raises(CliError) as caught:
            HistoryFile(path, write=write)
        assert caught.value.code == ExitCode.FAILURE
        assert path.read_bytes() == before


def test_a_missing_folder(tmp_path: Path) -> None:
    """A path that SQLite cannot open is an error that names it."""
    with pytest.raises(CliError) as caught:
        HistoryFile(tmp_path / "no" / "loans.sqlite", write=True)
    assert str(tmp_path) in caught.value.text("zh")


def test_a_full_disk(tmp_path: Path) -> None:
    """A poll that cannot be written completely is an error, and none of its rows remains."""
    with HistoryFile(tmp_path / "loans.sqlite", write=True) as history:
        history._database.execute("PRAGMA max_page_count = 3")
        with pytest.raises(CliError) as caught:
            history.add(1, [("", loan(str(number), f"A{number}-USDT")) for number in range(1000)])
        assert "full" in caught.value.text("en")
        assert history.list_names() == []
