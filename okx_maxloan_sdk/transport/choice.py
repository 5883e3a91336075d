"""Which transport a client uses; each loads with the first call."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from okx_maxloan_sdk.sites import Origin

CLASSES = {"httpx": ("httpcore_", "HttpcoreTransport"), "httptools": ("httptools_", "HttptoolsTransport")}


def faults(transport: str, proxy: str | None, http: object, prefix: str) -> list[str]:
    """Say what is wrong with a choice; raises `ImportError` for one that is not installed.

    `prefix` is what the names of classes begin with: "" or "Async".
    """
    if transport not in CLASSES:
        return ['transport must be "httpx" or "httptools"']
    if transport == "httptools" and find_spec("httptools") is None:
        message = 'transport="httptools" needs httptools: pip install "okx-maxloan-sdk[fast]"'
        raise ImportError(message, name="httptools")
    if http is None:
        return []
    import httpx  # noqa: PLC0415 -- whoever has such a client has loaded it

    found = {
        f"http must be an httpx.{prefix}Client": not isinstance(http, getattr(httpx, f"{prefix}Client")),
        "http brings its own transport and proxy: leave those settings out": transport != "httpx" or proxy is not None,
    }
    return [fault for fault, wrong in found.items() if wrong]


def make(origin: Origin, transport: str, proxy: str | None, http: object, prefix: str) -> Any:
    """Make the transport that was chosen."""
    if transport == "httptools":
        from .proxy import choose  # noqa: PLC0415 -- nobody else asks for it here

        if choose(origin, proxy) is not None:
            transport = "httpx"  # httpcore speaks to proxies
    module, name = CLASSES[transport] if http is None else ("httpx_", "HttpxTransport")
    made = getattr(import_module(f"{__package__}.{module}"), prefix + name)
    return made(origin, proxy if http is None else http)
