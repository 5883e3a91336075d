"""HTTP/1.1 messages (RFC 9112): requests are written here, responses parsed by llhttp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from okx_maxloan_sdk.exceptions import InvalidResponseError

from .base import Response, not_sent
from .body import MAX_BODY_BYTES, BodyDecoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from .base import Request

READ_SIZE = 1 << 16
# Of all headers and trailers, and of all before the body; h11 allows as much. Chunk sizes may take as much as a body.
MAX_HEADER_BYTES = 100 << 10
LINE_ENDS = b"\r\n"


def encode_request(netloc: str, request: Request) -> bytes:
    """Write a request without a body; raise `RequestNotSentError` for characters that could start another line."""
    text = "".join([request.target, *request.headers, *request.headers.values()])
    if not text.isascii() or not text.isprintable() or " " in request.target:
        raise not_sent("its target or a header has a character that HTTP does not allow")
    lines = "".join([f"{name}: {value}\r\n" for name, value in request.headers.items()])
    return f"{request.method} {request.target} HTTP/1.1\r\nHost: {netloc}\r\n{lines}\r\n".encode("ascii")


class ResponseParser:
    """Parse exactly one response; httptools calls the methods `on_...`."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._status = 0
        self._has_headers = False
        self._chunks: list[bytes] = []
        self._header_bytes = self._encoded_bytes = 0
        self._body: BodyDecoder | None = None
        self.received = 0
        self.is_complete = False
        self.is_reusable = False

    def on_message_begin(self) -> None:
        if self.is_complete:
            raise HttpParserError("a second response")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if not self._has_headers:  # else it is a trailer
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        self._has_headers = self._status >= 200  # noqa: PLR2004 -- RFC 9110, 15.2: 1xx are interim
        if not self._has_headers:
            self._headers.clear()

    def on_body(self, chunk: bytes) -> None:
        self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        if self._has_headers:
            self.is_complete, self.is_reusable = True, self._parser.should_keep_alive()

    def feed(self, data: bytes) -> None:
        """Parse what was read; b"" says that the server closed the connection.

        Raises `InvalidResponseError` for what is no response, `ConnectionError` for one that is cut short.
        """
        if not data:
            self._end()
            return
        self.received += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.is_reusable = False
            if not self.is_complete:
                raise InvalidResponseError(f"it is not HTTP/1.1: {error}", http_status=self._status) from None
        if self._has_headers:
            self._decode()
        limit = MAX_BODY_BYTES if self._has_headers else MAX_HEADER_BYTES
        if self._header_bytes > MAX_HEADER_BYTES or self.received - self._encoded_bytes > limit:
            raise InvalidResponseError(
                "it is not HTTP/1.1: its headers or trailers are too long", http_status=self._status
            )
        if self.is_reusable and not self._ends_with(data):
            self.is_reusable = False
        self._chunks.clear()

    def response(self, discard: Callable[[], None]) -> Response:
        """Return the complete response."""
        # It refers to our methods: without this, each response would wait for the garbage collector.
        del self._parser
        return Response(self._status, self._headers, self._decoder().finish(), discard)

    def _decode(self) -> None:
        body = self._decoder()
        for chunk in self._chunks:
            self._encoded_bytes += len(chunk)
            body.feed(chunk)

    def _decoder(self) -> BodyDecoder:
        if self._body is None:
            self._body = BodyDecoder(self._status, self._headers.get("content-encoding", ""))
        return self._body

    def _ends_with(self, data: bytes) -> bool:
        """Tell whether no byte follows the response: llhttp skips line ends between two messages."""
        if "content-length" in self._headers and self._chunks:
            last = self._chunks[-1]
            return data.endswith(last) and bool(last.strip(LINE_ENDS))
        # No content where there may be some (RFC 9110, 6.4.1): what follows could be a body that came all the same.
        if self._status in (204, 304):
            return False
        return len(data) - len(data.rstrip(LINE_ENDS)) == len(LINE_ENDS * 2)

    def _end(self) -> None:
        # RFC 9112, 6.3: only a body without a length may end with the connection.
        is_framed = "content-length" in self._headers or "transfer-encoding" in self._headers
        if not self._has_headers or is_framed or not self._decoder().is_complete:
            raise ConnectionError("the server closed the connection before the end of the response")
        self.is_complete = True
