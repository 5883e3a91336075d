"""Schemathesis on the mock exchange, with the oracle among its checks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.mock import market

from . import accounts, run_st
from .fuzz import USERS, fuzz
from .raw_request import MAX_LOAN

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("user", USERS)
def test_no_check_fails(user: str) -> None:
    """Every request of schemathesis, valid or not, receives the response of the spec and the oracle."""
    requests, failures = fuzz(user)
    assert failures == []
    assert len({raw.query for raw in requests if raw.path == MAX_LOAN}) > 50


def test_two_runs_send_the_same_requests() -> None:
    """Two processes send the identical list of requests, headers included."""
    command = [sys.executable, "-m", "tests.contract.fuzz", "spot", "5"]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "generated")])
    runs = [
        subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE
        )
        for seed in ("1", "2")
    ]
    first, second = (run.communicate(timeout=60)[0] for run in runs)
    assert first == second
    assert first.count(b"\n") > 100


def requests_of(seed: str, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Return the targets that `st run` requests with a seed."""
    exchange = accounts.exchange(SystemClock())
    assert run_st.main("spot", "--seed", seed, "--max-examples", "5", "--phases", "fuzzing", exchange=exchange) == 0
    assert f"Seed: {seed}" in capfd.readouterr().out
    return [entry.target for entry in exchange.log]


def test_seeds_differ(capfd: pytest.CaptureFixture[str]) -> None:
    """Two seeds send different requests, and the output names the seed, so nightly runs cover new requests."""
    assert requests_of("1", capfd) != requests_of("2", capfd)


def test_st_run_finds_a_bug_and_prints_no_secret(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`st run` over a socket passes, fails once the mock has a bug, and never prints the credentials."""
    options = ("spot", "--max-examples", "3", "--phases", "examples")
    assert run_st.main(*options) == 0
    capfd.readouterr()
    monkeypatch.setattr("okx_maxloan_sdk.mock.exchange.max_loan_rows", lambda *args: market.max_loan_rows(*args)[::-1])
    assert run_st.main(*options) == 1
    shown = "".join(capfd.readouterr())
    key = accounts.exchange().users["spot"].keys[0]
    assert "oracle" in shown
    assert "ok-access-sign: [Filtered]" in shown
    assert not [part for part in (key.key, key.secret, key.passphrase) if part in shown]
