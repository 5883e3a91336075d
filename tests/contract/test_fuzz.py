"""Schemathesis on the mock exchange, with the oracle among its checks."""

from typing import Any

import pytest

from okx_maxloan_sdk.mock import MockExchange, MockResponse, market

from .accounts import exchange
from .raw_request import MAX_LOAN
from .run_st import main

Requests = list[tuple[Any, ...]]
# What differs between two runs: the time and what is signed with it, the port, and a random number.
VARYING = (b"ok-access-sign", b"ok-access-timestamp", b"host", b"x-schemathesis-testcaseid")


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    """Record what the mock exchange receives."""
    requests, handle = [], MockExchange.handle

    def record(self: MockExchange, method: str, path: bytes, query: bytes, headers: Any, *rest: Any) -> MockResponse:
        requests.append((method, path, query, [each for each in headers if each[0] not in VARYING], *rest))
        return handle(self, method, path, query, headers, *rest)

    monkeypatch.setattr(MockExchange, "handle", record)
    return requests


# `make fuzz` covers spot and futures, and the nightly run all users.
@pytest.mark.parametrize("user", ["futures/borrowing/auto_transfers_ccy", "multi_currency"])
def test_no_check_fails(requests: Requests, user: str) -> None:
    """Every request of schemathesis, valid or not, receives the response of the spec and the oracle."""
    assert main(user, "--max-examples", "25") == 0
    assert len({query for _, path, query, *_ in requests if path == MAX_LOAN}) > 50


def test_two_runs_send_the_same_requests(requests: Requests, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes send the identical list of requests, headers included."""
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        assert main("spot", "--max-examples", "5") == 0
    half = len(requests) // 2
    assert requests[:half] == requests[half:]
    assert half > 100


def test_seeds_differ(requests: Requests, capfd: pytest.CaptureFixture[str]) -> None:
    """Two seeds send different requests, and the output names the seed, so nightly runs cover new requests."""
    sent = []
    for seed in ("1", "2"):
        requests.clear()
        assert main("spot", "--seed", seed, "--max-examples", "5", "--phases", "fuzzing") == 0
        assert f"Seed: {seed}" in capfd.readouterr().out
        sent.append([*requests])
    assert sent[0] != sent[1]


def test_st_run_finds_a_bug_and_prints_no_secret(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`st run` fails once the mock has a bug, and never prints the credentials."""
    rows = market.max_loan_rows
    monkeypatch.setattr("okx_maxloan_sdk.mock.exchange.max_loan_rows", lambda *args: rows(*args)[::-1])
    assert main("spot", "--max-examples", "3", "--phases", "examples") == 1
    shown = "".join(capfd.readouterr())
    key = exchange().users["spot"].keys[0]
    assert "oracle" in shown
    assert "ok-access-sign: [Filtered]" in shown
    assert not [part for part in (key.key, key.secret, key.passphrase) if part in shown]
