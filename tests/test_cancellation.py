"""Cancellation: cancelled tasks and abandoned iterators leave no permit, connection, thread or task behind."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk import AsyncMaxLoanClient, MemoryLimiter, batching
from okx_maxloan_sdk.clock import SystemClock
from tests.support.clean_env import clean_env
from tests.support.clients import credentials, credentials_for
from tests.support.contract_values import MANY, SIZE
from tests.support.fake_transport import FakeTransport, inst_ids, loans_response
from tests.support.limiter import RecordingLimiter
from tests.support.processes import interrupt
from tests.support.raw import RawServer, hang, respond
from tests.support.transports import in_use

if TYPE_CHECKING:
    from okx_maxloan_sdk.mock.exchange import MockExchange
    from tests.conftest import Run
    from tests.support.clients import ClientFactory


def test_cancelled_task(run: Run, exchange: tuple[str, MockExchange]) -> None:
    """A cancelled task leaks no permit and no connection, whatever it waited for."""
    url, mock_exchange = exchange
    limiter = MemoryLimiter(max_requests=100)

    async def main() -> None:
        async with AsyncMaxLoanClient(credentials_for(mock_exchange), base_url=url, limiter=limiter) as client:
            for _ in range(3):
                tasks = [asyncio.ensure_future(client.get_max_loan("BTC-USDT", mgn_mode="cross")) for _ in range(50)]
                await asyncio.sleep(0.1)  # real: the requests must be in flight
                for task in tasks:
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                assert {type(each) for each in results} == {asyncio.CancelledError}
            assert client.rate_limit.queued == 0
            assert client.rate_limit.in_use <= 100
            assert in_use(client._transport) == []
            assert len(asyncio.all_tasks()) == 1

    mock_exchange.enforce_rate_limit = False
    # More than there are requests, since a request that is read after its cancellation uses a delay as well.
    mock_exchange.fail_next(1000, delay=30.0)
    run(main())


def test_cancelled_task_releases_its_permit(run: Run) -> None:
    """A task that is cancelled with its request in flight releases its permit as outcome unknown."""
    limiter = RecordingLimiter()

    async def main() -> None:
        with RawServer(hang()) as server:
            async with AsyncMaxLoanClient(credentials(), base_url=server.url, limiter=limiter) as client:
                task = asyncio.ensure_future(client.get_max_loan("BTC-USDT", mgn_mode="cross"))
                await asyncio.to_thread(server.wait, 1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

    run(main())
    assert limiter.outcomes == ["unknown"]


def test_cancelled_at_any_time(run: Run) -> None:
    """Whatever a task is doing when it is cancelled, each of its permits is released with an outcome."""
    limiter = RecordingLimiter()

    async def main() -> None:
        with RawServer(respond()) as server:
            for turns in range(60):
                async with AsyncMaxLoanClient(credentials(), base_url=server.url, limiter=limiter) as client:
                    # From now on, requests with these parameters are concurrent.
                    await client.get_max_loan("BTC-USDT", mgn_mode="cross")
                    task = asyncio.ensure_future(client.get_max_loan(inst_ids(2 * SIZE + 1), mgn_mode="cross"))
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.wait([task])
                    assert "acquired" not in limiter.outcomes, turns
                    assert len(asyncio.all_tasks()) == 1

    run(main())
    assert "unknown" in limiter.outcomes


def test_cancelled_batch(run: Run) -> None:
    """Cancelling a batch cancels its requests and releases their permits."""
    limiter = RecordingLimiter()

    async def main() -> None:
        with RawServer(respond(), hang()) as server:
            async with AsyncMaxLoanClient(credentials(), base_url=server.url, limiter=limiter) as client:
                await client.get_max_loan("BTC-USDT", mgn_mode="cross")  # as above
                task = asyncio.ensure_future(client.get_max_loan(inst_ids(3 * SIZE), mgn_mode="cross"))
                await asyncio.to_thread(server.wait, 4)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert len(asyncio.all_tasks()) == 1

    run(main())
    assert limiter.outcomes == ["responded", *["unknown"] * 3]


def wait_for_threads() -> bool:
    """Wait until no thread of a blocking client runs."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if not any(each.name.startswith("okx-maxloan") for each in threading.enumerate()):
            return True
        time.sleep(0.005)
    return False


def test_abandoned_iterator_leaves_no_connection(client_factory: ClientFactory) -> None:
    """An iterator that is abandoned with requests in flight leaves no connection in use once those have ended."""
    with RawServer(respond(), hang()) as server:
        # Real time, until the requests have ended.
        client = client_factory.open(base_url=server.url, timeout=0.3, clock=SystemClock())
        stream = client.iter_max_loan(MANY, mgn_mode="cross")
        next(stream)
        stream.close()
        assert wait_for_threads()
        assert "acquired" not in client_factory.limiter.outcomes
        begun = len(client_factory.limiter.outcomes)
        assert client_factory.resolve(used(client.raw)) == []
        time.sleep(0.3)
        assert len(client_factory.limiter.outcomes) == begun <= batching.MAX_CONCURRENCY + 1
        client.close()


def used(client: Any) -> Any:
    """List the connections of a client that are in use, on the client's event loop."""

    async def of_this_loop() -> Any:
        return in_use(client._transport)

    return of_this_loop() if isinstance(client, AsyncMaxLoanClient) else in_use(client._transport)


def test_iterator_without_references(client_factory: ClientFactory) -> None:
    """An iterator without references is cleaned up as one that is closed."""
    client = client_factory.open(FakeTransport(loans_response))
    for each in client.iter_max_loan(MANY, mgn_mode="cross"):
        assert each.error is None
        break
    gc.collect()
    assert wait_for_threads()


PROGRAM = """
import asyncio, signal, sys
from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials, MaxLoanClient
signal.signal(signal.SIGINT, signal.default_int_handler)
many, settings = [f"C{{number}}-USDT" for number in range(500)], dict(mgn_mode="cross")
kind = AsyncMaxLoanClient if "asyncio" in {call!r} else MaxLoanClient
http_client = None
if {transport!r} == "httpx":
    import httpx
    http_client = httpx.AsyncClient() if kind is AsyncMaxLoanClient else httpx.Client()
client = kind(Credentials("k", "s", "p"), base_url={url!r}, http_client=http_client)
{call}
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGINT for one process")
@pytest.mark.parametrize(
    "call",
    [
        "client.get_max_loan('BTC-USDT', **settings)",
        "client.get_max_loan(many, **settings)",
        "list(client.iter_max_loan(many, **settings))",
        "asyncio.run(client.get_max_loan(many, **settings))",
    ],
    ids=["request", "batch", "iterator", "tasks"],
)
@pytest.mark.parametrize("transport", ["own", "httpx"])
def test_interrupted_process(call: str, transport: str) -> None:
    """Ctrl-C ends a process within a second although its requests hang; in wall time, as signals are real."""
    with RawServer(hang()) as server:
        program = PROGRAM.format(call=call, url=server.url, transport=transport)
        process = subprocess.Popen([sys.executable, "-c", program], env=clean_env(), stderr=subprocess.PIPE, text=True)
        server.wait(1)
        errors = interrupt(process, seconds=1)
    assert process.returncode == -signal.SIGINT
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
