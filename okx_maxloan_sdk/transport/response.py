"""Responses: put together as they arrive, with a body that is decoded and bounded."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from okx_maxloan_sdk.exceptions import InvalidResponseError

from .base import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_BODY_BYTES = 1 << 20
# zlib's window sizes: 31 reads gzip, 15 zlib's own wrapper.
WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
CUT_SHORT = "the server closed the connection before the end of the response"


class ResponseBuilder:
    """Collect the decoded body; raise `InvalidResponseError` as soon as it is too long or cannot be decoded."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        self._status = status
        self.headers: Mapping[str, str] = headers
        # Else the connection's end is the body's (RFC 9112, 6.3).
        self.has_length: bool = "content-length" in headers or "transfer-encoding" in headers
        self._decoded = bytearray()
        self._decompressor = None
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            if encoding not in WINDOW_BITS:
                raise self._invalid(f"content-encoding {encoding!r} was not requested")
            self._decompressor = zlib.decompressobj(WINDOW_BITS[encoding])

    def feed(self, chunk: bytes) -> None:
        """Decode the next bytes of the body."""
        if self._decompressor is not None:
            try:
                chunk = self._decompressor.decompress(chunk, MAX_BODY_BYTES + 1 - len(self._decoded))
            except zlib.error:
                raise self._invalid("its compressed body is invalid") from None
            if self._decompressor.unused_data:
                raise self._invalid("its body continues after the compressed data")
        self._decoded += chunk
        if len(self._decoded) > MAX_BODY_BYTES:
            raise self._invalid(f"its body is longer than {MAX_BODY_BYTES} bytes")

    def finish(self, discard: Callable[[], None] = lambda: None) -> Response:
        """Return the response; raise `ConnectionError` if the connection's end came within compressed data."""
        if self._decompressor is not None and not self._decompressor.eof:
            raise self._invalid("its compressed body ends early") if self.has_length else ConnectionError(CUT_SHORT)
        return Response(self._status, self.headers, bytes(self._decoded), discard)

    def _invalid(self, reason: str) -> InvalidResponseError:
        return InvalidResponseError(reason, http_status=self._status)
