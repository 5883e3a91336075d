"""Thousands of cancellations and signals at random times: no response of another call, and no leak.

OKX_STRESS multiplies their number; `make stress` sends ten times as many.
"""

import asyncio
import gc
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import httpx
import pytest
import redis
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import AsyncMaxLoanClient, FileLimiter, MaxLoan, MaxLoanClient, MemoryLimiter, RedisLimiter
from tests.limiter.valkey import Valkey
from tests.support.clean_env import clean_env
from tests.support.clients import credentials
from tests.support.transports import UVLOOP, in_use, runner

FACTOR = int(os.environ.get("OKX_STRESS", "1"))
FDS = Path("/proc/self/fd")
SEED = 20261127
# A request ends within a few milliseconds, and is interrupted after about the same time.
MAX_DELAY_S, MAX_INTERVAL_S = 0.002, 0.004
# A call never waits for another one that was interrupted.
MAX_CALL_S = 5.0
# In a process of its own, so that its descriptors and CPU time are not the client's.
SERVER = r"""
import asyncio, random, re, sys

async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            number = re.search(rb"instId=A(\d+)-B", head)[1].decode()
            await asyncio.sleep(random.uniform(0, float(sys.argv[1])))
            row = f'{{"instId":"A{number}-B","mgnMode":"cross","mgnCcy":"","maxLoan":"{number}","ccy":"B"'
            body = f'{{"code":"0","msg":"","data":[{row},"side":"buy"}}]}}'
            lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}", "", body]
            writer.write("\r\n".join(lines).encode())
            await writer.drain()
            if b"connection: close" in head.lower():
                break
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture
def url() -> Iterator[str]:
    """Run the server until the end of the test."""
    command = [sys.executable, "-c", SERVER, str(MAX_DELAY_S)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_env()) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.communicate()


def check(number: int, loans: list[MaxLoan]) -> None:
    """Require the row of the requested pair."""
    assert [(each.inst_id, each.max_loan) for each in loans] == [(f"A{number}-B", str(number))]


def waiting_or_in_flight(client: AsyncMaxLoanClient | MaxLoanClient) -> int:
    """Count the requests that wait for a permit of a MemoryLimiter or FileLimiter, or are in flight with one."""
    [limiter] = client._state.rate_limiters(GET_MAX_LOAN)
    return client.rate_limit.queued + len(limiter._queue.store._ledger.in_flight)  # type: ignore[attr-defined]  # of these two


def descriptors() -> int:
    """Count this process's descriptors; 0 if the system does not list them."""
    gc.collect()
    return len(list(FDS.iterdir())) if FDS.exists() else 0


@pytest.mark.parametrize(
    ("transport", "count"), [("asyncio", 2_000), pytest.param("uvloop", 1_000, marks=UVLOOP), ("httpx", 500)]
)
def test_cancellations(url: str, transport: str, count: int) -> None:
    """Tasks that are cancelled at random times get no response of another task, and leak no permit, socket or task."""
    count, rng = count * FACTOR, random.Random(SEED)  # noqa: S311 -- no secret
    outcomes: set[str] = set()

    async def call(client: AsyncMaxLoanClient, number: int) -> None:
        try:
            check(number, await client.get_max_loan(f"A{number}-B", mgn_mode="cross"))
            outcomes.add("done")
        except asyncio.CancelledError:
            outcomes.add("cancelled")

    async def main() -> None:
        limiter = MemoryLimiter(max_requests=10 * count)
        # Open what the event loop and the client open only once.
        async with AsyncMaxLoanClient(credentials(), base_url=url) as client:
            await call(client, 0)
        await asyncio.sleep(0.01)  # real: an event loop closes sockets in its next iteration
        before = descriptors()
        async with (
            httpx.AsyncClient() if transport == "httpx" else nullcontext() as http_client,
            AsyncMaxLoanClient(credentials(), base_url=url, limiter=limiter, http_client=http_client) as client,
        ):
            for start in range(0, count, 50):
                tasks = [asyncio.ensure_future(call(client, start + index)) for index in range(50)]
                for task in rng.sample(tasks, len(tasks)):
                    await asyncio.sleep(rng.uniform(0, MAX_INTERVAL_S / 25))  # real, as the times of cancellation are
                    task.cancel()
                await asyncio.gather(*tasks)
                assert waiting_or_in_flight(client) == 0
                assert transport == "httpx" or in_use(client._transport) == []
            assert len(asyncio.all_tasks()) == 1
        await asyncio.sleep(0.01)  # real, as above
        assert descriptors() <= before

    loop = runner("uvloop" if transport == "uvloop" else "async")
    assert loop is not None
    with loop:
        loop.run(main())
    assert outcomes == {"done", "cancelled"}


class Interrupted(BaseException):
    """The error of the signal handler, as KeyboardInterrupt for Ctrl-C."""


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make SIGALRM raise an exception."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("Windows has no interval timer")

    def interrupt(*_: object) -> None:
        raise Interrupted

    # An error of a signal in a finalizer goes to this hook, and pytest's would keep it with all its frames. A
    # socket that is interrupted before anybody can close it is closed with its last reference.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    old = signal.signal(signal.SIGALRM, interrupt)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, old)


def call_and_interrupt(client: MaxLoanClient, count: int) -> None:
    """Make calls that a signal may interrupt, and 50 without a signal, which must get their own responses."""
    rng, interval, outcomes = random.Random(SEED), MAX_INTERVAL_S, [0, 0]  # noqa: S311 -- no secret
    for number in range(count):
        begun = time.monotonic()
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.00005, interval))
            loans = client.get_max_loan(f"A{number}-B", mgn_mode="cross")
            signal.setitimer(signal.ITIMER_REAL, 0)
        except Interrupted:
            outcomes[0] += 1
            interval *= 1.1  # a loaded machine is slow: about half of the calls end on any
        else:
            check(number, loans)
            outcomes[1] += 1
            interval = max(interval / 1.1, 0.0002)
        assert time.monotonic() - begun < MAX_CALL_S
    for number in range(count, count + 50):
        check(number, client.get_max_loan(f"A{number}-B", mgn_mode="cross"))
    assert min(outcomes) > 0
    gc.collect()


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(("transport", "count"), [("own", 1_000), ("httpx", 200)])
def test_signals(url: str, transport: str, count: int) -> None:
    """Calls that a signal interrupts at a random time leave no socket and no response for another call."""
    count *= FACTOR
    # Complete the imports and the set-up of the first request.
    with MaxLoanClient(credentials(), base_url=url) as first:
        check(0, first.get_max_loan("A0-B", mgn_mode="cross"))
    before, limiter = descriptors(), MemoryLimiter(max_requests=10 * count)
    with (
        httpx.Client() if transport == "httpx" else nullcontext() as http_client,
        MaxLoanClient(credentials(), base_url=url, limiter=limiter, http_client=http_client) as client,
    ):
        call_and_interrupt(client, count)
        assert transport == "httpx" or in_use(client._transport) == []
        assert waiting_or_in_flight(client) == 0
    assert descriptors() <= before


@pytest.mark.usefixtures("signals")
def test_signals_in_a_file(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An interrupted request leaves the limiter's file unlocked, without its permit and undamaged."""
    limiter = FileLimiter(tmp_path, max_requests=10 * 300 * FACTOR)
    with MaxLoanClient(credentials(), base_url=url, limiter=limiter) as client:
        check(0, client.get_max_loan("A0-B", mgn_mode="cross"))
        call_and_interrupt(client, 300 * FACTOR)
        assert waiting_or_in_flight(client) == 0
        [path] = tmp_path.glob("*.sqlite")
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
    assert caplog.messages == []


@pytest.mark.usefixtures("signals")
def test_signals_at_redis(url: str) -> None:
    """An interrupted request leaves no permit in Redis, and no unread response on the client's connection."""
    with Valkey() as server:
        limiter = RedisLimiter(server.url, max_requests=10 * 300 * FACTOR)
        with MaxLoanClient(credentials(), base_url=url, limiter=limiter) as client:
            check(0, client.get_max_loan("A0-B", mgn_mode="cross"))
            call_and_interrupt(client, 300 * FACTOR)
            assert client.rate_limit.queued == 0
        with redis.Redis.from_url(server.url) as admin:
            [key] = admin.keys()
            ledger = admin.get(key)
            assert isinstance(ledger, bytes)
            assert b"in_flight\x90" in ledger  # MessagePack's empty array
