"""Command okx-maxloan rules: which requests each account mode allows, computed from the contract's rules."""

from collections.abc import Mapping, Sequence
from typing import Literal

import click
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG, GET_MAX_LOAN, Condition, Rule
from rich.text import Text

from okx_maxloan_sdk.validation import ENFORCED_BASES, violated_rules

from .base import Choice, Command, Run
from .i18n import LANGUAGE, text
from .render import Cell, RowTable, StdoutConsole

Verdict = Literal["yes", "no", "unconfirmed"]
Inputs = dict[str, str]

MODES = [mode.name for each in GET_ACCOUNT_CONFIG.fields if each.name == "acctLv" for mode in each.values]
# Each account mode, with the settings that rules depend on.
ACCOUNTS: Mapping[str, Inputs] = {
    "spot": {"account.mode": "spot", "account.borrowing": "enabled"},
    "spot_plain": {"account.mode": "spot", "account.borrowing": "disabled"},
    "futures": {"account.mode": "futures", "account.isolated": "automatic"},
    "futures_either": {"account.mode": "futures", "account.isolated": "auto_transfers_ccy"},
    **{mode: {"account.mode": mode} for mode in MODES if mode not in ("spot", "futures")},
}
PAIR = {"instId": "BTC-USDT"}
EXAMPLE_REQUESTS: Mapping[str, Inputs] = {
    "cross": {"mgnMode": "cross", **PAIR},
    "cross_margin": {"mgnMode": "cross", **PAIR, "mgnCcy": "BTC"},
    "isolated": {"mgnMode": "isolated", **PAIR},
    "isolated_margin": {"mgnMode": "isolated", **PAIR, "mgnCcy": "BTC"},
    "quote": {"mgnMode": "cross", **PAIR, "tradeQuoteCcy": "USDT"},
    "currency": {"mgnMode": "cross", "ccy": "USDT"},
}
STYLES: Mapping[str, str] = {"yes": "green", "no": "red", "unconfirmed": "yellow"}
COLUMNS = ("rule", "basis", "when", "then", "meaning")


def is_allowed(account: str, request: str) -> Verdict:
    """Return whether an account allows a request: `unconfirmed` where only inferred rules forbid it."""
    inputs = {**EXAMPLE_REQUESTS[request], **ACCOUNTS[account]}
    bases = {rule.basis for rule in violated_rules(GET_MAX_LOAN.rules, inputs)}
    return "no" if bases & set(ENFORCED_BASES) else "unconfirmed" if bases else "yes"


def list_accounts(mode: str | None = None) -> list[str]:
    """List the accounts, or those of one mode."""
    return [name for name, inputs in ACCOUNTS.items() if mode in (None, inputs["account.mode"])]


def list_rules(mode: str | None = None) -> Sequence[Rule]:
    """List the rules that apply to an account of a mode."""
    return [rule for rule in GET_MAX_LOAN.rules if mode is None or mode in rule.when.get("account.mode", (mode,))]


def command() -> Command:
    """Create the command."""
    params = [click.Option(["--account"], type=Choice(MODES), metavar="MODE", help=text("rules.account"))]
    return Command("rules", rules, params)


def rules(_run: Run, *, account: str | None) -> None:
    """Print which account allows which request, then the rules."""
    console, accounts, lang = StdoutConsole(), list_accounts(account), LANGUAGE.get()
    titles = [text(f"matrix.{name}") for name in ("request", *accounts)]
    verdicts = {request: [is_allowed(account, request) for account in accounts] for request in EXAMPLE_REQUESTS}
    rows: list[list[Cell]] = [
        [text(f"matrix.{request}"), *(Text(text(f"matrix.{each}"), STYLES[each]) for each in line)]
        for request, line in verdicts.items()
    ]
    console.print(RowTable(titles, rows), "")
    titles = [text(f"rules.{name}") for name in COLUMNS]
    rows = [
        [each.id, text(f"rules.{each.basis}"), *map(format_condition, (each.when, each.then)), getattr(each, lang)]
        for each in list_rules(account)
    ]
    console.print(RowTable(titles, rows))


def format_condition(condition: Condition) -> str:
    """Write one side of a rule in a line."""
    return ", ".join(f"{key}: {' | '.join(words)}" for key, words in condition.items())
