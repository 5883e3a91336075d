"""Life: closing, many callers at once, forks, and event loops."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk import AsyncMaxLoanClient, MaxLoanClient, MemoryLimiter
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.exceptions import ClientClosedError, InvalidParametersError, OkxError
from tests.support.clients import credentials, credentials_for
from tests.support.contract_values import LIMIT, MANY, SIZE
from tests.support.fake_transport import AsyncFakeTransport, FakeTransport, loans_response
from tests.support.limiter import RecordingLimiter
from tests.support.raw import RawServer, hang, respond

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk.mock.exchange import MockExchange
    from tests.support.clients import ClientFactory


def calls(client: Any) -> Iterator[Any]:
    """List every way to ask."""
    yield lambda: client.get_max_loan("A-B", mgn_mode="cross")
    yield lambda: client.get_max_loan("A-B", mgn_mode="isolated")
    yield lambda: client.get_max_loan(mgn_mode="cross", ccy="USDT")
    yield lambda: list(client.iter_max_loan("A-B", mgn_mode="cross"))
    yield client.get_account
    yield client.get_instruments
    yield client.sync_clock


def test_closed(client_factory: ClientFactory) -> None:
    """After close() every call says so, whether or not there was one before; closing twice is no error."""
    for warm in (False, True):
        wire = FakeTransport(loans_response)
        client = client_factory.open(wire)
        if warm:
            client.get_max_loan("A-B", mgn_mode="cross")
        client.close()
        client.close()
        for call in calls(client):
            with pytest.raises(ClientClosedError, match="create a new one"):
                call()
        assert len(wire.requests) == warm


def test_closed_unused(client_factory: ClientFactory) -> None:
    """A client that never asked anything is closed without loading what carries requests."""
    client = client_factory.open()
    client.close()
    assert client.raw._transport is None
    with pytest.raises(ClientClosedError):
        client.get_max_loan("A-B", mgn_mode="cross")


def test_context_manager() -> None:
    """A client is closed at the end of its block, by an error as well, and cannot be entered again."""
    wire = FakeTransport(loans_response)
    client = MaxLoanClient(credentials(), limiter=RecordingLimiter())
    vars(client)["_transport"] = wire
    with client as entered:
        assert entered is client
        assert client.get_max_loan("A-B", mgn_mode="cross")
    assert wire.closed == 1
    with pytest.raises(ClientClosedError), client:
        pass
    with pytest.raises(LookupError), MaxLoanClient(credentials()) as failing:
        raise LookupError
    assert failing._state.is_closed


def test_context_manager_async() -> None:
    """The same with await."""
    wire = FakeTransport(loans_response)

    async def main() -> None:
        client = AsyncMaxLoanClient(credentials(), limiter=RecordingLimiter())
        vars(client)["_transport"] = AsyncFakeTransport(wire)
        async with client as entered:
            assert entered is client
            assert await client.get_max_loan("A-B", mgn_mode="cross")
        assert wire.closed == 1
        with pytest.raises(ClientClosedError):
            await client.__aenter__()

    asyncio.run(main())


def test_closed_under_a_request(client_factory: ClientFactory) -> None:
    """A client that is closed with a request on its way ends that request, as an error of ours, and sends no other."""
    with RawServer(hang()) as server:
        # Real time: a blocking request ends by its timeout, as nothing else can reach it.
        client = client_factory.open(base_url=server.url, clock=SystemClock(), timeout=0.4)

        def close(client: Any) -> Any:
            if isinstance(client, MaxLoanClient):
                server.wait(1)
                return client.close()
            return later(client)

        async def later(client: AsyncMaxLoanClient) -> None:
            await asyncio.to_thread(server.wait, 1)
            await client.close()

        error, closed = client_factory.together(
            client, lambda each: each.get_max_loan("BTC-USDT", mgn_mode="cross"), close
        )
        assert isinstance(error, OkxError)
        assert closed is None
        assert len(server.heads) == 1


def test_closed_between(client_factory: ClientFactory) -> None:
    """A stream that was begun before close() says in each batch that the client is closed, and ends."""
    client = client_factory.open(FakeTransport(loans_response))
    stream = client.iter_max_loan(MANY, mgn_mode="cross")
    assert next(stream).error is None
    client.close()
    rest = list(stream)
    assert len(rest) == len(MANY) // SIZE - 1
    assert any(isinstance(each.error, ClientClosedError) for each in rest)


def test_against_an_exchange(client_factory: ClientFactory, exchange: tuple[str, MockExchange]) -> None:
    """Every way to ask is answered by an exchange that checks signatures, parameters and limits."""
    url, served = exchange
    client = client_factory.open(
        base_url=url, credentials=credentials_for(served), clock=SystemClock(), limiter=MemoryLimiter()
    )
    assert [each.side for each in client.get_max_loan("BTC-USDT", "ETH-USDT", mgn_mode="cross")] == ["sell", "buy"] * 2
    assert [each.ccy for each in client.get_max_loan(mgn_mode="cross", ccy="USDT")] == ["USDT"]
    assert len(client.get_max_loan(["BTC-USDT"], mgn_mode="cross")) == 2
    assert [each.inst_ids for each in client.iter_max_loan(["BTC-USDT"], mgn_mode="cross")] == [("BTC-USDT",)]
    assert client.get_account().uid == served.users["spot"].uid
    assert any(each.inst_id == "BTC-USDT" for each in client.get_instruments())
    assert abs(client.sync_clock()) < 5
    with pytest.raises(InvalidParametersError):
        client.get_max_loan("BTC-USDT", mgn_mode="isolated")
    assert all(each.status == 200 for each in served.log)


@pytest.mark.parametrize("skew", [60.0, -1200.0])
def test_exchange_with_another_clock(
    client_factory: ClientFactory, exchange: tuple[str, MockExchange], skew: float
) -> None:
    """An exchange whose clock is far off answers the first call after three requests and later calls after one."""
    url, served = exchange
    served.clock_skew = skew
    client = client_factory.open(base_url=url, credentials=credentials_for(served), clock=SystemClock())
    for requests in (3, 4):
        assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 2
        assert len(served.log) == requests
    served.clock_skew = 0.0
    assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 2
    assert len(served.log) == 7


def test_many_at_once(client_factory: ClientFactory, exchange: tuple[str, MockExchange]) -> None:
    """More callers than the limit has slots share a client, its connections and what it learns; the limit is kept."""
    url, served = exchange
    served.clock_skew = 90.0
    client = client_factory.open(
        base_url=url, credentials=credentials_for(served), clock=SystemClock(), limiter=MemoryLimiter()
    )
    results = client_factory.together(
        client, *([lambda each: each.get_max_loan("BTC-USDT", mgn_mode="cross")] * (LIMIT.requests + 5))
    )
    assert all(len(each) == 2 for each in results)
    assert [each.target for each in served.log].count("/api/v5/public/time") == 1
    assert 429 not in {each.status for each in served.log}
    assert client.rate_limit.queued == 0


def test_threads_share_one_transport() -> None:
    """Threads that make a client's first calls at the same moment share what carries them."""
    with (
        RawServer(respond()) as server,
        MaxLoanClient(credentials(), base_url=server.url, limiter=RecordingLimiter()) as client,
    ):
        barrier, found = threading.Barrier(8), []

        def first() -> None:
            barrier.wait(5)
            found.append(client._transport)

        threads = [threading.Thread(target=first) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(each) for each in found}) == 1


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
    """A client that has asked already works in a forked child, and goes on to work in the parent."""
    url, served = exchange
    key = served.users["spot"].keys[0]
    arguments = [url, str(SIZE), key.key, key.secret, key.passphrase]
    subprocess.run([sys.executable, "-c", CHILD, *arguments], check=True, timeout=30)
    assert len(served.log) == 1 + 4 + 1 + 1


def test_second_event_loop(exchange: tuple[str, MockExchange]) -> None:
    """An asynchronous client works on one event loop after the other, and on two at the same time."""
    url, served = exchange
    client = AsyncMaxLoanClient(credentials_for(served), base_url=url)

    async def ask() -> int:
        try:
            return len(await client.get_max_loan("BTC-USDT", mgn_mode="cross"))
        finally:
            # A loop complains of connections that are open at its end.
            client._transport._pool().close()  # type: ignore[union-attr] # there is one
            await asyncio.sleep(0.01)

    assert [asyncio.run(ask()) for _ in range(2)] == [2, 2]
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(asyncio.run(ask()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [2] * 4
    asyncio.run(client.close())


def test_nothing_to_close_is_left() -> None:
    """A client that is forgotten without being closed leaves nothing that runs."""
    client = MaxLoanClient(credentials(), limiter=RecordingLimiter())
    vars(client)["_transport"] = FakeTransport(loans_response)
    assert len(client.get_max_loan("A-B", mgn_mode="cross")) == 2
    before = threading.active_count()
    del client
    gc.collect()
    assert threading.active_count() == before
