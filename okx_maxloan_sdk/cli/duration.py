"""Durations as people write them: 500ms, 5s, 2m, 1h."""

from __future__ import annotations

import re

from .troubles import Trouble

UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
FORM = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)\s*(?P<unit>ms|s|m|h|d|)")


def duration(text: str) -> float:
    """Read a duration in seconds; it is more than nothing."""
    found = FORM.fullmatch(text.strip())
    seconds = float(found["number"]) * UNITS[found["unit"]] if found else 0.0
    if seconds <= 0:
        raise Trouble("duration", value=text)
    return seconds
