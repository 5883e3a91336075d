"""Lifecycle: closing, concurrent callers, forks and event loops."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from okx_maxloan_sdk import AsyncMaxLoanClient, MaxLoanClient, MemoryLimiter
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.exceptions import ClientClosedError, InvalidParametersError, OkxError
from okx_maxloan_sdk.mock.exchange import MockExchange
from tests.support.clients import ClientFactory, credentials, credentials_for
from tests.support.contract_values import LIMIT, MANY, SIZE
from tests.support.fake_transport import AsyncFakeTransport, FakeTransport, loans_response
from tests.support.limiter import RecordingLimiter
from tests.support.raw import RawServer, hang, respond


def calls(client: Any) -> Iterator[Any]:
    """List a call of every operation."""
    yield lambda: client.get_max_loan("A-B", mgn_mode="cross")
    yield lambda: client.get_max_loan("A-B", mgn_mode="isolated")
    yield lambda: client.get_max_loan(mgn_mode="cross", ccy="USDT")
    yield lambda: list(client.iter_max_loan("A-B", mgn_mode="cross"))
    yield client.get_account
    yield client.get_instruments
    yield client.sync_clock


def test_closed(client_factory: ClientFactory) -> None:
    """After close() every call raises `ClientClosedError`; closing twice is no error."""
    for warm in (False, True):
        transport = FakeTransport(loans_response)
        client = client_factory.open(transport)
        if warm:
            client.get_max_loan("A-B", mgn_mode="cross")
        client.close()
        client.close()
        for call in calls(client):
            with pytest.raises(ClientClosedError, match="create a new one"):
                call()
        assert len(transport.requests) == warm


def test_closed_unused(client_factory: ClientFactory) -> None:
    """Closing an unused client does not load the transport."""
    client = client_factory.open()
    client.close()
    assert client.raw._transport is None
    with pytest.raises(ClientClosedError):
        client.get_max_loan("A-B", mgn_mode="cross")


def test_context_manager() -> None:
    """The end of the block closes the client, also after an error; a closed client cannot be entered again."""
    transport = FakeTransport(loans_response)
    client = MaxLoanClient(credentials(), limiter=RecordingLimiter())
    vars(client)["_transport"] = transport
    with client as entered:
        assert entered is client
        assert client.get_max_loan("A-B", mgn_mode="cross")
    assert transport.closed == 1
    with pytest.raises(ClientClosedError), client:
        pass
    with pytest.raises(LookupError), MaxLoanClient(credentials()) as failing:
        raise LookupError
    assert failing._state.is_closed


def test_context_manager_async() -> None:
    """The same for `async with`."""
    transport = FakeTransport(loans_response)

    async def main() -> None:
        client = AsyncMaxLoanClient(credentials(), limiter=RecordingLimiter())
        vars(client)["_transport"] = AsyncFakeTransport(transport)
        async with client as entered:
            assert entered is client
            assert await client.get_max_loan("A-B", mgn_mode="cross")
        assert transport.closed == 1
        with pytest.raises(ClientClosedError):
            await client.__aenter__()

    asyncio.run(main())


def test_closed_under_a_request(client_factory: ClientFactory) -> None:
    """Closing a client ends its request in flight with one of our errors, and no other request is sent."""
    with RawServer(hang()) as server:
        # Real time: only its timeout can end a blocking request.
        client = client_factory.open(base_url=server.url, clock=SystemClock(), timeout=0.4)

        def close(client: Any) -> Any:
            if isinstance(client, MaxLoanClient):
                server.wait(1)
                return client.close()
            return later(client)

        async def later(client: AsyncMaxLoanClient) -> None:
            await asyncio.to_thread(server.wait, 1)
            await client.close()

        error, closed = client_factory.run_concurrently(
            client, lambda each: each.get_max_loan("BTC-USDT", mgn_mode="cross"), close
        )
        assert isinstance(error, OkxError)
        assert closed is None
        assert len(server.requests) == 1


def test_closed_during_iteration(client_factory: ClientFactory) -> None:
    """After close() an iterator yields the error for each batch and ends."""
    client = client_factory.open(FakeTransport(loans_response))
    stream = client.iter_max_loan(MANY, mgn_mode="cross")
    assert next(stream).error is None
    client.close()
    remaining = list(stream)
    assert len(remaining) == len(MANY) // SIZE - 1
    assert any(isinstance(each.error, ClientClosedError) for each in remaining)


def test_against_an_exchange(client_factory: ClientFactory, exchange: tuple[str, MockExchange]) -> None:
    """An exchange that checks signatures, parameters and limits accepts every operation."""
    url, mock_exchange = exchange
    client = client_factory.open(
        base_url=url, credentials=credentials_for(mock_exchange), clock=SystemClock(), limiter=MemoryLimiter()
    )
    assert [each.side for each in client.get_max_loan("BTC-USDT", "ETH-USDT", mgn_mode="cross")] == ["sell", "buy"] * 2
    assert [each.ccy for each in client.get_max_loan(mgn_mode="cross", ccy="USDT")] == ["USDT"]
    assert len(client.get_max_loan(["BTC-USDT"], mgn_mode="cross")) == 2
    assert [each.inst_ids for each in client.iter_max_loan(["BTC-USDT"], mgn_mode="cross")] == [("BTC-USDT",)]
    assert client.get_account().uid == mock_exchange.users["spot"].uid
    assert any(each.inst_id == "BTC-USDT" for each in client.get_instruments())
    assert abs(client.sync_clock()) < 5
    with pytest.raises(InvalidParametersError):
        client.get_max_loan("BTC-USDT", mgn_mode="isolated")
    assert all(each.status == 200 for each in mock_exchange.log)


@pytest.mark.parametrize("skew", [60.0, -1200.0])
def test_exchange_with_another_clock(
    client_factory: ClientFactory, exchange: tuple[str, MockExchange], skew: float
) -> None:
    """With a wrong clock the first call needs three requests and later calls one."""
    url, mock_exchange = exchange
    mock_exchange.clock_skew = skew
    client = client_factory.open(base_url=url, credentials=credentials_for(mock_exchange), clock=SystemClock())
    for requests in (3, 4):
        assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 2
        assert len(mock_exchange.log) == requests
    mock_exchange.clock_skew = 0.0
    assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 2
    assert len(mock_exchange.log) == 7


def test_concurrent_callers(client_factory: ClientFactory, exchange: tuple[str, MockExchange]) -> None:
    """More callers than slots share a client, its connections and its account and clock; the limit is observed."""
    url, mock_exchange = exchange
    mock_exchange.clock_skew = 90.0
    client = client_factory.open(
        base_url=url, credentials=credentials_for(mock_exchange), clock=SystemClock(), limiter=MemoryLimiter()
    )
    results = client_factory.run_concurrently(
        client, *([lambda each: each.get_max_loan("BTC-USDT", mgn_mode="cross")] * (LIMIT.requests + 5))
    )
    assert all(len(each) == 2 for each in results)
    assert [each.target for each in mock_exchange.log].count("/api/v5/public/time") == 1
    assert 429 not in {each.status for each in mock_exchange.log}
    assert client.rate_limit.queued == 0


def test_threads_share_one_transport() -> None:
    """Threads that make a client's first calls concurrently share one transport."""
    with (
        RawServer(respond()) as server,
        MaxLoanClient(credentials(), base_url=server.url, limiter=RecordingLimiter()) as client,
    ):
        barrier, results = threading.Barrier(8), []

        def first() -> None:
            barrier.wait(5)
            results.append(client._transport)

        threads = [threading.Thread(target=first) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(each) for each in results}) == 1


CHILD = """
import os, sys
from okx_maxloan_sdk import Credentials, MaxLoanClient

url, size, *key = sys.argv[1:]
client = MaxLoanClient(Credentials(*key), base_url=url, timeout=5.0)
assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 2
if child := os.fork():
    assert os.waitpid(child, 0)[1] == 0
    assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 2
    client.close()
else:
    status = 1
    try:
        pairs = ["BTC-USDT"] * 2 * int(size) + ["ETH-USDT"] * 2 * int(size)
        batches = list(client.iter_max_loan(pairs, mgn_mode="cross"))
        status = not (len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 2 and len(batches) == 4)
        client.close()
    finally:
        os._exit(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork(exchange: tuple[str, MockExchange]) -> None:
    """After a fork the client works in the child, and still works in the parent."""
    url, mock_exchange = exchange
    key = mock_exchange.users["spot"].keys[0]
    arguments = [url, str(SIZE), key.key, key.secret, key.passphrase]
    subprocess.run([sys.executable, "-c", CHILD, *arguments], check=True, timeout=30)
    assert len(mock_exchange.log) == 1 + 4 + 1 + 1


def test_second_event_loop(exchange: tuple[str, MockExchange]) -> None:
    """An asyncio client works on consecutive and on concurrent event loops."""
    url, mock_exchange = exchange
    client = AsyncMaxLoanClient(credentials_for(mock_exchange), base_url=url)

    async def send() -> int:
        try:
            return len(await client.get_max_loan("BTC-USDT", mgn_mode="cross"))
        finally:
            # asyncio complains of connections that are open at the end of their loop.
            client._transport._pool().close()  # type: ignore[union-attr] # there is one
            await asyncio.sleep(0.01)

    assert [asyncio.run(send()) for _ in range(2)] == [2, 2]
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(asyncio.run(send()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results == [2] * 4
    asyncio.run(client.close())


def test_garbage_collected_client() -> None:
    """A client that is garbage-collected without close() leaves no thread or connection."""
    before = set(threading.enumerate())
    client = MaxLoanClient(credentials(), limiter=RecordingLimiter())
    vars(client)["_transport"] = FakeTransport(loans_response)
    assert len(client.get_max_loan("A-B", mgn_mode="cross")) == 2
    del client
    gc.collect()
    assert before.issuperset(threading.enumerate())
