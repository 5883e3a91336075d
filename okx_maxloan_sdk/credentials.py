"""Who is calling, and the signature that proves it.

https://www.okx.com/docs-v5/en/#overview-rest-authentication
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

# Header values: visible ASCII; a passphrase may have spaces inside.
FORMS = {
    "key": re.compile(r"[\x21-\x7e]+"),
    "secret": re.compile(r"[\x21-\x7e]+"),
    "passphrase": re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?"),
}
# OKX's keys are UUIDs; a refusal for an IP repeats the key.
UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
MASK = "***"
# RFC 2104: the block of SHA-256, and what the key is mixed with for the inner and the outer hash.
BLOCK, PADS = 64, (0x36, 0x5C)


def fault(parts: Mapping[str, object]) -> str:
    """Say what is wrong with the parts of credentials, never showing them."""
    for name, part in parts.items():
        if not isinstance(part, str):
            return f"the API {name} must be a str, not {type(part).__name__}"
        if not part:
            return f"the API {name} is empty; copy it from OKX's API page"
        if not FORMS[name].fullmatch(part):
            return (
                f"the API {name} has characters that cannot be sent (white space at an end, a line break, or non-ASCII)"
            )
    return ""


@lru_cache(8)
def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


class Credentials:
    """API key, secret and passphrase, as OKX's API page shows them; they are kept out of repr, vars, logs and pickles.

    Raises `ValueError` for parts that cannot be sent in a header.
    """

    __slots__ = ("_inner", "_key", "_outer", "_passphrase", "_secret")

    def __init__(self, key: str, secret: str, passphrase: str) -> None:
        if wrong := fault({"key": key, "secret": secret, "passphrase": passphrase}):
            # A traceback that renders locals must not find them here.
            key = secret = passphrase = MASK
            raise ValueError(wrong)
        self._key = key
        self._secret = secret.encode()
        # The key's part of the HMAC is done once; the rest of it then costs a quarter of `hmac.digest`.
        padded = (self._secret if len(secret) <= BLOCK else hashlib.sha256(self._secret).digest()).ljust(BLOCK, b"\0")
        self._inner, self._outer = (hashlib.sha256(bytes(byte ^ pad for byte in padded)) for pad in PADS)
        self._passphrase = passphrase

    def __repr__(self) -> str:
        return f"Credentials({MASK})"

    def __reduce__(self) -> NoReturn:
        message = "credentials are not pickled or copied; make them anew where they are needed, from the environment"
        raise TypeError(message)

    @property
    def user(self) -> str:
        """A stand-in for the OKX user until its uid is known; it does not reveal the key."""
        return "key-" + hashlib.sha256(b"okx-maxloan-sdk " + self._key.encode()).hexdigest()[:16]

    def sign(self, method: str, target: str, moment: float) -> dict[str, str]:
        """Make the four headers for exactly the bytes that will travel, at `moment` (seconds since 1970 UTC)."""
        seconds, milliseconds = divmod(int(moment * 1000), 1000)
        timestamp = f"{_date(seconds)}.{milliseconds:03}Z"
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{timestamp}{method}{target}".encode())
        outer.update(inner.digest())
        return {
            "OK-ACCESS-KEY": self._key,
            "OK-ACCESS-SIGN": base64.b64encode(outer.digest()).decode(),
            "OK-ACCESS-TIMESTAMP": timestamp,
            "OK-ACCESS-PASSPHRASE": self._passphrase,
        }

    def mask(self, text: str) -> str:
        """Blank out key, secret and passphrase in words that came from elsewhere."""
        # The longest first: one may be the beginning of another.
        for part in sorted((self._key, self._secret.decode(), self._passphrase), key=len, reverse=True):
            text = text.replace(part, MASK)
        return UUID.sub(MASK, text)
