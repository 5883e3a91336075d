"""An answer's body as it arrives: decoded, and never more than a megabyte of it."""

from __future__ import annotations

import zlib

from okx_maxloan_sdk.errors import BadAnswer

LIMIT = 1 << 20
# zlib's window sizes: 31 reads gzip, 15 zlib's own wrapper.
WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Body:
    """Collects chunks; raises `BadAnswer` as soon as there is too much, or when they cannot be decoded."""

    def __init__(self, status: int, encoding: str) -> None:
        self._status = status
        self._kept = bytearray()
        self._zipped = None
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity"):
            if encoding not in WINDOWS:
                raise BadAnswer(f"content-encoding {encoding!r}, which was not asked for", http_status=status)
            self._zipped = zlib.decompressobj(WINDOWS[encoding])

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if self._zipped is not None:
            try:
                chunk = self._zipped.decompress(chunk, LIMIT + 1 - len(self._kept))
            except zlib.error:
                raise BadAnswer("its compression is broken", http_status=self._status) from None
            if self._zipped.unused_data:
                raise BadAnswer("it goes on after its compression ended", http_status=self._status)
        self._kept += chunk
        if len(self._kept) > LIMIT:
            raise BadAnswer(f"it is longer than {LIMIT} bytes", http_status=self._status)

    def finish(self) -> bytes:
        """Give the whole body."""
        if self._zipped is not None and not self._zipped.eof:
            raise BadAnswer("its compression ends early", http_status=self._status)
        return bytes(self._kept)
