"""Operations: account, instruments and server time, and rules that are checked before sending."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG, GET_TIME

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.exceptions import (
    InvalidParametersError,
    InvalidResponseError,
    NoResponseError,
    RequestNotSentError,
)
from okx_maxloan_sdk.models import Account, AccountMode
from okx_maxloan_sdk.transport import Request, Response
from tests.support.clients import ClientFactory
from tests.support.fake_transport import FakeTransport, inst_ids, loans_response, ok_response, time_row

CONFIG = {"uid": "77", "acctLv": "2", "enableSpotBorrow": False, "mgnIsoMode": "automatic"}


def exchange(request: Request) -> Response:
    """Respond to requests for the account, the time and pairs."""
    path = urlsplit(request.target).path
    if path == GET_ACCOUNT_CONFIG.path:
        return ok_response(CONFIG)
    return ok_response(time_row(1_700_001_060.0)) if path == GET_TIME.path else loans_response(request)


def paths(transport: FakeTransport) -> list[str]:
    """Return the last path segments of the requests."""
    return [urlsplit(each.target).path.rpartition("/")[2] for each in transport.requests]


def test_account(client_factory: ClientFactory) -> None:
    """The account's settings are requested anew by each call, and then used by rules and rate limits."""
    transport = FakeTransport(exchange)
    client = client_factory.open(transport)
    account = Account(AccountMode.FUTURES, spot_borrow_enabled=False, isolated_margin_mode="automatic", uid="77")
    assert [client.get_account() for _ in range(2)] == [account, account]
    with pytest.raises(InvalidParametersError, match="Spot mode only"):
        client.get_max_loan(mgn_mode="cross", ccy="USDT")
    client.get_max_loan("BTC-USDT", mgn_mode="isolated")
    fingerprint = client._state.config.credentials.fingerprint
    assert [key.user for key, *_ in client_factory.limiter.rate_limiters][-2:] == [fingerprint, "77"]
    assert paths(transport) == ["config", "config", "max-loan"]


def test_account_auto(client_factory: ClientFactory) -> None:
    """With account="auto" concurrent first calls share one request for the account, and later calls send none."""
    transport = FakeTransport(exchange)
    client = client_factory.open(transport, account="auto", clock=SystemClock())
    calls = [lambda each: each.get_max_loan("BTC-USDT", mgn_mode="cross", mgn_ccy="BTC")] * 8
    results = client_factory.run_concurrently(client, *calls)
    assert all(len(each) == 2 for each in results)
    assert sorted(paths(transport)) == ["config"] + ["max-loan"] * 8
    client.get_max_loan("BTC-USDT", mgn_mode="isolated")
    with pytest.raises(InvalidParametersError):
        client.get_max_loan(mgn_mode="cross", ccy="USDT")
    assert paths(transport)[9:] == ["max-loan"]


def test_account_auto_after_a_failure(client_factory: ClientFactory) -> None:
    """If the account request fails the call is not sent, and the next call requests the account again."""
    reset = NoResponseError("reset")
    transport = FakeTransport(reset, reset, exchange)
    client = client_factory.open(transport, account="auto", max_retries=0)
    with pytest.raises(NoResponseError):
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
    [batch] = client.iter_max_loan("BTC-USDT", mgn_mode="cross")
    assert batch.error is reset
    client.get_max_loan("BTC-USDT", mgn_mode="cross", mgn_ccy="BTC")
    assert paths(transport) == ["config", "config", "config", "max-loan"]


def test_responses_without_a_row(client_factory: ClientFactory) -> None:
    """A response without its required row is invalid."""
    client = client_factory.open(FakeTransport(ok_response()))
    for call in (client.get_account, client.sync_clock):
        with pytest.raises(InvalidResponseError, match="has no row"):
            call()
    assert client.get_instruments() == []


def test_instruments(client_factory: ClientFactory) -> None:
    """Instruments are returned as rows: by default all margin pairs, or one instrument."""
    row = {"instId": "BTC-USDC", "tradeQuoteCcyList": ["USDC", "USD"], "state": "live"}
    transport = FakeTransport(ok_response(row))
    client = client_factory.open(transport)
    (row,) = client.get_instruments()
    assert (row.inst_id, row.trade_quote_ccy_list, row.base_ccy) == ("BTC-USDC", ("USDC", "USD"), "")
    client.get_instruments("SPOT", "BTC-USDC")
    queries = [urlsplit(each.target).query for each in transport.requests]
    assert queries == ["instType=MARGIN", "instType=SPOT&instId=BTC-USDC"]


@pytest.mark.parametrize(
    ("arguments", "message"), [(("margin",), "did you mean"), (("SPOT", "BTC USD"), "instId has an invalid form")]
)
def test_instruments_rules(client_factory: ClientFactory, arguments: tuple[str, ...], message: str) -> None:
    """Invalid parameters for instruments are rejected before sending, in the caller's language."""
    transport = FakeTransport(ok_response())
    with pytest.raises(InvalidParametersError, match=message):
        client_factory.open(transport).get_instruments(*arguments)
    with pytest.raises(InvalidParametersError, match="zh/#"):
        client_factory.open(transport, language="zh").get_instruments(*arguments)
    assert transport.requests == []


def test_clock_offset(client_factory: ClientFactory) -> None:
    """Each call measures the clock skew, and later requests are signed with it."""
    now = client_factory.clock.time()
    transport = FakeTransport(*(ok_response(time_row(now + skew)) for skew in (60.0, -5.0)), loans_response)
    client = client_factory.open(transport)
    assert client.sync_clock() == pytest.approx(60.0, abs=0.001)
    assert client.sync_clock() == pytest.approx(-5.0, abs=0.001)
    client.get_max_loan("BTC-USDT", mgn_mode="cross")
    assert [bool(stamp) for stamp in transport.stamps] == [False, False, True]
    assert datetime.fromisoformat(transport.stamps[2]).timestamp() == pytest.approx(now - 5.0, abs=0.002)


@pytest.mark.parametrize(
    ("name", "arguments", "settings"),
    [
        ("get_account", (), {}),
        ("get_instruments", (), {}),
        ("sync_clock", (), {}),
        ("get_max_loan", (), {"mgn_mode": "cross", "ccy": "USDT"}),
        ("get_max_loan", inst_ids(2), {"mgn_mode": "cross"}),
    ],
)
def test_deadline_of_every_call(
    client_factory: ClientFactory, name: str, arguments: Sequence[str], settings: dict[str, str]
) -> None:
    """Each call ends by its deadline, however often it is retried."""
    client = client_factory.open(FakeTransport(NoResponseError("reset")), total_timeout=3.0, max_retries=98)
    began = client_factory.clock.now
    with pytest.raises(NoResponseError):
        getattr(client, name)(*arguments, **settings)
    assert 0.0 < client_factory.clock.now - began < 3.0


def test_deadline_includes_the_account(client_factory: ClientFactory) -> None:
    """The account request uses up a part of the deadline of its call."""

    def slow(request: Request) -> Response:
        client_factory.clock.now += 2.0
        return exchange(request)

    transport = FakeTransport(slow)
    with pytest.raises(RequestNotSentError, match=r"total_timeout of 2\.0 s was over"):
        client_factory.open(transport, account="auto", total_timeout=2.0).get_max_loan("BTC-USDT", mgn_mode="isolated")
    assert paths(transport) == ["config"]
