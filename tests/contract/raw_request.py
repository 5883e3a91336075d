"""Requests as bytes, signed without the SDK, and a clock that a test moves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okx_maxloan_sdk.clock import WakeEvent
    from okx_maxloan_sdk.mock import ApiKey, MockExchange, MockResponse

MAX_LOAN = b"/api/v5/account/max-loan"
CONFIG = b"/api/v5/account/config"
INSTRUMENTS = b"/api/v5/account/instruments"
TIME = b"/api/v5/public/time"
MOMENT = 1787415600.0  # 2026-08-22T16:20:00Z

KEY, SIGN, STAMP, PASSPHRASE = (f"OK-ACCESS-{word}" for word in ("KEY", "SIGN", "TIMESTAMP", "PASSPHRASE"))
DEMO = "x-simulated-trading"


@dataclass
class ManualClock:
    """Time that passes only when told to."""

    now: float = MOMENT

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        # Threads that sleep at the same time do not make it pass twice, and who will be woken is given the chance.
        end = self.now + seconds
        if wake is not None:
            with suppress(TimeoutError):
                wake.result(0.02)
                return True
        self.now = max(self.now, end)
        return False

    async def async_sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        self.now += seconds
        return wake is not None and wake.done()


@dataclass(frozen=True)
class RawRequest:
    """One request in the bytes that travel."""

    query: bytes = b""
    path: bytes = MAX_LOAN
    method: str = "GET"
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    body: bytes = b""
    address: str = "127.0.0.1"

    def but(self, headers: Mapping[str, str | None]) -> RawRequest:
        """Replace headers, or with None leave them out."""
        given = {name.lower().encode(): value for name, value in headers.items()}
        kept = tuple(each for each in self.headers if each[0].lower() not in given)
        new = ((name, value.encode("latin-1")) for name, value in given.items() if value is not None)
        return replace(self, headers=(*kept, *new))


def format_timestamp(moment: float) -> str:
    """Write a moment as the header does."""
    milliseconds = round(moment * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000)) + f".{milliseconds % 1000:03d}Z"


def signature(secret: str, timestamp: str, raw: RawRequest) -> str:
    """Sign what travels."""
    target = raw.path + (b"?" + raw.query if raw.query else b"")
    message = timestamp.encode() + raw.method.encode() + target + raw.body
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def signed(key: ApiKey, raw: RawRequest, moment: float = MOMENT) -> RawRequest:
    """Add the headers that this request needs."""
    timestamp = format_timestamp(moment)
    headers = {
        KEY: key.key,
        SIGN: signature(key.secret, timestamp, raw),
        STAMP: timestamp,
        PASSPHRASE: key.passphrase,
        DEMO: "1" if key.demo else None,
    }
    return raw.but(headers)


def handle(exchange: MockExchange, raw: RawRequest) -> MockResponse:
    """Hand a request to the exchange."""
    return exchange.handle(raw.method, raw.path, raw.query, raw.headers, raw.body, raw.address)
