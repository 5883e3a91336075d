"""Every transport behind one handle, whose calls block."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from okx_maxloan_sdk.sites import origin
from okx_maxloan_sdk.transport import Request, Response
from okx_maxloan_sdk.transport.choice import make

GET = Request("GET", "/api/v5/x?instId=A-B,C-D&note=%2C", {"OK-ACCESS-KEY": "the-key", "Accept": "application/json"})
POOLED = [f"{name} {kind}" for name in ("httpx", "httptools") for kind in ("sync", "async")]
HANDED_IN = [f"handed-in {kind}" for kind in ("sync", "async")]


class Carrier:
    """One of the transports, made as a client would make it."""

    def __init__(self, choice: str) -> None:
        self.transport, _, kind = choice.partition(" ")
        self.runner = asyncio.Runner() if kind == "async" else None
        self.raw: Any = None
        self._own: httpx.Client | httpx.AsyncClient | None = None

    def to(self, url: str, proxy: str | None = None) -> Carrier:
        """Carry to this address."""
        prefix, name = ("Async" if self.runner else ""), self.transport
        if name == "handed-in":
            self._own, name = (httpx.AsyncClient() if self.runner else httpx.Client()), "httpx"
        self.raw = make(origin(url), name, proxy, self._own, prefix)
        return self

    def send(self, request: Request = GET, timeout: float = 5.0) -> Response:
        found = self.run(self.raw.send(request, timeout))
        assert isinstance(found, Response)
        return found

    def run(self, result: Any) -> Any:
        return self.runner.run(result) if self.runner else result

    def close(self) -> None:
        if self.raw is not None:
            self.run(self.raw.close())
        if isinstance(self._own, httpx.Client):
            self._own.close()
        elif self._own is not None:
            self.run(self._own.aclose())

    def end(self) -> None:
        """Close it for good, the event loop of its calls too."""
        self.close()
        if self.runner:
            self.runner.close()
