"""A stream of any length; run as a program in the SDK's venv, it says how much memory the stream took at most."""

from __future__ import annotations

import asyncio
import json
import resource
import sys


def peak() -> float:
    """Return the peak memory of this process in kilobytes."""
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main(url: str, kind: str, pairs: int) -> None:
    """Request that many pairs, and keep no result."""
    from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials, MaxLoanClient, MemoryLimiter  # noqa: PLC0415 -- apart

    limiter = MemoryLimiter(max_requests=10**6, period=0.001)
    credentials = Credentials("k", "22582BD0CFF14C41EDBF1AB98506286D", "passphrase")

    def blocked(count: int) -> int:
        ids = (f"T{number}-USDT" for number in range(count))
        with MaxLoanClient(credentials, base_url=url, limiter=limiter) as client:
            return sum(len(batch.loans) for batch in client.iter_max_loan(ids, mgn_mode="isolated"))

    async def awaited(count: int) -> int:
        ids = (f"T{number}-USDT" for number in range(count))
        async with AsyncMaxLoanClient(credentials, base_url=url, limiter=limiter) as client:
            return sum([len(batch.loans) async for batch in client.iter_max_loan(ids, mgn_mode="isolated")])

    def stream(count: int) -> int:
        return asyncio.run(awaited(count)) if kind == "async" else blocked(count)

    stream(200)
    before = peak()
    if stream(pairs) != 2 * pairs:
        raise SystemExit("rows are missing")
    print(json.dumps(peak() - before), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
