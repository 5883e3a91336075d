"""Blocking and asyncio clients behind one interface, so that one test covers both."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from inspect import isasyncgen, iscoroutine
from typing import Any

import httpx

from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials, MaxLoanClient
from tests.support.clock import FakeClock
from tests.support.fake_transport import AsyncFakeTransport, FakeTransport
from tests.support.limiter import RecordingLimiter
from tests.support.transports import runner

# The secret is the example of OKX's documentation; the key has the format of OKX's keys.
KEY, SECRET, PASSPHRASE = "0b6a4a1e-6f4e-4c2b-9d1c-3f6f2f4c7a11", "22582BD0CFF14C41EDBF1AB98506286D", "Pass phrase 77"


def credentials() -> Credentials:
    """Make credentials that are unknown to any exchange."""
    return Credentials(KEY, SECRET, PASSPHRASE)


class ClientFactory:
    """Factory for clients of one kind, with their own connections or with the caller's httpx client."""

    def __init__(self, kind: str, transport: str = "own") -> None:
        self.kind, self.transport = kind, transport
        self.limiter = RecordingLimiter()
        self.clock = FakeClock()
        self._runner = runner(kind)
        self._opened: list[Any] = []
        self._http: Any = None
        if transport == "httpx":
            self._http = httpx.AsyncClient() if self._runner else httpx.Client()

    @property
    def is_async(self) -> bool:
        """True for asyncio clients."""
        return self._runner is not None

    def open(self, transport: FakeTransport | None = None, **settings: Any) -> Any:
        """Open a client on a fake transport, with a recording limiter and a fake clock unless given others."""
        client_class: Any = AsyncMaxLoanClient if self._runner else MaxLoanClient
        options: dict[str, Any] = {"limiter": self.limiter, "clock": self.clock, "http_client": self._http, **settings}
        client = client_class(options.pop("credentials", None) or credentials(), **options)
        if transport is not None:
            client._transport = AsyncFakeTransport(transport) if self._runner else transport
        self._opened.append(client)
        return BlockingFacade(client, self)

    def resolve(self, result: Any) -> Any:
        """Return a client's result: run a coroutine to its end, and make an async iterator a blocking one."""
        if self._runner and iscoroutine(result):
            return self._runner.run(result)
        return self._blocking(result) if isasyncgen(result) else result

    def run_concurrently(self, client: Any, *calls: Callable[[Any], Any]) -> Sequence[Any]:
        """Make calls concurrently, from threads or tasks, and return each result or error."""
        if self._runner:

            async def gather() -> list[Any]:
                return await asyncio.gather(*(call(client.raw) for call in calls), return_exceptions=True)

            return self._runner.run(gather())
        with ThreadPoolExecutor(len(calls)) as pool:
            return [future.exception() or future.result() for future in [pool.submit(c, client.raw) for c in calls]]

    def close(self) -> None:
        """Close every client."""
        for client in self._opened:
            self.resolve(client.close())
        if self._http is not None:
            self.resolve(self._http.aclose() if self._runner else self._http.close())
        if self._runner:
            self._runner.close()

    def _blocking(self, stream: Any) -> Generator[Any, None, None]:
        async def call(method: Callable[..., Any], *default: Any) -> Any:
            return await method(*default)

        try:
            while (result := self.resolve(call(anext, stream, self))) is not self:
                yield result
        finally:
            self.resolve(call(stream.aclose))


class BlockingFacade:
    """A client whose calls block, for both kinds of clients."""

    def __init__(self, client: Any, client_factory: ClientFactory) -> None:
        self.raw, self._factory = client, client_factory

    def __getattr__(self, name: str) -> Any:
        attribute, resolve = getattr(self.raw, name), self._factory.resolve
        return (lambda *args, **settings: resolve(attribute(*args, **settings))) if callable(attribute) else attribute


def get_max_loan(client: Any, inst_id: Any = None, **parameters: Any) -> Any:
    """Call `get_max_loan` with an optional pair, as tables of cases have it."""
    return client.get_max_loan(*([] if inst_id is None else [inst_id]), **parameters)
