"""Transports: which one a client uses, and what they have in common.

Our own speaks HTTP/1.1 over sockets of its own; httpx stands in for it with a client of the caller's, with a proxy, and
where httptools is not installed. Each loads with the first request.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .base import AsyncTransport, ConnectionDroppedError, Request, Response, Transport
from .proxy import choose

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.sites import Origin

    from .proxy import Proxy

__all__ = ["AsyncTransport", "ConnectionDroppedError", "Request", "Response", "Transport", "transport_factory"]


def transport_factory(origin: Origin, proxy: str | None, http_client: object, *, is_async: bool) -> Callable[[], Any]:
    """Check the settings, and return a function that makes the transport; raise `ValueError`."""
    if http_client is not None:
        _check_client(origin, proxy, http_client, "AsyncClient" if is_async else "Client")
    chosen = None if http_client is not None else choose(origin, proxy)
    return partial(_make, origin, chosen, http_client, is_async)


def _make(origin: Origin, proxy: Proxy | None, http_client: object, is_async: bool) -> Any:
    if proxy is None and http_client is None and find_spec("httptools"):
        if is_async:
            from .asynchronous import AsyncioTransport  # noqa: PLC0415 -- asyncio is for those who use it

            return AsyncioTransport(origin)
        from .pool import BlockingTransport  # noqa: PLC0415 -- the network loads with the first request

        return BlockingTransport(origin)
    from .httpx_ import AsyncHttpxTransport, HttpxTransport  # noqa: PLC0415 -- most clients do without

    return (AsyncHttpxTransport if is_async else HttpxTransport)(origin, proxy, http_client)


def _check_client(origin: Origin, proxy: str | None, client: Any, name: str) -> None:
    import httpx  # noqa: PLC0415 -- the caller has loaded it

    if not isinstance(client, getattr(httpx, name)):
        message = f"http_client must be an httpx.{name}, not {type(client).__name__}"
        raise ValueError(message)
    if proxy is not None:
        raise ValueError("http_client brings its own proxy: leave proxy out")
    url = httpx.URL(scheme=origin.scheme, host=origin.host, port=origin.port, path="/")
    # httpx says in no public way which of its transports a URL takes.
    pool = getattr(client._transport_for_url(url), "_pool", None)  # noqa: SLF001 -- see above
    if origin.scheme == "http" and "Proxy" in type(pool).__name__:
        message = "plain http never goes through a proxy, which would see the signed request: http_client has one"
        raise ValueError(message)
