"""Command okx-maxloan rules; cases.toml has its output on narrow terminals."""

import re

from okx_maxloan_api.contract import GET_MAX_LOAN

from .conftest import Run

# Some facts about the endpoint, with the inferred rule where one forbids the request; test_validation.py has them all.
KNOWN = {
    "Spot": {"pair, cross": "yes", "pair, cross, mgnCcy": "no", "currency, cross": "yes"},
    "Spot, borrowing off": {"pair, cross": "spot-needs-borrowing", "pair, isolated": "no"},
    "Futures": {"pair, cross": "futures-cross-needs-margin-currency", "pair, isolated": "yes"},
    "Futures, auto_transfers_ccy": {"pair, isolated": "no", "pair, isolated, mgnCcy": "yes"},
    "Multi-currency": {"pair, cross": "yes", "currency, cross": "no"},
    "Portfolio": {"pair, cross": "yes", "pair, isolated": "isolated-is-futures"},
}


def test_accounts_and_rules(run: Run) -> None:
    """Without a mode, every account and every rule is listed, one line each; verdicts agree with the facts."""
    code, out, err = run("rules")
    assert (code, err) == (0, "")
    assert all(rule.id in out and rule.en in out for rule in GET_MAX_LOAN.rules)
    table, rules = out.split("\n\n")
    (_, *accounts), *rows = (re.split(" {2,}", line.rstrip()) for line in table.splitlines())
    assert accounts == list(KNOWN)
    assert len(rules.splitlines()) == len(GET_MAX_LOAN.rules) + 1
    shown = {account: {row[0]: row[number] for row in rows} for number, account in enumerate(accounts, 1)}
    # An inferred rule stays unconfirmed until it is observed, or removed.
    verdicts = {rule.id: "no (unconfirmed)" if rule.basis == "inferred" else "no" for rule in GET_MAX_LOAN.rules}
    verdicts["no"] = "no"
    for account, requests in KNOWN.items():
        expected = {name: verdicts.get(known, "yes") for name, known in requests.items()}
        assert shown[account] == {**shown[account], **expected}


def test_every_parameter_is_listed(run: Run) -> None:
    """The table has a request with each parameter that a rule mentions."""
    table = run("rules").out.partition("\n\n")[0]
    parameters = {each.name for each in GET_MAX_LOAN.parameters} - {"mgnMode"}
    ruled = {name for rule in GET_MAX_LOAN.rules for name in (*rule.when, *rule.then)} & parameters
    labels = {"instId": "pair", "ccy": "currency"}
    assert [name for name in ruled if labels.get(name, name) not in table] == []
