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
from okx_maxloan_sdk.errors import ClientClosed, OkxError, RuleError
from tests.support.doors import credentials, known
from tests.support.facts import LIMIT, MANY, SIZE
from tests.support.limiter import FreeLimiter
from tests.support.raw import RawServer, hang, say
from tests.support.wire import AsyncWire, Wire, loans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk.mock.exchange import Exchange
    from tests.support.doors import Door


def calls(client: Any) -> Iterator[Any]:
    """List every way to ask."""
    yield lambda: client.max_loan(mgn_mode="cross", inst_id="A-B")
    yield lambda: client.cross("A-B")
    yield lambda: client.isolated("A-B")
    yield lambda: client.currency("USDT")
    yield lambda: list(client.stream("A-B", mgn_mode="cross"))
    yield client.account
    yield client.instruments
    yield client.clock_offset


def test_closed(door: Door) -> None:
    """After close() every call says so, whether or not there was one before; closing twice is no error."""
    for warm in (False, True):
        wire = Wire(loans)
        client = door.open(wire)
        if warm:
            client.cross("A-B")
        client.close()
        client.close()
        for call in calls(client):
            with pytest.raises(ClientClosed, match="make a new one"):
                call()
        assert len(wire.requests) == warm


def test_closed_unused(door: Door) -> None:
    """A client that never asked anything is closed without loading what carries requests."""
    client = door.open()
    client.close()
    assert client.raw._carrier is None
    with pytest.raises(ClientClosed):
        client.cross("A-B")


def test_context_manager() -> None:
    """A client is closed at the end of its block, by an error as well, and cannot be entered again."""
    wire = Wire(loans)
    client = MaxLoanClient(credentials(), limiter=FreeLimiter())
    vars(client)["_carrier"] = wire
    with client as entered:
        assert entered is client
        assert client.cross("A-B")
    assert wire.closed == 1
    with pytest.raises(ClientClosed), client:
        pass
    with pytest.raises(LookupError), MaxLoanClient(credentials()) as failing:
        raise LookupError
    assert failing._session.closed


def test_context_manager_async() -> None:
    """The same with await."""
    wire = Wire(loans)

    async def main() -> None:
        client = AsyncMaxLoanClient(credentials(), limiter=FreeLimiter())
        vars(client)["_carrier"] = AsyncWire(wire)
        async with client as entered:
            assert entered is client
            assert await client.cross("A-B")
        assert wire.closed == 1
        with pytest.raises(ClientClosed):
            await client.__aenter__()

    asyncio.run(main())


def test_closed_under_a_request(door: Door) -> None:
    """A client that is closed with a request on its way ends that request, as an error of ours, and sends no other."""
    with RawServer(hang()) as server:
        # Real time: a blocking request ends by its timeout, as nothing else can reach it.
        client = door.open(base_url=server.url, clock=SystemClock(), timeout=0.4)

        def close(client: Any) -> Any:
            if isinstance(client, MaxLoanClient):
                server.wait(1)
                return client.close()
            return later(client)

        async def later(client: AsyncMaxLoanClient) -> None:
            await asyncio.to_thread(server.wait, 1)
            await client.close()

        error, closed = door.together(client, lambda each: each.cross("BTC-USDT"), close)
        assert isinstance(error, OkxError)
        assert closed is None
        assert len(server.heads) == 1


def test_closed_between(door: Door) -> None:
    """A stream that was begun before close() says in each batch that the client is closed, and ends."""
    client = door.open(Wire(loans))
    stream = client.stream(MANY, mgn_mode="cross")
    assert next(stream).error is None
    client.close()
    rest = list(stream)
    assert len(rest) == len(MANY) // SIZE - 1
    assert any(isinstance(each.error, ClientClosed) for each in rest)


def test_against_an_exchange(door: Door, exchange: tuple[str, Exchange]) -> None:
    """Every way to ask is answered by an exchange that checks signatures, parameters and limits."""
    url, served = exchange
    client = door.open(base_url=url, credentials=known(served), clock=SystemClock(), limiter=MemoryLimiter())
    assert [each.side for each in client.cross("BTC-USDT", "ETH-USDT")] == ["sell", "buy"] * 2
    assert [each.ccy for each in client.currency("USDT")] == ["USDT"]
    assert len(client.max_loan(mgn_mode="cross", inst_id=["BTC-USDT"])) == 2
    assert [each.inst_ids for each in client.stream(["BTC-USDT"], mgn_mode="cross")] == [("BTC-USDT",)]
    assert client.account().uid == served.users["spot"].uid
    assert any(each.inst_id == "BTC-USDT" for each in client.instruments())
    assert abs(client.clock_offset()) < 5
    with pytest.raises(RuleError):
        client.isolated("BTC-USDT")
    assert all(each.status == 200 for each in served.log)


@pytest.mark.parametrize("skew", [60.0, -1200.0])
def test_exchange_with_another_clock(door: Door, exchange: tuple[str, Exchange], skew: float) -> None:
    """An exchange whose clock is far off answers the first call after three requests and later calls after one."""
    url, served = exchange
    served.skew = skew
    client = door.open(base_url=url, credentials=known(served), clock=SystemClock())
    for requests in (3, 4):
        assert len(client.cross("BTC-USDT")) == 2
        assert len(served.log) == requests
    served.skew = 0.0
    assert len(client.cross("BTC-USDT")) == 2
    assert len(served.log) == 7


def test_many_at_once(door: Door, exchange: tuple[str, Exchange]) -> None:
    """More callers than the limit has slots share a client, its connections and what it learns; the limit is kept."""
    url, served = exchange
    served.skew = 90.0
    client = door.open(base_url=url, credentials=known(served), clock=SystemClock(), limiter=MemoryLimiter())
    results = door.together(client, *([lambda each: each.cross("BTC-USDT")] * (LIMIT.requests + 5)))
    assert all(len(each) == 2 for each in results)
    assert [each.target for each in served.log].count("/api/v5/public/time") == 1
    assert 429 not in {each.status for each in served.log}
    assert client.rate_limit.queued == 0


def test_threads_share_one_transport() -> None:
    """Threads that make a client's first calls at the same moment share what carries them."""
    with RawServer(say()) as server, MaxLoanClient(credentials(), base_url=server.url, limiter=FreeLimiter()) as client:
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
assert len(client.cross("BTC-USDT")) == 2
if child := os.fork():
    assert os.waitpid(child, 0)[1] == 0
    assert len(client.cross("BTC-USDT")) == 2
    client.close()
else:
    status = 1
    try:
        batches = list(client.stream(["BTC-USDT"] * 2 * int(size) + ["ETH-USDT"] * 2 * int(size), mgn_mode="cross"))
        status = not (len(client.cross("BTC-USDT")) == 2 and len(batches) == 4)
        client.close()
    finally:
        os._exit(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork(exchange: tuple[str, Exchange]) -> None:
    """A client that has asked already works in a forked child, and goes on to work in the parent."""
    url, served = exchange
    key = served.users["spot"].keys[0]
    arguments = [url, str(SIZE), key.key, key.secret, key.passphrase]
    subprocess.run([sys.executable, "-c", CHILD, *arguments], check=True, timeout=30)
    assert len(served.log) == 1 + 4 + 1 + 1


def test_second_event_loop(exchange: tuple[str, Exchange]) -> None:
    """An asynchronous client works on one event loop after the other, and on two at the same time."""
    url, served = exchange
    client = AsyncMaxLoanClient(known(served), base_url=url)

    async def ask() -> int:
        try:
            return len(await client.cross("BTC-USDT"))
        finally:
            for each in client._carrier._connections().all():  # type: ignore[union-attr] # a loop complains of open ones
                await each.aclose()

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
    client = MaxLoanClient(credentials(), limiter=FreeLimiter())
    vars(client)["_carrier"] = Wire(loans)
    assert len(client.cross("A-B")) == 2
    before = threading.active_count()
    del client
    gc.collect()
    assert threading.active_count() == before
