"""Both drivers behind one handle, so that one test body proves both."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

from okx_maxloan_sdk.flow import Flow, adrive, drive, sleep
from okx_maxloan_sdk.together import adrive_each, drive_each
from tests.support.clock import FakeClock
from tests.support.wire import AsyncWire, Wire, success

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk.clock import Clock

ANSWER = success()


class Driver:
    """Carries out flows, blocking or awaiting."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clock: Clock = FakeClock()
        self.wire = Wire(ANSWER)

    def __call__(self, flow: Flow[Any]) -> Any:
        if self.kind == "sync":
            return drive(flow, self.wire, self.clock)
        return asyncio.run(adrive(flow, AsyncWire(self.wire), self.clock))

    def each(self, flows: Iterator[Flow[Any]], width: int, most: int | None = None) -> list[Any]:
        """Take results, at most so many, then abandon the rest."""
        found: list[Any] = []
        if self.kind == "sync":
            with closing(drive_each(flows, width, self.wire, self.clock)) as results:
                for each in results:
                    found.append(each)
                    if len(found) == most:
                        break
            return found

        async def take() -> None:
            async with aclosing(adrive_each(flows, width, AsyncWire(self.wire), self.clock)) as results:
                async for each in results:
                    found.append(each)
                    if len(found) == most:
                        break

        asyncio.run(take())
        return found


def returns(value: Any) -> Flow[Any]:
    """Give a value after a moment."""
    yield from sleep(0.0)
    return value
