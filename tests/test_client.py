"""Clients: the blocking and the asyncio client, their settings, and their life from the first call to close()."""

import asyncio
import inspect
import json
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from threading import Barrier
from types import FrameType
from typing import Any, get_overloads

import pytest

from okx_maxloan_sdk import Account, AsyncMaxLoanClient, MaxLoanClient, MemoryLimiter, Site
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.config import ClientSettings
from okx_maxloan_sdk.exceptions import ClientClosedError, InvalidParametersError, PartialFailureError
from okx_maxloan_sdk.mock.server import MockServer
from tests.support.cases import cases
from tests.support.clients import KEY, PASSPHRASE, SECRET, ClientFactory, credentials
from tests.support.contract_values import EMPTY, LIMIT, SIZE
from tests.support.fake_transport import FakeTransport, loan_row, loans_response
from tests.support.raw import RawServer, respond

CASES = cases(__file__)
BOTH = [MaxLoanClient, AsyncMaxLoanClient]
both = pytest.mark.parametrize("make", BOTH)


def interface(client: type) -> dict[str, list[str]]:
    """Return the signatures of what is public, overloads included, those of asyncio as if they were blocking."""
    public = {name: each for name, each in inspect.getmembers(client) if name == "__init__" or not name.startswith("_")}
    assert all(inspect.getdoc(each) for each in public.values())
    signatures = {
        name: [str(inspect.signature(form)) for form in (each, *get_overloads(each))] if callable(each) else []
        for name, each in public.items()
    }
    return {
        name: [re.sub(r"Async(?=Client|Generator)", "", each).replace(", None, None]", ", None]") for each in texts]
        for name, texts in signatures.items()
    }


def test_same_interface() -> None:
    """Both clients have the same public names, documented, with the same settings, parameters and results."""
    blocking, asynchronous = map(interface, BOTH)
    assert blocking == asynchronous
    assert len(blocking["get_max_loan"]) == 1 + 3
    assert inspect.signature(MaxLoanClient).parameters.keys() == {"credentials", *ClientSettings.__annotations__}
    names = ["self", "inst_ids", "mgn_mode", "ccy", "mgn_ccy", "trade_quote_ccy", "extra"]
    assert [*inspect.signature(MaxLoanClient.get_max_loan).parameters] == names


@both
def test_unknown_keyword(make: Any) -> None:
    """The error for an unknown keyword names the public class."""
    with pytest.raises(TypeError, match=rf"^{make.__name__}\.__init__\(\) got an unexpected .*'api_key'"):
        make(credentials(), api_key="x")
    with pytest.raises(TypeError, match=rf"^{make.__name__}\.get_account\(\)"):
        make(credentials()).get_account("x")


@both
@pytest.mark.parametrize(("settings", "reason"), CASES["settings"])
def test_invalid_setting(make: type, settings: dict[str, Any], reason: str) -> None:
    """The constructor rejects an invalid setting by its name."""
    with pytest.raises(ValueError, match=re.escape(reason)) as caught:
        make(**{"credentials": credentials(), **settings})
    assert not any(secret in str(caught.value) for secret in (KEY, SECRET, PASSPHRASE, "the-api-key", "s3cret"))


@both
def test_settings(make: Any) -> None:
    """Sites, base URLs and defaults are as documented."""
    assert repr(make(credentials())) == f"{make.__name__}(https://openapi.okx.com)"
    assert repr(make(credentials(), site=Site.EEA)) == f"{make.__name__}(https://eea.okx.com)"
    client = make(credentials(), site=Site.EEA, base_url="http://127.0.0.1:8899")
    assert repr(client) == f"{make.__name__}(http://127.0.0.1:8899)"
    config = client._state.config
    assert (config.demo, config.timeout, config.total_timeout, config.max_retries) == (False, 10.0, None, 2)
    assert (config.language, config.account, config.rate_limit_key) == ("en", None, None)
    assert isinstance(config.clock, SystemClock)
    assert isinstance(client._state._limiter, MemoryLimiter)
    account = Account(uid="7")
    state = make(credentials(), account=account, rate_limit_key="me")._state
    assert (state.account.value, state.config.rate_limit_key) == (account, "me")


ENVIRONMENT = {"OKX_API_KEY": KEY, "OKX_API_SECRET": SECRET, "OKX_API_PASSPHRASE": PASSPHRASE}


@both
@pytest.mark.parametrize(("variables", "settings", "name", "value"), CASES["environment"])
def test_from_env(
    make: Any,
    environment: pytest.MonkeyPatch,
    variables: dict[str, str],
    settings: dict[str, Any],
    name: str,
    value: str,
) -> None:
    """Credentials and settings are read from the environment unless they are given."""
    for variable, text in {**ENVIRONMENT, **variables}.items():
        environment.setenv(variable, text)
    state = make.from_env(**settings)._state
    assert state.config.credentials.sign("GET", "/", 0.0) == credentials().sign("GET", "/", 0.0)
    assert repr(attrgetter(name)(state)).startswith(value)


@pytest.mark.parametrize(("variables", "reason"), CASES["variables"])
def test_from_env_with_invalid_variables(
    variables: dict[str, str], reason: str, environment: pytest.MonkeyPatch
) -> None:
    """Missing or invalid variables are named, and no secret is shown."""
    for name, value in {**ENVIRONMENT, **variables}.items():
        environment.setenv(name, value)
    with pytest.raises(ValueError, match=reason) as caught:
        MaxLoanClient.from_env()
    assert not any(secret in str(caught.value) for secret in (KEY, SECRET, PASSPHRASE, "s3cret"))


@pytest.mark.skipif(sys.gettrace() is not None, reason="coverage traces calls itself")
def test_call_events() -> None:
    """A warm blocking call for one pair makes at most 62 calls of ours, counting resumed generators.

    Comprehensions are not counted, since they are no calls in Python 3.12 and later (PEP 709).
    """
    calls: list[Counter[str]] = []

    def count(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and re.search("okx_maxloan_(sdk|api)/", code.co_filename) and "comp>" not in code.co_name:
            calls[-1][code.co_qualname] += 1

    # EMPTY: with every field of the spec
    rows = [{**EMPTY, **loan_row("BTC-USDT", side)} for side in ("sell", "buy")]
    with (
        RawServer(respond(json.dumps({"code": "0", "msg": "", "data": rows}).encode())) as server,
        MaxLoanClient(credentials(), base_url=server.url, clock=SystemClock()) as client,
    ):
        for _ in range(5):
            calls.append(Counter())
            sys.setprofile(count)
            client.get_max_loan("BTC-USDT", mgn_mode="cross")
            sys.setprofile(None)
    # The minimum, since the garbage collector may close a connection of another test during a call.
    least = min(calls, key=Counter.total)
    assert 30 < least.total() <= 62, least


@pytest.mark.parametrize("is_used", [False, True])
def test_closed(client_factory: ClientFactory, is_used: bool) -> None:
    """After close() every call raises `ClientClosedError`; closing twice is no error, and loads no transport."""
    client = client_factory.open(FakeTransport(loans_response) if is_used else None)
    if is_used:
        client.get_max_loan("A-B", mgn_mode="cross")
    client.close()
    client.close()
    for call in (
        lambda: client.get_max_loan("A-B", mgn_mode="cross"),
        lambda: list(client.iter_max_loan("A-B", mgn_mode="cross")),
        client.get_account,
        client.get_instruments,
        client.sync_clock,
        lambda: client.rate_limit,
    ):
        with pytest.raises(ClientClosedError, match="create a new one"):
            call()
    assert (client.raw._transport is not None) is is_used


def test_context_manager(client_factory: ClientFactory) -> None:
    """The end of a block closes the client and suppresses no error; a closed client cannot be entered again."""
    enter, leave = ("__aenter__", "__aexit__") if client_factory.is_async else ("__enter__", "__exit__")
    transport = FakeTransport(loans_response)
    client = client_factory.open(transport)
    assert getattr(client, enter)() is client.raw
    assert client.get_max_loan("A-B", mgn_mode="cross")
    assert not getattr(client, leave)(LookupError, LookupError(), None)
    assert transport.closed == 1
    with pytest.raises(ClientClosedError):
        getattr(client, enter)()


def test_against_an_exchange(client_factory: ClientFactory, okx_exchange: MockServer) -> None:
    """An exchange that checks signatures, parameters and limits accepts every operation, and separates a bad pair."""
    client = client_factory.open(
        base_url=okx_exchange.url, credentials=okx_exchange.credentials(), clock=SystemClock(), limiter=MemoryLimiter()
    )
    assert [each.side for each in client.get_max_loan("BTC-USDT", "ETH-USDT", mgn_mode="cross")] == ["sell", "buy"] * 2
    assert [each.ccy for each in client.get_max_loan(mgn_mode="cross", ccy="USDT")] == ["USDT"]
    assert [each.inst_ids for each in client.iter_max_loan(["BTC-USDT"], mgn_mode="cross")] == [("BTC-USDT",)]
    assert client.get_account().uid == okx_exchange.exchange.users["spot"].uid
    assert any(each.inst_id == "BTC-USDT" for each in client.get_instruments())
    assert abs(client.sync_clock()) < 5
    with pytest.raises(InvalidParametersError):
        client.get_max_loan("BTC-USDT", mgn_mode="isolated")
    assert all(each.status == 200 for each in okx_exchange.exchange.log)
    with pytest.raises(PartialFailureError) as caught:
        client.get_max_loan("BTC-USDT", "C7-USDT", "ETH-USDT", mgn_mode="cross")
    assert [pairs for pairs, _ in caught.value.failures] == [("C7-USDT",)]
    assert len(caught.value.loans) == 4


def test_concurrent_callers(client_factory: ClientFactory, okx_exchange: MockServer) -> None:
    """More callers than slots share a client, its connections and its account and clock; the limit is observed."""
    okx_exchange.exchange.clock_skew = 90.0
    client = client_factory.open(
        base_url=okx_exchange.url, credentials=okx_exchange.credentials(), clock=SystemClock(), limiter=MemoryLimiter()
    )
    results = client_factory.run_concurrently(
        client, *([lambda each: each.get_max_loan("BTC-USDT", mgn_mode="cross")] * (LIMIT.requests + 5))
    )
    assert all(len(each) == 2 for each in results)
    assert [each.target for each in okx_exchange.exchange.log].count("/api/v5/public/time") == 1
    assert 429 not in {each.status for each in okx_exchange.exchange.log}
    assert (client.rate_limit.limit, client.rate_limit.queued) == (LIMIT.requests, 0)


def test_threads_share_one_transport() -> None:
    """Threads that make a client's first calls concurrently share one transport."""
    client, barrier = MaxLoanClient(credentials(), base_url="http://127.0.0.1:1"), Barrier(8)

    def first(_: int) -> Any:
        barrier.wait(5)
        return client._get_transport()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(first, range(8)))) == 1
    client.close()


CHILD = """
import os, sys
from okx_maxloan_sdk import MaxLoanClient

client, size = MaxLoanClient.from_env(timeout=5.0), int(sys.argv[1])
assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 2
inherited = next(iter(client._transport._pool._connections.values()))._socket.fileno()
if child := os.fork():
    assert os.waitpid(child, 0)[1] == 0
    assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 2
    client.close()
else:
    status = 1
    try:
        client._transport._pool._take()
        try:
            os.fstat(inherited)
        except OSError:
            pairs = ["BTC-USDT"] * 2 * size + ["ETH-USDT"] * 2 * size
            batches = list(client.iter_max_loan(pairs, mgn_mode="cross"))
            status = not (len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 2 and len(batches) == 4)
        client.close()
    finally:
        os._exit(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork(okx_exchange: MockServer) -> None:
    """After a fork the client works in the child, which closes its copies of connections, and in the parent."""
    environment = {**os.environ, **okx_exchange.environment()}
    subprocess.run([sys.executable, "-c", CHILD, str(SIZE)], env=environment, check=True, timeout=30)
    assert len(okx_exchange.exchange.log) == 1 + 4 + 1 + 1


def test_second_event_loop(okx_exchange: MockServer) -> None:
    """An asyncio client works on consecutive and on concurrent event loops, and forgets ended ones."""
    client = okx_exchange.async_client()
    transport: Any = client._get_transport()

    async def send() -> int:
        try:
            return len(await client.get_max_loan("BTC-USDT", mgn_mode="cross"))
        finally:
            # asyncio complains of connections that are open at the end of their loop.
            for connection in transport._idle[asyncio.get_running_loop()]:
                connection.close()
            await asyncio.sleep(0.01)

    for _ in range(2):
        assert asyncio.run(send()) == 2
        assert len(transport._idle) == 1
    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(lambda _: asyncio.run(send()), range(4))] == [2] * 4
    asyncio.run(client.close())
