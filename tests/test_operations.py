"""Questions: the account, the instruments, the clock, and rules that are checked before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG, GET_TIME

from okx_maxloan_sdk.account import Account, AccountMode
from okx_maxloan_sdk.exceptions import (
    InvalidParametersError,
    InvalidResponseError,
    NoResponseError,
    RequestNotSentError,
)
from tests.support.clock import QuickClock
from tests.support.fake_transport import FakeTransport, loans_response, ok_response, time_row

if TYPE_CHECKING:
    from okx_maxloan_sdk.transport import Request, Response
    from tests.support.clients import ClientFactory

CONFIG = {"uid": "77", "acctLv": "2", "enableSpotBorrow": False, "mgnIsoMode": "automatic"}


def exchange(request: Request) -> Response:
    """Answer about the account, the time, and pairs."""
    path = urlsplit(request.target).path
    if path == GET_ACCOUNT_CONFIG.path:
        return ok_response(CONFIG)
    return ok_response(time_row(1_700_001_060.0)) if path == GET_TIME.path else loans_response(request)


def paths(wire: FakeTransport) -> list[str]:
    """Tell what was asked, in short."""
    return [urlsplit(each.target).path.rpartition("/")[2] for each in wire.requests]


def test_account(client_factory: ClientFactory) -> None:
    """The account's settings come as they are, and from then on rules and limit know of them."""
    wire = FakeTransport(exchange)
    client = client_factory.open(wire)
    account = client.get_account()
    assert account == Account(
        AccountMode.FUTURES, spot_borrow_enabled=False, isolated_margin_mode="automatic", uid="77"
    )
    with pytest.raises(InvalidParametersError, match="Spot mode only"):
        client.get_max_loan(mgn_mode="cross", ccy="USDT")
    client.get_max_loan("BTC-USDT", mgn_mode="isolated")
    assert [each.user for each in client_factory.limiter.keys][-2:] == [
        client._state.config.credentials.fingerprint,
        "77",
    ]
    assert paths(wire) == ["config", "max-loan"]


def test_account_is_asked_anew(client_factory: ClientFactory) -> None:
    """Each question about the account is asked of the exchange, as its settings may have changed."""
    wire = FakeTransport(ok_response(CONFIG), ok_response({**CONFIG, "acctLv": "1"}))
    client = client_factory.open(wire)
    assert [client.get_account().mode, client.get_account().mode] == [AccountMode.FUTURES, AccountMode.SPOT]


def test_account_auto(client_factory: ClientFactory) -> None:
    """With account="auto" the first question is preceded by one about the account, and no other is."""
    wire = FakeTransport(exchange)
    client = client_factory.open(wire, account="auto")
    client.get_max_loan("BTC-USDT", mgn_mode="cross", mgn_ccy="BTC")
    client.get_max_loan("BTC-USDT", mgn_mode="isolated")
    assert paths(wire) == ["config", "max-loan", "max-loan"]
    with pytest.raises(InvalidParametersError):
        client.get_max_loan(mgn_mode="cross", ccy="USDT")


def test_account_auto_asks_once_for_many(client_factory: ClientFactory) -> None:
    """Questions that come at the same time share the one about the account."""
    wire = FakeTransport(exchange)
    client = client_factory.open(wire, account="auto", clock=QuickClock())
    results = client_factory.together(
        client, *([lambda each: each.get_max_loan("BTC-USDT", mgn_mode="cross", mgn_ccy="BTC")] * 8)
    )
    assert all(len(each) == 2 for each in results)
    assert sorted(paths(wire)) == ["config"] + ["max-loan"] * 8


def test_account_auto_that_fails_is_asked_again(client_factory: ClientFactory) -> None:
    """When the account cannot be learnt the question is not asked; the next one tries again."""
    wire = FakeTransport(NoResponseError("reset"), exchange)
    client = client_factory.open(wire, account="auto", max_retries=0)
    with pytest.raises(NoResponseError):
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
    client.get_max_loan("BTC-USDT", mgn_mode="cross", mgn_ccy="BTC")
    assert paths(wire) == ["config", "config", "max-loan"]


def test_account_given(client_factory: ClientFactory) -> None:
    """A caller who knows the account says so, and nobody asks the exchange."""
    wire = FakeTransport(exchange)
    with pytest.raises(InvalidParametersError, match="no isolated margin"):
        client_factory.open(wire, account=Account(mode=AccountMode.SPOT)).get_max_loan("BTC-USDT", mgn_mode="isolated")
    assert wire.requests == []


def test_empty_answers(client_factory: ClientFactory) -> None:
    """An answer without the row that it must have is no answer."""
    client = client_factory.open(FakeTransport(ok_response()))
    for ask in (client.get_account, client.sync_clock):
        with pytest.raises(InvalidResponseError, match="has no row"):
            ask()
    assert client.get_instruments() == []


def test_instruments(client_factory: ClientFactory) -> None:
    """The instruments come as rows: margin pairs unless told otherwise, or one instrument."""
    row = {"instId": "BTC-USDC", "tradeQuoteCcyList": ["USDC", "USD"], "state": "live"}
    wire = FakeTransport(ok_response(row))
    client = client_factory.open(wire)
    (found,) = client.get_instruments()
    assert (found.inst_id, found.trade_quote_ccy_list, found.base_ccy) == ("BTC-USDC", ("USDC", "USD"), "")
    client.get_instruments("SPOT", "BTC-USDC")
    assert [urlsplit(each.target).query for each in wire.requests] == [
        "instType=MARGIN",
        "instType=SPOT&instId=BTC-USDC",
    ]


def test_instruments_that_cannot_be_read(client_factory: ClientFactory) -> None:
    """A list that has something other than strings in it is no answer."""
    client = client_factory.open(FakeTransport(ok_response({"instId": "BTC-USDC", "tradeQuoteCcyList": ["USDC", 5]})))
    with pytest.raises(InvalidResponseError, match="tradeQuoteCcyList has something other than strings"):
        client.get_instruments()


@pytest.mark.parametrize(
    ("ask", "words"), [(("margin",), "did you mean"), (("SPOT", "BTC USD"), "instId has an invalid form")]
)
def test_instruments_rules(client_factory: ClientFactory, ask: tuple[str, ...], words: str) -> None:
    """A wrong question about instruments is refused before it is sent, in the caller's language."""
    wire = FakeTransport(ok_response())
    with pytest.raises(InvalidParametersError, match=words):
        client_factory.open(wire).get_instruments(*ask)
    with pytest.raises(InvalidParametersError, match="zh/#"):
        client_factory.open(wire, language="zh").get_instruments(*ask)
    assert wire.requests == []


def test_clock_offset(client_factory: ClientFactory) -> None:
    """The offset is measured each time it is asked for, and requests are signed with it from then on."""
    ahead = [60.0, -5.0]

    def time(request: Request) -> Response:
        if request.target == GET_TIME.path:
            return ok_response(time_row(client_factory.clock.time() + ahead.pop(0)))
        return loans_response(request)

    wire = FakeTransport(time)
    client = client_factory.open(wire)
    assert client.sync_clock() == pytest.approx(60.0, abs=0.001)
    assert client.sync_clock() == pytest.approx(-5.0, abs=0.001)
    client.get_max_loan("BTC-USDT", mgn_mode="cross")
    signed = client._state.config.credentials.sign("GET", wire.requests[-1].target, client_factory.clock.time() - 5.0)
    assert wire.stamps == ["", "", signed["OK-ACCESS-TIMESTAMP"]]


def asking(client: Any) -> list[Any]:
    """List the questions that make one request each."""
    return [
        client.get_account,
        client.get_instruments,
        client.sync_clock,
        lambda: client.get_max_loan("BTC-USDT", mgn_mode="cross"),
    ]


def test_deadline_of_every_question(client_factory: ClientFactory) -> None:
    """Each question ends by its deadline, however often it is tried again."""
    for number in range(4):
        client = client_factory.open(FakeTransport(NoResponseError("reset")), total_timeout=3.0, max_retries=98)
        began = client_factory.clock.now
        with pytest.raises(NoResponseError):
            asking(client)[number]()
        assert 0.0 < client_factory.clock.now - began < 3.0


def test_deadline_includes_the_account(client_factory: ClientFactory) -> None:
    """What learning of the account took is gone from the deadline of the question behind it."""

    def slow(request: Request) -> Response:
        client_factory.clock.now += 2.0
        return exchange(request)

    wire = FakeTransport(slow)
    with pytest.raises(RequestNotSentError, match=r"total_timeout of 2\.0 s was over"):
        client_factory.open(wire, account="auto", total_timeout=2.0).get_max_loan("BTC-USDT", mgn_mode="isolated")
    assert paths(wire) == ["config"]
