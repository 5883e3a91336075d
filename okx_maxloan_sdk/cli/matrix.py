"""Which question goes with which account, worked out from the contract's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG, GET_MAX_LOAN

from okx_maxloan_sdk.validation import ENFORCED_BASES, violated_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from okx_maxloan_api.contract import Condition, Rule

    from .words import Words

Verdict = Literal["yes", "no", "unsure"]
Facts = dict[str, str]

MODES = [mode.name for each in GET_ACCOUNT_CONFIG.fields if each.name == "acctLv" for mode in each.values]
# Each account mode, and the settings of it that rules ask for.
ACCOUNTS: Mapping[str, Facts] = {
    "spot": {"account.mode": "spot", "account.borrowing": "enabled"},
    "spot_plain": {"account.mode": "spot", "account.borrowing": "disabled"},
    "futures": {"account.mode": "futures", "account.isolated": "automatic"},
    "futures_either": {"account.mode": "futures", "account.isolated": "auto_transfers_ccy"},
    **{mode: {"account.mode": mode} for mode in MODES if mode not in ("spot", "futures")},
}
PAIR = {"instId": "BTC-USDT"}
QUESTIONS: Mapping[str, Facts] = {
    "cross": {"mgnMode": "cross", **PAIR},
    "cross_margin": {"mgnMode": "cross", **PAIR, "mgnCcy": "BTC"},
    "isolated": {"mgnMode": "isolated", **PAIR},
    "isolated_margin": {"mgnMode": "isolated", **PAIR, "mgnCcy": "BTC"},
    "quote": {"mgnMode": "cross", **PAIR, "tradeQuoteCcy": "USDT"},
    "currency": {"mgnMode": "cross", "ccy": "USDT"},
}
WORDS: Words = {
    "en": {
        "spot": "Spot",
        "spot_plain": "Spot, borrowing off",
        "futures": "Futures",
        "futures_either": "Futures, auto_transfers_ccy",
        "multi_currency": "Multi-currency",
        "portfolio": "Portfolio",
        "cross": "pair, cross",
        "cross_margin": "pair, cross, mgnCcy",
        "isolated": "pair, isolated",
        "isolated_margin": "pair, isolated, mgnCcy",
        "quote": "pair, cross, tradeQuoteCcy",
        "currency": "currency, cross",
        "question": "Question",
        "yes": "yes",
        "no": "no",
        "unsure": "no (unconfirmed)",
    },
    "zh": {
        "spot": "现货",
        "spot_plain": "现货，未开通借币",
        "futures": "合约",
        "futures_either": "合约，auto_transfers_ccy",
        "multi_currency": "跨币种保证金",
        "portfolio": "组合保证金",
        "cross": "币对，全仓",
        "cross_margin": "币对，全仓，mgnCcy",
        "isolated": "币对，逐仓",
        "isolated_margin": "币对，逐仓，mgnCcy",
        "quote": "币对，全仓，tradeQuoteCcy",
        "currency": "币种，全仓",
        "question": "查询",
        "yes": "可以",
        "no": "不可以",
        "unsure": "不可以（未证实）",
    },
}


def verdict(account: str, question: str) -> Verdict:
    """Tell whether an account may ask a question: `unsure` where only unconfirmed rules say no."""
    bases = {rule.basis for rule in violated_rules(GET_MAX_LOAN.rules, {**QUESTIONS[question], **ACCOUNTS[account]})}
    return "no" if bases & set(ENFORCED_BASES) else "unsure" if bases else "yes"


def accounts(mode: str | None = None) -> list[str]:
    """List the accounts, or those of one mode."""
    return [name for name, facts in ACCOUNTS.items() if mode in (None, facts["account.mode"])]


def rules(mode: str | None = None) -> Sequence[Rule]:
    """List the rules that have anything to say to an account of this mode."""
    return [rule for rule in GET_MAX_LOAN.rules if mode is None or mode in rule.when.get("account.mode", (mode,))]


def text(condition: Condition) -> str:
    """Write one side of a rule in a line."""
    return ", ".join(f"{key}: {' | '.join(words)}" for key, words in condition.items())
