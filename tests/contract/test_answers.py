"""The client's handling of the spec's responses: allowed ones are decoded, others raise `InvalidResponseError`."""

import json
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from okx_maxloan_api.contract import OPERATIONS

from okx_maxloan_sdk import ApiError, InvalidResponseError
from okx_maxloan_sdk.codec import max_loan_query, parse_envelope, validate_rows
from okx_maxloan_sdk.matching import match_rows
from okx_maxloan_sdk.transport import Response
from tests.support.clients import ClientFactory
from tests.support.fake_transport import FakeTransport

from .allowed import allowed, content, response_error, row_schema, with_defect

# Deterministic here; the nightly run uses `--hypothesis-seed` and a profile.
steady = settings(
    derandomize=True, database=None, deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow]
)
MAX_LOAN, INSTRUMENTS = "/api/v5/account/max-loan", "/api/v5/account/instruments"
BY_PATH = {operation.path: operation for operation in OPERATIONS}
paths = pytest.mark.parametrize("path", [MAX_LOAN, INSTRUMENTS])

ROW = {"ccy": "BTC", "maxLoan": "0.1"}
INVALID_AMOUNTS = [" 1", "1 ", "+1", "--1", "-", "-1", "-0.5", "-0", ".5", "5.", "1,5", "1_000", "Infinity", "1" * 41]


def decode(response: object, path: str = MAX_LOAN) -> tuple[str, list[dict[str, Any]]]:
    """Return code and rows of this JSON value."""
    received = Response(200, {}, json.dumps(response, ensure_ascii=False).encode())
    code, _, data = parse_envelope(received)
    return code, validate_rows(BY_PATH[path], data, received) if code == "0" else []


def defaults(path: str) -> dict[str, Any]:
    """Return the values of missing fields."""
    return {name: schema["default"] for name, schema in row_schema(path)["properties"].items() if "default" in schema}


@pytest.mark.parametrize("amount", INVALID_AMOUNTS)
def test_invalid_amounts(amount: str) -> None:
    """An almost valid number is no amount; tests/test_codec.py has other invalid rows and envelopes."""
    with pytest.raises(InvalidResponseError, match="which does not match"):
        decode({"code": "0", "msg": "", "data": [ROW, {**ROW, "maxLoan": amount}]})


@pytest.mark.parametrize(
    ("path", "response"),
    [
        pytest.param(path, example["value"], id=name)
        for path in (MAX_LOAN, INSTRUMENTS)
        for name, example in content(path)["examples"].items()
    ],
)
def test_examples_of_the_spec(path: str, response: dict[str, Any]) -> None:
    """Every example of the spec is decoded with the other fields empty, and matches its request, or has its code."""
    code, rows = decode(response, path)
    assert (code, rows) == (response["code"], [{**defaults(path), **each} for each in response["data"]])
    if rows and rows[0].get("mgnMode"):
        pairs = list(dict.fromkeys(each["instId"] for each in rows if each["instId"]))
        query = max_loan_query(mgn_mode=rows[0]["mgnMode"], mgn_ccy=rows[0]["mgnCcy"] or None, ccy=rows[0]["ccy"])
        assert match_rows(query.with_inst_ids(pairs) if pairs else query, rows, str) == rows


@paths
@given(data=st.data())
@steady
def test_allowed_rows_are_decoded(path: str, data: st.DataObject) -> None:
    """Rows are decoded field by field, with unknown fields included and defaults for missing fields."""
    response = data.draw(allowed(path)) | {"code": "0"}
    assert not response_error(path, 200, response)
    expected = json.loads(json.dumps(response["data"]), parse_float=Decimal)
    assert decode(response, path) == ("0", [{**defaults(path), **each} for each in expected])


@given(data=st.data())
@steady
def test_allowed_error_responses_raise_api_error(data: st.DataObject) -> None:
    """An error response, with HTTP 200 or another status, raises `ApiError` with its code."""
    status = data.draw(st.sampled_from([200, 400, 401, 429, 500, 503]))
    response = data.draw(allowed(MAX_LOAN, status))
    assert not response_error(MAX_LOAN, status, response)
    # Control characters are escaped.
    assume(response["code"] != "0" and str(response["code"]).isprintable())
    transport = FakeTransport(Response(status, {}, json.dumps(response).encode()))
    with closing(ClientFactory("sync")) as factory, pytest.raises(ApiError) as caught:
        factory.open(transport, max_retries=0).get_max_loan(mgn_mode="cross", ccy="USDT")
    assert (caught.value.code, caught.value.http_status) == (str(response["code"]), status)


@paths
@given(data=st.data())
@steady
def test_other_responses_are_invalid(path: str, data: st.DataObject) -> None:
    """A success response with one defect raises `InvalidResponseError`."""
    response = data.draw(with_defect(path))
    assume(response_error(path, 200, response))
    # An incomplete error response is still reported as an error response.
    code = response.get("code") if isinstance(response, dict) else None
    assume(not isinstance(code, str) or code in ("", "0"))
    with pytest.raises(InvalidResponseError):
        decode(response, path)
