"""Cancellation: cancelled tasks and abandoned iterators leave no permit, connection, thread or task behind."""

import asyncio
import gc
import signal
import subprocess
import sys
import time

import pytest

from okx_maxloan_sdk import AsyncMaxLoanClient, batching
from okx_maxloan_sdk.clock import SystemClock
from tests.support.clean_env import clean_env
from tests.support.clients import ClientFactory, credentials
from tests.support.clock import client_threads_end
from tests.support.contract_values import MANY, SIZE
from tests.support.fake_transport import inst_ids
from tests.support.limiter import RecordingLimiter
from tests.support.processes import interrupt
from tests.support.raw import RawServer, hang, respond
from tests.support.transports import in_use


@pytest.mark.usefixtures("run")
async def test_cancelled_at_any_time() -> None:
    """Whatever a batch is doing when it is cancelled, it leaves no permit, connection or task."""
    limiter = RecordingLimiter()
    with RawServer(respond()) as server:
        for turns in range(60):
            async with AsyncMaxLoanClient(credentials(), base_url=server.url, limiter=limiter) as client:
                await client.get_max_loan("BTC-USDT", mgn_mode="cross")  # from now on requests are sent concurrently
                task = asyncio.ensure_future(client.get_max_loan(inst_ids(2 * SIZE + 1), mgn_mode="cross"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
                assert "acquired" not in limiter.outcomes
                assert in_use(client._transport) == []
                assert len(asyncio.all_tasks()) == 1
        await asyncio.to_thread(server.wait_until_closed)
    assert "unknown" in limiter.outcomes


@pytest.mark.parametrize("end", ["closed", "without references"])
def test_abandoned_iterator_leaves_no_connection(client_factory: ClientFactory, end: str) -> None:
    """An iterator that is abandoned with requests in flight leaves no connection in use once those have ended."""
    with RawServer(respond(), hang()) as server:
        # Real time, until the requests have ended.
        client = client_factory.open(base_url=server.url, timeout=0.3, clock=SystemClock())
        stream = client.iter_max_loan(MANY, mgn_mode="cross")
        next(stream)
        if end == "closed":
            stream.close()
        del stream
        gc.collect()
        assert client_threads_end()
        assert "acquired" not in client_factory.limiter.outcomes
        begun = len(client_factory.limiter.outcomes)
        assert in_use(client.raw._transport) == []
        time.sleep(0.3)
        assert len(client_factory.limiter.outcomes) == begun <= batching.MAX_CONCURRENCY + 1
        client.close()


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
