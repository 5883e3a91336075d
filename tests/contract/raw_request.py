"""Requests as bytes, signed without the SDK."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okx_maxloan_sdk.mock import ApiKey, MockExchange, MockResponse

MAX_LOAN = b"/api/v5/account/max-loan"
CONFIG = b"/api/v5/account/config"
INSTRUMENTS = b"/api/v5/account/instruments"
TIME = b"/api/v5/public/time"
NOW = 1787415600.0  # 2026-08-22T16:20:00Z

KEY, SIGN, STAMP, PASSPHRASE = (f"OK-ACCESS-{name}" for name in ("KEY", "SIGN", "TIMESTAMP", "PASSPHRASE"))
DEMO = "x-simulated-trading"


@dataclass(frozen=True)
class RawRequest:
    """The bytes of one request."""

    query: bytes = b""
    path: bytes = MAX_LOAN
    method: str = "GET"
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    body: bytes = b""
    address: str = "127.0.0.1"

    def with_headers(self, headers: Mapping[str, str | None]) -> RawRequest:
        """Replace headers; None removes one."""
        changes = {name.lower().encode(): value for name, value in headers.items()}
        unchanged = tuple(header for header in self.headers if header[0].lower() not in changes)
        new = ((name, value.encode("latin-1")) for name, value in changes.items() if value is not None)
        return replace(self, headers=(*unchanged, *new))


def format_timestamp(at: float) -> str:
    """Format a time as the OK-ACCESS-TIMESTAMP header."""
    milliseconds = round(at * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000)) + f".{milliseconds % 1000:03d}Z"


def signature(secret: str, timestamp: str, raw: RawRequest) -> str:
    """Sign the bytes of a request."""
    target = raw.path + (b"?" + raw.query if raw.query else b"")
    message = timestamp.encode() + raw.method.encode() + target + raw.body
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def signed(key: ApiKey, raw: RawRequest, at: float = NOW) -> RawRequest:
    """Add the authentication headers."""
    timestamp = format_timestamp(at)
    headers = {
        KEY: key.key,
        SIGN: signature(key.secret, timestamp, raw),
        STAMP: timestamp,
        PASSPHRASE: key.passphrase,
        DEMO: "1" if key.demo else None,
    }
    return raw.with_headers(headers)


def handle(exchange: MockExchange, raw: RawRequest) -> MockResponse:
    """Pass a request to the exchange."""
    return exchange.handle(raw.method, raw.path, raw.query, raw.headers, raw.body, raw.address)
