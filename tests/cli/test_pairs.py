"""What was probably meant by a pair."""

import pytest

from okx_maxloan_sdk import RequestNotSentError
from okx_maxloan_sdk.cli.pairs import misspelt, note, repaired, strangers
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
        ("whatever", "whatever"),
    ],
)
def test_repairing(word: str, pair: str) -> None:
    """Pairs as others write them are written as OKX does; what cannot be told is left alone."""
    assert repaired(word) == pair


def test_misspelt() -> None:
    """Only what changes is suggested."""
    assert misspelt(["BTC/USDT", "ETH-USDT", "x"], "en") == ["BTC/USDT; did you mean BTC-USDT?"]


def test_strangers(exchange: MockServer) -> None:
    """Pairs that the account does not have are named with the nearest; swapped letters come before missing ones."""
    source = exchange.client()
    assert strangers(source, ["BTC-USTD", "ETH-USDT", "btc-usdt", "QQQQ-ZZZZ"], "en") == [
        "BTC-USTD is not a margin pair of this account; did you mean BTC-USDT?",
        "btc-usdt is not a margin pair of this account; did you mean BTC-USDT?",
        "QQQQ-ZZZZ is not a margin pair of this account.",
    ]
    assert strangers(source, ["BTC-USTD"], "zh") == ["BTC-USTD 不是该账户的杠杆币对；是否想写 BTC-USDT？"]


def test_no_list_no_advice(exchange: MockServer) -> None:
    """Advice is a courtesy: when the list cannot be had there is none, and no new error."""
    exchange.exchange.fail_next(9, code="50001")
    assert strangers(exchange.client(max_retries=0), ["BTC-USTD"], "en") == []


def test_notes() -> None:
    """Advice travels with the error that it is about."""
    error = RequestNotSentError("it did not leave")
    note(error, ["a", "b"])
    assert error.__notes__ == ["a", "b"]
