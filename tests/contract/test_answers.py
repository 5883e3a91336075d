"""The real client and the spec's answers: what the spec allows is read, what it forbids is a `InvalidResponseError`."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from okx_maxloan_api.contract import OPERATIONS

import okx_maxloan_sdk
from okx_maxloan_sdk import ApiError, InvalidResponseError

from .allowed import allowed, answer_schema, resolved, spec, spoilt, valid
from .answers import ANSWERS, read
from .raw_request import ManualClock
from .sdk import KINDS, Client, Line, client, response

# Deterministic here; `--hypothesis-seed` and a profile are for the nightly run.
steady = settings(
    derandomize=True, database=None, deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
MAX_LOAN, INSTRUMENTS = "/api/v5/account/max-loan", "/api/v5/account/instruments"
# A currency's row may be almost anything; a pair's is held against the request (tests/test_matching.py).
ASK = {
    MAX_LOAN: lambda it: it.get_max_loan(mgn_mode="cross", ccy="USDT"),
    INSTRUMENTS: lambda it: it.get_instruments("MARGIN"),
}
both = pytest.mark.parametrize("kind", KINDS)
paths = pytest.mark.parametrize("path", ASK)


def answered(kind: str, answer: object, status: int = 200) -> Client:
    """Make a client whose every request is answered so."""
    body = json.dumps(answer).encode()
    return client(okx_maxloan_sdk, kind, Line(lambda _: response(status, body), ManualClock()), max_retries=0)


def examples() -> list[Any]:
    """List the answers that the spec shows for HTTP 200."""
    shown = {path: spec()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"] for path in ASK}
    return [
        pytest.param(path, each["value"], id=name) for path in ASK for name, each in shown[path]["examples"].items()
    ]


def fields(path: str) -> dict[str, Any]:
    """Find the fields of a row."""
    answer = answer_schema(path, "200")
    found: dict[str, Any] = resolved(answer["properties"]["data"]["items"])["properties"]
    return found


def by_okx_names(path: str, row: Any) -> dict[str, Any]:
    """Give a row's fields the names that OKX sent."""
    (operation,) = (each for each in OPERATIONS if each.path == path)
    values = {field.name: getattr(row, field.attribute) for field in operation.fields}
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return {**lists, **row.additional_properties}


def requested(it: Client, path: str, rows: list[dict[str, Any]]) -> Any:
    """Send the request that such rows answer."""
    if path == INSTRUMENTS:
        return it.get_instruments("MARGIN")
    if not rows[0].get("instId"):
        return it.get_max_loan(mgn_mode="cross", ccy=rows[0]["ccy"])
    pairs = list(dict.fromkeys(row["instId"] for row in rows))
    return it.get_max_loan(pairs, mgn_mode=rows[0]["mgnMode"], mgn_ccy=rows[0]["mgnCcy"] or None)


def fitting(path: str, answer: Any) -> Any:
    """Let rows of any content be those of the currency that is requested, all of them different."""
    rows = answer.get("data") if isinstance(answer, dict) and path == MAX_LOAN else None
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, dict) and isinstance(row.get("ccy"), str):
            row |= {"ccy": "USDT", "number": number}
            if isinstance(row.get("instId"), str):
                row["instId"] = row["instId"].replace("-", "")
    return answer


@both
@pytest.mark.parametrize(("status", "body", "wanted"), ANSWERS, ids=range(len(ANSWERS)))
def test_answers_by_hand(kind: str, status: int, body: bytes, wanted: list[str] | str) -> None:
    """Every answer that there may be is read as the facts say, and nothing else."""
    line = Line(lambda _: response(status, body), ManualClock())
    assert (
        read(lambda: client(okx_maxloan_sdk, kind, line, max_retries=0).get_max_loan("BTC-USDT", mgn_mode="cross"))
        == wanted
    )


@both
@pytest.mark.parametrize(("path", "answer"), examples())
def test_what_the_spec_shows_comes_back(kind: str, path: str, answer: dict[str, Any]) -> None:
    """Every example of the spec comes back as it is shown, with the rest empty, or is the refusal that it shows."""
    if answer["code"] == "0":
        empty = {name: each["default"] for name, each in fields(path).items() if "default" in each}
        rows = [by_okx_names(path, row) for row in requested(answered(kind, answer), path, answer["data"])]
        assert rows == [{**empty, **row} for row in answer["data"]]
    else:
        with pytest.raises(ApiError) as caught:
            ASK[path](answered(kind, answer))
        assert caught.value.code == answer["code"]


@both
@paths
@given(data=st.data())
@steady
def test_what_the_spec_allows_is_read(kind: str, path: str, data: st.DataObject) -> None:
    """Rows come back field by field, those that the spec does not know included, with defaults for what is left out."""
    schema = answer_schema(path, "200")
    answer = fitting(path, data.draw(allowed(schema)) | {"code": "0"})
    assume(answer["data"] or path != MAX_LOAN)
    assert valid(schema, answer)
    rows: Any = ASK[path](answered(kind, answer))
    wanted = json.loads(json.dumps(answer["data"]), parse_float=Decimal)
    given_back = [by_okx_names(path, row) for row in rows]
    assert [{**back, **want} for back, want in zip(given_back, wanted, strict=True)] == given_back


@both
@given(data=st.data())
@steady
def test_what_the_spec_allows_as_refusal_is_an_error(kind: str, data: st.DataObject) -> None:
    """A refusal, with HTTP 200 or a status of its own, is an `ApiError` with the code that came."""
    status = data.draw(st.sampled_from([200, 400, 401, 429, 500, 503]))
    schema = answer_schema(MAX_LOAN, "200" if status == 200 else f"{status // 100}XX")
    answer = data.draw(allowed(schema))
    assert valid(schema, answer)
    # Control characters are escaped.
    assume(answer["code"] != "0" and str(answer["code"]).isprintable())
    with pytest.raises(ApiError) as caught:
        answered(kind, answer, status).get_max_loan("BTC-USDT", mgn_mode="cross")
    assert (caught.value.code, caught.value.http_status) == (str(answer["code"]), status)


@both
@paths
@given(data=st.data())
@steady
def test_what_the_spec_forbids_is_no_answer(kind: str, path: str, data: st.DataObject) -> None:
    """One fault in an answer that says success, and nothing of it is believed."""
    schema = answer_schema(path, "200")
    answer = fitting(path, data.draw(spoilt(schema)))
    assume(not valid(schema, answer))
    # A refusal that lacks something is told as the refusal that it is.
    refused = isinstance(answer, dict) and isinstance(answer.get("code"), str) and answer["code"] not in ("", "0")
    assume(not refused)
    with pytest.raises(InvalidResponseError):
        ASK[path](answered(kind, answer))
