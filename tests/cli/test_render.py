"""Rows as table, JSON, NDJSON and CSV."""

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import asdict
from okx_maxloan_api.contract import GET_MAX_LOAN
from rich.cells import cell_len

from okx_maxloan_sdk import MaxLoan
from okx_maxloan_sdk.cli.i18n import Language
from okx_maxloan_sdk.cli.render import Format, align_decimals, column_widths, create_writer, fits
from tests.support import contract_values

EXACT = "0.0018826268161452"


def loan(amount: str = EXACT, side: str = "sell", ccy: str = "BTC", **more: Any) -> MaxLoan:
    """Make a row."""
    return contract_values.loan(max_loan=amount, ccy=ccy, side=side, **more)


ROWS = [loan(), loan("776213", "buy", "USDT")]
Drawn = Callable[..., str]


@pytest.fixture
def render(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Render rows, into a pipe or onto a terminal of some width."""

    def render(
        *rounds: list[MaxLoan],
        form: Format = "table",
        lang: Language = "en",
        room: int = 0,
        expected: tuple[str, ...] = (),
    ) -> str:
        if room:
            monkeypatch.setenv("COLUMNS", str(room))
            monkeypatch.setenv("TERM", "xterm")
            monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        out = create_writer(form, lang)
        out.expect(expected)
        for loans in rounds:
            out.add(loans)
        out.close()
        return re.sub(" +$", "", capsys.readouterr().out, flags=re.MULTILINE)

    return render


def test_table(render: Drawn) -> None:
    """The decimal points of amounts form one column; a column without values is omitted."""
    assert render(ROWS).splitlines() == [
        "Instrument  Mode   Side  Currency                 Max loan",
        "BTC-USDT    cross  sell  BTC            0.0018826268161452",
        "BTC-USDT    cross  buy   USDT      776213",
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_columns_are_aligned_in_cells(render: Drawn, lang: Language) -> None:
    """Chinese headings are as wide as the cells below them."""
    lines = render(ROWS, lang=lang).splitlines()
    starts = {cell_len(line[: line.index(title)]) for line, title in zip(lines[1:], ("sell", "buy"), strict=True)}
    head = {"en": "Side", "zh": "订单方向"}[lang]
    assert starts == {cell_len(lines[0][: lines[0].index(head)])}


def test_narrow_terminals_get_blocks(render: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    """On forty columns nothing is cut or folded: the pair is above its rows."""
    monkeypatch.setenv("NO_COLOR", "1")
    text = re.sub("\x1b\\[[0-9;]*m", "", render(ROWS, room=40))
    assert text.splitlines() == ["BTC-USDT cross", f"  sell {EXACT} BTC", "  buy  776213 USDT"]


def test_colour_is_for_terminals(render: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sides have a colour on a terminal, unless NO_COLOR is set, and none in a pipe."""
    assert "\x1b[" not in render(ROWS)
    assert "\x1b[31msell" in render(ROWS, room=100)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in render(ROWS, room=100)


def test_rows_that_come_later_fit(render: Drawn) -> None:
    """If more rows are expected, the columns are wide enough for them from the start."""
    late = [loan("1.5", inst_id="LONGNAME-USDT")]
    head, *rows = render(ROWS, late, expected=("BTC-USDT", "LONGNAME-USDT")).splitlines()
    assert len({row.index("cross") for row in rows}) == 1
    assert head.count("Instrument") == 1
    assert len({row.rstrip().rindex(".") for row in rows if "." in row}) == 1


def test_nothing(render: Drawn) -> None:
    """No rows give a table, an array or a header."""
    assert render([]).startswith("Instrument") or not render([]).strip()
    assert json.loads(render(form="json")) == []
    assert render([], form="ndjson") == ""
    headings = render([], form="csv").rstrip("\n").split(",")
    assert headings[:6] == ["inst_id", "mgn_mode", "mgn_ccy", "side", "ccy", "max_loan"]
    assert sorted(headings) == sorted(each.attribute for each in GET_MAX_LOAN.fields)


def test_no_amount(render: Drawn) -> None:
    """An amount that OKX left empty is a dash for a person and empty for a program."""
    assert render([loan("")]).splitlines()[1].endswith("-")
    assert json.loads(render([loan("")], form="json"))[0]["max_loan"] == ""


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_json_keeps_digits(render: Drawn, form: Format) -> None:
    """Amounts are strings with OKX's digits, and a new field of OKX has its digits too, in snake_case."""
    fresh = loan(additional_properties={"borrowRate": Decimal("0.10000000000000000001")})
    text = render([fresh], [ROWS[1]], form=form)
    rows = json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()]
    assert [row["max_loan"] for row in rows] == [EXACT, "776213"]
    assert rows[0]["borrow_rate"] == "0.10000000000000000001"
    assert set(rows[1]) == {each.attribute for each in GET_MAX_LOAN.fields}


def test_csv(render: Drawn) -> None:
    """CSV has the six documented columns and one header."""
    rows = list(csv.DictReader(io.StringIO(render([ROWS[0]], [ROWS[1]], form="csv"))))
    assert [row["max_loan"] for row in rows] == [EXACT, "776213"]


def test_csv_has_fields_that_came_later(render: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that only the contract knows is the last column; a value that is no text is written as JSON."""
    later = tuple(GET_MAX_LOAN.fields[-1]._replace(attribute=name) for name in ("flag", "tags", "word"))
    grown = GET_MAX_LOAN._replace(fields=GET_MAX_LOAN.fields + later)
    monkeypatch.setattr("okx_maxloan_sdk.cli.render.GET_MAX_LOAN", grown)
    row: Any = SimpleNamespace(**asdict(loan()), flag=True, tags=["a", "b"], word="x")
    (columns,) = csv.DictReader(io.StringIO(render([row], form="csv")))
    assert list(columns.items())[-3:] == [("flag", "true"), ("tags", '["a", "b"]'), ("word", "x")]


def test_columns_without_values() -> None:
    """A column without a value takes no width."""
    widths = column_widths(["a", "b", "c"], [["1", "", "3"]])
    assert widths == [1, 0, 1]
    assert fits(widths, 4)
    assert not fits(widths, 3)


def test_decimal_points_form_one_column() -> None:
    """Numbers are padded on the right to the most decimals, or to as many as expected."""
    assert align_decimals(["1.25", "10", "-"]) == ["1.25", "10   ", "-   "]
    assert align_decimals(["1", "2"]) == ["1", "2"]
    assert align_decimals(["1.5"], 3) == ["1.5  "]


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
def test_profiles(capsys: pytest.CaptureFixture[str], form: Format) -> None:
    """With several profiles, each format has a column or key for the profile."""
    out = create_writer(form, "en", has_profiles=True)
    out.add(ROWS[:1], "main")
    out.add(ROWS[:1], "bot")
    out.close()
    printed = capsys.readouterr().out
    assert ("Profile" if form == "table" else "profile") in printed
    assert printed.index("main") < printed.index("bot")
