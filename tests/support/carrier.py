"""Both transports behind one handle."""

from __future__ import annotations

import asyncio
from typing import Any

from okx_maxloan_sdk.sites import origin
from okx_maxloan_sdk.transport import Request, Response
from okx_maxloan_sdk.transport.httpcore_ import AsyncHttpcoreTransport, HttpcoreTransport

GET = Request("GET", "/api/v5/x?instId=A-B,C-D&note=%2C", {"OK-ACCESS-KEY": "the-key", "Accept": "application/json"})


class Carrier:
    """A transport whose calls block, whichever kind it is."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.runner = asyncio.Runner() if kind == "async" else None
        self.raw: Any = None

    def to(self, url: str, proxy: str | None = None) -> Carrier:
        """Carry to this address."""
        self.raw = (AsyncHttpcoreTransport if self.runner else HttpcoreTransport)(origin(url), proxy)
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
