"""description.py: the values that a description lists, and its limit of items."""

import time

import pytest
from docs_watch.description import limit, values
from docs_watch.facts import PageParseError

from tests.docs_watch.pages import load

CASES = load("descriptions")


@pytest.mark.parametrize(("text", "expected"), CASES["values"].items())
def test_values(text: str, expected: dict[str, str]) -> None:
    """A line of values, or of values with a colon, lists them; a mention in a sentence does not."""
    assert values(text) == expected


@pytest.mark.parametrize(("text", "expected"), CASES["names"].items())
def test_names_of_parameters(text: str, expected: list[str]) -> None:
    """A parameter's name in a sentence is a mention; on a line of values it is a value."""
    assert [*values(text, frozenset({"instId", "ccy"}))] == expected


@pytest.mark.parametrize(
    "text",
    [
        "`a`, " * 30_000,
        "x, `a` `b`. " * 10_000,
        "`a`" + " " * 100_000,
        "`a`：" * 30_000,
        "逐" * 100_000,
        "逐仓 `a` " * 10_000,
    ],
)
def test_long_lines_end(text: str) -> None:
    """A line that is designed to slow the patterns down ends soon."""
    start = time.perf_counter()
    values(f"{text}x")
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(("text", "expected"), CASES["limit"].items())
def test_limit(text: str, expected: int) -> None:
    """A number, in digits or words, is a limit of items if the text speaks of several; one of letters is none (0)."""
    assert (limit(text) or 0) == expected


@pytest.mark.parametrize("text", ["Multiple, up to 20 in all, no more than 5 a pair", "多个，不超过5个，最多20个"])
def test_two_limits_are_rejected(text: str) -> None:
    """Two numbers of items are ambiguous and rejected."""
    with pytest.raises(PageParseError, match="which of 5, 20 is the limit"):
        limit(text)
