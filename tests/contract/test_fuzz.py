"""Schemathesis on the mock exchange, with the oracle among its checks."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import mock
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.mock import rows
from okx_maxloan_sdk.validation import violated_rules

from . import accounts, hooks, run_st
from .fuzz import USERS, fuzz
from .raw_request import MAX_LOAN, ManualClock

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("user", USERS)
def test_nothing_is_found(user: str) -> None:
    """Whatever schemathesis asks, in the spec or off it, the mock answers as the spec and the oracle say."""
    found = fuzz(user)
    assert found.failures == []
    assert len({raw.query for raw in found.asked if raw.path == MAX_LOAN}) > 50


def test_two_runs_ask_the_same() -> None:
    """Two processes send the identical list of requests, headers and all."""
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


@pytest.mark.parametrize("user", USERS)
def test_questions_keep_or_break_the_rules(user: str) -> None:
    """Whatever was generated, a good question breaks no rule of the account, and an unruly one exactly one."""
    account = accounts.exchange(mock, ManualClock()).users[user]
    names = [each.name for each in GET_MAX_LOAN.parameters]
    for presence, faults in product(product((True, False), repeat=len(names)), (0, 1)):
        drawn = {name: "cross" for name, there in zip(names, presence, strict=True) if there}
        fitted = hooks.fit(drawn, account, faults)
        assert len(list(violated_rules(GET_MAX_LOAN.rules, {**fitted, **account.rule_inputs}))) == faults


def requests_of(seed: str, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Return the targets that `st run` requests with a seed."""
    exchange = accounts.exchange(mock, SystemClock())
    assert run_st.main("spot", "--seed", seed, "--max-examples", "5", "--phases", "fuzzing", exchange=exchange) == 0
    assert f"Seed: {seed}" in capfd.readouterr().out
    return [each.target for each in exchange.log]


def test_seed(capfd: pytest.CaptureFixture[str]) -> None:
    """Two seeds send different requests, and the output has the seed: nightly fuzzing finds new things."""
    assert requests_of("1", capfd) != requests_of("2", capfd)


def test_st_run_finds_a_bug_and_keeps_the_secrets(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`st run` over a socket passes as it is, fails with a bug in the mock, and prints nothing of the credentials."""
    options = ("spot", "--max-examples", "3", "--phases", "examples")
    assert run_st.main(*options) == 0
    capfd.readouterr()
    monkeypatch.setattr("okx_maxloan_sdk.mock.exchange.max_loan_rows", lambda *asked: rows.max_loan_rows(*asked)[::-1])
    assert run_st.main(*options) == 1
    shown = "".join(capfd.readouterr())
    key = accounts.exchange(mock, ManualClock()).users["spot"].keys[0]
    assert "oracle" in shown
    assert "ok-access-sign: [Filtered]" in shown
    assert not [part for part in (key.key, key.secret, key.passphrase) if part in shown]
