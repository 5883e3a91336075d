"""Command okx-maxloan rules: which requests each account mode allows, computed from the contract's rules."""

from collections.abc import Mapping, Sequence
from typing import Literal

import click
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG, GET_MAX_LOAN, Condition, Rule
from rich.padding import Padding
from rich.text import Text

from okx_maxloan_sdk.validation import ENFORCED_BASES, violated_rules

from .base import INDENT, Choice, Command, Run
from .i18n import Language, text
from .render import StdoutConsole, fit_table

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


def format_condition(condition: Condition) -> str:
    """Write one side of a rule in a line."""
    return ", ".join(f"{key}: {' | '.join(words)}" for key, words in condition.items())


def command(lang: Language) -> Command:
    """Create the command."""
    params = [click.Option(["--account"], type=Choice(MODES), metavar="MODE", help=text(lang, "rules.account"))]
    return Command("rules", lang, rules, params)


def rules(run: Run, *, account: str | None) -> None:
    """Print the table of requests, then the rules."""
    console = StdoutConsole()
    print_requests(console, list_accounts(account), run.lang)
    console.print()
    print_rules(console, list_rules(account), run.lang)


def print_requests(console: StdoutConsole, accounts: Sequence[str], lang: Language) -> None:
    """Print which account allows which request, as a table or, where that is too wide, as a block for each account."""
    titles = [text(lang, f"matrix.{name}") for name in ("request", *accounts)]
    rows: list[tuple[str, list[Text]]] = []
    for name in EXAMPLE_REQUESTS:
        verdicts = [is_allowed(account, name) for account in accounts]
        cells = [Text(text(lang, f"matrix.{each}"), STYLES[each]) for each in verdicts]
        rows.append((text(lang, f"matrix.{name}"), cells))
    if table := fit_table(console.width, titles, [[name, *cells] for name, cells in rows]):
        console.print(table)
        return
    separator = "：" if lang == "zh" else ": "
    for index, title in enumerate(titles[1:]):
        console.print(Text(title, "bold"))
        for name, cells in rows:
            line = Text.assemble(name, separator, cells[index], style=cells[index].style)
            console.print(Padding(line, INDENT))


def print_rules(console: StdoutConsole, listed: Sequence[Rule], lang: Language) -> None:
    """Print rules, as a table or, where that is too wide, as a block for each rule."""
    titles = [text(lang, f"rules.{name}") for name in COLUMNS]
    rows = [
        (
            each.id,
            text(lang, f"rules.{each.basis}"),
            format_condition(each.when),
            format_condition(each.then),
            getattr(each, lang),
        )
        for each in listed
    ]
    if table := fit_table(console.width, titles, rows):
        console.print(table)
        return
    for name, basis, when, then, meaning in rows:
        console.print(Text.assemble((name, "bold"), f" ({basis})"))
        console.print(Padding(Text(f"{when} → {then}", "cyan"), INDENT))
        console.print(Padding(Text(meaning), INDENT))
