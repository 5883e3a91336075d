"""API credentials, and the signature of a request.

https://www.okx.com/docs-v5/en/#overview-rest-authentication
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from functools import lru_cache
from time import gmtime, strftime
from typing import TYPE_CHECKING, NoReturn

from .escape import escape_control_characters

if TYPE_CHECKING:
    from collections.abc import Mapping

# Header values: visible ASCII; a passphrase may have spaces inside.
PATTERNS = {
    "key": r"[\x21-\x7e]+",
    "secret": r"[\x21-\x7e]+",
    "passphrase": r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?",
}
# OKX's API keys are UUIDs; its message about an IP address repeats the key.
UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
# What authenticates one request: 32 bytes in Base64.
SIGNATURE = r"[A-Za-z0-9+/]{43}="
REDACTED = "***"


def validate_credentials(parts: Mapping[str, object]) -> str:
    """Return what is wrong with the parts of credentials, without showing them; empty if nothing is."""
    for name, part in parts.items():
        if not isinstance(part, str):
            return f"the API {name} must be a str, not {type(part).__name__}"
        if not part:
            return f"the API {name} is empty; copy it from OKX's API page"
        if not re.fullmatch(PATTERNS[name], part):
            return (
                f"the API {name} has characters that cannot be sent (white space at an end, a line break, or non-ASCII)"
                "; copy it from OKX's API page"
            )
    return ""


@lru_cache(1)  # most requests are sent in the second of the one before
def _format_second(seconds: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds))


class Credentials:
    """API key, secret and passphrase, as OKX's API page shows them.

    They never appear in repr, vars, logs or pickles. Raises `ValueError` for a part that cannot be sent in a header.
    """

    __slots__ = ("_api_key", "_api_secret", "_hmac", "_passphrase")

    def __init__(self, api_key: str, api_secret: str, passphrase: str) -> None:
        if error := validate_credentials({"key": api_key, "secret": api_secret, "passphrase": passphrase}):
            # A traceback may be rendered with its locals.
            api_key = api_secret = passphrase = REDACTED
            raise ValueError(error)
        self._api_key = api_key
        self._api_secret = api_secret
        self._hmac = hmac.new(api_secret.encode(), digestmod="sha256")  # copied for each signature
        self._passphrase = passphrase

    def __repr__(self) -> str:
        return f"Credentials({REDACTED})"

    def __reduce__(self) -> NoReturn:
        message = "credentials are not pickled or copied; create them where they are needed, from the environment"
        raise TypeError(message)

    @property
    def fingerprint(self) -> str:
        """Identifies the API key without revealing it; the rate limit's key until the account's uid is known."""
        return "key-" + hashlib.sha256(b"okx-maxloan-sdk " + self._api_key.encode()).hexdigest()[:16]

    def sign(self, method: str, target: str, timestamp: float, body: str = "") -> dict[str, str]:
        """Return the four headers that sign a request at `timestamp`, in seconds since 1970 UTC."""
        seconds, milliseconds = divmod(int(timestamp * 1000), 1000)
        iso_time = f"{_format_second(seconds)}.{str(milliseconds).zfill(3)}Z"
        signature = self._hmac.copy()
        signature.update(f"{iso_time}{method}{target}{body}".encode())
        return {
            "OK-ACCESS-KEY": self._api_key,
            "OK-ACCESS-SIGN": b64encode(signature.digest()).decode(),
            "OK-ACCESS-TIMESTAMP": iso_time,
            "OK-ACCESS-PASSPHRASE": self._passphrase,
        }

    def redact(self, text: str) -> str:
        """Redact credentials and signatures in a text that came from outside, and escape its control characters."""
        # The longest first: one may be the beginning of another.
        for secret in sorted((self._api_key, self._api_secret, self._passphrase), key=len, reverse=True):
            text = text.replace(secret, REDACTED)
        return escape_control_characters(re.sub(f"{UUID}|{SIGNATURE}", REDACTED, text))
