"""The proxy of a request: the caller's, or the environment's."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import unquote

from okx_maxloan_sdk.sites import is_loopback

if TYPE_CHECKING:
    from okx_maxloan_sdk.sites import Origin

SCHEMES = ("http", "https", "socks5", "socks5h")
ADDRESS = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d+))?"


@dataclass(frozen=True, slots=True)
class Proxy:
    """Address and credentials of a proxy."""

    url: str
    auth: tuple[str, str] | None = field(repr=False)


def choose(origin: Origin, proxy: str | None) -> Proxy | None:
    """Choose the proxy: the caller's, else the environment's unless it exempts the host or the host is this machine.

    Raises `ValueError` for a URL that cannot be used, without repeating what may be secret.
    """
    source = "proxy"
    if proxy is None and not is_loopback(origin.host):
        source, proxy = "the proxy of the environment (such as HTTPS_PROXY)", system_proxy(origin.scheme, origin.host)
    if not proxy:
        return None
    chosen = parse(proxy, source)
    if origin.scheme == "http":
        message = "plain http never goes through a proxy, which would see the signed request: use https, or no proxy"
        raise ValueError(message)
    return chosen


def parse(text: str, source: str = "proxy") -> Proxy:
    """Read the URL of a proxy; without a scheme it is http, as for curl."""
    scheme, separator, rest = text.strip().rpartition("://")
    scheme = scheme.lower() if separator else "http"
    user, _, address = rest.removesuffix("/").rpartition("@")
    found = re.fullmatch(ADDRESS, address)
    faults = {
        f"its scheme must be {', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}": scheme not in SCHEMES,
        "percent-encode each / ? # @ and space of its user and password": bool(re.search(r"[/?#@\s]", user)),
        "it needs a host, then a port and nothing else": found is None,
        "its port must be 1 to 65535": found is not None and int(found["port"] or 80) not in range(1, 65536),
    }
    if wrong := [fault for fault, is_so in faults.items() if is_so]:
        message = f"{source} must look like http://host:port or socks5://user:password@host:port; {'; '.join(wrong)}"
        raise ValueError(message)
    if scheme.startswith("socks") and find_spec("socksio") is None:
        message = f"{source} is a SOCKS proxy, which needs the package socksio: pip install 'httpx[socks]'"
        raise ValueError(message)
    name, _, password = user.partition(":")
    return Proxy(f"{scheme}://{address}", (unquote(name), unquote(password)) if name else None)


def system_proxy(scheme: str, host: str) -> str | None:
    """Return the proxy to a host that the environment, or the system's settings, ask for."""
    if sys.platform not in ("darwin", "win32") and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 -- it loads a parser of e-mail: 11 ms

    if proxy_bypass(host):
        return None
    return getproxies().get(scheme) or getproxies().get("all")
