"""The SDK under test, as it is or with a bug in it: clients of the mock exchange without sockets."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import time
from typing import TYPE_CHECKING, Any

from attrs import define, field

from okx_maxloan_sdk.transport import Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from .raw_request import ManualClock

KINDS = ("MaxLoanClient", "AsyncMaxLoanClient")


@define
class Line:
    """Carries requests to `answer` in this process, and remembers them.

    A call takes `seconds` of the clock; one whose target has `slow` in it is overtaken by others.
    """

    answer: Callable[[Any], Any]
    clock: ManualClock
    seconds: float = 0.0
    sent: list[Any] = field(factory=list)
    slow: str = ""

    def send(self, request: Any, timeout: float) -> Any:  # noqa: ARG002 -- the protocol has it
        self.clock.now += self.seconds / 2
        self.sent.append(request)
        if self.slow and self.slow in request.target:
            time.sleep(0.1)  # others really overtake it
        answer = self.answer(request)
        self.clock.now += self.seconds / 2
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """Have nothing to close."""


@define
class AsyncLine:
    """The same, awaited."""

    line: Line

    async def send(self, request: Any, timeout: float) -> Any:
        await asyncio.sleep(0.1 if self.line.slow and self.line.slow in request.target else 0)
        return self.line.send(request, timeout)

    async def close(self) -> None:
        """Have nothing to close."""


def response(status: int, body: bytes, **headers: str) -> Any:
    """Make what a transport gives."""
    return Response(status, {"content-type": "application/json", **headers}, body)


@define
class Client:
    """A client whose methods block, whichever kind it is."""

    real: Any
    line: Line

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **settings: Any) -> Any:
            result = getattr(self.real, name)(*args, **settings)
            if hasattr(result, "__aiter__"):
                return asyncio.run(_collect(result))
            return asyncio.run(result) if inspect.iscoroutine(result) else result

        return call


async def _collect(stream: Any) -> list[Any]:
    return [each async for each in stream]


def client(sdk: ModuleType, kind: str, line: Line, key: Any = None, **settings: Any) -> Client:
    """Make a client with a limiter of its own, a clock that stands still and chance that does not vary."""
    limiter = importlib.import_module(f"{sdk.__name__}.limiter").MemoryLimiter()
    parts = (
        (key.key, key.secret, key.passphrase) if key else ("api-key-of-a-test", "api-secret-of-a-test", "a passphrase")
    )
    credentials = sdk.Credentials(*parts)
    given = {"base_url": "http://127.0.0.1:1", "clock": line.clock, "limiter": limiter, **settings}
    made = getattr(sdk, kind)(credentials, **given)
    made._state.random = lambda: 0.5
    made._transport = line if kind == "MaxLoanClient" else AsyncLine(line)
    return Client(made, line)
