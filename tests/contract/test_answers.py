"""The client's handling of the spec's responses: allowed ones are decoded, others raise `InvalidResponseError`."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from okx_maxloan_api.contract import OPERATIONS

from okx_maxloan_sdk import ApiError, InvalidResponseError
from okx_maxloan_sdk.transport import Response
from tests.support.clients import ClientFactory
from tests.support.fake_transport import FakeTransport

from .allowed import allowed, content, response_error, row_schema, with_defect

# Deterministic here; the nightly run uses `--hypothesis-seed` and a profile.
steady = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
MAX_LOAN, INSTRUMENTS = "/api/v5/account/max-loan", "/api/v5/account/instruments"
both = pytest.mark.parametrize("client_factory", ["sync", "async"], indirect=True)
paths = pytest.mark.parametrize("path", [MAX_LOAN, INSTRUMENTS])

ROW = {"instId": "BTC-USDT", "mgnMode": "cross", "mgnCcy": "", "maxLoan": "0.1", "ccy": "BTC", "side": "sell"}
INVALID_AMOUNTS: list[Any] = [0.1, 1, None, True, ["1"], {"a": 1}, "1e5", "NaN", "Infinity", "0x1", "1,5", "1_000"]
INVALID_AMOUNTS += [" 1", "1 ", "1\n", "+1", "--1", "-", "-1", "-0.5", "-0", ".5", "5.", "١", "1" * 41]
INVALID_ROWS: list[Any] = [None, 1, [], "x", {}, {**ROW, "mgnMode": "quick"}]


def row(**changes: Any) -> dict[str, Any]:
    """Return a row with other values; `...` omits a field."""
    return {name: value for name, value in {**ROW, **changes}.items() if value is not ...}


def ok(*rows: object, **changes: Any) -> dict[str, Any]:
    """Return a success response with these rows."""
    return {"code": "0", "msg": "", "data": [*rows], **changes}


def client_receiving(client_factory: ClientFactory, response: object, status: int = 200) -> Any:
    """Open a client that receives this JSON value, or these bytes, to every request."""
    body = response if isinstance(response, bytes) else json.dumps(response).encode()
    return client_factory.open(FakeTransport(Response(status, {}, body)), max_retries=0)


def send(client: Any, path: str) -> Any:
    """Send a request; a currency's row may have almost any value, while a pair's is compared with the request."""
    if path == INSTRUMENTS:
        return client.get_instruments("MARGIN")
    return client.get_max_loan(mgn_mode="cross", ccy="USDT")


def send_request_for(client: Any, path: str, rows: list[dict[str, Any]]) -> Any:
    """Send the request that these rows belong to."""
    if path == INSTRUMENTS or not rows[0].get("instId"):
        return send(client, path)
    pairs = list(dict.fromkeys(row["instId"] for row in rows))
    return client.get_max_loan(pairs, mgn_mode=rows[0]["mgnMode"], mgn_ccy=rows[0]["mgnCcy"] or None)


def by_okx_names(path: str, row: Any) -> dict[str, Any]:
    """Return a row's fields under OKX's names."""
    (operation,) = (operation for operation in OPERATIONS if operation.path == path)
    values = {field.name: getattr(row, field.attribute) for field in operation.fields}
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return {**lists, **row.additional_properties}


def defaults(path: str) -> dict[str, Any]:
    """Return the values of missing fields."""
    return {name: schema["default"] for name, schema in row_schema(path)["properties"].items() if "default" in schema}


def fit_to_request(path: str, response: Any) -> Any:
    """Make generated rows match the request's currency and differ from each other."""
    rows = response.get("data") if isinstance(response, dict) and path == MAX_LOAN else None
    for number, each in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(each, dict) and isinstance(each.get("ccy"), str):
            each |= {"ccy": "USDT", "number": number}
            if isinstance(each.get("instId"), str):
                each["instId"] = each["instId"].replace("-", "")
    return response


@both
@pytest.mark.parametrize(
    ("response", "rows"),
    [
        (b" \n" + json.dumps(ok(ROW)).encode() + b"\n", [{}]),
        ({"data": [ROW], "msg": "", "code": "0"}, [{}]),
        (ok(ROW, inTime="1", outTime={}), [{}]),
        (ok(row(maxLoan="")), [{"maxLoan": ""}]),
        (ok(row(maxLoan="0.1234567890123456789")), [{"maxLoan": "0.1234567890123456789"}]),
        (ok(row(maxLoan="5.10")), [{"maxLoan": "5.10"}]),
        (ok(row(side="hold")), [{"side": "hold"}]),
        (ok(row(mgnMode=..., mgnCcy=..., side=...)), [{"mgnMode": "", "mgnCcy": "", "side": ""}]),
        (ok(row(extra={"a": [1, None]})), [{"extra": {"a": [1, None]}}]),
        (ok(row(extra="币")), [{"extra": "币"}]),
        (json.dumps(ok(row(extra="币")), ensure_ascii=False).encode(), [{"extra": "币"}]),
        (ok(row(extra=0.1)), [{"extra": Decimal("0.1")}]),
        (ok(*[ROW] * 10), [{}]),
        (ok(*(row(extra=number) for number in range(10))), [{"extra": number} for number in range(10)]),
    ],
)
def test_decoded_rows(client_factory: ClientFactory, response: object, rows: list[dict[str, Any]]) -> None:
    """Digits, unknown fields and unknown values are kept, missing fields get defaults, equal rows are one."""
    loans = client_receiving(client_factory, response).get_max_loan("BTC-USDT", mgn_mode="cross")
    decoded = [by_okx_names(MAX_LOAN, each) for each in loans]
    assert decoded == [{**defaults(MAX_LOAN), **ROW, **each} for each in rows]


@both
@pytest.mark.parametrize(
    "response",
    [
        *(ok(row(maxLoan=value)) for value in INVALID_AMOUNTS),
        *(ok(ROW, row(maxLoan=value)) for value in (1, "-1")),
        *(ok(row(**{name: 5})) for name in ROW),
        *(ok(each) for each in INVALID_ROWS),
    ],
)
def test_invalid_rows(client_factory: ClientFactory, response: object) -> None:
    """Invalid amounts and rows raise `InvalidResponseError`; tests/test_codec.py has invalid envelopes."""
    with pytest.raises(InvalidResponseError):
        client_receiving(client_factory, response).get_max_loan("BTC-USDT", mgn_mode="cross")


@both
@pytest.mark.parametrize(
    ("path", "response"),
    [
        pytest.param(path, example["value"], id=name)
        for path in (MAX_LOAN, INSTRUMENTS)
        for name, example in content(path)["examples"].items()
    ],
)
def test_examples_of_the_spec(client_factory: ClientFactory, path: str, response: dict[str, Any]) -> None:
    """Every example of the spec is decoded with the other fields empty, or raises the error that it shows."""
    client = client_receiving(client_factory, response)
    if response["code"] == "0":
        rows = [by_okx_names(path, each) for each in send_request_for(client, path, response["data"])]
        assert rows == [{**defaults(path), **each} for each in response["data"]]
    else:
        with pytest.raises(ApiError) as caught:
            send(client, path)
        assert caught.value.code == response["code"]


@both
@paths
@given(data=st.data())
@steady
def test_allowed_rows_are_decoded(client_factory: ClientFactory, path: str, data: st.DataObject) -> None:
    """Rows are decoded field by field, with unknown fields included and defaults for missing fields."""
    response = fit_to_request(path, data.draw(allowed(path)) | {"code": "0"})
    assume(response["data"] or path != MAX_LOAN)
    assert not response_error(path, 200, response)
    rows = send(client_receiving(client_factory, response), path)
    expected = json.loads(json.dumps(response["data"]), parse_float=Decimal)
    decoded = [by_okx_names(path, each) for each in rows]
    assert [{**each, **expected_row} for each, expected_row in zip(decoded, expected, strict=True)] == decoded


@both
@given(data=st.data())
@steady
def test_allowed_error_responses_raise_api_error(client_factory: ClientFactory, data: st.DataObject) -> None:
    """An error response, with HTTP 200 or another status, raises `ApiError` with its code."""
    status = data.draw(st.sampled_from([200, 400, 401, 429, 500, 503]))
    response = data.draw(allowed(MAX_LOAN, status))
    assert not response_error(MAX_LOAN, status, response)
    # Control characters are escaped.
    assume(response["code"] != "0" and str(response["code"]).isprintable())
    with pytest.raises(ApiError) as caught:
        send(client_receiving(client_factory, response, status), MAX_LOAN)
    assert (caught.value.code, caught.value.http_status) == (str(response["code"]), status)


@both
@paths
@given(data=st.data())
@steady
def test_other_responses_are_invalid(client_factory: ClientFactory, path: str, data: st.DataObject) -> None:
    """A success response with one defect raises `InvalidResponseError`."""
    response = fit_to_request(path, data.draw(with_defect(path)))
    assume(response_error(path, 200, response))
    # An incomplete error response is still reported as an error response.
    code = response.get("code") if isinstance(response, dict) else None
    assume(not isinstance(code, str) or code in ("", "0"))
    with pytest.raises(InvalidResponseError):
        send(client_receiving(client_factory, response), path)
