"""The mock exchange's responses: HTTP status, body and message of each error code.

Statuses and key order are as recorded from the live exchange where a recording exists, else as documented.
The messages are ours.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from attrs import frozen
from okx_maxloan_api.contract import ERRORS

_ERRORS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("errors.toml").read_text("utf-8"))
# By code: HTTP status, who responds, and the message with placeholders for its arguments.
ERROR_RESPONSES: Mapping[str, tuple[int, str, str]] = _ERRORS["responses"]
CODE_BY_CHECK: Mapping[str, str] = _ERRORS["checks"]
# Code and arguments, none for a rule that is not enforced; the first violated rule in this order decides.
ERROR_BY_RULE: dict[str, Sequence[str]] = _ERRORS["rules"]


class MockApiError(Exception):
    """The exchange rejects a request; `args` are the code and the arguments of its message."""


@frozen
class MockResponse:
    """One HTTP response; it is sent after `delay` seconds."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay: float = 0.0


def json_response(body: Mapping[str, object], status: int = 200, *headers: tuple[str, str]) -> MockResponse:
    """Return a response with a JSON body."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return MockResponse(status, (("content-type", "application/json"), *headers), text.encode())


def error_response(code: str | int, *arguments: str, status: int | None = None) -> MockResponse:
    """Return the response with an error code, known here or not, by default with its usual status."""
    known = ERRORS.get(str(code).partition("_")[0])
    default = (200, "service", known.en if known else "rejected")
    usual_status, responder, message = ERROR_RESPONSES.get(str(code), default)
    message = message.format(*arguments)
    body: Mapping[str, object] = {"code": code, "data": [], "msg": message}
    if responder == "router":  # for an unknown path, `code` is a number and `data` an object
        odd = {"detailMsg": "", "error_code": "404", "error_message": message}
        body = {"code": 404, "data": {}, **odd, "msg": message}
    elif responder == "gateway":  # no data, and the message comes first
        body = {"msg": message, "code": code}
    # RFC 9110, 15.5.6: a 405 names the methods that there are.
    headers = [("allow", "GET")] if usual_status == HTTPStatus.METHOD_NOT_ALLOWED else []
    return json_response(body, status or usual_status, *headers)
