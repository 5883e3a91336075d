"""Durations as people write them."""

import pytest

from okx_maxloan_sdk.cli.duration import duration
from okx_maxloan_sdk.cli.troubles import Trouble


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("5s", 5), ("5", 5), (" 1.5 m ", 90), ("2h", 7200), ("7d", 604800)]
)
def test_reading(text: str, seconds: float) -> None:
    """A number and a unit, seconds when there is none."""
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "0s", "-5s", "5x", "1e3s", "5 s s", "٥s", "inf"])
def test_refusing(text: str) -> None:
    """Anything else is named, with examples of what is right."""
    with pytest.raises(Trouble) as caught:
        duration(text)
    assert repr(text) in caught.value.text("en")
    assert "500ms, 5s, 2m" in caught.value.text("en")
