"""Change and sparkline."""

from decimal import Decimal

import pytest

from okx_maxloan_sdk.cli.display import MAX_AMOUNTS, RowHistory, draw_sparkline, format_short


def test_change_is_exact() -> None:
    """The difference has digits that a float would lose."""
    history = RowHistory()
    assert history.change == 0
    history.add(Decimal("12345678901234567890.1234567890123456"))
    history.add(Decimal("12345678901234567890.1234567890123455"))
    assert history.change == Decimal("-1e-16")


def test_no_amount_changes_nothing() -> None:
    """A row without an amount leaves the history unchanged."""
    history = RowHistory()
    history.add(None)
    assert (history.sparkline, history.change) == ("", Decimal(0))


def test_length() -> None:
    """The sparkline has the last twenty amounts."""
    history = RowHistory()
    for amount in range(30):
        history.add(Decimal(amount))
    assert len(history.sparkline) == MAX_AMOUNTS


@pytest.mark.parametrize(
    ("amounts", "bars"),
    [([], ""), ([5, 5], "▄▄"), ([1, 2], "▁█"), ([1, 8, 4], "▁█▄"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█")],
)
def test_sparkline(amounts: list[int], bars: str) -> None:
    """The minimum has the lowest bar, the maximum the highest."""
    assert draw_sparkline([Decimal(amount) for amount in amounts]) == bars


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1.123456789", "1.12345678"), ("1.50", "1.5"), ("100", "100"), ("0", "0"), ("1e-12", "0"), ("9" * 40, "9" * 40)],
)
def test_short(amount: str, text: str) -> None:
    """An amount is cut after eight decimals, never rounded up or written with an exponent."""
    assert format_short(Decimal(amount)) == text


def test_short_with_sign() -> None:
    """A change has a sign, and zero has none."""
    assert [format_short(Decimal(each), has_sign=True) for each in ("1.5", "-1.5", "0")] == ["+1.5", "-1.5", "0"]
