"""What a description says besides its words: values and limits."""

from __future__ import annotations

import re

from .words import LIMITS, NUMERALS, SEVERAL

# An API's own words; anything else in back quotes is a mention (`Spot mode`, `BTC-USDT,ETH-USDT`).
VALUE = r'`([A-Za-z0-9_+\-]{1,60}|"")`'
ALONE = re.compile(rf"(?:{VALUE}|[\s/,|、，]|\bor\b|或)+")
STARTS = re.compile(rf"{VALUE}\s*(?:[:：]|\.(?:\s|$))")
NAMED = re.compile(rf"{VALUE}\s*(?:[:：]|\.(?=\s|$))\s*(?P<words>[^`；;]*)")


def values(text: str) -> dict[str, str]:
    """List the values that a description enumerates, with what it says of each.

    A line lists values if it consists of nothing else, or begins with one and a colon, or names at least two
    with a colon. Values that a sentence mentions are not listed.
    """
    found: dict[str, str] = {}
    for raw in text.replace("~~", "").split("\n"):
        line = raw.strip()
        if line and ALONE.fullmatch(line):
            found.update((each, "") for each in re.findall(VALUE, line) if each not in found)
            continue
        named = list(NAMED.finditer(line))
        if STARTS.match(line) or len({each[1] for each in named}) > 1:
            found.update((each[1], each["words"].strip()) for each in named if each[1] not in found)
    return {value.strip('"'): words for value, words in found.items()}


def limit(text: str) -> int | None:
    """Find how many items a parameter may list."""
    if not SEVERAL.search(text):
        return None
    for pattern in LIMITS:
        if found := pattern.search(text):
            return NUMERALS.get(found["n"].lower()) or int(found["n"])
    return None
