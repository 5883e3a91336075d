"""Matching: a response that belongs to another request is an error."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.exceptions import InvalidResponseError, PartialFailureError
from okx_maxloan_sdk.mock.server import MockServer
from okx_maxloan_sdk.transport import Response
from tests.support.clients import ClientFactory, get_max_loan
from tests.support.fake_transport import FakeTransport, loan_row, ok_response

PAIR = {"mgn_mode": "cross", "inst_id": "BTC-USDT"}
FUTURES = {**PAIR, "mgn_ccy": "USDT"}
MERGED = {"mgn_mode": "cross", "inst_id": "BTC-USDC"}
IN_USDC = {**MERGED, "trade_quote_ccy": "USDC"}
CURRENCY = {"mgn_mode": "cross", "ccy": "USDT"}
btc_usdt, btc_usdc = partial(loan_row, "BTC-USDT"), partial(loan_row, "BTC-USDC")
usdt = partial(loan_row, "", "", ccy="USDT")

FATAL: dict[str, tuple[dict[str, str], list[dict[str, str]], str]] = {
    "another pair": (PAIR, [btc_usdt(), loan_row("ETH-USDT")], "instId 'ETH-USDT'; requested: BTC-USDT"),
    "no pair": (PAIR, [loan_row("", ccy="BTC")], "instId ''"),
    "another margin mode": (PAIR, [btc_usdt(mgnMode="isolated")], "mgnMode 'isolated'; requested: cross"),
    "another margin currency": (FUTURES, [btc_usdt(mgnCcy="BTC")], "mgnCcy 'BTC'; requested: USDT"),
    "sell row in the quote currency": (PAIR, [btc_usdt(ccy="USDT")], "sell row of BTC-USDT has ccy 'USDT'"),
    "buy row in the base currency": (PAIR, [btc_usdt("buy", ccy="BTC")], "buy row of BTC-USDT has ccy 'BTC'"),
    "USDC where USDT is the quote": (PAIR, [btc_usdt("buy", ccy="USDC")], "ccy 'USDC'; expected: USDT"),
    "buy row in neither quote": (IN_USDC, [btc_usdc("buy", ccy="USD")], "ccy 'USD'; expected: USDC"),
    "another side": (PAIR, [btc_usdt("short", ccy="ETH")], "short row of BTC-USDT has ccy 'ETH'"),
    "USD sold for USDC": (MERGED, [btc_usdc(ccy="USD")], "sell row of BTC-USDC has ccy 'USD'"),
    "two amounts": (PAIR, [btc_usdt(max_loan="1"), btc_usdt(max_loan="2")], "two amounts for BTC-USDT"),
    "an amount and none": (PAIR, [btc_usdt(max_loan="1"), btc_usdt(max_loan="")], "'1' and ''"),
    "two amounts in two cases": (PAIR, [btc_usdt(), loan_row("btc-usdt", max_loan="2", ccy="BTC")], "two amounts"),
    "a negative amount": (PAIR, [btc_usdt(max_loan="-1")], "maxLoan is '-1'"),
    "another currency": (CURRENCY, [loan_row("", ccy="ETH")], "ccy 'ETH'; requested: USDT"),
    "a pair for a currency": (CURRENCY, [btc_usdt("buy")], "instId 'BTC-USDT'; requested: the currency USDT"),
    "two amounts of a currency": (CURRENCY, [usdt(), usdt(max_loan="2")], "two amounts for USDT"),
}
ODD: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "margin currency that was not requested": (PAIR, btc_usdt(mgnCcy="BTC")),
    "USD for USDC": (MERGED, btc_usdc("buy", ccy="USD")),
    "USDC for USD": ({**MERGED, "inst_id": "BTC-USD"}, loan_row("BTC-USD", "buy", ccy="USDC")),
    "margin mode of a currency": (CURRENCY, usdt(mgnMode="isolated")),
    "instrument of a currency": (CURRENCY, usdt(instId="USDT")),
    "margin currency of a currency": (CURRENCY, usdt(mgnCcy="BTC")),
}
FINE: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "pair in lower case": (PAIR, loan_row("btc-usdt", ccy="BTC")),
    "no margin mode": (PAIR, btc_usdt(mgnMode="")),
    "margin currency that was requested": (FUTURES, btc_usdt(mgnCcy="USDT")),
    "no margin currency": (FUTURES, btc_usdt()),
    "quote currency that was requested": ({**MERGED, "trade_quote_ccy": "USD"}, btc_usdc("buy", ccy="USD")),
    "quote currency of the pair": ({**MERGED, "trade_quote_ccy": "USD"}, btc_usdc("buy")),
    "another side": (PAIR, btc_usdt("long", ccy="USDT")),
    "currency": (CURRENCY, usdt()),
}


def respond_to(params: dict[str, str], *rows: dict[str, str]) -> Iterator[Response]:
    """Respond with the rows, after a response that matches the request."""
    currency, pair = params.get("ccy"), params.get("inst_id", "")
    yield ok_response(loan_row("", "", ccy=currency) if currency else loan_row(pair))
    yield ok_response(*rows)


@pytest.mark.parametrize("case", FATAL)
def test_rows_of_another_request(client_factory: ClientFactory, case: str) -> None:
    """A row that cannot belong to the request is an error with the rows, and its connection is closed."""
    params, rows, reason = FATAL[case]
    discarded: list[int] = []
    responses = respond_to(params, *rows)
    transport = FakeTransport(lambda _: replace(next(responses), discard=lambda: discarded.append(1)))
    client = client_factory.open(transport)
    assert len(get_max_loan(client, **params)) == 1
    with pytest.raises(InvalidResponseError) as caught:
        get_max_loan(client, **params)
    assert reason in str(caught.value)
    assert (caught.value.rows, caught.value.http_status) == (tuple(rows), 200)
    assert (len(transport.requests), discarded) == (2, [1])


@pytest.mark.parametrize("case", [*ODD, *FINE])
def test_rows_of_the_request(client_factory: ClientFactory, case: str, caplog: pytest.LogCaptureFixture) -> None:
    """A row that may belong to the request is returned, and logged each time if it is odd."""
    params, only = {**ODD, **FINE}[case]
    client = client_factory.open(FakeTransport(ok_response(only)))
    with caplog.at_level(logging.WARNING, "okx_maxloan_sdk"):
        for _ in range(2):
            assert [loan.max_loan for loan in get_max_loan(client, **params)] == ["1.5"]
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2 * (case in ODD)
    for record in caplog.records:
        assert record.getMessage().startswith("odd row in the response to {'mgnMode': 'cross', ")
        assert re.search(r": (a row|the buy row) .*; (requested|expected): ", record.getMessage())


def test_identical_rows_are_one(client_factory: ClientFactory) -> None:
    """Identical rows count once, in any case and each time; rows that differ in an unknown field are two."""
    lower = loan_row("btc-usdt", max_loan="1.50", ccy="BTC")
    client = client_factory.open(FakeTransport(ok_response(btc_usdt(), lower, btc_usdt(max_loan="9", tier="2"))))
    for _ in range(2):
        assert [loan.max_loan for loan in client.get_max_loan("BTC-USDT", mgn_mode="cross")] == ["1.5", "9"]


def test_other_instrument(client_factory: ClientFactory) -> None:
    """An instrument that was not requested is an error too."""
    instrument = {"instId": "ETH-USDT", "tradeQuoteCcyList": ["USDT"], "state": "live"}
    with pytest.raises(InvalidResponseError, match="instId 'ETH-USDT'; requested: BTC-USDT"):
        client_factory.open(FakeTransport(ok_response(instrument))).get_instruments(inst_id="BTC-USDT")


def test_delisted_pair(client_factory: ClientFactory, okx_exchange: MockServer) -> None:
    """The error for a Crypto-USD pair without a row names the merger's Crypto-USDC pair."""
    client = client_factory.open(base_url=okx_exchange.url, credentials=okx_exchange.credentials(), clock=SystemClock())
    with pytest.raises(PartialFailureError, match="USDC"):
        client.get_max_loan("BTC-USD", mgn_mode="cross")
    [batch] = client.iter_max_loan("BTC-USDT,BTC-USD", mgn_mode="cross")
    assert (batch.missing, "USDC" in batch.hint) == (("BTC-USD",), True)
