"""Every transport behind one blocking interface."""

import asyncio
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from itertools import chain
from typing import Any, Self

import httpx
import pytest

from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.transport import Request, Response, transport_factory
from tests.support.raw import Behavior, RawServer

GET = Request("GET", "/api/v5/x?instId=A-B,C-D&note=%2C", {"OK-ACCESS-KEY": "the-key", "Accept": "application/json"})
UVLOOP = pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not made for this system")
LOOPS = ["async", pytest.param("uvloop", marks=UVLOOP)]
KINDS = ["sync", *LOOPS]
OWN = [pytest.param(f"own {kind}", marks=UVLOOP if kind == "uvloop" else ()) for kind in ("sync", "async", "uvloop")]
HTTPX = [f"httpx {kind}" for kind in ("sync", "async")]


def runner(kind: str) -> asyncio.Runner | None:
    """Create the event loop of a kind of client: asyncio's, uvloop's, or none."""
    if kind == "uvloop" and sys.platform != "win32":
        import uvloop  # noqa: PLC0415 -- Windows has none

        return asyncio.Runner(loop_factory=uvloop.new_event_loop)
    return asyncio.Runner() if kind == "async" else None


def in_use(transport: Any) -> list[Any]:
    """List the connections that are in use or not reusable."""
    pool = getattr(transport, "_pool", transport)  # the asyncio transport is one itself
    idle = list(chain.from_iterable(pool._idle.values()))
    return [each for each in list(pool._connections.values()) if each not in idle and not each.must_close]


class TransportHarness:
    """A transport with the options that a client passes, and the servers that it connects to."""

    def __init__(self, choice: str) -> None:
        self.kind, _, kind = choice.partition(" ")
        self.runner = runner(kind)
        self._loop_errors: list[Any] = []
        if self.runner:
            self.runner.get_loop().set_exception_handler(lambda _, context: self._loop_errors.append(context))
        self.raw: Any = None
        self._own: Any = None
        if self.kind == "httpx":
            self._own = httpx.AsyncClient() if self.runner else httpx.Client()
        self._servers = ExitStack()

    def serve(self, *behaviors: Behavior, server: type[RawServer] = RawServer) -> RawServer:
        """Start a server until the end of the test, and create the transport for its address."""
        started = self._servers.enter_context(server(*behaviors))
        self.connect(started.url)
        return started

    def connect(self, url: str, proxy: str | None = None) -> Self:
        """Create the transport for this address."""
        own = None if proxy else self._own
        self.raw = transport_factory(parse_origin(url), proxy, own, is_async=self.runner is not None)()
        return self

    def send(self, request: Request = GET, timeout: float = 5.0) -> Response:
        response = self.run(self.raw.send(request, timeout))
        assert isinstance(response, Response)
        return response

    def run(self, result: Any) -> Any:
        return self.runner.run(result) if self.runner else result

    def close(self) -> None:
        if self.raw is not None:
            self.run(self.raw.close())
        if self._own is not None:
            self.run(self._own.aclose() if self.runner else self._own.close())

    def shutdown(self) -> None:
        """Close the transport, its servers and its event loop, which must not have reported an error."""
        self.close()
        self._servers.close()
        if self.runner:
            self.runner.close()
        assert self._loop_errors == []
