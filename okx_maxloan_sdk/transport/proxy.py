"""Which proxy a request goes through."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from okx_maxloan_sdk.sites import is_loopback

if TYPE_CHECKING:
    from okx_maxloan_sdk.sites import Origin

SCHEMES = ("http", "https", "socks5", "socks5h")


@frozen
class Proxy:
    """Address and credentials of a proxy."""

    url: str
    auth: tuple[str, str] | None = field(repr=False)

    @property
    def socks(self) -> bool:
        """Whether it speaks SOCKS."""
        return self.url.startswith("socks")


def choose(origin: Origin, proxy: str | None) -> Proxy | None:
    """Choose the proxy: the caller's, else the environment's unless it exempts the host or the host is this machine.

    Raises `ValueError` for one that cannot be, without repeating what may be secret.
    """
    if proxy is None and not is_loopback(origin.host):
        proxy = of_system(origin.scheme, origin.host)
    if not proxy:
        return None
    parts = urlsplit(proxy)
    if parts.scheme not in SCHEMES or not parts.hostname:
        message = "proxy must look like http://host:port or socks5://host:port"
        raise ValueError(message)
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Proxy(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", auth)


def of_system(scheme: str, host: str) -> str | None:
    """Ask the environment, or the system's settings, for the proxy to a host."""
    if sys.platform not in ("darwin", "win32") and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 -- it loads a parser of e-mail: 11 ms

    if proxy_bypass(host):
        return None
    return getproxies().get(scheme) or getproxies().get("all")
