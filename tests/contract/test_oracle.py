"""The oracle: apart from everything it judges, of one mind with the spec's rules, and true to the recorded answers."""

from __future__ import annotations

import ast
import json
from itertools import product
from pathlib import Path

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN, OPERATIONS

from okx_maxloan_sdk import mock
from okx_maxloan_sdk.validation import violated_rules

from . import accounts, oracle
from .okx_facts import HTTP, LIMITS, MODES, Caller
from .raw_request import (
    DEMO,
    KEY,
    PASSPHRASE,
    SIGN,
    STAMP,
    TIME,
    ManualClock,
    RawRequest,
    format_timestamp,
    handle,
    signed,
)

HERE = Path(__file__).parent
RECORDED = HERE.resolve().parents[2] / "shared" / "okx" / "answers.json"


@pytest.mark.parametrize("module", ["oracle.py", "okx_facts.py", "raw_request.py"])
def test_the_oracle_shares_no_code(module: str) -> None:
    """What the oracle is made of imports the standard library and itself; the rest only for type checkers."""
    tree = ast.parse((HERE / module).read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {node.module for node in imports if isinstance(node, ast.ImportFrom)} | {
        alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names
    }
    assert not [name for name in names if name and name.startswith(("okx_maxloan", "tests"))]
    assert {node.module for node in imports if isinstance(node, ast.ImportFrom) and node.level} <= {
        "okx_facts",
        "raw_request",
    }


@pytest.mark.parametrize(("account", "borrowing", "isolated"), accounts.SETTINGS)
def test_rules_and_oracle_agree(account: str, borrowing: bool, isolated: str) -> None:
    """A question breaks a rule of the spec exactly where the oracle refuses it, for every presence and mode."""
    caller = Caller("", "", "", account, borrowing, isolated, "", "")
    known = {"mode": account, "borrowing": "enabled" if borrowing else "disabled", "isolated": isolated}
    facts = {f"account.{name}": value for name, value in known.items()}
    for mode, (pair, ccy, margin, settle) in product(MODES, product((True, False), repeat=4)):
        given = {"instId": pair, "ccy": ccy, "mgnCcy": margin, "tradeQuoteCcy": settle}
        query = {"mgnMode": mode, **{name: "x" for name, there in given.items() if there}}
        code = oracle.refusal(caller, mode, pair=pair, ccy=ccy, margin=margin, settle=settle)
        assert bool(code) == any(violated_rules(GET_MAX_LOAN.rules, {**query, **facts})), (query, facts, code)


def test_limits_agree() -> None:
    """What was generated from the spec has the limits of the pages, which the oracle counts by."""
    spec = {each.path.encode(): (each.limit.requests, each.limit.period) for each in OPERATIONS}
    assert spec == LIMITS


def situations() -> dict[str, tuple[str, RawRequest]]:
    """Bring about each recorded answer: the user who asks, and what is asked."""
    spot = b"mgnMode=cross&instId=BTC-USDT"
    good: dict[str, str | None] = {
        KEY: "00000001-0000-0000-0000-000000000000",
        SIGN: "x",
        STAMP: format_timestamp(ManualClock().time()),
        PASSPHRASE: "mock-1",
    }

    def headers(**changes: str | None) -> RawRequest:
        names = {"key": KEY, "sign": SIGN, "time": STAMP, "phrase": PASSPHRASE, "demo": DEMO}
        return RawRequest(spot).but({**good, **{names[name]: value for name, value in changes.items()}})

    return {
        "documented example": ("futures", RawRequest(b"mgnMode=isolated&instId=BTC-USDT")),
        "isolated in Spot mode, borrowing enabled": ("spot", RawRequest(b"mgnMode=isolated&instId=BTC-USDT")),
        "isolated in Spot mode, borrowing off": ("spot_plain", RawRequest(b"mgnMode=isolated&instId=BTC-USDT")),
        "a SWAP id (status as documented for 51000)": ("spot", RawRequest(b"mgnMode=cross&instId=BTC-USDT-SWAP")),
        "unknown API key (the docs say HTTP 200)": ("", headers(key="00000000-0000-0000-0000-00000000dead")),
        "timestamp expired, as the gateway answers": ("", headers(time="2026-08-22T16:19:29.000Z")),
        "bad signature": ("", headers()),
        "malformed key": ("", headers(key="malformed")),
        "live key on demo trading or the reverse": ("", headers(demo="1")),
        "no key header": ("", headers(key=None)),
        "wrong passphrase": ("", headers(phrase="x")),
        "malformed timestamp (docs: 401)": ("", headers(time="now")),
        "unknown path: code is a number, data an object": ("", RawRequest(path=b"/api/v5/nothing")),
        "server time": ("", RawRequest(path=TIME)),
    }


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not part of the project")
def test_recorded_answers() -> None:
    """In each recorded situation the mock answers with the recorded status, code and keys, in their order."""
    recorded = {each["about"]: each for each in json.loads(RECORDED.read_text(encoding="utf-8"))}
    for about, (user, raw) in situations().items():
        opened = accounts.exchange(mock, ManualClock())
        answer = handle(opened, signed(opened.users[user].keys[0], raw) if user else raw)
        given, wanted = json.loads(answer.body), json.loads(recorded[about]["body"])
        assert recorded[about]["http_status"] in (None, answer.status), about
        assert (list(given), given["code"]) == (list(wanted), wanted["code"]), about
        rows = [[list(row) for row in body.get("data", ())] for body in (given, wanted)]
        # Fields that came later than the recording stand at the end.
        assert [row[: len(seen)] for row, seen in zip(*rows, strict=True)] == rows[1], about


def test_the_oracle_knows_every_code_of_the_mock() -> None:
    """Mock and oracle have the same codes with the same statuses, apart from those that only a fault plan sends."""
    from okx_maxloan_sdk.mock.responses import ERROR_RESPONSES  # noqa: PLC0415 -- the table is not public

    planned = {"50001", "50004", "50013", "50026"}
    assert {code: row[0] for code, row in ERROR_RESPONSES.items() if code not in planned} == HTTP
