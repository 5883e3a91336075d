"""The mock exchange's responses: HTTP status, body and message of each error code.

Statuses and key order are as recorded from the live exchange where a recording exists, else as documented.
The messages are ours.
"""

from __future__ import annotations

import json
import tomllib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen
from okx_maxloan_api.contract import ERRORS

if TYPE_CHECKING:
    from collections.abc import Mapping

ERROR_RESPONSES: Mapping[str, tuple[int, str, str]] = tomllib.loads(
    Path(__file__).with_name("errors.toml").read_text("utf-8")
)
"""By code: HTTP status, who responds, and the message with placeholders for its arguments."""


def _error_body(responder: str, code: str | int, msg: str) -> Mapping[str, object]:
    if responder == "router":  # for an unknown path, `code` is a number and `data` an object
        return {"code": 404, "data": {}, "detailMsg": "", "error_code": "404", "error_message": msg, "msg": msg}
    if responder == "gateway":  # no data, and the message comes first
        return {"msg": msg, "code": code}
    return {"code": code, "data": [], "msg": msg}


class MockApiError(Exception):
    """The exchange rejects a request, with this code and the arguments of its message."""

    def __init__(self, code: str, *arguments: str) -> None:
        super().__init__(code, *arguments)
        self.code = code
        self.arguments = arguments

    def to_response(self, delay: float = 0.0) -> MockResponse:
        """Build the response that the caller receives."""
        status, responder, message = ERROR_RESPONSES[self.code]
        body = _error_body(responder, self.code, message.format(*self.arguments))
        response = MockResponse.from_body(body, status, delay)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:  # RFC 9110, 15.5.6: it names the methods that there are
            return evolve(response, headers=(*response.headers, ("allow", "GET")))
        return response


@frozen
class MockResponse:
    """One HTTP response; it is sent after `delay` seconds."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay: float = 0.0

    @classmethod
    def from_body(cls, body: Mapping[str, object], status: int = 200, delay: float = 0.0) -> MockResponse:
        """Build a response with a JSON body."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return cls(status, (("content-type", "application/json"),), text.encode(), delay)

    @classmethod
    def failure(cls, code: str | int | None, status: int | None, html: str | None, delay: float) -> MockResponse:
        """Build the response of an injected failure: an HTML page, or an error of any code, known here or not."""
        if html is not None or code is None:
            return cls(status or 502, (("content-type", "text/html"),), (html or "").encode(), delay)
        known = ERRORS.get(str(code).partition("_")[0])
        default = (200, "service", known.en if known else "rejected")
        usual_status, responder, message = ERROR_RESPONSES.get(str(code), default)
        return cls.from_body(_error_body(responder, code, message.format("-", "-")), status or usual_status, delay)
