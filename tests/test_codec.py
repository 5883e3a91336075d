"""Codec: encoding of queries, decoding of rows, and rejection of invalid responses."""

import copy
import dataclasses
import json
import pickle
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG, GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN, OPERATIONS, Operation

from okx_maxloan_sdk import MaxLoan, codec
from okx_maxloan_sdk.exceptions import InvalidResponseError
from okx_maxloan_sdk.models import Account, AccountMode, to_account
from okx_maxloan_sdk.transport import Response
from tests.support.cases import cases
from tests.support.contract_values import EMPTY
from tests.support.fake_transport import json_response, loan_row, ok_response

CASES = cases(__file__)
ROW = loan_row("BTC-USDT", max_loan="0.0018826268161452")


class Mode(str, Enum):  # noqa: UP042 -- as in older programs
    """Margin modes, whose values are sent."""

    CROSS = "cross"


def decode(*rows: object, operation: Operation = GET_MAX_LOAN) -> list[dict[str, Any]]:
    """Decode rows as a call does."""
    response = ok_response(*rows)
    return codec.validate_rows(operation, codec.parse_envelope(response)[2], response)


def to_loans(*rows: object) -> list[MaxLoan]:
    """Decode rows of maximum loan."""
    return codec.to_models(MaxLoan, GET_MAX_LOAN, decode(*rows))


def test_target_has_raw_commas_in_contract_order() -> None:
    """The target has the contract's order, raw commas and percent-encoding of other special characters."""
    query = codec.max_loan_query(mgn_mode="cross", trade_quote_ccy="USDC").with_inst_ids(["BTC-USDT", "ETH-USDT"])
    pairs = "instId=BTC-USDT,ETH-USDT"
    assert query.target == f"/api/v5/account/max-loan?mgnMode=cross&{pairs}&tradeQuoteCcy=USDC"
    assert codec.max_loan_query(mgn_mode=None, ccy="a b&c=d/é").target.endswith("?ccy=a%20b%26c%3Dd%2F%C3%A9")
    assert codec.max_loan_query(mgn_mode=None, ccy=["A", "B"]).target.endswith("?ccy=A,B")
    assert codec.max_loan_query(mgn_mode=Mode.CROSS).target.endswith("?mgnMode=cross")
    assert codec.TIME_QUERY.target == "/api/v5/public/time"
    assert query.inst_ids == ("BTC-USDT", "ETH-USDT")


@pytest.mark.parametrize("value", [5, 1.5, b"USDT", ["USDT", 5], {"USDT"}])
def test_not_text(value: Any) -> None:
    """A value that is no string is rejected with its name and type."""
    kind = type(value).__name__
    with pytest.raises(TypeError, match=f"ccy must be a str, not {kind}"):
        codec.max_loan_query(mgn_mode="cross", ccy=value)
    with pytest.raises(TypeError, match=f"inst_type must be a str, not {kind}"):
        codec.instruments_query(inst_type=value, inst_id=None)
    with pytest.raises(TypeError, match=f"inst_id must be a str, not {kind}"):
        codec.instruments_query(inst_type="MARGIN", inst_id=value)


def test_paths_are_the_contracts() -> None:
    """The paths of the generated client are those of the contract's operations."""
    queries = [codec.ACCOUNT_QUERY, codec.TIME_QUERY, codec.max_loan_query(mgn_mode="cross")]
    queries += [codec.instruments_query(inst_type="MARGIN", inst_id=None)]
    assert {each.path for each in queries} == {each.path for each in OPERATIONS}
    assert all(each.path == each.operation.path for each in queries)


def test_amount_is_exact() -> None:
    """Amounts keep sixteen decimals, and other fields are unchanged."""
    (loan,) = to_loans(ROW)
    assert loan.amount == Decimal("0.0018826268161452")
    assert (loan.inst_id, loan.mgn_mode, loan.mgn_ccy, loan.ccy, loan.side) == ("BTC-USDT", "cross", "", "BTC", "sell")
    names = {each.name: each.attribute for each in GET_MAX_LOAN.fields}
    expected = {names[name]: value for name, value in {**EMPTY, **ROW}.items()}
    assert loan.to_dict() == {**expected, "amount": Decimal("0.0018826268161452")}


def test_unknown_is_data() -> None:
    """An empty amount, an unknown side, unknown fields and missing optional fields are valid."""
    unknown = {**ROW, "maxLoan": "", "side": "short", "quota": {"a": [1.5]}}
    loan, other = to_loans(unknown, {"ccy": "USDT", "maxLoan": "1"})
    assert loan.amount is None
    assert loan.side == "short"
    assert loan.additional_properties == {"quota": {"a": [Decimal("1.5")]}}
    assert (other.inst_id, other.side, other.amount) == ("", "", Decimal(1))


@pytest.mark.parametrize(("changes", "reason"), CASES["rows"])
def test_invalid_row(changes: str, reason: str) -> None:
    """An invalid row is rejected with its field and the reason."""
    row = {**ROW, **json.loads(changes)}
    with pytest.raises(InvalidResponseError, match=reason):
        decode(ROW, {name: value for name, value in row.items() if value != "-"})
    for no_row, description in (("row", "a string"), (None, "missing or null")):
        with pytest.raises(InvalidResponseError, match=f"a row is {description}"):
            decode(ROW, no_row)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"\xff\xfe", 200, "it is not UTF-8"),
        (b'{"code":"0","msg":"\xff","data":[]}', 200, "it is not UTF-8"),
        (b"[" * 100_000, 200, "it is nested too deeply"),
        (b'{"a":' * 100_000, 200, "it is nested too deeply"),
        (b'{"code":"0","msg":"","data":[%b]}' % (b"9" * 5000), 200, "it is not JSON ("),
        *((body.encode(), status, reason) for body, status, reason in CASES["responses"]),
    ],
)
def test_invalid_response(body: bytes, status: int, reason: str) -> None:
    """An invalid response is rejected with the reason and the status."""
    with pytest.raises(InvalidResponseError) as caught:
        codec.parse_envelope(Response(status, {}, body))
    assert caught.value.reason.startswith(reason)
    assert caught.value.http_status == status


@pytest.mark.parametrize("status", [400, 429])
@pytest.mark.parametrize("code", ["50011", 50011])
def test_gateway_errors_are_decoded(code: object, status: int) -> None:
    """An error of the gateway may have a numeric code, no message, no data, and an object as data."""
    for data in ({}, {"data": {}, "error_code": "404", "error_message": "Not Found"}):
        response = json_response({"msg": "Too Many Requests", "code": code, **data}, status)
        assert codec.parse_envelope(response) == ("50011", "Too Many Requests", [])
    assert codec.parse_envelope(json_response({"code": code}, status)) == ("50011", "", [])


def test_types_other_than_text() -> None:
    """Booleans and lists are checked as such, and missing fields of an account row get defaults."""
    row = {"uid": "1", "acctLv": "2"}
    assert decode(row, operation=GET_ACCOUNT_CONFIG)[0]["enableSpotBorrow"] is False
    with pytest.raises(InvalidResponseError, match="enableSpotBorrow is a string, expected boolean"):
        decode({**row, "enableSpotBorrow": "false"}, operation=GET_ACCOUNT_CONFIG)
    with pytest.raises(InvalidResponseError, match="tradeQuoteCcyList has something other than strings in its list"):
        decode({"instId": "BTC-USDC", "tradeQuoteCcyList": ["USDC", 5]}, operation=GET_ACCOUNT_INSTRUMENTS)


def account(**changes: object) -> Account:
    """Convert a row."""
    return to_account({**CASES["account"], **changes})


def test_row_is_a_dataclass() -> None:
    """What takes dataclasses apart, as pandas does, or copies them, works with rows; unknown fields stay read-only."""
    [loan] = codec.to_models(MaxLoan, GET_MAX_LOAN, decode({**loan_row("BTC-USDT"), "newField": ["1"]}))
    plain = {each.attribute: getattr(loan, each.attribute) for each in GET_MAX_LOAN.fields}
    assert dataclasses.asdict(loan) == {**plain, "additional_properties": {"newField": ["1"]}}
    copies: list[Any] = [copy.deepcopy(loan), dataclasses.replace(loan)]
    copies.append(pickle.loads(pickle.dumps(loan)))  # noqa: S301 -- our own bytes
    for copied in copies:
        assert copied == loan
        assert dict(copied.additional_properties) == {"newField": ["1"]}
        with pytest.raises(TypeError):
            copied.additional_properties["newField"] = "2"


def test_account() -> None:
    """A row's values become those of an account, with lists split at commas; empty ones become None or a tuple."""
    assert account() == Account(
        mode=AccountMode.FUTURES,
        spot_borrow_enabled=True,
        isolated_margin_mode="automatic",
        uid="1",
        main_uid="2",
        permissions=("read_only", "trade"),
        ip_allowlist=("203.0.113.7", "203.0.113.8"),
    )
    empty = account(mgnIsoMode="", perm="", ip="")
    assert (empty.isolated_margin_mode, empty.permissions, empty.ip_allowlist) == (None, (), ())


@pytest.mark.parametrize(
    ("level", "mode"), [*zip("1234", AccountMode, strict=True), ("5", None), ("", None), ("spot", None)]
)
def test_account_mode(level: str, mode: AccountMode | None) -> None:
    """Each documented level has a mode; for another one no rule about modes applies. A mode may be given by name."""
    assert account(acctLv=level).mode is mode
    assert account(acctLv=level).rule_inputs.get("account.mode") == (mode and mode.value)
    by_name: Any = mode and mode.value
    assert Account(mode=by_name).mode is mode


def test_unknown_mode() -> None:
    """A mode that is given by another name is rejected."""
    with pytest.raises(ValueError, match="margin"):
        Account(mode="margin")  # type: ignore[arg-type]


def test_rule_inputs() -> None:
    """Rule inputs contain only known values."""
    assert Account().rule_inputs == {}
    assert account(enableSpotBorrow=False).rule_inputs == {
        "account.mode": "futures",
        "account.borrowing": "disabled",
        "account.isolated": "automatic",
    }
    assert Account(spot_borrow_enabled=True).rule_inputs == {"account.borrowing": "enabled"}
