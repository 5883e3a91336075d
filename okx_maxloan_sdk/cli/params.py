"""Types of the command's parameters."""

from __future__ import annotations

import re

from .errors import CliError

SECONDS_PER_UNIT = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)\s*(?P<unit>ms|s|m|h|d|)")


def parse_duration(value: str) -> float:
    """Parse a duration such as 500ms, 5s, 2m or 1h into seconds, more than zero."""
    match = DURATION.fullmatch(value.strip())
    seconds = float(match["number"]) * SECONDS_PER_UNIT[match["unit"]] if match else 0.0
    if seconds <= 0:
        raise CliError("duration", value=value)
    return seconds


def parse_currency(value: str) -> str:
    """Return a currency as OKX writes it."""
    return value.strip().upper()


def split_pairs(values: tuple[str, ...]) -> list[str]:
    """Return pairs as OKX writes them; each value may hold several, joined by commas."""
    return [pair.strip().upper() for value in values for pair in value.split(",")]
