"""The signature for those who bring their own httpx client, or use the generated one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

    from .credentials import Credentials


class OkxAuth(httpx.Auth):
    """Signs each request over the bytes that will travel: `httpx.Client(auth=OkxAuth(credentials))`.

    It signs a GET without a body. The limiter, the rules and the exchange's clock are the clients' own, not its.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the four headers."""
        target = request.url.raw_path.decode("ascii")
        request.headers.update(self._credentials.sign(request.method, target, time.time()))
        yield request
