"""Types of the command's parameters."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from .errors import CliError, did_you_mean, find_nearest
from .i18n import text

FILE = click.Path(path_type=Path)
SECONDS_PER_UNIT = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)\s*(?P<unit>ms|s|m|h|d|)")


class Choice(click.Choice[str]):
    """One of a few words; the error message suggests the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return what the choices are, and the nearest."""
        lang = (ctx or click.get_current_context()).obj.lang
        message = text(lang, "error.choice", value=value, words=list(self.choices))
        return did_you_mean(lang, message, find_nearest(str(value), self.choices))

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:  # noqa: ARG002 -- click's signature
        """Return nothing: the parameter's metavar lists the choices already."""
        return ""


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


def split_pairs(values: Iterable[str]) -> list[str]:
    """Return pairs as OKX writes them; each value may hold several, joined by commas."""
    return [pair.strip().upper() for value in values for pair in value.split(",")]
