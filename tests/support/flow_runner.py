"""Blocking and asyncio drivers behind one interface, so that one test covers both."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

from okx_maxloan_sdk.drivers import arun_concurrently, run_async, run_concurrently, run_sync
from okx_maxloan_sdk.effects import Flow, sleep
from tests.support.clock import FakeClock
from tests.support.fake_transport import AsyncFakeTransport, FakeTransport, ok_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk.clock import Clock

RESPONSE = ok_response()


class FlowRunner:
    """Run flows with one of the drivers."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clock: Clock = FakeClock()
        self.transport = FakeTransport(RESPONSE)

    def __call__(self, flow: Flow[Any]) -> Any:
        if self.kind == "sync":
            return run_sync(flow, self.transport, self.clock)
        return asyncio.run(run_async(flow, AsyncFakeTransport(self.transport), self.clock))

    def run_all(self, flows: Iterator[Flow[Any]], width: int, max_results: int | None = None) -> list[Any]:
        """Run flows concurrently; return up to `max_results` results and abandon the other flows."""
        collected: list[Any] = []
        if self.kind == "sync":
            with closing(run_concurrently(flows, width, self.transport, self.clock)) as results:
                for result in results:
                    collected.append(result)
                    if len(collected) == max_results:
                        break
            return collected

        async def collect() -> None:
            async with aclosing(
                arun_concurrently(flows, width, AsyncFakeTransport(self.transport), self.clock)
            ) as results:
                async for result in results:
                    collected.append(result)
                    if len(collected) == max_results:
                        break

        asyncio.run(collect())
        return collected


def flow_returning(value: Any) -> Flow[Any]:
    """Return a value after one sleep."""
    yield from sleep(0.0)
    return value
