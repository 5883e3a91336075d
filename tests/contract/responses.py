"""Responses to a request for BTC-USDT, each with the result that a client must return or raise, written by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from okx_maxloan_sdk import OkxError

if TYPE_CHECKING:
    from collections.abc import Callable

ROW = '{"instId":"BTC-USDT","mgnMode":"cross","mgnCcy":"","maxLoan":"0.0018826268161452","ccy":"BTC","side":"sell"}'
SUMMARY = ["BTC-USDT cross - 0.0018826268161452 BTC sell"]


def summarize(call: Callable[[], Any]) -> list[str] | str:
    """Summarize the result of a call: its rows as text, or the name and code of its error."""
    try:
        rows = call()
    except OkxError as error:
        return f"{type(error).__name__} {getattr(error, 'code', '')}".strip()
    return [
        " ".join(str(value or "-") for value in (row.inst_id, row.mgn_mode, row.mgn_ccy, row.amount, row.ccy, row.side))
        + "".join(f" {name}={value!r}" for name, value in row.additional_properties.items())
        for row in rows
    ]


def _row(**changes: Any) -> str:
    row = {**json.loads(ROW), **changes}
    return json.dumps({name: value for name, value in row.items() if value is not ...})


def _ok(*rows: str) -> bytes:
    return f'{{"code":"0","msg":"","data":[{",".join(rows)}]}}'.encode()


RESPONSES: list[tuple[int, bytes, list[str] | str]] = [
    # rows
    (200, _ok(ROW), SUMMARY),
    (200, _ok(), "PartialFailureError"),
    (200, b" \n" + _ok(ROW) + b"\n", SUMMARY),
    (200, b'{"data":[' + ROW.encode() + b'],"msg":"","code":"0"}', SUMMARY),
    (200, b'{"code":"0","msg":"","data":[' + ROW.encode() + b'],"inTime":"1"}', SUMMARY),
    (200, _ok(_row(maxLoan="")), ["BTC-USDT cross - - BTC sell"]),
    (200, _ok(_row(maxLoan="0.1234567890123456789")), ["BTC-USDT cross - 0.1234567890123456789 BTC sell"]),
    (200, _ok(_row(maxLoan="5.10")), ["BTC-USDT cross - 5.10 BTC sell"]),
    (200, _ok(_row(side="hold")), ["BTC-USDT cross - 0.0018826268161452 BTC hold"]),
    (200, _ok(_row(mgnMode=..., mgnCcy=..., side=...)), ["BTC-USDT - - 0.0018826268161452 BTC -"]),
    (200, _ok(_row(instId=...)), "InvalidResponseError"),
    (200, _ok(_row(mgnMode="quick")), "InvalidResponseError"),
    (200, _ok(_row(extra="1")), [SUMMARY[0] + " extra='1'"]),
    (200, _ok(_row(extra={"a": [1, None]})), [SUMMARY[0] + " extra={'a': [1, None]}"]),
    (200, _ok(_row(extra="币")), [SUMMARY[0] + " extra='币'"]),
    (200, _ok(_row(extra="币").replace("币", "\\u5e01")), [SUMMARY[0] + " extra='币'"]),
    (200, _ok(_row(extra=0.1)), [SUMMARY[0] + " extra=Decimal('0.1')"]),
    (200, _ok(*[ROW] * 10), SUMMARY),
    (
        200,
        _ok(*(_row(extra=str(number)) for number in range(10))),
        [f"{SUMMARY[0]} extra='{number}'" for number in range(10)],
    ),
    # error responses
    (200, b'{"code":"51010","data":[],"msg":"no"}', "AccountModeError 51010"),
    (400, b'{"code":"51000","data":[],"msg":"no"}', "BadRequestError 51000"),
    (200, b'{"code":"50025","data":[],"msg":"no"}', "BadRequestError 50025"),
    (429, b'{"msg":"no","code":"50011"}', "RateLimitError 50011"),
    (429, b'{"msg":"no","code":50011}', "RateLimitError 50011"),
    (200, b'{"code":"50011","data":[],"msg":"no"}', "RateLimitError 50011"),
    (401, b'{"msg":"no","code":"50119"}', "AuthenticationError 50119"),
    (401, b'{"code":"50102","data":[],"msg":"no"}', "ClockSkewError 50102"),
    (401, b'{"msg":"no","code":"50113"}', "AuthenticationError 50113"),
    (401, b'{"msg":"no","code":"50110"}', "PermissionDeniedError 50110"),
    (503, b'{"code":"50001","data":[],"msg":"no"}', "ServiceUnavailableError 50001"),
    (200, b'{"code":"51008_1000","data":[],"msg":"no"}', "ApiError 51008_1000"),
    (200, b'{"code":"51000_2","data":[],"msg":"no"}', "BadRequestError 51000_2"),
    (
        404,
        b'{"code":404,"data":{},"detailMsg":"","error_code":"404","error_message":"Not Found","msg":"Not Found"}',
        "ApiError 404",
    ),
    (500, b'{"code":"50026","data":null,"msg":"no"}', "ServiceUnavailableError 50026"),
    (502, b'{"code":"77777","msg":"no"}', "ServiceUnavailableError 77777"),
    # invalid responses
    *(
        (200, body, "InvalidResponseError")
        for body in (b"", b" ", b"null", b"[]", b'"0"', b"0", b"{}", b"<html>", _ok(ROW)[:-1])
    ),
    *(
        (200, body, "InvalidResponseError")
        for body in (_ok(ROW) + b"x", b"\xef\xbb\xbf" + _ok(ROW), _ok(ROW).decode().encode("utf-16"))
    ),
    *(
        (200, _ok(row), "InvalidResponseError")
        for row in ("null", "1", "[]", '"x"', "{}", _row(ccy=...), _row(maxLoan=...))
    ),
    *(
        (200, _ok(_row(maxLoan=value)), "InvalidResponseError")
        for value in (0.1, 1, None, True, ["1"], {"a": 1}, "1e5", "NaN")
    ),
    *(
        (200, _ok(_row(maxLoan=value)), "InvalidResponseError")
        for value in ("Infinity", "0x1", "1,5", "1_000", " 1", "1 ", "+1", ".5")
    ),
    *((200, _ok(_row(maxLoan=value)), "InvalidResponseError") for value in ("5.", "--1", "1\n", "١", "-", "1" * 41)),
    *((200, _ok(_row(maxLoan=value)), "InvalidResponseError") for value in ("-1", "-0.5", "-0", "-0.0018826268161452")),
    (200, _ok(ROW, _row(maxLoan="-1")), "InvalidResponseError"),
    *((200, _ok(_row(**{name: 5})), "InvalidResponseError") for name in ("instId", "mgnMode", "mgnCcy", "ccy", "side")),
    *((200, _ok(_row(**{name: None})), "InvalidResponseError") for name in ("instId", "ccy", "side")),
    (200, _ok(ROW, _row(maxLoan=1)), "InvalidResponseError"),
    (200, _ok(ROW.replace('"ccy":"BTC"', '"ccy":"BTC","ccy":"ETH"')), "InvalidResponseError"),
    (200, _ok(ROW.replace("}", ',"extra":NaN}')), "InvalidResponseError"),
    (200, _ok(ROW.replace("}", ',"extra":-Infinity}')), "InvalidResponseError"),
    (200, b'{"code":"0","code":"1","msg":"","data":[]}', "InvalidResponseError"),
    (200, b'{"code":0,"msg":"","data":[]}', "InvalidResponseError"),
    (200, b'{"code":null,"msg":"","data":[]}', "InvalidResponseError"),
    (200, b'{"code":50011,"msg":"","data":[]}', "InvalidResponseError"),
    (400, b'{"code":true,"msg":"","data":[]}', "InvalidResponseError"),
    (200, b'{"code":"0","msg":5,"data":[]}', "InvalidResponseError"),
    (200, b'{"code":"0","msg":""}', "InvalidResponseError"),
    (200, b'{"code":"0","data":[]}', "InvalidResponseError"),
    (200, b'{"code":"0","msg":"","data":{}}', "InvalidResponseError"),
    (200, b'{"code":"0","msg":"","data":null}', "InvalidResponseError"),
    (400, b'{"code":"0","msg":"","data":[]}', "InvalidResponseError"),
    (201, _ok(ROW), "InvalidResponseError"),
    (302, b"", "InvalidResponseError"),
    (403, b"<html>blocked</html>", "InvalidResponseError"),
    (520, b"<html>error</html>", "InvalidResponseError"),
    (200, b'{"code":"0","msg":"\xff","data":[]}', "InvalidResponseError"),
    (200, b"[" * 50000, "InvalidResponseError"),
]
