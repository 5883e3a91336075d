"""HTTP/1.1 messages (RFC 9112): requests are written here, responses parsed by llhttp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from okx_maxloan_sdk.exceptions import InvalidResponseError

from .base import Request, Response, not_sent
from .response import CUT_SHORT, ResponseBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

# As much as a TLS record has, so that what was received later can be seen on the socket.
READ_SIZE = 1 << 14
# Of all that is no body: headers, chunk sizes and trailers; h11 allows as much for the headers.
MAX_HEADER_BYTES = 100 << 10
PRINTABLE = bytes(range(0x20, 0x7F))
LINE_END = b"\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def encode_request(netloc: str, request: Request) -> bytes:
    """Write a request without a body; raise `RequestNotSentError` for characters that could start another line."""
    fields = [f"{name}: {value}" for name, value in request.headers.items()]
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {netloc}", *fields, "", ""]
    data = "\r\n".join(lines).encode("utf-8", "surrogatepass")
    if data.translate(None, PRINTABLE) != LINE_END * (len(lines) - 1) or " " in request.target:
        raise not_sent("its target or a header has a character that HTTP does not allow")
    return data


class ResponseParser:
    """Parse exactly one response; httptools calls what is named `on_...`."""

    received: int = 0
    is_complete: bool = False
    is_reusable: bool = False
    _status = _encoded_bytes = 0
    _last_chunk = b""
    _builder: ResponseBuilder | None = None  # once there are the headers

    def __init__(self) -> None:
        self._fields: dict[bytes, bytes] = {}
        self.on_header: Callable[[bytes, bytes], None] = self._fields.__setitem__
        self._parser = HttpResponseParser(self)

    def on_message_begin(self) -> None:
        self.is_reusable = False  # it may be a second response

    def on_headers_complete(self) -> None:
        if self.is_complete:
            raise HttpParserError("a second response")
        self._status = self._parser.get_status_code()
        if self._status >= 200:  # noqa: PLR2004 -- RFC 9110, 15.2: 1xx are interim
            fields = self._fields.items()
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in fields}
            self._builder = ResponseBuilder(self._status, headers)
        self._fields.clear()

    def on_body(self, chunk: bytes) -> None:
        self._encoded_bytes += len(chunk)
        self._last_chunk = chunk
        if self._builder is not None:
            self._builder.feed(chunk)

    def on_message_complete(self) -> None:
        if self._builder is not None:
            self.is_complete, self.is_reusable = True, self._parser.should_keep_alive()

    def feed(self, data: bytes) -> None:
        """Parse what was read; b"" says that the server closed the connection.

        Raises `InvalidResponseError` for what is no response, `ConnectionError` for one that is cut short.
        """
        if not data:
            if self._builder is None or self._builder.has_length:
                raise ConnectionError(CUT_SHORT)
            self.is_complete = True
            return
        self.received += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.is_reusable = False
            cause = error.__context__ or error
            if not isinstance(cause, (HttpParserError, HttpParserUpgrade)):
                raise cause from None  # of a method above, such as a signal's KeyboardInterrupt
            if not self.is_complete:
                raise self._invalid(str(cause)) from None
        if self.received - self._encoded_bytes > MAX_HEADER_BYTES:
            raise self._invalid("its headers, chunk sizes or trailers are too long")
        self.is_reusable = self.is_reusable and self._ends_with(data)

    def take_response(self, discard: Callable[[], None]) -> Response:
        """Return the complete response."""
        # It refers to our methods: without this, each response would wait for the garbage collector.
        del self._parser
        if self._builder is None:
            raise ConnectionError(CUT_SHORT)
        return self._builder.finish(discard)

    def _invalid(self, reason: str) -> InvalidResponseError:
        return InvalidResponseError(f"it is not HTTP/1.1: {reason}", http_status=self._status)

    def _ends_with(self, data: bytes) -> bool:
        """Return whether no line end follows the response; llhttp skips those between two messages.

        Not so without a body: one could follow a status that has none (RFC 9110, 6.4.1).
        """
        end = self._last_chunk if self._builder and "content-length" in self._builder.headers else LAST_CHUNK
        return self._encoded_bytes > 0 and data.endswith(end) and end.strip(LINE_END) != b""
