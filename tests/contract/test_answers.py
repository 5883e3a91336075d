"""The client's handling of the spec's responses: allowed ones are decoded, others raise `InvalidResponseError`."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from okx_maxloan_api.contract import OPERATIONS

from okx_maxloan_sdk import ApiError, InvalidResponseError

from .allowed import allowed, resolved, response_schema, spec, valid, with_defect
from .responses import RESPONSES, summarize
from .sdk import KINDS, BlockingClient, client_receiving, json_response

# Deterministic here; the nightly run uses `--hypothesis-seed` and a profile.
steady = settings(
    derandomize=True, database=None, deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
MAX_LOAN, INSTRUMENTS = "/api/v5/account/max-loan", "/api/v5/account/instruments"
# A currency's row may have almost any value; a pair's row is checked against the request (tests/test_matching.py).
SEND = {
    MAX_LOAN: lambda client: client.get_max_loan(mgn_mode="cross", ccy="USDT"),
    INSTRUMENTS: lambda client: client.get_instruments("MARGIN"),
}
both = pytest.mark.parametrize("kind", KINDS)
paths = pytest.mark.parametrize("path", SEND)


def json_client(kind: str, response: object, status: int = 200) -> BlockingClient:
    """Create a client that receives this JSON value to every request."""
    return client_receiving(kind, json_response(status, json.dumps(response).encode()))


def examples() -> list[Any]:
    """List the spec's example responses with HTTP 200."""
    content = {path: spec()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"] for path in SEND}
    return [
        pytest.param(path, example["value"], id=name)
        for path in SEND
        for name, example in content[path]["examples"].items()
    ]


def fields(path: str) -> dict[str, Any]:
    """Return the schemas of a row's fields."""
    response = response_schema(path, "200")
    properties: dict[str, Any] = resolved(response["properties"]["data"]["items"])["properties"]
    return properties


def by_okx_names(path: str, row: Any) -> dict[str, Any]:
    """Return a row's fields under OKX's names."""
    (operation,) = (operation for operation in OPERATIONS if operation.path == path)
    values = {field.name: getattr(row, field.attribute) for field in operation.fields}
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return {**lists, **row.additional_properties}


def send_request_for(client: BlockingClient, path: str, rows: list[dict[str, Any]]) -> Any:
    """Send the request that these rows belong to."""
    if path == INSTRUMENTS:
        return client.get_instruments("MARGIN")
    if not rows[0].get("instId"):
        return client.get_max_loan(mgn_mode="cross", ccy=rows[0]["ccy"])
    pairs = list(dict.fromkeys(row["instId"] for row in rows))
    return client.get_max_loan(pairs, mgn_mode=rows[0]["mgnMode"], mgn_ccy=rows[0]["mgnCcy"] or None)


def fit_to_request(path: str, response: Any) -> Any:
    """Make generated rows match the request's currency and differ from each other."""
    rows = response.get("data") if isinstance(response, dict) and path == MAX_LOAN else None
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, dict) and isinstance(row.get("ccy"), str):
            row |= {"ccy": "USDT", "number": number}
            if isinstance(row.get("instId"), str):
                row["instId"] = row["instId"].replace("-", "")
    return response


@both
@pytest.mark.parametrize(("status", "body", "expected"), RESPONSES, ids=range(len(RESPONSES)))
def test_responses_by_hand(kind: str, status: int, body: bytes, expected: list[str] | str) -> None:
    """Every response is decoded or rejected as the facts require."""
    client = client_receiving(kind, json_response(status, body))
    assert summarize(lambda: client.get_max_loan("BTC-USDT", mgn_mode="cross")) == expected


@both
@pytest.mark.parametrize(("path", "response"), examples())
def test_examples_of_the_spec_are_decoded(kind: str, path: str, response: dict[str, Any]) -> None:
    """Every example of the spec is decoded with the other fields empty, or raises the error that it shows."""
    if response["code"] == "0":
        empty = {name: schema["default"] for name, schema in fields(path).items() if "default" in schema}
        rows = [
            by_okx_names(path, row) for row in send_request_for(json_client(kind, response), path, response["data"])
        ]
        assert rows == [{**empty, **row} for row in response["data"]]
    else:
        with pytest.raises(ApiError) as caught:
            SEND[path](json_client(kind, response))
        assert caught.value.code == response["code"]


@both
@paths
@given(data=st.data())
@steady
def test_allowed_rows_are_decoded(kind: str, path: str, data: st.DataObject) -> None:
    """Rows are decoded field by field, with unknown fields included and defaults for missing fields."""
    schema = response_schema(path, "200")
    response = fit_to_request(path, data.draw(allowed(schema)) | {"code": "0"})
    assume(response["data"] or path != MAX_LOAN)
    assert valid(schema, response)
    rows: Any = SEND[path](json_client(kind, response))
    expected = json.loads(json.dumps(response["data"]), parse_float=Decimal)
    decoded = [by_okx_names(path, row) for row in rows]
    assert [{**row, **expected_row} for row, expected_row in zip(decoded, expected, strict=True)] == decoded


@both
@given(data=st.data())
@steady
def test_allowed_error_responses_raise_api_error(kind: str, data: st.DataObject) -> None:
    """An error response, with HTTP 200 or another status, raises `ApiError` with its code."""
    status = data.draw(st.sampled_from([200, 400, 401, 429, 500, 503]))
    schema = response_schema(MAX_LOAN, "200" if status == 200 else f"{status // 100}XX")
    response = data.draw(allowed(schema))
    assert valid(schema, response)
    # Control characters are escaped.
    assume(response["code"] != "0" and str(response["code"]).isprintable())
    with pytest.raises(ApiError) as caught:
        json_client(kind, response, status).get_max_loan("BTC-USDT", mgn_mode="cross")
    assert (caught.value.code, caught.value.http_status) == (str(response["code"]), status)


@both
@paths
@given(data=st.data())
@steady
def test_other_responses_are_invalid(kind: str, path: str, data: st.DataObject) -> None:
    """A success response with one defect raises `InvalidResponseError`."""
    schema = response_schema(path, "200")
    response = fit_to_request(path, data.draw(with_defect(schema)))
    assume(not valid(schema, response))
    # An incomplete error response is still reported as an error response.
    is_error = (
        isinstance(response, dict) and isinstance(response.get("code"), str) and response["code"] not in ("", "0")
    )
    assume(not is_error)
    with pytest.raises(InvalidResponseError):
        SEND[path](json_client(kind, response))
