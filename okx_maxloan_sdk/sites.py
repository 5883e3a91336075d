"""The regional sites of the exchange, and the validation of base URLs."""

from __future__ import annotations

import ipaddress
import re
from enum import Enum
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

PORTS = {"https": 443, "http": 80}
# RFC 1035, 2.3.4: a label has 1 to 63 characters; the resolver fails on others with an error of its own.
HOST = r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?|(?=.*:)[0-9A-Fa-f:.]+"


class Site(Enum):
    """A regional site of OKX; an API key is known to the site it was made on and to no other."""

    GLOBAL = "https://openapi.okx.com"
    EEA = "https://eea.okx.com"
    US = "https://us.okx.com"
    TR = "https://tr.okx.com"


class Origin(NamedTuple):
    """Scheme, host and port."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def split_url(url: str) -> tuple[SplitResult, str, int | None] | None:
    """Return the parts of a URL, its host and port; None for one that cannot be split.

    The error of urlsplit may repeat a password, and must not become the context of another.
    """
    try:
        parts = urlsplit(url)
        return parts, parts.hostname or "", parts.port
    except ValueError:
        return None


def parse_origin(url: str) -> Origin:
    """Read a base URL; raise `ValueError` saying what is wrong with it, without repeating what may be secret."""
    needed = "base_url must look like https://openapi.okx.com"
    if (split := split_url(url)) is None:
        message = f"{needed}; its host or port cannot be read"
        raise ValueError(message)
    parts, host, port = split
    faults = {
        "it needs https": parts.scheme not in PORTS,
        "it has no host": not host or not re.fullmatch(HOST, host),
        "http is for loopback only, since the passphrase travels with each request": parts.scheme == "http"
        and not is_loopback(host),
        "it must not have a user or password": "@" in parts.netloc,
        "it must not have a path, query or fragment": parts.path not in ("", "/") or "?" in url or "#" in url,
        "its port must be 1 to 65535": port == 0,
        "it must not have white space": bool(re.search(r"\s", url)),
    }
    if wrong := [fault for fault, found in faults.items() if found]:
        message = f"{needed}; {'; '.join(wrong)}"
        raise ValueError(message)
    return Origin(parts.scheme, host, port or PORTS[parts.scheme])
