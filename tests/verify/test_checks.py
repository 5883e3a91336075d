"""Checks of the contract: they pass on the mock, and report what an exchange might change."""

from __future__ import annotations

import subprocess
import sys

import pytest

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.server import run_mock_server
from okx_maxloan_sdk.mock.user import User
from okx_maxloan_sdk.verify import CheckResult, verify


@pytest.mark.parametrize("user", default_exchange().users)
def test_mock(user: str) -> None:
    """On the mock nothing fails, in every account mode."""
    with run_mock_server() as exchange:
        results = list(verify(exchange.client(user)))
    assert "failed" not in {each.state for each in results}
    assert {each.check for each in results} == {
        *("clock", "api_key", "permissions", "account_mode", "instruments", "requests")
    }


def test_a_setting_that_forbids_a_documented_request() -> None:
    """A documented request that a setting of the account forbids is skipped, and the rule is named."""
    with run_mock_server() as exchange:
        exchange.exchange.users["futures"].isolated = "auto_transfers_ccy"
        results = list(verify(exchange.client("futures")))
    skipped = CheckResult("requests", "skipped", "rule", {"rules": ["auto-transfer-needs-margin-currency"]})
    assert skipped in results


@pytest.mark.parametrize(
    ("name", "value", "message_id"),
    [("acctLv", "9", "unknown_mode"), ("perm", "read_only/trade", "no_read_permission"), ("acctLv", 2, "unreadable")],
)
def test_another_account_configuration(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object, message_id: str
) -> None:
    """An unknown mode is a note, other permissions or types are a failure."""
    config = User.config_row
    monkeypatch.setattr(User, "config_row", lambda *args: {**config(*args), name: value})
    with run_mock_server() as exchange:
        results = [each for each in verify(exchange.client("spot")) if each.message_id == message_id]
    assert [each.state for each in results] == ["note" if message_id == "unknown_mode" else "failed"]


def test_rejections() -> None:
    """A documented request that OKX rejects fails; without access the failure is inconclusive and the last."""
    with run_mock_server() as exchange:
        exchange.exchange.fail_next(code="51010", path="/api/v5/account/max-loan")
        failed = [each for each in verify(exchange.client("spot")) if each.state == "failed"]
        assert [(each.check, each.args["code"], each.is_inconclusive) for each in failed] == [
            ("requests", "51010", False)
        ]
        exchange.exchange.fail_next(9, code="50113")
        *_, last = verify(exchange.client("spot"))
        assert (last.state, last.is_inconclusive) == ("failed", True)
        url = exchange.client("spot", base_url="http://127.0.0.1:9")
        (only,) = verify(url)
        assert (only.message_id, only.is_inconclusive) == ("error", True)


def test_no_data() -> None:
    """A response without a row fails."""
    with run_mock_server() as exchange:
        exchange.exchange.fail_next(
            1, status=200, html='{"code": "0", "msg": "", "data": []}', path="/api/v5/account/max-loan"
        )
        failed = [each.message_id for each in verify(exchange.client("spot")) if each.state == "failed"]
    assert failed == ["missing"]


def test_clock() -> None:
    """A clock more than 30 seconds off fails."""
    with run_mock_server() as exchange:
        exchange.exchange.clock_skew = 40
        first, *_ = verify(exchange.client("spot"))
    assert (first.check, first.state) == ("clock", "failed")


def body(rows: str) -> str:
    """Return a response with these rows."""
    return f'{{"code": "0", "msg": "", "data": [{rows}]}}'


SELL = '"instId": "BTC-USDT", "mgnMode": "cross", "mgnCcy": "", "side": "sell", "maxLoan": "1"'
BUY = SELL.replace("sell", "buy")
MARGIN = '"instType": "MARGIN", "instId": "{}", "baseCcy": "BTC", "quoteCcy": "USDT", "state": "{}"'


@pytest.mark.parametrize(
    ("path", "rows", "message_id", "state"),
    [
        ("account/max-loan", f'{{{SELL}, "ccy": "USDT"}}, {{{BUY}, "ccy": "BTC"}}', "unreadable", "failed"),
        ("account/max-loan", f'{{{SELL}, "ccy": "BTC"}}', "rows_odd", "failed"),
        (
            "account/max-loan",
            f'{{{SELL}, "ccy": "BTC", "new": "1"}}, {{{BUY}, "ccy": "USDT"}}',
            "unknown_fields",
            "note",
        ),
        ("account/max-loan", f'{{{SELL.replace(chr(34) + "1" + chr(34), "1")}, "ccy": "BTC"}}', "unreadable", "failed"),
        ("account/instruments", f"{{{MARGIN.format('USDT-BTC', 'live')}}}", "pairs_odd", "failed"),
        ("account/instruments", f"{{{MARGIN.format('BTC-USDT', 'paused')}}}", "unknown_values", "note"),
    ],
)
def test_other_rows(path: str, rows: str, message_id: str, state: str) -> None:
    """Rows that do not match their request or the contract fail; new fields and values are notes."""
    with run_mock_server() as exchange:
        exchange.exchange.fail_next(1, status=200, html=body(rows), path=f"/api/v5/{path}")
        results = list(verify(exchange.client("spot")))
    assert state in [each.state for each in results if each.message_id == message_id], results


def test_as_a_program() -> None:
    """`python -m okx_maxloan_sdk.verify` prints the report and returns the exit code."""
    command = [sys.executable, "-m", "okx_maxloan_sdk.verify", "--mock-user", "portfolio", "--lang", "en"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "portfolio-cross: 2 rows" in done.stdout
    assert done.stdout.endswith("5 ok, 1 notes, 0 failed, 0 skipped.\n")
