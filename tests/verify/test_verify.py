"""The check that users run: it agrees with the mock, and notices what an exchange might change."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define
from okx_maxloan_api.contract import OPERATIONS

from okx_maxloan_sdk import AuthenticationError
from okx_maxloan_sdk.mock import MockExchange, MockResponse, default_exchange
from okx_maxloan_sdk.mock.server import run_mock_server
from okx_maxloan_sdk.verify import Finding, report, run, verify

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LOAN, CONFIG, INSTRUMENTS, TIME = (each.path for each in OPERATIONS)
CURRENCIES = {"BTC": "USDT", "USDT": "BTC"}


def changed(path: str, change: Callable[[dict[str, Any]], object]) -> MockExchange:
    """Make a mock exchange that changes each row of one operation."""

    @define
    class Changed(MockExchange):
        def handle(self, *asked: Any, **more: Any) -> MockResponse:
            answer = super().handle(*asked, **more)
            if asked[1] != path.encode() or answer.status != 200:
                return answer
            body = json.loads(answer.body)
            for row in body["data"]:
                change(row)
            return MockResponse.of(body)

    return Changed(default_exchange().users)


# What an exchange may change: the user, the operation, the change of its rows, and the check and reason that tell.
CHANGES = {
    "the sides' currencies are swapped": (
        "spot",
        MAX_LOAN,
        lambda row: row.update(ccy=CURRENCIES[row["ccy"]]),
        ("spot-pair", "unreadable"),
    ),
    "the margin currency is left out": (
        "futures",
        MAX_LOAN,
        lambda row: row.update(mgnCcy=""),
        ("futures-cross", "rows_odd"),
    ),
    "amounts are numbers": ("spot", MAX_LOAN, lambda row: row.update(maxLoan=1.5), ("spot-pair", "unreadable")),
    "the account mode is a number": ("spot", CONFIG, lambda row: row.update(acctLv=1), ("account", "unreadable")),
    "the clock in seconds": ("spot", TIME, lambda row: row.update(ts=row["ts"][:-3]), ("clock", "offset")),
    "permissions are parted by spaces": (
        "spot",
        CONFIG,
        lambda row: row.update(perm=row["perm"].replace(",", " ")),
        ("account", "permissions"),
    ),
    "quote first": (
        "spot",
        INSTRUMENTS,
        lambda row: row.update(instId="-".join(reversed(row["instId"].split("-")))),
        ("instruments", "pairs_odd"),
    ),
    "a field in another place": ("spot", MAX_LOAN, lambda row: row.update(side=row.pop("side")), None),
}
# What an exchange may begin to send, and what is found.
NEWS = {
    "field": (MAX_LOAN, lambda row: row.update(quota=""), Finding("spot-pair", "new", "fields", {"fields": "quota"})),
    "value": (
        INSTRUMENTS,
        lambda row: row.update(state="paused"),
        Finding("instruments", "new", "values", {"field": "state", "values": "paused"}),
    ),
    "account mode": (CONFIG, lambda row: row.update(acctLv="9"), Finding("account", "new", "mode_unknown", {})),
}


@pytest.mark.parametrize("user", default_exchange().users)
def test_the_mock_agrees(user: str) -> None:
    """On the mock everything agrees, in every account mode."""
    with run_mock_server() as exchange:
        findings = list(verify(exchange.client(user)))
    assert {finding.state for finding in findings} <= {"agrees", "skipped"}
    assert len(findings) >= 5


def test_a_setting_that_forbids_the_documented_question() -> None:
    """Where a setting of the account forbids the documented question, it is skipped and the rule is named."""
    with run_mock_server() as exchange:
        exchange.exchange.users["futures"].isolated = "auto_transfers_ccy"
        findings = [each for each in verify(exchange.client("futures")) if each.check == "futures-isolated"]
    assert findings == [
        Finding("futures-isolated", "skipped", "rule", {"rules": "auto-transfer-needs-margin-currency"})
    ]


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_exchange_differs(name: str) -> None:
    """An exchange that breaks the contract differs, by check and reason; one that keeps it in another way does not."""
    user, path, change, expected = CHANGES[name]
    with run_mock_server(changed(path, change)) as exchange:
        findings = [each for each in verify(exchange.client(user)) if each.state == "differs"]
    assert [(each.check, each.word) for each in findings][:1] == ([expected] if expected else [])


@pytest.mark.parametrize("name", NEWS)
def test_news_is_no_fault(name: str) -> None:
    """Fields, values and account modes that this release does not know are reported, and the exit code stays 0."""
    path, change, found = NEWS[name]
    with run_mock_server(changed(path, change)) as exchange:
        findings = list(verify(exchange.client("spot")))
    assert found in findings
    assert "differs" not in {each.state for each in findings}


def test_a_refusal_differs_and_a_wrong_key_is_no_finding() -> None:
    """A documented question that is refused differs; without access nothing is said of the contract."""
    with run_mock_server() as exchange:
        exchange.exchange.fail_next(code="51010", path="/api/v5/account/max-loan")
        findings = [each for each in verify(exchange.client("spot")) if each.state == "differs"]
        assert [(each.check, each.about["code"]) for each in findings] == [("spot-pair", "51010")]
        exchange.exchange.fail_next(9, code="50113")
        with pytest.raises(AuthenticationError):
            list(verify(exchange.client("spot")))


def test_exit_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """0 where everything agrees, 1 where something differs, 2 where the check could not be carried out."""
    said: list[str] = []
    monkeypatch.delenv("OKX_API_KEY", raising=False)
    assert run(said.append) == report.AGREES
    assert run(said.append, user="nobody") == report.UNKNOWN
    with run_mock_server() as exchange:
        for name, value in exchange.environment("multi_currency").items():
            monkeypatch.setenv(name, value)
        assert run(said.append, "zh") == report.AGREES
        exchange.exchange.fail_next(code="51010", path="/api/v5/account/max-loan")
        assert run(said.append) == report.DIFFERS
        exchange.exchange.fail_next(9, code="50113")
        assert run(said.append) == report.UNKNOWN
        monkeypatch.delenv("OKX_API_SECRET")
        assert run(said.append) == report.UNKNOWN
    key = exchange.key("multi_currency")
    assert not [line for line in said for part in (key.key, key.secret) if part in line]


def test_every_word_is_there_twice() -> None:
    """Both languages have the same words with the same places for what they are about."""
    import string  # noqa: PLC0415 -- used here alone

    places = [
        {word: {name for _, name, _, _ in string.Formatter().parse(text) if name} for word, text in words.items()}
        for words in report.WORDS.values()
    ]
    assert places[0] == places[1]


def test_as_a_program() -> None:
    """`python -m okx_maxloan_sdk.verify` prints the report and gives the exit code."""
    command = [sys.executable, "-m", "okx_maxloan_sdk.verify", "--mock", "portfolio"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert "agrees: portfolio-cross" in ran.stdout
    assert ran.stdout.endswith("5 agree, 0 new, 0 differ, 0 skipped.\n")
