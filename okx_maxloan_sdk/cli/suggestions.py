"""Suggestions for pairs that OKX does not know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from okx_maxloan_sdk import OkxError

from .errors import CliError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from okx_maxloan_sdk import MaxLoanClient

    from .i18n import Language

# How other exchanges and programs write a pair: BTC/USDT, BTC_USDT, BTCUSDT, BTC-USDT-SWAP.
SEPARATOR = re.compile(r"[-/_:]")
JOINED = re.compile(r"(?P<base>[A-Z0-9]{2,})(?P<quote>USDT|USDC|USD|EUR|TRY|BRL|AUD|BTC|ETH)")


def normalize_pair(pair: str) -> str:
    """Write a pair as OKX does, as far as its own letters tell."""
    base, *rest = SEPARATOR.split(pair.strip().upper())
    if rest:
        return f"{base}-{rest[0]}"
    joined = JOINED.fullmatch(base)
    return f"{joined['base']}-{joined['quote']}" if joined else pair


def suggest_format(pairs: Iterable[str], lang: Language) -> list[str]:
    """Return how OKX writes the pairs that have a wrong form, without a request."""
    separator = ": " if lang == "en" else "："
    return [
        did_you_mean(lang, f"{pair}{separator}", normalized).replace(":  ", ": ")
        for pair in pairs
        if (normalized := normalize_pair(pair)) != pair
    ]


def suggest_known(client: MaxLoanClient, pairs: Sequence[str], lang: Language) -> list[str]:
    """Return the pairs that the account does not have, each with the nearest that it has."""
    try:
        known = [row.inst_id for row in client.get_instruments()]
    except OkxError:
        return []
    unknown = [pair for pair in pairs if pair not in known]
    return [
        CliError("unknown_pair", pair=pair, suggest_from=(normalize_pair(pair), known)).text(lang) for pair in unknown
    ]


def add_notes(error: Exception, suggestions: Iterable[str]) -> None:
    """Attach suggestions to an error; they are printed with it."""
    for line in suggestions:
        error.add_note(line)
