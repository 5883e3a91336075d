"""One way to ask for more than the limit allows at once; run as a program in the SDK's venv, it says what it took.

It loads everything and says so, and begins with the next line on standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = [f"T{number}-USDT" for number in range(500)]
CALLS, CLIENTS = 120, 4


def settings(asked: dict[str, Any], key: str) -> tuple[Any, dict[str, Any]]:
    """Return the arguments of a client."""
    from okx_maxloan_sdk import Credentials  # noqa: PLC0415 -- counted as the SDK's own

    given = {name: asked[name] for name in ("base_url", "limiter")}
    return Credentials(key, "22582BD0CFF14C41EDBF1AB98506286D", "passphrase"), given


def pairs(asked: dict[str, Any], key: str) -> None:
    """Request all pairs in one call."""
    from okx_maxloan_sdk import AsyncMaxLoanClient, MaxLoanClient  # noqa: PLC0415 -- as above

    async def awaited() -> int:
        credentials, given = settings(asked, key)
        async with AsyncMaxLoanClient(credentials, **given) as client:
            return len(await client.get_max_loan(PAIRS[: asked["pairs"]], mgn_mode="isolated"))

    def blocked() -> int:
        credentials, given = settings(asked, key)
        with MaxLoanClient(credentials, **given) as client:
            return len(client.get_max_loan(PAIRS[: asked["pairs"]], mgn_mode="isolated"))

    if (asyncio.run(awaited()) if asked["awaits"] else blocked()) != 2 * asked["pairs"]:
        raise SystemExit("rows are missing")


def many(asked: dict[str, Any], key: str) -> None:
    """Request one pair repeatedly, from several threads and clients."""
    from okx_maxloan_sdk import MaxLoanClient  # noqa: PLC0415 -- as above

    credentials, given = settings(asked, key)
    clients = [MaxLoanClient(credentials, **given) for _ in range(asked["clients"])]
    with ThreadPoolExecutor(asked["threads"]) as pool:
        turns = (clients[turn % len(clients)] for turn in range(asked["calls"]))
        results = pool.map(lambda client: client.get_max_loan(PAIRS[0], mgn_mode="isolated"), turns)
        if any(len(rows) != 2 for rows in results):  # noqa: PLR2004 -- a pair has two sides
            raise SystemExit("rows are missing")


WAYS: dict[str, Callable[[dict[str, Any], str], None]] = {"pairs": pairs, "many": many}


def main(text: str) -> None:
    """Warm up as a user of another key, wait, and measure."""
    asked = json.loads(text)
    way = WAYS[asked["way"]]
    way({**asked, "pairs": 6, "calls": 1, "limiter": None}, "warm")
    print("ready", flush=True)
    sys.stdin.readline()
    wall, cpu = time.perf_counter(), time.process_time()
    way(asked, asked["key"])
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
