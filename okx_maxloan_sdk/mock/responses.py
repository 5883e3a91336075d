"""The mock exchange's responses: HTTP status, body and message of each error code.

Statuses and key order are as recorded from the live exchange where a recording exists, else as documented.
The messages are ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus

from attrs import evolve, frozen
from okx_maxloan_api.contract import ERRORS

Body = Callable[[str | int, str], Mapping[str, object]]


def gateway_body(code: str | int, msg: str) -> Mapping[str, object]:
    """Build the body of an error from the gateway: no data, and the message comes first."""
    return {"msg": msg, "code": code}


def service_body(code: str | int, msg: str) -> Mapping[str, object]:
    """Build the body of an error from the service behind the gateway."""
    return {"code": code, "data": [], "msg": msg}


def unknown_path_body(_code: str | int, msg: str) -> Mapping[str, object]:
    """Build the body for an unknown path: `code` is a number, `data` an object."""
    return {"code": 404, "data": {}, "detailMsg": "", "error_code": "404", "error_message": msg, "msg": msg}


# code: HTTP status, body, message with placeholders for its arguments
ERROR_RESPONSES: Mapping[str, tuple[int, Body, str]] = {
    "404": (404, unknown_path_body, "Not Found"),
    "50115": (405, gateway_body, "{0} does not work here"),
    "50011": (429, gateway_body, "Too Many Requests"),
    "50103": (401, gateway_body, "OK-ACCESS-KEY is missing"),
    "50104": (401, gateway_body, "OK-ACCESS-PASSPHRASE is missing"),
    "50106": (401, gateway_body, "OK-ACCESS-SIGN is missing"),
    "50107": (401, gateway_body, "OK-ACCESS-TIMESTAMP is missing"),
    "50112": (401, gateway_body, "OK-ACCESS-TIMESTAMP is malformed"),
    "50102": (401, gateway_body, "timestamp out of range"),
    "50111": (401, gateway_body, "OK-ACCESS-KEY is malformed"),
    "50119": (401, gateway_body, "no such API key"),
    "50101": (401, gateway_body, "the key is for the other environment"),
    "50105": (401, gateway_body, "wrong passphrase"),
    # The real message repeats the caller's key as well.
    "50110": (401, gateway_body, "{0} is not on the IP list of API key {1}"),
    "50113": (401, gateway_body, "wrong signature"),
    "50120": (200, service_body, "the key may not read"),
    "50014": (400, service_body, "{0} is empty"),
    "50015": (400, service_body, "{0} or {1} is needed"),
    "50016": (400, service_body, "{0} does not go with this {1}"),
    "50024": (200, service_body, "{0} excludes {1}"),
    "50025": (200, service_body, "too many values in {0}"),
    # Name and value run together, as they were recorded.
    "51000": (400, service_body, "not accepted: {0}{1}"),
    "51001": (200, service_body, "no such instrument"),
    "51021": (200, service_body, "not listed yet"),
    "51010": (200, service_body, "not in this account mode"),
    "50001": (503, gateway_body, "service unavailable"),
    "50004": (400, gateway_body, "timeout"),
    "50013": (429, gateway_body, "busy"),
    "50026": (500, gateway_body, "internal error"),
}


class MockApiError(Exception):
    """The exchange rejects a request, with this code and the arguments of its message."""

    def __init__(self, code: str, *arguments: str) -> None:
        super().__init__(code, *arguments)
        self.code = code
        self.arguments = arguments

    def to_response(self, delay: float = 0.0) -> MockResponse:
        """Build the response that the caller receives."""
        status, body, message = ERROR_RESPONSES[self.code]
        response = MockResponse.from_body(body(self.code, message.format(*self.arguments)), status, delay)
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
        return cls(status, (("content-type", "application/json"),), _dumps(body), delay)

    @classmethod
    def failure(cls, code: str | int | None, status: int | None, html: str | None, delay: float) -> MockResponse:
        """Build the response of an injected failure: an HTML page, or an error of any code, known here or not."""
        if html is not None or code is None:
            return cls(status or 502, (("content-type", "text/html"),), (html or "").encode(), delay)
        known = ERRORS.get(str(code).partition("_")[0])
        default = (200, service_body, known.en if known else "rejected")
        usual_status, body, message = ERROR_RESPONSES.get(str(code), default)
        return cls.from_body(body(code, message.format("-", "-")), status or usual_status, delay)


def _dumps(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
