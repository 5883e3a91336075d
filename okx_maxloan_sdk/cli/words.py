"""Which language the command speaks, and the words that all its parts share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Language = Literal["en", "zh"]
Words = dict[Language, dict[str, str]]
# POSIX's order of precedence.
LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")


def language(asked: str | None, environ: Mapping[str, str] = os.environ) -> Language:
    """Choose a language: the one asked for, else the locale's, else English."""
    locale = asked or next((environ[name] for name in LOCALES if environ.get(name)), "")
    if not locale:
        import locale as system  # noqa: PLC0415 -- only Windows says it this way: "Chinese (Simplified)_China"

        locale = system.getlocale()[0] or ""
    return "zh" if locale.lower().startswith(("zh", "chinese")) else "en"


def asked_for(arguments: Sequence[str]) -> str | None:
    """Find --lang among the arguments before they are parsed, since help and complaints speak it too."""
    for index, argument in enumerate(arguments):
        if argument == "--":
            return None
        if argument == "--lang":
            return next(iter(arguments[index + 1 : index + 2]), None)
        if argument.startswith("--lang="):
            return argument.partition("=")[2]
    return None


ROWS: Words = {
    "en": {
        "instrument": "Instrument",
        "mode": "Mode",
        "margin": "Margin",
        "side": "Side",
        "currency": "Currency",
        "amount": "Max loan",
        "change": "Change",
        "trend": "Trend",
    },
    "zh": {
        "instrument": "交易产品",
        "mode": "仓位类型",
        "margin": "保证金",
        "side": "方向",
        "currency": "币种",
        "amount": "最大可借",
        "change": "变化",
        "trend": "走势",
    },
}
