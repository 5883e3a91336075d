"""Cancelled: tasks and streams that end half-way leave no slot, no connection, no thread and no task behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk import AsyncMaxLoanClient, MemoryLimiter, batch
from okx_maxloan_sdk.clock import SystemClock
from tests.support.doors import credentials, known
from tests.support.facts import MANY, SIZE
from tests.support.limiter import FreeLimiter
from tests.support.raw import RawServer, hang, say
from tests.support.wire import Wire, ids, loans

if TYPE_CHECKING:
    from okx_maxloan_sdk.mock.exchange import Exchange
    from tests.support.doors import Door


def test_cancelled_task(exchange: tuple[str, Exchange]) -> None:
    """Cancelled tasks leak no slot and no connection: whatever they waited for, there is room afterwards."""
    url, served = exchange
    limiter = MemoryLimiter(max_requests=100)

    async def main() -> None:
        async with AsyncMaxLoanClient(known(served), base_url=url, limiter=limiter) as client:
            for _ in range(3):
                tasks = [asyncio.ensure_future(client.cross("BTC-USDT")) for _ in range(50)]
                await asyncio.sleep(0.1)  # real: the requests are to be on their way
                for task in tasks:
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                assert {type(each) for each in results} == {asyncio.CancelledError}
            assert client.rate_limit.queued == 0
            assert client.rate_limit.in_use <= 100
            kept = client._carrier._connections()  # type: ignore[union-attr] # httpcore's
            assert [each for each in kept.all() if not each.is_idle()] == []
            assert len(asyncio.all_tasks()) == 1

    served.limited = False
    # More than there are requests: one that is read after its task was cancelled uses up a delay as well.
    served.fail_next(1000, delay=30.0)
    asyncio.run(main())


def test_cancelled_task_says_so() -> None:
    """A task that is cancelled with its request on the way holds its slot as one whose outcome is unknown."""
    limiter = FreeLimiter()

    async def main() -> None:
        with RawServer(hang()) as server:
            async with AsyncMaxLoanClient(credentials(), base_url=server.url, limiter=limiter) as client:
                task = asyncio.ensure_future(client.cross("BTC-USDT"))
                await asyncio.to_thread(server.wait, 1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

    asyncio.run(main())
    assert limiter.notes == ["unknown"]


def test_cancelled_at_any_moment() -> None:
    """Whatever a task is doing when it is cancelled, every slot it took is told how it ended."""
    limiter = FreeLimiter()

    async def main() -> None:
        with RawServer(say()) as server:
            for turns in range(60):
                async with AsyncMaxLoanClient(credentials(), base_url=server.url, limiter=limiter) as client:
                    task = asyncio.ensure_future(client.cross(ids(2 * SIZE + 1)))
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.wait([task])
                    assert "taken" not in limiter.notes, turns
                    assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
    assert "unknown" in limiter.notes


def test_cancelled_batch() -> None:
    """A cancelled batch cancels its requests, and its slots know."""
    limiter = FreeLimiter()

    async def main() -> None:
        with RawServer(hang()) as server:
            async with AsyncMaxLoanClient(credentials(), base_url=server.url, limiter=limiter) as client:
                task = asyncio.ensure_future(client.cross(ids(3 * SIZE)))
                await asyncio.to_thread(server.wait, 3)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
    assert limiter.notes == ["unknown"] * 3


def quiet() -> bool:
    """Wait until no thread of a blocking client runs."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if not any(each.name.startswith("okx-maxloan") for each in threading.enumerate()):
            return True
        time.sleep(0.005)
    return False


def test_abandoned_stream_leaves_no_connection(door: Door) -> None:
    """A stream abandoned with requests on their way leaves, once those are over, no connection in use."""
    with RawServer(say(), hang()) as server:
        client = door.open(base_url=server.url, timeout=0.3, clock=SystemClock())  # real time, to see it end
        stream = client.stream(MANY, mgn_mode="cross")
        next(stream)
        stream.close()
        assert quiet()
        assert "taken" not in door.limiter.notes
        begun = len(door.limiter.notes)
        assert [each for each in door.finish(connections(client.raw)) if not each.is_idle()] == []
        time.sleep(0.3)
        assert len(door.limiter.notes) == begun <= batch.WIDTH + 1
        client.close()


def connections(client: Any) -> Any:
    """Look at the connections of a client, where it uses them."""

    async def of_this_loop() -> Any:
        return client._carrier._connections().all()

    return of_this_loop() if isinstance(client, AsyncMaxLoanClient) else client._carrier._connections().all()


def test_stream_dropped_without_closing(door: Door) -> None:
    """A stream that is forgotten in the middle is cleaned up as one that is closed."""
    client = door.open(Wire(loans))
    for each in client.stream(MANY, mgn_mode="cross"):
        assert each.error is None
        break
    gc.collect()
    assert quiet()
