"""Both drivers behind one handle, so that one test body proves both."""

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

ANSWER = ok_response()


class FlowRunner:
    """Carries out flows, blocking or awaiting."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clock: Clock = FakeClock()
        self.wire = FakeTransport(ANSWER)

    def __call__(self, flow: Flow[Any]) -> Any:
        if self.kind == "sync":
            return run_sync(flow, self.wire, self.clock)
        return asyncio.run(run_async(flow, AsyncFakeTransport(self.wire), self.clock))

    def each(self, flows: Iterator[Flow[Any]], width: int, most: int | None = None) -> list[Any]:
        """Take results, at most so many, then abandon the rest."""
        found: list[Any] = []
        if self.kind == "sync":
            with closing(run_concurrently(flows, width, self.wire, self.clock)) as results:
                for each in results:
                    found.append(each)
                    if len(found) == most:
                        break
            return found

        async def take() -> None:
            async with aclosing(arun_concurrently(flows, width, AsyncFakeTransport(self.wire), self.clock)) as results:
                async for each in results:
                    found.append(each)
                    if len(found) == most:
                        break

        asyncio.run(take())
        return found


def flow_returning(value: Any) -> Flow[Any]:
    """Give a value after a moment."""
    yield from sleep(0.0)
    return value
