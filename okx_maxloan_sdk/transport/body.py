"""Response bodies: decoded as they arrive, and bounded."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from okx_maxloan_sdk.exceptions import InvalidResponseError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES = 1 << 20
# zlib's window sizes: 31 reads gzip, 15 zlib's own wrapper.
WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def has_length(headers: Mapping[str, str]) -> bool:
    """Return whether the headers say where the body ends; else the connection's end is the body's (RFC 9112, 6.3)."""
    return "content-length" in headers or "transfer-encoding" in headers


class BodyDecoder:
    """Collect the decoded body; raise `InvalidResponseError` as soon as it is too long or cannot be decoded."""

    def __init__(self, status: int, encoding: str) -> None:
        self._status = status
        self._decoded = bytearray()
        self._decompressor = None
        encoding = encoding and encoding.strip().lower()
        if encoding not in ("", "identity"):
            if encoding not in WINDOW_BITS:
                raise InvalidResponseError(f"content-encoding {encoding!r} was not requested", http_status=status)
            self._decompressor = zlib.decompressobj(WINDOW_BITS[encoding])

    def feed(self, chunk: bytes) -> None:
        """Decode the next bytes."""
        if self._decompressor is not None:
            try:
                chunk = self._decompressor.decompress(chunk, MAX_BODY_BYTES + 1 - len(self._decoded))
            except zlib.error:
                raise InvalidResponseError("its compressed body is invalid", http_status=self._status) from None
            if self._decompressor.unused_data:
                raise InvalidResponseError("its body continues after the compressed data", http_status=self._status)
        self._decoded += chunk
        if len(self._decoded) > MAX_BODY_BYTES:
            raise InvalidResponseError(f"its body is longer than {MAX_BODY_BYTES} bytes", http_status=self._status)

    @property
    def is_complete(self) -> bool:
        """Whether the compressed data, if any, has ended."""
        return self._decompressor is None or self._decompressor.eof

    def finish(self) -> bytes:
        """Return the whole body."""
        if self._decompressor is not None and not self._decompressor.eof:
            raise InvalidResponseError("its compressed body ends early", http_status=self._status)
        return bytes(self._decoded)
