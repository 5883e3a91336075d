"""What was probably meant by a pair that is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .troubles import Trouble, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from okx_maxloan_sdk import MaxLoanClient, OkxError

    from .words import Language

# How other exchanges and programs write a pair: BTC/USDT, BTC_USDT, btc-usdt, BTCUSDT, BTC-USDT-SWAP.
SEPARATOR = re.compile(r"[-/_:]")
JOINED = re.compile(r"(?P<base>[A-Z0-9]{2,})(?P<quote>USDT|USDC|USD|EUR|TRY|BRL|AUD|BTC|ETH)")


def repaired(word: str) -> str:
    """Write a pair as OKX does, as far as its own letters tell."""
    base, *rest = SEPARATOR.split(word.strip().upper())
    if rest:
        return f"{base}-{rest[0]}"
    joined = JOINED.fullmatch(base)
    return f"{joined['base']}-{joined['quote']}" if joined else word


def misspelt(words: Iterable[str], lang: Language) -> list[str]:
    """Suggest how to write pairs that have a wrong form; nothing is asked."""
    tried = ((word, repaired(word)) for word in words)
    return [f"{word}{nearest(pair, [pair], lang)}" for word, pair in tried if pair != word]


def strangers(source: MaxLoanClient, words: Sequence[str], lang: Language) -> list[str]:
    """Name the pairs that the account does not have, each with the nearest that it has."""
    from okx_maxloan_sdk import OkxError  # noqa: PLC0415 -- help does not need it

    try:
        known = [row.inst_id for row in source.get_instruments()]
    except OkxError:
        return []
    unknown = [word for word in words if word not in known]
    return [Trouble("pair", pair=word, near=(repaired(word), known)).text(lang) for word in unknown]


def note(error: OkxError, advice: Iterable[str]) -> None:
    """Say it together with an error."""
    for line in advice:
        error.add_note(line)
