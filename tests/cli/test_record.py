"""The SQLite record of watch."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from okx_maxloan_sdk import MaxLoan
from okx_maxloan_sdk.cli.record import Key, Record, key
from okx_maxloan_sdk.cli.troubles import FAILED, WRONG, Trouble
from tests.support import contract_values

EXACT = "0.0018826268161452"


def loan(amount: str, inst_id: str = "BTC-USDT", ccy: str = "BTC") -> MaxLoan:
    """Make a row."""
    return contract_values.loan(inst_id=inst_id, side="sell", ccy=ccy, max_loan=amount)


def test_amounts_stay_text(tmp_path: Path) -> None:
    """What is read is digit by digit what was written, an empty amount included."""
    path = tmp_path / "loans.sqlite"
    with Record(path, write=True) as record:
        record.add(1.5, [loan(EXACT)])
        record.add(2.5, [loan("")])
    with Record(path, write=False) as record:
        points = record.points("BTC-USDT")
    assert points == {Key("BTC-USDT", "cross", "", "sell", "BTC"): [(1500, EXACT), (2500, "")]}
    with closing(sqlite3.connect(path)) as base:
        kinds = base.execute("SELECT DISTINCT typeof(max_loan) FROM loans").fetchall()
    assert kinds == [("text",)]


def test_going_on_where_it_ended(tmp_path: Path) -> None:
    """A record that is there is added to; the same moment again replaces its row."""
    path = tmp_path / "loans.sqlite"
    for amount in ("1", "2"):
        with Record(path, write=True) as record:
            record.add(1, [loan(amount)])
            record.add(float(amount) + 1, [loan(amount)])
    with Record(path, write=False) as record:
        assert record.points("BTC-USDT")[key(loan(""))] == [(1000, "2"), (2000, "1"), (3000, "2")]
        assert record.points("BTC-USDT", 2500)[key(loan(""))] == [(3000, "2")]
        assert record.last() == 3000


def test_names(tmp_path: Path) -> None:
    """Pairs are found by their id, and the answer to a currency by the currency."""
    with Record(tmp_path / "loans.sqlite", write=True) as record:
        record.add(1, [loan("1"), loan("2", "", "USDT")])
        assert record.names() == ["BTC-USDT", "USDT"]
        assert list(record.points("USDT")) == [key(loan("", "", "USDT"))]
        assert not record.points("BTC")


def test_a_missing_record_is_not_made_by_reading(tmp_path: Path) -> None:
    """Who reads a file that is not there learns how to make one."""
    with pytest.raises(Trouble) as caught:
        Record(tmp_path / "none.sqlite", write=False)
    assert caught.value.code == WRONG
    assert "watch BTC-USDT --record" in caught.value.text("en")
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize("write", [True, False])
def test_other_files_are_left_alone(tmp_path: Path, write: bool) -> None:
    """A file that is no record, or another program's database, is refused and not changed."""
    text, other = tmp_path / "text", tmp_path / "other.sqlite"
    text.write_text("no database, only words " * 50)
    base = sqlite3.connect(other)
    base.execute("CREATE TABLE mine (x)")
    base.close()
    for path in (text, other):
        before = path.read_bytes()
        with pytest.raises(Trouble) as caught:
            Record(path, write=write)
        assert caught.value.code == FAILED
        assert path.read_bytes() == before


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """What SQLite cannot open is named."""
    with pytest.raises(Trouble, match="record"):
        Record(tmp_path / "no" / "loans.sqlite", write=True)


def test_a_full_disk_is_no_traceback(tmp_path: Path) -> None:
    """A round that cannot be written is a trouble, and nothing of it is kept."""
    with Record(tmp_path / "loans.sqlite", write=True) as record:
        record._file.execute("PRAGMA max_page_count = 2")
        with pytest.raises(Trouble) as caught:
            record.add(1, [loan(str(number), f"A{number}-USDT") for number in range(1000)])
        assert "full" in caught.value.text("en")
        assert record.names() == []
