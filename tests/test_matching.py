"""Matching: a response that belongs to another request is an error, and never somebody else's number."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from okx_maxloan_sdk.errors import BadAnswer, BatchError
from tests.support.raw import RawServer, say
from tests.support.wire import Wire, row, success

if TYPE_CHECKING:
    from tests.support.doors import Door

PAIR = {"mgn_mode": "cross", "inst_id": "BTC-USDT"}
FUTURES = {**PAIR, "mgn_ccy": "USDT"}
MERGED = {"mgn_mode": "cross", "inst_id": "BTC-USDC"}
CURRENCY = {"mgn_mode": "cross", "ccy": "USDT"}
USDT = {"ccy": "USDT", "side": ""}

FATAL: dict[str, tuple[dict[str, str], list[dict[str, str]], str]] = {
    "another pair": (PAIR, [row("BTC-USDT"), row("ETH-USDT")], "instId 'ETH-USDT'; requested: BTC-USDT"),
    "no pair": (PAIR, [row("", ccy="BTC")], "instId ''"),
    "another margin mode": (PAIR, [row("BTC-USDT", mgnMode="isolated")], "mgnMode 'isolated'; requested: cross"),
    "another margin currency": (FUTURES, [row("BTC-USDT", mgnCcy="BTC")], "mgnCcy 'BTC'; requested: USDT"),
    "sell row in the quote currency": (PAIR, [row("BTC-USDT", ccy="USDT")], "sell row of BTC-USDT has ccy 'USDT'"),
    "buy row in the base currency": (PAIR, [row("BTC-USDT", "buy", ccy="BTC")], "buy row of BTC-USDT has ccy 'BTC'"),
    "USDC where USDT is the quote": (PAIR, [row("BTC-USDT", "buy", ccy="USDC")], "ccy 'USDC'; expected: USDT"),
    "buy row in neither quote": (
        {**MERGED, "trade_quote_ccy": "USDC"},
        [row("BTC-USDC", "buy", ccy="USD")],
        "ccy 'USD'; expected: USDC",
    ),
    "another side": (PAIR, [row("BTC-USDT", "short", ccy="ETH")], "short row of BTC-USDT has ccy 'ETH'"),
    "USD sold for USDC": (MERGED, [row("BTC-USDC", ccy="USD")], "sell row of BTC-USDC has ccy 'USD'"),
    "two amounts": (PAIR, [row("BTC-USDT", max_loan="1"), row("BTC-USDT", max_loan="2")], "two amounts for BTC-USDT"),
    "an amount and none": (PAIR, [row("BTC-USDT", max_loan="1"), row("BTC-USDT", max_loan="")], "'1' and ''"),
    "two amounts in two cases": (PAIR, [row("BTC-USDT"), row("btc-usdt", max_loan="2", ccy="BTC")], "two amounts"),
    "another currency": (CURRENCY, [row("", ccy="ETH")], "ccy 'ETH'; requested: USDT"),
    "a pair for a currency": (CURRENCY, [row("BTC-USDT", "buy")], "instId 'BTC-USDT'; requested: the currency USDT"),
    "two amounts of a currency": (CURRENCY, [row("", **USDT), row("", max_loan="2", **USDT)], "two amounts for USDT"),
}
ODD: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "margin currency that was not requested": (PAIR, row("BTC-USDT", mgnCcy="BTC")),
    "USD for USDC": (MERGED, row("BTC-USDC", "buy", ccy="USD")),
    "USDC for USD": ({**MERGED, "inst_id": "BTC-USD"}, row("BTC-USD", "buy", ccy="USDC")),
    "margin mode of a currency": (CURRENCY, row("", mgnMode="isolated", **USDT)),
    "instrument of a currency": (CURRENCY, row("USDT", **USDT)),
    "margin currency of a currency": (CURRENCY, row("", mgnCcy="BTC", **USDT)),
}
FINE: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "pair in lower case": (PAIR, row("btc-usdt", ccy="BTC")),
    "no margin mode": (PAIR, row("BTC-USDT", mgnMode="")),
    "margin currency that was requested": (FUTURES, row("BTC-USDT", mgnCcy="USDT")),
    "no margin currency": (FUTURES, row("BTC-USDT")),
    "quote currency that was requested": ({**MERGED, "trade_quote_ccy": "USD"}, row("BTC-USDC", "buy", ccy="USD")),
    "quote currency of the pair": ({**MERGED, "trade_quote_ccy": "USD"}, row("BTC-USDC", "buy")),
    "another side": (PAIR, row("BTC-USDT", "long", ccy="USDT")),
    "currency": (CURRENCY, row("", **USDT)),
}


@pytest.mark.parametrize("case", FATAL)
def test_rows_of_another_request(door: Door, case: str) -> None:
    """A row that cannot belong to the request is an error that carries the rows; the connection is not trusted."""
    params, rows, reason = FATAL[case]
    discarded: list[int] = []
    wire = Wire(lambda _: evolve(success(*rows), discard=lambda: discarded.append(1)))
    with pytest.raises(BadAnswer) as caught:
        door.open(wire).max_loan(**params)
    assert reason in str(caught.value)
    assert caught.value.rows == tuple(rows)
    assert (len(wire.requests), discarded) == (1, [1])


@pytest.mark.parametrize("case", ODD)
def test_odd_rows(door: Door, case: str, caplog: pytest.LogCaptureFixture) -> None:
    """A row that is odd and may be right is returned, and logged."""
    params, only = ODD[case]
    with caplog.at_level(logging.WARNING, "okx_maxloan_sdk"):
        loans = door.open(Wire(success(only))).max_loan(**params)
    assert [loan.max_loan for loan in loans] == ["1.5"]
    assert [each.levelname for each in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("case", FINE)
def test_matching_rows(door: Door, case: str, caplog: pytest.LogCaptureFixture) -> None:
    """A row that fits the request is returned without a word."""
    params, only = FINE[case]
    assert len(door.open(Wire(success(only))).max_loan(**params)) == 1
    assert caplog.records == []


def test_identical_rows_are_one(door: Door) -> None:
    """A row that comes twice counts once; what an unknown field tells apart are two."""
    more: Any = {"tier": "2"}
    wire = Wire(success(row("BTC-USDT"), row("BTC-USDT", max_loan="1.50"), row("BTC-USDT", max_loan="9", **more)))
    assert [loan.max_loan for loan in door.open(wire).cross("BTC-USDT")] == ["1.5", "9"]


def test_other_instrument(door: Door) -> None:
    """An instrument that was not requested is an error too."""
    found = {"instId": "ETH-USDT", "tradeQuoteCcyList": ["USDT"], "state": "live"}
    with pytest.raises(BadAnswer, match="instId 'ETH-USDT'; requested: BTC-USDT"):
        door.open(Wire(success(found))).instruments(inst_id="BTC-USDT")


def test_stream_goes_on(door: Door) -> None:
    """Of a stream only the request fails that was answered with another's rows; missing pairs are named."""
    first, second = [f"A{n}-B" for n in range(5)], ["C-D", "X-USD"]
    wire = Wire(success(row("E-F")), success(row("C-D")))
    batches = list(door.open(wire, limiter="memory").stream([*first, *second], mgn_mode="cross"))
    by_ids = {each.inst_ids: each for each in batches}
    failed, found = by_ids.values() if isinstance(batches[0].error, BadAnswer) else [*by_ids.values()][::-1]
    assert isinstance(failed.error, BadAnswer)
    assert (found.error, len(found.loans), len(found.missing)) == (None, 1, len(found.inst_ids) - 1)


def test_mismatch_gets_a_new_connection(door: Door) -> None:
    """After another request's rows the next request goes over a new connection."""
    with RawServer(say()) as server:
        client = door.open(base_url=server.url)
        with pytest.raises(BadAnswer):
            client.cross("ETH-USDT")
        assert len(client.max_loan(**PAIR)) == 1
        assert server.on == [1, 2]
        client.close()


def test_pushed_response(door: Door) -> None:
    """A response that is pushed before its request is made reaches no caller as a number."""
    rows = [row("ETH-USDT")]
    with pytest.raises((BadAnswer, BatchError)):
        door.open(Wire(success(*rows))).cross("BTC-USDT", "SOL-USDT")
