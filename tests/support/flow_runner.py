"""Blocking and asyncio drivers behind one interface, so that one test covers both."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, closing
from itertools import islice
from typing import Any

from okx_maxloan_sdk.drivers import arun_concurrently, run_async, run_concurrently, run_sync
from okx_maxloan_sdk.effects import Flow, sleep
from tests.support.clock import FakeClock
from tests.support.fake_transport import AsyncFakeTransport, FakeTransport, ok_response

RESPONSE = ok_response()


class FlowRunner:
    """Run flows with one of the drivers."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clock: Any = FakeClock()
        self.transport = FakeTransport(RESPONSE)

    def __call__(self, flow: Flow[Any]) -> Any:
        if self.kind == "sync":
            return run_sync(flow, self.transport, self.clock)
        return asyncio.run(run_async(flow, AsyncFakeTransport(self.transport), self.clock))

    def run_all(self, flows: Iterator[Flow[Any]], width: int, max_results: int | None = None) -> list[Any]:
        """Run flows concurrently; return up to `max_results` results and abandon the other flows."""
        if self.kind == "sync":
            with closing(run_concurrently(flows, width, self.transport, self.clock)) as results:
                return [*islice(results, max_results)]

        async def collect() -> list[Any]:
            transport, collected = AsyncFakeTransport(self.transport), []
            async with aclosing(arun_concurrently(flows, width, transport, self.clock)) as results:
                async for result in results:
                    collected.append(result)
                    if len(collected) == max_results:
                        break
            return collected

        return asyncio.run(collect())


def flow_returning(value: Any) -> Flow[Any]:
    """Return a value after one sleep."""
    yield from sleep(0.0)
    return value
