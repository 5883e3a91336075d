"""Two hundred accounts in one process; run as a program in the SDK's venv, it says what a client costs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

CLIENTS, CALLS = 200, 5


def resident() -> float:
    """Return this process's memory in kilobytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


async def main(url: str) -> None:
    """Make the clients, and let all of them ask at once."""
    from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials  # noqa: PLC0415 -- counted apart

    def client(number: int) -> AsyncMaxLoanClient:
        credentials = Credentials(f"{number:036}", "22582BD0CFF14C41EDBF1AB98506286D", "passphrase")
        return AsyncMaxLoanClient(credentials, base_url=url)

    async with client(0) as first:
        await first.get_max_loan("BTC-USDT", mgn_mode="isolated")
    memory, cpu = resident(), time.process_time()
    clients = [client(number) for number in range(1, CLIENTS + 1)]
    made, cpu = resident(), time.process_time() - cpu
    found = {"made_ms": cpu / CLIENTS * 1e3, "made_kb": (made - memory) / CLIENTS}
    await asyncio.gather(*(each.get_max_loan("BTC-USDT", mgn_mode="isolated") for each in clients))
    found["connected_kb"] = (resident() - memory) / CLIENTS
    cpu = time.process_time()
    for _ in range(CALLS):
        await asyncio.gather(*(each.get_max_loan("BTC-USDT", mgn_mode="isolated") for each in clients))
    found["calls_per_cpu_second"] = CLIENTS * CALLS / (time.process_time() - cpu)
    await asyncio.gather(*(each.close() for each in clients))
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
