"""OKX's signature for an httpx client."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

    from .credentials import Credentials


class OkxAuth(httpx.Auth):
    """Sign each request of an httpx client: `httpx.Client(auth=OkxAuth(credentials))`.

    The method, the target and the body are signed with this machine's clock. Rate limiting, validation and clock
    correction belong to `MaxLoanClient`. Raises `ValueError` for a body that is not UTF-8.
    """

    requires_request_body = True

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the four headers."""
        target = request.url.raw_path.decode("ascii")
        try:
            body = request.content.decode()
        except UnicodeDecodeError as error:
            message = f"the body is not UTF-8 at byte {error.start}, and OKX signs text: send JSON"
            raise ValueError(message) from None
        request.headers.update(self._credentials.sign(request.method, target, time.time(), body))
        yield request
