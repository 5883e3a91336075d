"""Command okx-maxloan chart."""

from __future__ import annotations

import io
import os
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from okx_maxloan_sdk.cli import chart_image
from okx_maxloan_sdk.cli.chart import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    amount_ticks,
    build_series,
    format_amounts,
    format_time,
    render_terminal,
    time_ticks,
)
from okx_maxloan_sdk.cli.history import HistoryFile, SeriesKey
from tests.support.contract_values import loan

if TYPE_CHECKING:
    from pathlib import Path

    from okx_maxloan_sdk.cli.chart import Series

    from .conftest import Run

START = 1_700_000_000
SELL = SeriesKey("", "BTC-USDT", "cross", "", "sell", "BTC")


def series(*segments: list[str], key: SeriesKey = SELL) -> list[Series]:
    """Make one series: a poll every five seconds, and a missing poll between segments."""
    at, points = START * 1000, []
    for amounts in segments:
        points.append([(at + number * 5000, each) for number, each in enumerate(amounts)])
        at += (len(amounts) + 1) * 5000
    return build_series({key: points})


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Record forty polls."""
    path = tmp_path / "loans.sqlite"
    with HistoryFile(path, write=True) as history:
        for number in range(40):
            row = loan(inst_id="BTC-USDT", side="sell", ccy="BTC", max_loan=f"{8 + number % 7}.0018826268161452")
            history.add(START + 5 * number, [("", row)])
    return str(path)


def test_terminal(run: Run, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe the chart is plain text with round amounts and UTC times."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "20")
    code, out, err = run("chart", file, "btc-usdt")
    assert (code, err) == (0, "")
    assert "BTC-USDT · cross · sell · Max loan (BTC)" in out
    assert "22:14Z" in out
    assert "10" in out
    assert "\x1b" not in out
    assert {cell_len(line) for line in out.splitlines()} == {60}


@pytest.mark.parametrize("width", [40, 100])
def test_chinese_title(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wide characters in the title do not shift the drawing."""
    monkeypatch.setenv("COLUMNS", str(width))
    text = render_terminal(series(["1", "2", "3"]), os.terminal_size((width, 20)), "zh")
    assert "最大可借" in text
    assert {cell_len(line) for line in text.splitlines()} <= {width, width - 1}


def test_one_point_and_no_change() -> None:
    """A history of one poll, and one without changes, can be drawn."""
    for lines in (series(["5"]), series(["5", "5"])):
        assert "5" in render_terminal(lines, os.terminal_size((60, 20)), "en")


def braille_columns(text: str) -> set[int]:
    """Return the columns of a drawing that contain a mark."""
    return {index for line in text.splitlines() for index, mark in enumerate(line) if "\u2801" <= mark <= "\u28ff"}


def test_outage_is_a_gap() -> None:
    """An outage is a gap in the line, in the terminal and in a picture."""
    size = os.terminal_size((100, 20))
    whole = braille_columns(render_terminal(series([str(each) for each in range(20)]), size, "en"))
    assert len(whole) == max(whole) - min(whole) + 1
    lines = series(["1", "2", "3"], ["3", "2", "1"])
    parts = braille_columns(render_terminal(lines, size, "en"))
    assert len(parts) < max(parts) - min(parts)


def test_outage_in_a_picture(tmp_path: Path) -> None:
    """In a picture each segment is a line of its own."""
    counts = []
    for lines in (series(["1", "2", "3", "4"]), series(["1", "2"], ["3", "4"])):
        path = tmp_path / "chart.svg"
        chart_image.render_image(lines, path, "en")
        counts.append(
            len(
                re.findall(
                    r'id="line2d_\d+">\s*<path d="[^"]+" clip-path="[^"]+" style="fill: none; stroke: #c0392b',
                    path.read_text(),
                )
            )
        )
    assert counts == [1, 2]


def test_sides() -> None:
    """Two sides of a pair are two charts, each with its own title and amounts."""
    both = series(["1", "2"]) + series(["7000", "8000"], key=SELL._replace(side="buy", ccy="USDT"))
    upper, lower = render_terminal(both, os.terminal_size((60, 24)), "en").split("BTC-USDT · cross · buy · ")
    assert "BTC-USDT · cross · sell · " in upper
    assert "2.0" in upper
    assert "8,000" in lower
    assert "2.0" not in lower


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_pictures(run: Run, file: str, tmp_path: Path, suffix: str) -> None:
    """The same history gives the same file, in the format of its name."""
    images = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.{suffix}"
        code, out, err = run("chart", file, "BTC-USDT", "--out", str(path))
        assert (code, out) == (0, "")
        assert str(path) in err
        images.append(path.read_bytes())
    assert images[0] == images[1]
    assert images[0].startswith({"png": b"\x89PNG", "svg": b"<?xml"}[suffix])


@pytest.mark.parametrize(("fonts", "lang"), [((), "en"), (("Nowhere Sans", "DejaVu Sans"), "zh")])
def test_chinese_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fonts: tuple[str, ...], lang: str) -> None:
    """Titles are Chinese if a font has Chinese characters, else English."""
    monkeypatch.setattr(chart_image, "CHINESE_FONTS", fonts)
    langs: list[str] = []
    monkeypatch.setattr(chart_image, "format_title", lambda _, lang: langs.append(lang))
    chart_image.render_image(series(["1", "2"]), tmp_path / "loans.svg", "zh")
    assert langs == [lang]


def test_since(run: Run, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """--since draws the last part of the history."""
    monkeypatch.setenv("COLUMNS", "60")
    out = run("chart", file, "BTC-USDT", "--since", "30s").out
    assert "22:16:30Z" in out
    assert "22:15Z" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{file}", "BTC-USTD"], "Did you mean BTC-USDT?"),
        (["{file}", "BTC-USDT", "--out", "loans.gif"], "must end in .png or .svg"),
        (["none.sqlite", "BTC-USDT"], "watch BTC-USDT --record none.sqlite"),
        (["{file}"], "Missing argument 'PAIR'"),
        (["{file}", "BTC-USDT", "--since", "soon"], "500ms"),
    ],
)
def test_wrong_arguments(run: Run, file: str, arguments: list[str], message: str) -> None:
    """A wrong argument exits with 2 and is named."""
    code, out, err = run("chart", *(each.format(file=file) for each in arguments))
    assert (code, out) == (2, "")
    assert message in err


def test_missing_folder(run: Run, file: str, tmp_path: Path) -> None:
    """A picture that cannot be written is an error that names the path."""
    code, _, err = run("chart", file, "BTC-USDT", "--out", str(tmp_path / "no" / "loans.png"))
    assert code == 1
    assert "No such file or directory" in err


@pytest.mark.parametrize(
    ("span", "step"), [(37 * SECOND, 10 * SECOND), (7 * MINUTE, 2 * MINUTE), (5 * HOUR, 2 * HOUR), (9 * DAY, 7 * DAY)]
)
def test_time_ticks(span: int, step: int) -> None:
    """Time ticks are round UTC times inside the span, and no more than requested."""
    ticks = time_ticks(START * 1000 + 17, START * 1000 + 17 + span, 4)
    assert 1 <= len(ticks) <= 4
    assert all(tick % step == 0 for tick in ticks)
    assert {second - first for first, second in pairwise(ticks)} <= {step}


def test_amount_ticks() -> None:
    """Amount ticks are round, with thousands separators and no more decimals than needed."""
    assert format_amounts(amount_ticks(776_213.2, 1_234_567.8, 4)) == ["800,000", "1,000,000", "1,200,000"]
    assert format_amounts(amount_ticks(0.00181, 0.00187, 4)) == ["0.00182", "0.00184", "0.00186"]
    assert format_amounts(amount_ticks(5.0, 5.0, 4)) == ["5"]
    assert format_amounts(amount_ticks(1234.5678, 1234.5678, 4)) == ["1,234.5678"]
    assert time_ticks(START * 1000, START * 1000, 4) == [START * 1000]


def test_times() -> None:
    """A time has seconds if they matter, and the date if the span exceeds a day."""
    assert format_time(START * 1000, MINUTE) == "22:13:20Z"
    assert format_time(START // 60 * MINUTE, MINUTE) == "22:13Z"
    assert format_time(START * 1000, 2 * DAY) == "11-14 22:13Z"


def test_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal sides have a colour, unless NO_COLOR is set."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", Terminal())
    assert "\x1b[38;5;1m" in render_terminal(series(["1", "2"]), os.terminal_size((60, 20)), "en")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in render_terminal(series(["1", "2"]), os.terminal_size((60, 20)), "en")
