"""okx-maxloan chart."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.cli import cells, picture
from okx_maxloan_sdk.cli.chart import amount, moment, panels, steps
from okx_maxloan_sdk.cli.plot import draw
from okx_maxloan_sdk.cli.record import Key, Record
from tests.support.contract_values import loan

if TYPE_CHECKING:
    from pathlib import Path

    from okx_maxloan_sdk.cli.chart import Panel

    from .conftest import Run

DAY = 1_700_000_000
SELL = Key("BTC-USDT", "cross", "", "sell", "BTC")


def series(*amounts: str, key: Key = SELL) -> list[Panel]:
    """Make one panel."""
    return panels({key: [(DAY * 1000 + number * 5000, each) for number, each in enumerate(amounts)]})


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Record forty rounds."""
    path = tmp_path / "loans.sqlite"
    with Record(path, write=True) as record:
        for number in range(40):
            row = loan(**SELL._asdict(), max_loan=f"{8 + number % 7}.0018826268161452")
            record.add(DAY + 5 * number, [row])
    return str(path)


def test_terminal(run: Run, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the terminal it is a plain drawing in a pipe, with amounts, times in UTC, and what it is of."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "20")
    code, out, err = run("chart", file, "BTC-USDT")
    assert (code, err) == (0, "")
    assert "BTC-USDT · cross · sell · Max loan (BTC)" in out
    assert "22:13:20Z" in out
    assert "8.0" in out
    assert "\x1b" not in out
    assert {cells.width(line) for line in out.splitlines()} == {60}


@pytest.mark.parametrize("room", [40, 100])
def test_chinese_titles_keep_the_frame(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wide characters in the title do not shift the drawing."""
    monkeypatch.setenv("COLUMNS", str(room))
    text = draw(series("1", "2", "3"), os.terminal_size((room, 20)), "zh")
    assert "最大可借" in text
    assert {cells.width(line) for line in text.splitlines()} <= {room, room - 1}


def test_one_point_and_no_change() -> None:
    """A record of one moment, and one that never changes, can be drawn."""
    for found in (series("5"), series("5", "5")):
        assert "5" in draw(found, os.terminal_size((60, 20)), "en")


def test_sides_below_each_other() -> None:
    """Two sides of a pair are two drawings, one below the other, each with its own title and amounts."""
    both = series("1", "2") + series("700", "800", key=SELL._replace(side="buy", ccy="USDT"))
    upper, lower = draw(both, os.terminal_size((60, 24)), "en").split("BTC-USDT · cross · buy · ")
    assert "BTC-USDT · cross · sell · " in upper
    assert "2.0" in upper
    assert "800" in lower
    assert "2.0" not in lower


def test_moments_without_amounts_are_left_out() -> None:
    """An empty amount is no zero; a series of nothing else is no panel."""
    (panel,) = series("1", "", "3")
    assert panel.amounts == [1.0, 3.0]
    assert series("", "") == []


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_pictures(run: Run, file: str, tmp_path: Path, suffix: str) -> None:
    """The same record gives the same picture, of the kind that its name says."""
    found = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.{suffix}"
        code, out, err = run("chart", file, "BTC-USDT", "--out", str(path))
        assert (code, out) == (0, "")
        assert str(path) in err
        found.append(path.read_bytes())
    assert found[0] == found[1]
    assert found[0].startswith({"png": b"\x89PNG", "svg": b"<?xml"}[suffix])


def test_no_chinese_font_means_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no font has Chinese characters the words are English, not boxes."""
    monkeypatch.setattr(picture, "CHINESE", ())
    titles: list[str] = []
    monkeypatch.setattr(picture, "title", lambda _, lang: titles.append(lang))
    picture.draw(series("1", "2"), tmp_path / "loans.svg", "zh")
    assert titles == ["en"]


def test_a_chinese_font_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one, the words are Chinese."""
    monkeypatch.setattr(picture, "CHINESE", ("Nowhere Sans", "DejaVu Sans"))
    titles: list[str] = []
    monkeypatch.setattr(picture, "title", lambda _, lang: titles.append(lang))
    picture.draw(series("1", "2"), tmp_path / "loans.svg", "zh")
    assert titles == ["zh"]


def test_since(run: Run, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """--since draws the last part of the record."""
    monkeypatch.setenv("COLUMNS", "60")
    assert "22:16:05Z" in run("chart", file, "BTC-USDT", "--since", "30s").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{file}", "BTC-USTD"], "did you mean BTC-USDT?"),
        (["{file}", "BTC-USDT", "--out", "loans.gif"], "must end in .png or .svg"),
        (["none.sqlite", "BTC-USDT"], "watch BTC-USDT --record none.sqlite"),
        (["{file}"], "PAIR is missing"),
        (["{file}", "BTC-USDT", "--since", "soon"], "500ms"),
    ],
)
def test_wrong_arguments(run: Run, file: str, arguments: list[str], words: str) -> None:
    """What cannot be drawn exits 2 and says why."""
    code, out, err = run("chart", *(each.format(file=file) for each in arguments))
    assert (code, out) == (2, "")
    assert words in err


def test_a_folder_that_is_not_there(run: Run, file: str, tmp_path: Path) -> None:
    """A picture that cannot be written is a sentence, not a traceback."""
    code, _, err = run("chart", file, "BTC-USDT", "--out", str(tmp_path / "no" / "loans.png"))
    assert code == 1
    assert "No such file or directory" in err


def test_axes() -> None:
    """Ticks divide an axis evenly, and are told apart by as many decimals as that takes."""
    assert steps(0.0, 10.0, 3) == [0, 5, 10]
    assert steps(1.0, 1.0, 3) == [1]
    assert [amount(1234.56781, span) for span in (1000, 10, 0.1, 0)] == ["1235", "1235", "1234.57", "1234.5678"]
    assert moment(DAY * 1000, 60_000) == "22:13:20Z"
    assert moment(DAY * 1000, 200_000_000) == "11-14 22:13Z"


def test_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal sides have a colour, unless NO_COLOR is set."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", Terminal())
    assert "\x1b[38;5;1m" in draw(series("1", "2"), os.terminal_size((60, 20)), "en")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in draw(series("1", "2"), os.terminal_size((60, 20)), "en")
