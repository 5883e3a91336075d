"""A transport that answers from a script, and the answers that scripts are made of."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from okx_maxloan_sdk.transport import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Answer = Response | BaseException | Callable[[Request], Response]

# OKX's recorded answers, as far as they matter here: the words are ours.
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
    """Make an answer of a JSON body."""
    return Response(status, headers, json.dumps(body).encode())


def ok_response(*rows: object) -> Response:
    """Make the answer that has these rows."""
    return json_response({"code": "0", "msg": "", "data": list(rows)})


def error_response(code: str, status: int | None = None, msg: str | None = None) -> Response:
    """Make a refusal, as recorded where it was."""
    usual, body = RECORDED.get(code, (200, {"code": code, "data": [], "msg": "refused"}))
    return json_response(body if msg is None else {**body, "msg": msg}, usual if status is None else status)


def loan_row(inst_id: str, side: str = "sell", max_loan: str = "1.5", **other: str) -> dict[str, str]:
    """Make a row of maximum loan."""
    base, _, quote = inst_id.partition("-")
    ccy = base if side == "sell" else quote
    usual = {"instId": inst_id, "mgnMode": "cross", "mgnCcy": "", "maxLoan": max_loan, "ccy": ccy, "side": side}
    return {**usual, **other}


def requested_inst_ids(request: Request) -> list[str]:
    """Tell which pairs a request asks about."""
    return parse_qs(urlsplit(request.target).query).get("instId", [""])[0].split(",")


def loans_response(request: Request, bad: Iterable[str] = ()) -> Response:
    """Answer as the exchange does: two rows a pair, or a refusal when one of the pairs is bad."""
    params = dict(parse_qsl(urlsplit(request.target).query))
    if "ccy" in params:
        return ok_response(loan_row("", ccy=params["ccy"], side=""))
    ids = requested_inst_ids(request)
    if not set(ids).isdisjoint(bad):
        return error_response("51001")
    mode = params.get("mgnMode", "cross")
    return ok_response(*(loan_row(each, side, mgnMode=mode) for each in ids for side in ("sell", "buy")))


class FakeTransport:
    """Answers requests one after the other, the last answer again and again; `requests` notes them."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[Request] = []
        self.timeouts: list[float] = []
        self.closed = 0

    def send(self, request: Request, timeout: float) -> Response:
        self.requests.append(request)
        self.timeouts.append(timeout)
        # Popped where more than one is left; both are atomic, so threads may send at once.
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, BaseException):
            raise found
        return found if isinstance(found, Response) else found(request)

    def close(self) -> None:
        self.closed += 1

    @property
    def stamps(self) -> list[str]:
        """The timestamps that were signed, "" where a request was not."""
        return [each.headers.get("OK-ACCESS-TIMESTAMP", "") for each in self.requests]


class AsyncFakeTransport:
    """The same wire for a client that awaits."""

    def __init__(self, wire: FakeTransport) -> None:
        self._wire = wire

    async def send(self, request: Request, timeout: float) -> Response:
        await asyncio.sleep(0)
        return self._wire.send(request, timeout)

    async def close(self) -> None:
        self._wire.close()


def time_row(seconds: float) -> dict[str, Any]:
    """Make the row of the exchange's time."""
    return {"ts": str(round(seconds * 1000))}


def inst_ids(number: int) -> list[str]:
    """Invent pairs."""
    return [f"C{each}-USDT" for each in range(number)]


def row_order(found: Iterable[Any]) -> list[str]:
    """Tell the pairs of rows, as they come."""
    return list(dict.fromkeys(each.inst_id for each in found))


def fake_exchange(*bad: str) -> FakeTransport:
    """Answer as the exchange does, refusing whatever names a bad pair."""
    return FakeTransport(lambda request: loans_response(request, bad))
