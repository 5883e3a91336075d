"""Suggestions for pairs."""

import pytest

from okx_maxloan_sdk import RequestNotSentError
from okx_maxloan_sdk.cli.suggestions import add_notes, normalize_pair, suggest_format, suggest_known
from okx_maxloan_sdk.mock.server import MockServer


@pytest.mark.parametrize(
    ("word", "pair"),
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
def test_normalize(word: str, pair: str) -> None:
    """Pairs in the format of other exchanges become OKX's; anything else stays as it is."""
    assert normalize_pair(word) == pair


def test_suggest_format() -> None:
    """Only what changes is suggested."""
    assert suggest_format(["BTC/USDT", "ETH-USDT", "x"], "en") == ["BTC/USDT: Did you mean BTC-USDT?"]


def test_suggest_known(exchange: MockServer) -> None:
    """Pairs that the account does not have are listed with the nearest; swapped letters come before missing ones."""
    source = exchange.client()
    assert suggest_known(source, ["BTC-USTD", "ETH-USDT", "btc-usdt", "QQQQ-ZZZZ"], "en") == [
        "BTC-USTD is not a margin pair of this account. Did you mean BTC-USDT?",
        "btc-usdt is not a margin pair of this account. Did you mean BTC-USDT?",
        "QQQQ-ZZZZ is not a margin pair of this account.",
    ]
    assert suggest_known(source, ["BTC-USTD"], "zh") == ["BTC-USTD 不是该账户的杠杆币对。您是不是想输入 BTC-USDT？"]


def test_no_list_of_pairs(exchange: MockServer) -> None:
    """Where OKX does not list the pairs there are no suggestions, and no new error."""
    exchange.exchange.fail_next(9, code="50001")
    assert suggest_known(exchange.client(max_retries=0), ["BTC-USTD"], "en") == []


def test_notes() -> None:
    """Suggestions become notes of the error."""
    error = RequestNotSentError("it did not leave")
    add_notes(error, ["a", "b"])
    assert error.__notes__ == ["a", "b"]
