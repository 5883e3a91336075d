"""The oracle imports nothing that it judges, and agrees with the spec's rules and the recorded responses."""

import ast
import json
import sys
from pathlib import Path

import pytest
from okx_maxloan_api.contract import OPERATIONS

from . import accounts
from .okx_facts import HTTP, LIMITS
from .raw_request import DEMO, KEY, PASSPHRASE, SIGN, STAMP, TIME, RawRequest, handle, signed

HERE = Path(__file__).parent
RECORDED = HERE.resolve().parents[2] / "shared" / "okx" / "answers.json"


@pytest.mark.parametrize("module", ["oracle.py", "okx_facts.py", "raw_request.py"])
def test_the_oracle_shares_no_code(module: str) -> None:
    """The oracle's modules import only the standard library and each other at run time."""
    nodes = ast.parse((HERE / module).read_text("utf-8")).body
    imports = [each for each in nodes if isinstance(each, ast.Import | ast.ImportFrom)]
    modules = {getattr(each, "module", None) or name.name for each in imports for name in each.names}
    assert modules <= {*sys.stdlib_module_names, "okx_facts", "raw_request"}


def test_limits_agree() -> None:
    """The generated limits are those of OKX's pages, which the oracle uses."""
    assert {each.path.encode(): each.limit[:2] for each in OPERATIONS} == LIMITS


PAIR = RawRequest(b"mgnMode=cross&instId=BTC-USDT")
ISOLATED = RawRequest(b"mgnMode=isolated&instId=BTC-USDT")
LATE = "2026-08-22T16:19:29.000Z"
# The user who causes each recorded response, the request, and the changed headers.
SITUATIONS: dict[str, tuple[str, RawRequest, dict[str, str | None]]] = {
    "documented example": ("futures", ISOLATED, {}),
    "isolated in Spot mode, borrowing enabled": ("spot", ISOLATED, {}),
    "isolated in Spot mode, borrowing off": ("spot_plain", ISOLATED, {}),
    "a SWAP id (status as documented for 51000)": ("spot", RawRequest(PAIR.query + b"-SWAP"), {}),
    "unknown API key (the docs say HTTP 200)": ("spot", PAIR, {KEY: "00000000-0000-0000-0000-00000000dead"}),
    "timestamp expired, as the gateway answers": ("spot", PAIR, {STAMP: LATE}),
    "bad signature": ("spot", PAIR, {SIGN: "x"}),
    "malformed key": ("spot", PAIR, {KEY: "malformed"}),
    "live key on demo trading or the reverse": ("spot", PAIR, {DEMO: "1"}),
    "no key header": ("spot", PAIR, {KEY: None}),
    "wrong passphrase": ("spot", PAIR, {PASSPHRASE: "x"}),
    "malformed timestamp (docs: 401)": ("spot", PAIR, {STAMP: "now"}),
    "unknown path: code is a number, data an object": ("spot", RawRequest(path=b"/api/v5/nothing"), {}),
    "server time": ("spot", RawRequest(path=TIME), {}),
}


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded responses are not part of the project")
def test_recorded_answers() -> None:
    """The mock's response has the recorded status, code and keys, in their order."""
    recorded = {entry["about"]: entry for entry in json.loads(RECORDED.read_text(encoding="utf-8"))}
    for situation, (user, raw, headers) in SITUATIONS.items():
        opened = accounts.exchange()
        response = handle(opened, signed(opened.users[user].keys[0], raw).with_headers(headers))
        body, expected = json.loads(response.body), json.loads(recorded[situation]["body"])
        assert recorded[situation]["http_status"] in (None, response.status), situation
        assert (list(body), body["code"]) == (list(expected), expected["code"]), situation
        rows = [[list(row) for row in body.get("data", ())] for body in (body, expected)]
        # OKX appends new fields, so fields newer than the recording come last.
        assert [row[: len(old)] for row, old in zip(*rows, strict=True)] == rows[1], situation


def test_the_oracle_knows_every_code_of_the_mock() -> None:
    """Mock and oracle have the same codes and statuses, except for codes that only a planned failure sends."""
    from okx_maxloan_sdk.mock.responses import ERROR_RESPONSES  # noqa: PLC0415 -- the table is not public

    planned = {"50001", "50004", "50013", "50026"}
    assert {code: row[0] for code, row in ERROR_RESPONSES.items() if code not in planned} == HTTP
