"""Blocking and asyncio clients on a fake transport, without sockets."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import okx_maxloan_sdk
from okx_maxloan_sdk import Credentials
from okx_maxloan_sdk.limiter import MemoryLimiter
from okx_maxloan_sdk.transport import Response
from tests.support.fake_transport import AsyncFakeTransport, FakeTransport

from .raw_request import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("MaxLoanClient", "AsyncMaxLoanClient")


def json_response(status: int, body: bytes) -> Response:
    """Make a response of the transport."""
    return Response(status, {"content-type": "application/json"}, body)


class BlockingClient:
    """A client whose methods block, for both kinds of clients."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **params: Any) -> Any:
            result = getattr(self._client, name)(*args, **params)
            return asyncio.run(result) if inspect.iscoroutine(result) else result

        return call


def client_receiving(kind: str, response: Response) -> BlockingClient:
    """Create a client that receives this response to every request; its clock stands still."""
    client = getattr(okx_maxloan_sdk, kind)(
        Credentials("api-key-of-a-test", "api-secret-of-a-test", "a passphrase"),
        base_url="http://127.0.0.1:1",
        clock=ManualClock(),
        limiter=MemoryLimiter(),
        max_retries=0,
    )
    transport = FakeTransport(response)
    client._transport = transport if kind == "MaxLoanClient" else AsyncFakeTransport(transport)
    return BlockingClient(client)
