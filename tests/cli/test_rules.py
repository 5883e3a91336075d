"""Command okx-maxloan rules, and the table behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.cli import rules as matrix
from okx_maxloan_sdk.cli.i18n import text

if TYPE_CHECKING:
    from .conftest import Run

# Written by hand from the facts about the endpoint, with the inferred rule where one forbids the request.
KNOWN = {
    "spot": {"cross": "yes", "isolated": "no", "currency": "yes", "cross_margin": "no", "quote": "yes"},
    "spot_plain": {"cross": "spot-needs-borrowing", "currency": "spot-needs-borrowing", "isolated": "no"},
    "futures": {
        "cross": "futures-cross-needs-margin-currency",
        "cross_margin": "yes",
        "isolated": "yes",
        "isolated_margin": "yes",
        "currency": "no",
    },
    "futures_either": {"isolated": "no", "isolated_margin": "yes"},
    "multi_currency": {"cross": "yes", "cross_margin": "no", "isolated": "isolated-is-futures", "currency": "no"},
    "portfolio": {"cross": "yes", "cross_margin": "no", "isolated": "isolated-is-futures", "currency": "no"},
}


@pytest.mark.parametrize(("account", "request_name"), [(a, q) for a, row in KNOWN.items() for q in row])
def test_verdicts(account: str, request_name: str) -> None:
    """The rules agree with the facts; an inferred rule stays unconfirmed until it is observed or removed."""
    known = KNOWN[account][request_name]
    verdicts = {rule.id: "unconfirmed" if rule.basis == "inferred" else "no" for rule in GET_MAX_LOAN.rules}
    expected = known if known in {"yes", "no"} else verdicts.get(known, "yes")
    assert matrix.is_allowed(account, request_name) == expected


def test_every_mode_and_parameter_is_listed() -> None:
    """The table has every account mode and every parameter of a rule."""
    assert {facts["account.mode"] for facts in matrix.ACCOUNTS.values()} == set(matrix.MODES)
    used = {name for request in matrix.EXAMPLE_REQUESTS.values() for name in request}
    parameters = {each.name for each in GET_MAX_LOAN.parameters}
    ruled = {name for rule in GET_MAX_LOAN.rules for name in (*rule.when, *rule.then)} & parameters
    assert ruled <= used <= parameters


def test_all(run: Run) -> None:
    """Without a mode, every account and every rule is listed, one line each in a pipe."""
    code, out, err = run("rules")
    assert (code, err) == (0, "")
    assert all(rule.id in out and rule.en in out for rule in GET_MAX_LOAN.rules)
    assert all(text("en", f"matrix.{account}") in out for account in matrix.ACCOUNTS)
    assert len(out.splitlines()) == len(matrix.EXAMPLE_REQUESTS) + len(GET_MAX_LOAN.rules) + 3


def test_one_mode(run: Run) -> None:
    """With a mode, only the rules of that mode are listed."""
    _, out, _ = run("rules", "--account", "futures")
    assert "futures-cross-needs-margin-currency" in out
    assert "spot-is-cross" not in out
    assert "Portfolio" not in out


def test_unknown_mode(run: Run) -> None:
    """The error for an unknown mode lists the modes and suggests the nearest."""
    code, _, err = run("rules", "--account", "futurs")
    assert code == 2
    assert "spot, futures, multi_currency, portfolio. Did you mean futures?" in err
