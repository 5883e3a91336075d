"""Codec: encoding of queries, decoding of rows, and rejection of invalid responses."""

import json
from decimal import Decimal
from typing import Any

import pytest
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG, GET_MAX_LOAN, OPERATIONS

from okx_maxloan_sdk import MaxLoan, codec
from okx_maxloan_sdk.exceptions import InvalidResponseError
from okx_maxloan_sdk.transport import Response
from tests.support.contract_values import EMPTY

ROW = {
    "instId": "BTC-USDT",
    "mgnMode": "cross",
    "mgnCcy": "",
    "maxLoan": "0.0018826268161452",
    "ccy": "BTC",
    "side": "sell",
}


def json_response(body: object, status: int = 200) -> Response:
    """Make a response with a JSON body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {}, raw)


def decode(*rows: object, **more: Any) -> list[MaxLoan]:
    """Decode rows as a call does."""
    response = json_response({"code": "0", "msg": "", "data": list(rows), **more})
    data = codec.parse_envelope(response)[2]
    return codec.to_models(MaxLoan, GET_MAX_LOAN, codec.validate_rows(GET_MAX_LOAN, data, response))


def test_target_has_raw_commas_in_contract_order() -> None:
    """The target has the contract's order, raw commas and percent-encoding of other special characters."""
    query = codec.max_loan_query(mgn_mode="cross", trade_quote_ccy="USDC").with_inst_ids(["BTC-USDT", "ETH-USDT"])
    pairs = "instId=BTC-USDT,ETH-USDT"
    assert query.target == f"/api/v5/account/max-loan?mgnMode=cross&{pairs}&tradeQuoteCcy=USDC"
    assert codec.max_loan_query(mgn_mode=None, ccy="a b&c=d/é").target.endswith("?ccy=a%20b%26c%3Dd%2F%C3%A9")
    assert codec.TIME_QUERY.target == "/api/v5/public/time"
    assert query.inst_ids == ("BTC-USDT", "ETH-USDT")


def test_unknown_parameter() -> None:
    """The error for an unknown parameter lists the valid ones."""
    with pytest.raises(TypeError, match=r"no keyword argument instid; it has mgn_mode, .*pairs without a keyword"):
        codec.max_loan_query(mgn_mode="cross", instid="BTC-USDT")


@pytest.mark.parametrize("value", [5, 1.5, b"USDT", ["USDT", 5], {"USDT"}])
def test_not_text(value: object) -> None:
    """A value that is no string is rejected with its type."""
    with pytest.raises(TypeError, match=f"ccy must be a str, not {type(value).__name__}"):
        codec.max_loan_query(mgn_mode="cross", ccy=value)


def test_paths_are_the_contracts() -> None:
    """The paths of the generated client are those of the contract's operations."""
    queries = [codec.ACCOUNT_QUERY, codec.TIME_QUERY, codec.max_loan_query(mgn_mode="cross")]
    queries += [codec.instruments_query(inst_type="MARGIN", inst_id=None)]
    assert {each.path for each in queries} == {each.path for each in OPERATIONS}
    assert all(each.path == each.operation.path for each in queries)


def test_amount_is_exact() -> None:
    """Amounts keep sixteen decimals, and other fields are unchanged."""
    (loan,) = decode(ROW)
    assert loan.amount == Decimal("0.0018826268161452")
    assert (loan.inst_id, loan.mgn_mode, loan.mgn_ccy, loan.ccy, loan.side) == ("BTC-USDT", "cross", "", "BTC", "sell")
    names = {each.name: each.attribute for each in GET_MAX_LOAN.fields}
    expected = {names[name]: value for name, value in {**EMPTY, **ROW}.items()}
    assert loan.to_dict() == {**expected, "amount": Decimal("0.0018826268161452")}


def test_unknown_is_data() -> None:
    """An empty amount, an unknown side, unknown fields and missing optional fields are valid."""
    loan, other = decode(
        {**ROW, "maxLoan": "", "side": "short", "quota": {"a": [1.5]}}, {"ccy": "USDT", "maxLoan": "1"}
    )
    assert loan.amount is None
    assert loan.side == "short"
    assert loan.additional_properties == {"quota": {"a": [Decimal("1.5")]}}
    assert (other.inst_id, other.side, other.amount) == ("", "", Decimal(1))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**ROW, "maxLoan": 0.1}, "maxLoan is a number"),
        ({**ROW, "maxLoan": 1}, "maxLoan is a number"),
        ({**ROW, "maxLoan": None}, "maxLoan is missing or null"),
        ({**ROW, "maxLoan": "NaN"}, "does not match"),
        ({**ROW, "maxLoan": "1e5"}, "does not match"),
        ({**ROW, "maxLoan": "1.0\n"}, "does not match"),
        ({**ROW, "maxLoan": "0x1"}, "does not match"),
        ({**ROW, "maxLoan": "١"}, "does not match"),
        ({**ROW, "ccy": ["BTC"]}, "ccy is a list"),
        ({**ROW, "side": True}, "side is a boolean"),
        ({"ccy": "BTC"}, "maxLoan is missing"),
        ({"maxLoan": "1"}, "ccy is missing"),
        ("row", "a row is a string"),
        (None, "a row is missing or null"),
    ],
)
def test_invalid_row(row: object, reason: str) -> None:
    """An invalid row is rejected with its field and the reason."""
    with pytest.raises(InvalidResponseError, match=reason):
        decode(ROW, row)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 200, "it is empty"),
        (b'{"code":"0"} x', 200, "it is not JSON (what follows its end is not a JSON number)"),
        (b"<html>down</html>", 502, "it is not JSON ("),
        (b'{"code":"0","msg":"","data":[', 200, "it is not JSON ("),
        (b'{"code":"0","msg":"","data":[NaN]}', 200, "it is not JSON (NaN is not a JSON number)"),
        (b'{"code":"0","msg":"","data":[Infinity]}', 200, "it is not JSON (Infinity is not a JSON number)"),
        (b'{"code":"0","code":"1","msg":"","data":[]}', 200, "it is not JSON (an object has a key twice)"),
        (
            b'{"code":"0","msg":"","data":[{"ccy":"A","ccy":"B","maxLoan":"1"}]}',
            200,
            "it is not JSON (an object has a key twice)",
        ),
        (b"\xff\xfe", 200, "it is not UTF-8"),
        (b'{"code":"0","msg":"\xff","data":[]}', 200, "it is not UTF-8"),
        (b"[" * 100_000, 200, "it is nested too deeply"),
        ([], 200, "it is not a JSON object"),
        ("0", 200, "it is not a JSON object"),
        (None, 200, "it is not a JSON object"),
        ({"msg": "", "data": []}, 200, "code is missing"),
        ({"code": 0, "msg": "", "data": []}, 200, "code is a number"),
        ({"code": 50011, "msg": "", "data": []}, 200, "code is a number"),
        ({"code": True, "msg": "", "data": []}, 400, "code is a boolean"),
        ({"code": "", "msg": "", "data": []}, 200, "code is a string"),
        ({"code": "0", "msg": None, "data": []}, 200, "msg is missing or null"),
        ({"code": "0", "msg": "", "data": {}}, 200, "data is an object"),
        ({"code": "0", "msg": "", "data": None}, 200, "data is missing or null"),
        ({"code": "0", "msg": ""}, 200, "data is missing"),
        ({"code": "0", "data": []}, 200, "msg is missing"),
        ({"code": "0", "msg": "", "data": []}, 500, "code 0 with another status than 200"),
        ({"code": "0", "msg": "", "data": []}, 204, "code 0 with another status than 200"),
        (b"", 302, "it is a redirect, which is never followed"),
    ],
)
def test_invalid_response(body: object, status: int, reason: str) -> None:
    """An invalid response is rejected with the reason, the status and an excerpt."""
    with pytest.raises(InvalidResponseError) as caught:
        codec.parse_envelope(json_response(body, status))
    assert caught.value.reason.startswith(reason)
    assert caught.value.http_status == status


@pytest.mark.parametrize("name", ["inst_type", "inst_id"])
def test_instruments_parameter_that_is_no_text(name: str) -> None:
    """A parameter of another type is named."""
    arguments: dict[str, Any] = {"inst_type": "MARGIN", "inst_id": "BTC-USDT", name: 5}
    with pytest.raises(TypeError, match=f"{name} must be a str"):
        codec.instruments_query(**arguments)


@pytest.mark.parametrize("code", ["50011", 50011])
def test_gateway_errors_are_decoded(code: object) -> None:
    """An error of the gateway may have a numeric code and no data."""
    assert codec.parse_envelope(json_response({"msg": "Too Many Requests", "code": code}, 429)) == (
        "50011",
        "Too Many Requests",
        [],
    )


def test_unknown_path() -> None:
    """The 404 response, with a numeric code and an object as data, is an error response."""
    body = {
        "code": 404,
        "data": {},
        "detailMsg": "",
        "error_code": "404",
        "error_message": "Not Found",
        "msg": "Not Found",
    }
    assert codec.parse_envelope(json_response(body, 404))[:2] == ("404", "Not Found")


def test_types_other_than_text() -> None:
    """Booleans are checked as booleans, and missing fields of an account row get defaults."""
    response = json_response({"code": "0", "msg": "", "data": [{"uid": "1", "acctLv": "2"}]})
    (row,) = codec.validate_rows(GET_ACCOUNT_CONFIG, codec.parse_envelope(response)[2], response)
    assert row["enableSpotBorrow"] is False
    invalid = json_response(
        {"code": "0", "msg": "", "data": [{"uid": "1", "acctLv": "2", "enableSpotBorrow": "false"}]}
    )
    with pytest.raises(InvalidResponseError, match="enableSpotBorrow is a string, expected boolean"):
        codec.validate_rows(GET_ACCOUNT_CONFIG, codec.parse_envelope(invalid)[2], invalid)
