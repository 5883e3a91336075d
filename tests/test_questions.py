"""Questions: the account, the instruments, the clock, and rules that are checked before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG, GET_TIME

from okx_maxloan_sdk.account import Account, AccountMode
from okx_maxloan_sdk.errors import BadAnswer, NotSent, OutcomeUnknown, RuleError
from tests.support.wire import Wire, loans, success, timed

if TYPE_CHECKING:
    from okx_maxloan_sdk.transport import Request, Response
    from tests.support.doors import Door

CONFIG = {"uid": "77", "acctLv": "2", "enableSpotBorrow": False, "mgnIsoMode": "automatic"}


def exchange(request: Request) -> Response:
    """Answer about the account, the time, and pairs."""
    path = urlsplit(request.target).path
    if path == GET_ACCOUNT_CONFIG.path:
        return success(CONFIG)
    return success(timed(1_700_001_060.0)) if path == GET_TIME.path else loans(request)


def paths(wire: Wire) -> list[str]:
    """Tell what was asked, in short."""
    return [urlsplit(each.target).path.rpartition("/")[2] for each in wire.requests]


def test_account(door: Door) -> None:
    """The account's settings come as they are, and from then on rules and limit know of them."""
    wire = Wire(exchange)
    client = door.open(wire)
    account = client.account()
    assert account == Account(AccountMode.FUTURES, borrowing=False, isolated="automatic", uid="77")
    with pytest.raises(RuleError, match="Spot mode only"):
        client.currency("USDT")
    client.cross("BTC-USDT")
    assert [each.user for each in door.limiter.keys][-2:] == [client._session.credentials.user, "77"]
    assert paths(wire) == ["config", "max-loan"]


def test_account_is_asked_anew(door: Door) -> None:
    """Each question about the account is asked of the exchange, as its settings may have changed."""
    wire = Wire(success(CONFIG), success({**CONFIG, "acctLv": "1"}))
    client = door.open(wire)
    assert [client.account().mode, client.account().mode] == [AccountMode.FUTURES, AccountMode.SPOT]


def test_account_auto(door: Door) -> None:
    """With account="auto" the first question is preceded by one about the account, and no other is."""
    wire = Wire(exchange)
    client = door.open(wire, account="auto")
    client.cross("BTC-USDT", mgn_ccy="BTC")
    client.isolated("BTC-USDT")
    assert paths(wire) == ["config", "max-loan", "max-loan"]
    with pytest.raises(RuleError):
        client.currency("USDT")


def test_account_auto_asks_once_for_many(door: Door) -> None:
    """Questions that come at the same time share the one about the account."""
    wire = Wire(exchange)
    client = door.open(wire, account="auto")
    results = door.together(client, *([lambda each: each.cross("BTC-USDT", mgn_ccy="BTC")] * 8))
    assert all(len(each) == 2 for each in results)
    assert sorted(paths(wire)) == ["config"] + ["max-loan"] * 8


def test_account_auto_that_fails_is_asked_again(door: Door) -> None:
    """When the account cannot be learnt the question is not asked; the next one tries again."""
    wire = Wire(OutcomeUnknown("reset"), exchange)
    client = door.open(wire, account="auto", attempts=1)
    with pytest.raises(OutcomeUnknown):
        client.cross("BTC-USDT")
    client.cross("BTC-USDT", mgn_ccy="BTC")
    assert paths(wire) == ["config", "config", "max-loan"]


def test_account_given(door: Door) -> None:
    """A caller who knows the account says so, and nobody asks the exchange."""
    wire = Wire(exchange)
    with pytest.raises(RuleError, match="no isolated margin"):
        door.open(wire, account=Account(mode=AccountMode.SPOT)).isolated("BTC-USDT")
    assert wire.requests == []


def test_empty_answers(door: Door) -> None:
    """An answer without the row that it must have is no answer."""
    client = door.open(Wire(success()))
    for ask in (client.account, client.clock_offset):
        with pytest.raises(BadAnswer, match="has no row"):
            ask()
    assert client.instruments() == []


def test_instruments(door: Door) -> None:
    """The instruments come as rows: margin pairs unless told otherwise, or one instrument."""
    row = {"instId": "BTC-USDC", "tradeQuoteCcyList": ["USDC", "USD"], "state": "live"}
    wire = Wire(success(row))
    client = door.open(wire)
    (found,) = client.instruments()
    assert (found.inst_id, found.trade_quote_ccy_list, found.base_ccy) == ("BTC-USDC", ["USDC", "USD"], "")
    client.instruments("SPOT", "BTC-USDC")
    assert [urlsplit(each.target).query for each in wire.requests] == [
        "instType=MARGIN",
        "instType=SPOT&instId=BTC-USDC",
    ]


def test_instruments_that_cannot_be_read(door: Door) -> None:
    """A list that has something else than text in it is no answer."""
    client = door.open(Wire(success({"instId": "BTC-USDC", "tradeQuoteCcyList": ["USDC", 5]})))
    with pytest.raises(BadAnswer, match="tradeQuoteCcyList has something else than text"):
        client.instruments()


@pytest.mark.parametrize(("ask", "words"), [(("margin",), "did you mean"), (("SPOT", "BTC USD"), "instId has")])
def test_instruments_rules(door: Door, ask: tuple[str, ...], words: str) -> None:
    """A wrong question about instruments is refused before it is sent, in the caller's language."""
    wire = Wire(success())
    with pytest.raises(RuleError, match=words):
        door.open(wire).instruments(*ask)
    with pytest.raises(RuleError, match="zh/#"):
        door.open(wire, language="zh").instruments(*ask)
    assert wire.requests == []


def test_clock_offset(door: Door) -> None:
    """The offset is measured each time it is asked for, and requests are signed with it from then on."""
    ahead = [60.0, -5.0]

    def time(request: Request) -> Response:
        if request.target == GET_TIME.path:
            return success(timed(door.clock.time() + ahead.pop(0)))
        return loans(request)

    wire = Wire(time)
    client = door.open(wire)
    assert client.clock_offset() == pytest.approx(60.0, abs=0.001)
    assert client.clock_offset() == pytest.approx(-5.0, abs=0.001)
    client.cross("BTC-USDT")
    signed = client._session.credentials.sign("GET", wire.requests[-1].target, door.clock.time() - 5.0)
    assert wire.stamps == ["", "", signed["OK-ACCESS-TIMESTAMP"]]


def asking(client: Any) -> list[Any]:
    """List the questions that make one request each."""
    return [client.account, client.instruments, client.clock_offset, lambda: client.cross("BTC-USDT")]


def test_deadline_of_every_question(door: Door) -> None:
    """Each question ends by its deadline, however often it is tried again."""
    for number in range(4):
        client = door.open(Wire(OutcomeUnknown("reset")), deadline=3.0, attempts=99)
        began = door.clock.now
        with pytest.raises(OutcomeUnknown):
            asking(client)[number]()
        assert 0.0 < door.clock.now - began < 3.0


def test_deadline_includes_the_account(door: Door) -> None:
    """What learning of the account took is gone from the deadline of the question behind it."""

    def slow(request: Request) -> Response:
        door.clock.now += 2.0
        return exchange(request)

    wire = Wire(slow)
    with pytest.raises(NotSent, match="deadline"):
        door.open(wire, account="auto", deadline=2.0).cross("BTC-USDT")
    assert paths(wire) == ["config"]
