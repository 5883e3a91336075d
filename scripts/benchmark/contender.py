"""The clients that are compared, each asking for one pair; run as a program in a client's own venv, it measures.

A line on standard input says how many calls to make from how many tasks; the answer is the CPU time that this process
and its threads spent on them, and the wall time, in seconds. Nothing but the standard library is imported before a
client is chosen, since the venvs have nothing in common.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Calls = Callable[[int, int], None]

KEY, SECRET, PASSPHRASE = "00000000-0000-0000-0000-000000000000", "22582BD0CFF14C41EDBF1AB98506286D", "passphrase"
PAIR, MODE = "BTC-USDT", "isolated"
TARGET = f"/api/v5/account/max-loan?mgnMode={MODE}&instId={PAIR}"
ROWS = 2
# A signature made beforehand, with the headers that every client sends.
SIGNED = {
    "Accept": "application/json",
    "OK-ACCESS-KEY": KEY,
    "OK-ACCESS-SIGN": "FN++QZPqWIZja9FNV7ev3w3IvSQUleBYxtJidJKKB+E=",
    "OK-ACCESS-TIMESTAMP": "2026-08-22T16:20:00.000Z",
    "OK-ACCESS-PASSPHRASE": PASSPHRASE,
}


def check(rows: Any) -> None:
    """Stop when a client did not get the answer."""
    if len(rows) != ROWS:
        message = f"expected {ROWS} rows, got {rows!r}"
        raise SystemExit(message)


def blocking(call: Callable[[], object]) -> Calls:
    """Make calls one after the other."""

    def calls(count: int, _: int) -> None:
        for _ in range(count):
            call()

    return calls


def tasks(connect: Callable[[], Awaitable[Callable[[], Awaitable[object]]]]) -> Calls:
    """Make calls from tasks of one event loop that lives as long as the process."""
    runner = asyncio.Runner()

    async def opened() -> Callable[[], Awaitable[object]]:
        return await connect()

    call = runner.run(opened())

    async def share(numbers: Any) -> None:
        for _ in numbers:
            await call()

    async def spread(count: int, width: int) -> None:
        numbers = iter(range(count))
        await asyncio.gather(*(share(numbers) for _ in range(width)))

    return lambda count, width: runner.run(spread(count, width))


def http_client(url: str) -> Calls:
    """Read the answer to a request that was signed beforehand, with the standard library."""
    from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 -- see above

    scheme, _, address = url.partition("://")
    connection = (HTTPSConnection if scheme == "https" else HTTPConnection)(address)

    def call() -> None:
        connection.request("GET", TARGET, headers=SIGNED)
        connection.getresponse().read()

    return blocking(call)


def aiohttp(url: str) -> Calls:
    """Read the answer to a request that was signed beforehand, with aiohttp."""

    async def connect() -> Callable[[], Awaitable[object]]:
        session = import_module("aiohttp").ClientSession()

        async def call() -> None:
            async with session.get(url + TARGET, headers=SIGNED) as answer:
                await answer.read()

        return call

    return tasks(connect)


def python_okx(url: str) -> Calls:
    """Call python-okx."""
    client = import_module("okx.Account").AccountAPI(KEY, SECRET, PASSPHRASE, None, "0", url)
    return blocking(lambda: check(client.get_max_loan(PAIR, MODE)["data"]))


def python_okx_async(url: str) -> Calls:
    """Call python-okx-async."""

    async def connect() -> Callable[[], Awaitable[object]]:
        client = import_module("okx_async.AsyncAccount").AsyncAccountAPI(KEY, SECRET, PASSPHRASE, False, "0", url)

        async def call() -> None:
            check((await client.get_max_loan(PAIR, MODE, ""))["data"])

        return call

    return tasks(connect)


def ccxt_settings(url: str) -> dict[str, Any]:
    """Set ccxt's limiter aside: it would let one call go per 110 ms."""
    account = {"apiKey": KEY, "secret": SECRET, "password": PASSPHRASE}
    return {**account, "enableRateLimit": False, "urls": {"api": {"rest": url}}}


def ccxt(url: str) -> Calls:
    """Call ccxt."""
    client = import_module("ccxt").okx(ccxt_settings(url))
    question = {"instId": PAIR, "mgnMode": MODE}
    return blocking(lambda: check(client.private_get_account_max_loan(question)["data"]))


def ccxt_async(url: str) -> Calls:
    """Call ccxt's asynchronous client."""

    async def connect() -> Callable[[], Awaitable[object]]:
        client = import_module("ccxt.async_support").okx(ccxt_settings(url))
        question = {"instId": PAIR, "mgnMode": MODE}

        async def call() -> None:
            check((await client.private_get_account_max_loan(question))["data"])

        return call

    return tasks(connect)


def sdk(url: str) -> Calls:
    """Call the SDK, its limit raised and nothing else set aside."""
    from okx_maxloan_sdk import Credentials, MaxLoanClient, MemoryLimiter  # noqa: PLC0415 -- see above

    credentials, limiter = Credentials(KEY, SECRET, PASSPHRASE), MemoryLimiter(max_requests=10**6, period=0.001)
    client = MaxLoanClient(credentials, base_url=url, limiter=limiter)
    return blocking(lambda: check([loan.amount for loan in client.get_max_loan(PAIR, mgn_mode="isolated")]))


def sdk_async(url: str) -> Calls:
    """Call the SDK's asynchronous client, its limit raised and nothing else set aside."""

    async def connect() -> Callable[[], Awaitable[object]]:
        from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials, MemoryLimiter  # noqa: PLC0415 -- see above

        credentials, limiter = Credentials(KEY, SECRET, PASSPHRASE), MemoryLimiter(max_requests=10**6, period=0.001)
        client = AsyncMaxLoanClient(credentials, base_url=url, limiter=limiter)

        async def call() -> None:
            check([loan.amount for loan in await client.get_max_loan(PAIR, mgn_mode="isolated")])

        return call

    return tasks(connect)


CLIENTS: dict[str, Callable[[str], Calls]] = {
    "http.client": http_client,
    "aiohttp": aiohttp,
    "python-okx": python_okx,
    "python-okx-async": python_okx_async,
    "ccxt": ccxt,
    "ccxt async": ccxt_async,
    "okx-maxloan-sdk": sdk,
    "okx-maxloan-sdk async": sdk_async,
}


def main(name: str, url: str) -> None:
    """Measure until there are no more questions."""
    calls = CLIENTS[name](url)
    for line in sys.stdin:
        count, width = map(int, line.split())
        wall, cpu = time.perf_counter(), time.process_time()
        calls(count, width)
        print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
