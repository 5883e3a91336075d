"""Suggestions for pairs."""

import pytest

from okx_maxloan_sdk import RequestNotSentError
from okx_maxloan_sdk.cli.query import add_notes, normalize_pair, suggest_format, suggest_known
from okx_maxloan_sdk.mock.server import MockServer


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("BTC/USDT", "BTC-USDT"),
        ("btc_usdt", "BTC-USDT"),
        ("BTC:USDT", "BTC-USDT"),
        ("BTCUSDT", "BTC-USDT"),
        ("ethbtc", "ETH-BTC"),
        ("BTC-USDT-SWAP", "BTC-USDT"),
        ("BTC-USDT", "BTC-USDT"),
        ("anything", "anything"),
    ],
)
def test_normalize(text: str, pair: str) -> None:
    """Pairs in the format of other exchanges are converted to OKX's; all else is unchanged."""
    assert normalize_pair(text) == pair


def test_suggest_format() -> None:
    """Only a changed pair is suggested."""
    assert suggest_format(["BTC/USDT", "ETH-USDT", "x"], "en") == ["BTC/USDT: Did you mean BTC-USDT?"]


def test_suggest_known(exchange: MockServer) -> None:
    """Pairs that the account lacks are listed with the nearest; swapped letters come before missing ones."""
    source = exchange.client()
    assert suggest_known(source, ["BTC-USTD", "ETH-USDT", "btc-usdt", "QQQQ-ZZZZ"], "en") == [
        "BTC-USTD is not a margin pair of this account. Did you mean BTC-USDT?",
        "btc-usdt is not a margin pair of this account. Did you mean BTC-USDT?",
        "QQQQ-ZZZZ is not a margin pair of this account.",
    ]
    assert suggest_known(source, ["BTC-USTD"], "zh") == ["BTC-USTD 不是该账户的杠杆币对。您是不是想输入 BTC-USDT？"]


def test_no_list_of_pairs(exchange: MockServer) -> None:
    """If OKX lists no pairs there are no suggestions, and no new error."""
    exchange.exchange.fail_next(9, code="50001")
    assert suggest_known(exchange.client(max_retries=0), ["BTC-USTD"], "en") == []


def test_notes() -> None:
    """Suggestions are added to the error as notes."""
    error = RequestNotSentError("it did not leave")
    add_notes(error, ["a", "b"])
    assert error.__notes__ == ["a", "b"]
