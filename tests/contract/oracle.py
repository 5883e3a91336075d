"""Expected response to any request, written by hand from the facts about OKX, without the code under test.

Marks: D documented, O observed in a recorded response, I inferred. Unmarked behaviour is unknown and the mock's choice.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import okx_facts as okx
from .raw_request import CONFIG, INSTRUMENTS, TIME, RawRequest, signature

if TYPE_CHECKING:
    from okx_maxloan_sdk.mock import ApiKey, MockExchange, User


class ExpectedError(Exception):
    """The exchange must reject the request with this code."""


def explain_mismatch(raw: RawRequest, exchange: MockExchange, status: int, body: bytes) -> str:
    """Describe how a response differs from that of an exchange with this time and these users; "" if it does not."""
    try:
        response = json.loads(body)
    except ValueError:
        return f"the body is not JSON: {body[:80]!r}"
    try:
        keys, rows = _expected_response(raw, exchange)
    except ExpectedError as error:
        return _explain_error_mismatch(str(error), raw, status, response)
    if status != 200 or list(response.items())[:1] != [("code", "0")] or response.get("msg") != "":
        return f"expected to be accepted, got {status} {body[:120]!r}"
    if list(response) != keys:
        return f"the envelope's keys are {list(response)}, not {keys}"
    return _rows(response["data"], rows)


def _explain_error_mismatch(code: str, raw: RawRequest, status: int, response: Any) -> str:
    message = response.get("msg") if isinstance(response, dict) else None
    expected: dict[str, Any] = {"code": code, "data": [], "msg": message}  # O
    if code in okx.GATEWAY:
        expected = {"msg": message, "code": code}  # O
    if code == "404":  # O: a number, and an object for data
        odd = {"detailMsg": "", "error_code": "404", "error_message": message}
        expected = {"code": 404, "data": {}, **odd, "msg": message}
    mentioned = [_header(raw, "ok-access-key"), raw.address] if code == "50110" else []  # O: it repeats the key
    fits = isinstance(message, str) and message and all(text in message for text in mentioned)
    if fits and status == okx.HTTP[code] and json.dumps(response) == json.dumps(expected):
        return ""
    return f"expected HTTP {okx.HTTP[code]} {expected}, got {status} {response}"


def _rows(rows: Any, expected: list[dict[str, Any]]) -> str:
    if not isinstance(rows, list) or [type(row) for row in rows] != [dict] * len(expected):
        return f"expected {len(expected)} rows, got {rows}"
    for row, expected_row in zip(rows, expected, strict=True):
        differing = {
            key: row.get(key) for key, value in expected_row.items() if key not in row or not _is(row[key], value)
        }
        if differing:
            return f"a row has {differing}, expected {expected_row}"
        # The position of a field that OKX added later is unknown.
        if "maxLoan" in expected_row and (list(row)[:6] != list(expected_row)[:6] or row.keys() != expected_row.keys()):
            return f"a row's keys are {list(row)}"
    return ""


def _is(value: Any, expected: Any) -> bool:
    if isinstance(expected, re.Pattern):
        return isinstance(value, str) and expected.fullmatch(value) is not None
    return type(value) is type(expected) and value == expected


def _header(raw: RawRequest, name: str) -> str:
    return ", ".join(value.decode("latin-1").strip() for key, value in raw.headers if key.decode().lower() == name)


def _expected_response(raw: RawRequest, exchange: MockExchange) -> tuple[list[str], list[dict[str, Any]]]:
    if raw.path not in okx.LIMITS:
        raise ExpectedError("404")
    if raw.method != "GET":
        raise ExpectedError("50115")
    if raw.path == TIME:
        return ["code", "msg", "data"], [{"ts": re.compile("[0-9]{13}")}]
    user, key = _caller(raw, exchange)
    params = _parse_query(raw.query)
    if raw.path == CONFIG:
        return ["code", "data", "msg"], [_config(user, key)]
    if raw.path == INSTRUMENTS:
        return ["code", "msg", "data"], _instruments(params)
    return ["code", "msg", "data"], _loans(params, user)


def _caller(raw: RawRequest, exchange: MockExchange) -> tuple[User, ApiKey]:
    for name, code in (("key", "50103"), ("passphrase", "50104"), ("sign", "50106"), ("timestamp", "50107")):
        if not _header(raw, f"ok-access-{name}"):
            raise ExpectedError(code)
    timestamp = _header(raw, "ok-access-timestamp")
    if abs(_parse_timestamp(timestamp) - exchange.clock.time() - exchange.clock_skew) > 30:  # D; before the key: O
        raise ExpectedError("50102")
    name = _header(raw, "ok-access-key")
    callers = ((user, key) for user in exchange.users.values() for key in user.keys if key.key == name)
    user, key = next(callers, (None, None))
    if not user or not key:  # O
        raise ExpectedError("50119" if re.fullmatch("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", name) else "50111")
    if (_header(raw, "x-simulated-trading") == "1") is not key.demo:  # D, O
        raise ExpectedError("50101")
    if _header(raw, "ok-access-passphrase") != key.passphrase:  # O
        raise ExpectedError("50105")
    if key.addresses and raw.address not in key.addresses:  # O
        raise ExpectedError("50110")
    if _header(raw, "ok-access-sign") != signature(key.secret, timestamp, raw):  # D
        raise ExpectedError("50113")
    if "read_only" not in key.permissions:
        raise ExpectedError("50120")
    return user, key


def _parse_timestamp(timestamp: str) -> float:
    form = r"[0-9]{4}-[01][0-9]-[0-3][0-9]T(?!24)[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"  # D
    if not re.fullmatch(form, timestamp):
        raise ExpectedError("50112")
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except ValueError:
        raise ExpectedError("50112") from None


def _parse_query(query: bytes) -> dict[str, str]:
    """Decode the query; a parameter that cannot be decoded gets a value that no check accepts."""
    parsed: dict[str, list[str]] = {}
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        parsed.setdefault(_decoded(name), []).append(_decoded(value))
    return {name: values[0] if len(values) == 1 else UNREADABLE for name, values in parsed.items()}


UNREADABLE = "\x00unreadable"


def _decoded(part: bytes) -> str:
    if re.search(rb"%(?![0-9a-fA-F][0-9a-fA-F])", part):
        return UNREADABLE
    plain = re.sub(rb"%(..)", lambda escape: bytes.fromhex(escape[1].decode()), part.replace(b"+", b" "))
    try:
        return plain.decode()
    except UnicodeDecodeError:
        return UNREADABLE


def _check_parameters(params: dict[str, str], names: tuple[str, ...]) -> None:
    """Check each parameter by itself."""
    for name in names:
        value = params.get(name)
        if value is None:
            if name in ("mgnMode", "instType"):  # D
                raise ExpectedError("50014")
            continue
        if value == "":
            raise ExpectedError("50014")
        is_list = name == "instId" and "mgnMode" in names
        items = value.split(",") if is_list else [value]
        if len(items) > okx.ITEMS:  # D; the code: I
            raise ExpectedError("50025")
        form = "[0-9A-Za-z]{1,20}-[0-9A-Za-z]{1,20}" if is_list else "[0-9A-Za-z]{1,20}"  # a SWAP is rejected: O
        if name not in okx.FIRST and name in okx.REQUEST_PARAMS:
            # Added later: the page's values, if it has any, are the only known facts.
            form = "|".join(okx.REQUEST_PARAMS[name]["values"]) or f"(?!{UNREADABLE})(?s:.*)"
        form = {"mgnMode": "|".join(okx.MODES), "instType": "SPOT|MARGIN|SWAP|FUTURES|OPTION"}.get(name, form)
        form = "[0-9A-Za-z_-]{1,60}" if name == "instId" and not is_list else form
        if len(set(items)) < len(items) or not all(re.fullmatch(form, item) for item in items):
            raise ExpectedError("51000")


def _loans(params: dict[str, str], user: User) -> list[dict[str, Any]]:
    _check_parameters(params, okx.PARAMETERS)
    mode, pairs, ccy, margin, settle = (params.get(name) for name in okx.FIRST)
    assert mode
    code = _rejection_code(user, mode, pair=pairs is not None, ccy=bool(ccy), margin=bool(margin), settle=bool(settle))
    if code:
        raise ExpectedError(code)
    if ccy:
        if ccy not in okx.CURRENCIES:
            raise ExpectedError("51000")
        return [_row("", mode, "", ccy, "")]  # this shape was never observed: I
    return [row for pair in (pairs or "").split(",") for row in _pair(pair, mode, margin or "", settle)]


def _pair(pair: str, mode: str, margin: str, settle: str | None) -> list[dict[str, Any]]:
    if pair in okx.DELISTED:  # "may fail or return empty data": D; which of the two is unknown
        return []
    if okx.STATES.get(pair, "suspend") == "suspend":
        raise ExpectedError("51001")
    if okx.STATES[pair] == "preopen":
        raise ExpectedError("51021")
    base, quote = pair.split("-")
    if margin and margin not in (base, quote):
        raise ExpectedError("51000")
    if settle and settle not in okx.SETTLES.get(pair, [quote]):  # D
        raise ExpectedError("51000")
    return [_row(pair, mode, margin, base, "sell"), _row(pair, mode, margin, settle or quote, "buy")]  # D, O


def _row(pair: str, mode: str, margin: str, ccy: str, side: str) -> dict[str, Any]:
    row = {"instId": pair, "mgnMode": mode, "mgnCcy": margin, "maxLoan": okx.AMOUNT, "ccy": ccy, "side": side}  # D, O
    # A field that OKX added later was never observed with a value.
    later = {
        name: field["type"] for name, field in okx.RESPONSE_FIELDS.items() if name not in row and field["type"] in EMPTY
    }
    return row | {name: EMPTY[kind] for name, kind in later.items()}


# The empty value of each type whose fields need no manual work.
EMPTY: dict[str, Any] = {"string": "", "boolean": False, "array of string": []}


def _rejection_code(user: User, mode: str, *, pair: bool, ccy: bool, margin: bool, settle: bool) -> str:  # noqa: C901, PLR0911, PLR0912 -- the table of the facts, cell by cell
    """Return the code with which this account rejects a combination of parameters, "" if it accepts it."""
    if not pair and not ccy:  # one is required: D
        return "50015"
    if ccy:
        if pair:  # I
            return "50024"
        if mode != "cross":  # I
            return "50016"
        if margin:  # each belongs to another account mode: D
            return "50024"
        if settle:  # I
            return "50016"
        if user.mode != "spot":  # D
            return "51010"
        return "" if user.borrowing else "51010"  # D, I
    if settle and mode != "cross":  # for SPOT only: D
        return "50016"
    if user.mode == "spot":
        if mode != "cross":  # isolated, O both
            return "51000" if user.borrowing else "51010"
        if not user.borrowing:  # I
            return "51010"
        return "51000" if margin else ""  # D, for cross
    if user.mode == "futures":
        either = mode == "isolated" and user.isolated == "auto_transfers_ccy"
        if not margin and (mode == "cross" or either):  # cross: I, isolated: D
            return "50014"
    elif margin:  # cross: D, isolated: I
        return "51000"
    elif mode != "cross":  # I
        return "51010"
    return "51000" if settle else ""  # I


def _config(user: User, key: ApiKey) -> dict[str, Any]:
    return {  # D
        "uid": user.uid,
        "mainUid": user.main_uid,
        "acctLv": okx.LEVELS[user.mode],
        "enableSpotBorrow": user.mode == "spot" and user.borrowing,
        "mgnIsoMode": user.isolated,
        "perm": ",".join(key.permissions),
        "ip": ",".join(key.addresses),
        "type": "0" if user.uid == user.main_uid else "1",
    }


def _instruments(params: dict[str, str]) -> list[dict[str, Any]]:
    _check_parameters(params, ("instType", "instId"))
    kind, expected = params["instType"], params.get("instId")
    pairs = [pair for pair in okx.STATES if kind in ("SPOT", "MARGIN") and expected in (None, pair)]
    if expected and not pairs:
        raise ExpectedError("51001")
    return [
        {  # D
            "instId": pair,
            "instType": kind,
            "baseCcy": pair.split("-")[0],
            "quoteCcy": pair.split("-")[1],
            "state": okx.STATES[pair],
            "tradeQuoteCcyList": okx.SETTLES.get(pair, pair.split("-")[1:]),
        }
        for pair in pairs
    ]
