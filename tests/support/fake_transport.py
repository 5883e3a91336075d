"""A transport with scripted responses, and the responses for scripts."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from okx_maxloan_sdk.transport import Request, Response

ScriptedResponse = Response | BaseException | Callable[[Request], Response]

# OKX's recorded error responses, with messages of our own.
RECORDED: dict[str, tuple[int, dict[str, object]]] = {
    "50011": (429, {"msg": "too many", "code": "50011"}),
    "50102": (401, {"msg": "late", "code": "50102"}),
    "50105": (401, {"msg": "passphrase", "code": "50105"}),
    "50110": (401, {"msg": "203.0.113.7 is not on the list of 00000000-0000-0000-0000-000000000000", "code": "50110"}),
    "50113": (401, {"msg": "signature", "code": "50113"}),
    "50119": (401, {"msg": "no such key", "code": "50119"}),
    "51000": (400, {"code": "51000", "data": [], "msg": "parameter instId"}),
    "51010": (200, {"code": "51010", "data": [], "msg": "account mode"}),
}


def json_response(body: object, status: int = 200, **headers: str) -> Response:
    """Make a response with a JSON body."""
    return Response(status, headers, json.dumps(body).encode())


def ok_response(*rows: object) -> Response:
    """Make a success response with these rows."""
    return json_response({"code": "0", "msg": "", "data": list(rows)})


def error_response(code: str, status: int | None = None, msg: str | None = None) -> Response:
    """Make an error response, in the recorded form if there is one."""
    usual, body = RECORDED.get(code, (200, {"code": code, "data": [], "msg": "refused"}))
    return json_response(body if msg is None else {**body, "msg": msg}, usual if status is None else status)


def loan_row(inst_id: str, side: str = "sell", max_loan: str = "1.5", **other: str) -> dict[str, str]:
    """Make a row of maximum loan."""
    base, _, quote = inst_id.partition("-")
    ccy = base if side == "sell" else quote
    usual = {"instId": inst_id, "mgnMode": "cross", "mgnCcy": "", "maxLoan": max_loan, "ccy": ccy, "side": side}
    return {**usual, **other}


def requested_inst_ids(request: Request) -> list[str]:
    """Return the pairs of a request."""
    return parse_qs(urlsplit(request.target).query).get("instId", [""])[0].split(",")


def loans_response(request: Request, bad: Iterable[str] = ()) -> Response:
    """Respond as the exchange does: two rows for each pair, or an error if one of the pairs is bad."""
    params = dict(parse_qsl(urlsplit(request.target).query))
    if "ccy" in params:
        return ok_response(loan_row("", ccy=params["ccy"], side=""))
    ids = requested_inst_ids(request)
    if not set(ids).isdisjoint(bad):
        return error_response("51001")
    mode = params.get("mgnMode", "cross")
    return ok_response(*(loan_row(each, side, mgnMode=mode) for each in ids for side in ("sell", "buy")))


class FakeTransport:
    """A transport that returns its responses in order and repeats the last; `requests` records the requests."""

    def __init__(self, *responses: ScriptedResponse) -> None:
        self._responses = list(responses)
        self.requests: list[Request] = []
        self.timeouts: list[float] = []
        self.closed = 0

    def send(self, request: Request, timeout: float) -> Response:
        self.requests.append(request)
        self.timeouts.append(timeout)
        # Popped if more than one is left; both operations are atomic, so threads may send concurrently.
        scripted = self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
        if isinstance(scripted, BaseException):
            raise scripted
        return scripted if isinstance(scripted, Response) else scripted(request)

    def close(self) -> None:
        self.closed += 1

    @property
    def stamps(self) -> list[str]:
        """The signed timestamps, "" for an unsigned request."""
        return [each.headers.get("OK-ACCESS-TIMESTAMP", "") for each in self.requests]


class AsyncFakeTransport:
    """The asyncio form of a `FakeTransport`."""

    def __init__(self, transport: FakeTransport) -> None:
        self._transport = transport

    async def send(self, request: Request, timeout: float) -> Response:
        await asyncio.sleep(0)
        return self._transport.send(request, timeout)

    async def close(self) -> None:
        self._transport.close()


def time_row(seconds: float) -> dict[str, Any]:
    """Make the row of the server time."""
    return {"ts": str(round(seconds * 1000))}


def inst_ids(number: int) -> list[str]:
    """Make up pairs."""
    return [f"C{each}-USDT" for each in range(number)]


def row_order(rows: Iterable[Any]) -> list[str]:
    """Return the pairs of rows, in order and without duplicates."""
    return list(dict.fromkeys(row.inst_id for row in rows))


def fake_exchange(*bad: str) -> FakeTransport:
    """Create a transport that responds as the exchange does, with an error for a request with a bad pair."""
    return FakeTransport(lambda request: loans_response(request, bad))
