"""Change and sparkline."""

from decimal import Decimal

import pytest

from okx_maxloan_sdk.cli.trend import LONG, Trend, short, sparkline


def test_change_is_exact() -> None:
    """The difference keeps digits that a float would lose."""
    trend = Trend()
    assert trend.change == 0
    trend.add(Decimal("12345678901234567890.1234567890123456"))
    trend.add(Decimal("12345678901234567890.1234567890123455"))
    assert trend.change == Decimal("-1e-16")


def test_no_amount_changes_nothing() -> None:
    """A row without an amount leaves the trend as it was."""
    trend = Trend()
    trend.add(None)
    assert (trend.line, trend.change) == ("", Decimal(0))


def test_only_the_last_are_kept() -> None:
    """The line is as long as the last twenty amounts."""
    trend = Trend()
    for amount in range(30):
        trend.add(Decimal(amount))
    assert len(trend.line) == LONG


@pytest.mark.parametrize(
    ("amounts", "line"),
    [([], ""), ([5, 5], "▄▄"), ([1, 2], "▁█"), ([1, 8, 4], "▁█▄"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█")],
)
def test_sparkline(amounts: list[int], line: str) -> None:
    """The least stands at the bottom, the greatest at the top."""
    assert sparkline([Decimal(amount) for amount in amounts]) == line


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1.123456789", "1.12345678"), ("1.50", "1.5"), ("100", "100"), ("0", "0"), ("1e-12", "0"), ("9" * 40, "9" * 40)],
)
def test_short(amount: str, text: str) -> None:
    """An amount on the screen is cut after eight decimals, never rounded up, never written with an exponent."""
    assert short(Decimal(amount)) == text


def test_short_with_sign() -> None:
    """A change has its sign, nothing has none."""
    assert [short(Decimal(each), sign=True) for each in ("1.5", "-1.5", "0")] == ["+1.5", "-1.5", "0"]
