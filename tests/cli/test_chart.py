"""Command okx-maxloan chart."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from rich.cells import cell_len

from okx_maxloan_sdk.cli import chart_image
from okx_maxloan_sdk.cli.chart import Series
from okx_maxloan_sdk.cli.history import SeriesKey
from okx_maxloan_sdk.cli.i18n import LANGUAGE

from .conftest import START, Run, record

Draw = Callable[..., str]

SVG_LINE = r'id="line2d_\d+">\s*<path d="[^"]+" clip-path="[^"]+" style="fill: none; stroke: #c0392b'


@pytest.fixture
def draw(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Return a function that records segments of amounts, and draws them."""

    def draw(*segments: Iterable[float], columns: int = 100, options: tuple[str, ...] = ()) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("LINES", "20")
        path = tmp_path / f"{len([*tmp_path.iterdir()])}.sqlite"
        code, out, err = run("chart", str(record(path, *segments)), "btc-usdt", *options)
        assert (code, err) == (0, "")
        return out

    return draw


def test_terminal(draw: Draw) -> None:
    """In a pipe the chart is plain text with round amounts and UTC times; --since draws the last part."""
    out = draw([8.0018 + number % 7 for number in range(40)], columns=60)
    for part in ("BTC-USDT · cross · sell · Max loan (BTC)", "22:14Z", "10"):
        assert part in out
    assert "\x1b" not in out
    assert {cell_len(line) for line in out.splitlines()} == {60}
    out = draw(range(40), options=("--since", "30s"))
    assert "22:16:30Z" in out
    assert "22:14Z" not in out


@pytest.mark.parametrize("columns", [40, 100])
def test_chinese_title(draw: Draw, columns: int) -> None:
    """Wide characters in the title do not shift the drawing."""
    text = draw([1, 2, 3], columns=columns, options=("--lang", "zh"))
    assert "最大可借" in text
    assert {cell_len(line) for line in text.splitlines()} <= {columns, columns - 1}


@pytest.mark.parametrize("amounts", [[5], [5, 5]])
def test_no_change(draw: Draw, amounts: list[int]) -> None:
    """A history of one poll, and one without changes, can be drawn."""
    assert "5" in draw(amounts)


def test_outage_is_a_gap(draw: Draw) -> None:
    """An outage is a gap in the line."""

    def drawn_columns(*segments: list[int]) -> set[int]:
        lines = draw(*segments).splitlines()
        return {index for line in lines for index, mark in enumerate(line) if "\u2801" <= mark <= "\u28ff"}

    whole, parts = drawn_columns([*range(20)]), drawn_columns([1, 2, 3], [3, 2, 1])
    assert len(whole) == max(whole) - min(whole) + 1
    assert len(parts) < max(parts) - min(parts)


@pytest.mark.parametrize(("segments", "lines"), [([[1, 2, 3, 4]], 1), ([[1, 2], [3, 4]], 2)])
def test_outage_in_a_picture(run: Run, tmp_path: Path, segments: list[list[int]], lines: int) -> None:
    """In a picture each segment is a line of its own."""
    path = tmp_path / "chart.svg"
    run("chart", str(record(tmp_path / "loans.sqlite", *segments)), "BTC-USDT", "--out", str(path))
    assert len(re.findall(SVG_LINE, path.read_text())) == lines


def test_sides(run: Run, tmp_path: Path) -> None:
    """Two sides of a pair are two charts, each with its own title and amounts."""
    path = tmp_path / "loans.sqlite"
    record(record(path, [1, 2]), [7000, 8000], side="buy", ccy="USDT")
    upper, lower = run("chart", str(path), "BTC-USDT").out.split("BTC-USDT · cross · sell · ")
    assert "BTC-USDT · cross · buy · " in upper
    assert "8,000" in upper
    assert "2.0" in lower
    assert "2.0" not in upper


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_pictures(run: Run, history: Path, tmp_path: Path, suffix: str, start: bytes) -> None:
    """The same history gives the same file, in the format of its name."""
    paths = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for path in paths:
        code, out, err = run("chart", str(history), "BTC-USDT", "--out", str(path))
        assert (code, out) == (0, "")
        assert str(path) in err
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].read_bytes().startswith(start)


@pytest.mark.parametrize(("fonts", "lang"), [((), "en"), (("Nowhere Sans", "DejaVu Sans"), "zh")])
def test_chinese_font(
    run: Run, history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fonts: tuple[str, ...], lang: str
) -> None:
    """Titles are Chinese if a font has Chinese characters, else English."""
    langs: list[str] = []
    monkeypatch.setattr(chart_image, "CHINESE_FONTS", fonts)
    monkeypatch.setattr(chart_image, "_draw", lambda *_: langs.append(LANGUAGE.get()))
    run("chart", str(history), "BTC-USDT", "--out", str(tmp_path / "loans.svg"), "--lang", "zh")
    assert langs == [lang]


def test_colour(draw: Draw, terminal: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal sides have a colour, unless NO_COLOR is set."""
    terminal(60)
    assert "\x1b" not in draw([1, 2])
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[38;5;1m" in draw([1, 2])


def series(start: float, end: float, low: float = 1, high: float = 1) -> Series:
    """Make a series of two amounts, at times in seconds."""
    return Series(SeriesKey(*[""] * 6), [[(int(start * 1000), low), (int(end * 1000), high)]])


@pytest.mark.parametrize(
    ("start", "span", "labels"),
    [
        (START, 0, ["22:13:20Z"]),
        (START - 20, 0, ["22:13Z"]),
        (START + 0.017, 37, ["22:13:30Z", "22:13:40Z", "22:13:50Z"]),
        (START, 60, ["22:13:30Z", "22:14Z"]),
        (START, 7 * 60, ["22:14Z", "22:16Z", "22:18Z", "22:20Z"]),
        (START, 5 * 3600, ["00:00Z", "02:00Z"]),
        (START, 2 * 86400, ["11-15 00:00Z", "11-16 00:00Z"]),
        (START, 9 * 86400, ["11-16 00:00Z", "11-23 00:00Z"]),
    ],
)
def test_time_labels(start: float, span: int, labels: list[str]) -> None:
    """Times are round, with seconds if they matter, and with the date if the span exceeds a day."""
    assert series(start, start + span).label_times(4)[1] == labels


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (776_213.2, 1_234_567.8, ["800,000", "1,000,000", "1,200,000"]),
        (0.00181, 0.00187, ["0.00182", "0.00184", "0.00186"]),
        (1234.5678, 1234.5678, ["1,234.5678"]),
    ],
)
def test_amount_labels(low: float, high: float, labels: list[str]) -> None:
    """Amount ticks are round, with thousands separators and no more decimals than needed."""
    assert series(START, START, low, high).label_amounts(4)[1] == labels
