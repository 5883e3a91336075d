"""Text in terminal cells."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_maxloan_sdk.cli import cells


@pytest.mark.parametrize(
    ("text", "room"), [("BTC", 3), ("交易产品", 8), ("a中b", 4), ("e\u0301", 1), ("，", 2), ("", 0)]
)
def test_width(text: str, room: int) -> None:
    """A Chinese character or mark takes two cells, an accent none."""
    assert cells.width(text) == room


def test_filling_up() -> None:
    """Columns of Chinese and Latin text end in the same cell."""
    assert cells.width(cells.left("币种", 9)) == cells.width(cells.right("ccy", 9)) == 9


@settings(deadline=None)  # the machine may be busy
@given(st.text(st.sampled_from("ab 中文，。（x-")), st.integers(2, 12))
def test_wrapping_keeps_text_and_room(text: str, room: int) -> None:
    """Wrapped lines fit, except that closing marks stay with their word, and lose nothing but blanks."""
    lines = cells.wrap(text, room)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cells.width(line.rstrip("，。")) <= room for line in lines)


def test_wrapping_breaks_between_words() -> None:
    """Latin words stay whole, Chinese breaks anywhere but before a closing mark."""
    assert cells.wrap("ask for pairs", 8) == ["ask for", "pairs"]
    assert cells.wrap("查询还能借多少。", 8) == ["查询还能", "借多少。"]
    assert cells.wrap("还能借多少，", 10) == ["还能借多", "少，"]


def test_decimal_points_stand_in_one_column() -> None:
    """Numbers are filled up on the right to the longest, or to as many decimals as are expected."""
    assert cells.decimals(["1.25", "10", "-"]) == ["1.25", "10   ", "-   "]
    assert cells.decimals(["1", "2"]) == ["1", "2"]
    assert cells.decimals(["1.5"], 3) == ["1.5  "]
