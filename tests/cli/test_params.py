"""Types of parameters."""

import pytest

from okx_maxloan_sdk.cli.base import parse_duration, split_pairs
from okx_maxloan_sdk.cli.errors import CliError


@pytest.mark.parametrize(
    ("value", "seconds"), [("500ms", 0.5), ("5s", 5), ("5", 5), (" 1.5 m ", 90), ("2h", 7200), ("7d", 604800)]
)
def test_durations(value: str, seconds: float) -> None:
    """A duration is a number with a unit, by default seconds."""
    assert parse_duration(value) == seconds


@pytest.mark.parametrize("value", ["", "s", "0s", "-5s", "5x", "1e3s", "5 s s", "٥s", "inf"])
def test_wrong_durations(value: str) -> None:
    """Anything else is an error that shows the value and what is expected."""
    with pytest.raises(CliError) as caught:
        parse_duration(value)
    assert repr(value) in caught.value.text("en")
    assert "500ms, 5s, 2m" in caught.value.text("en")


def test_pairs() -> None:
    """Pairs are separated by blanks or commas and converted to upper case."""
    assert split_pairs(("btc-usdt,Eth-Usdt", "SOL-USDT")) == ["BTC-USDT", "ETH-USDT", "SOL-USDT"]
