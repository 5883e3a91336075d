"""What is known of OKX, for the oracle: limits, codes, the market of the mock, and who may ask.

Marks: D documented, O observed in a recorded answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .raw_request import INSTRUMENTS

# What scripts/check_docs.py read on OKX's pages: how much and how many, so that both follow a page that changes. What
# the pages' sentences mean is written by hand.
LOCK = Path(__file__).parents[2] / "spec" / "docs.lock.json"
PAGES = {name: each["en"] for name, each in json.loads(LOCK.read_text(encoding="utf-8"))["operations"].items()}
ASKED = PAGES["getMaxLoan"]["request"]
LIMITS = {page["path"].encode(): tuple(page["rate"][0]) for page in PAGES.values()} | {INSTRUMENTS: (20, 2)}  # D
ANSWERED = PAGES["getMaxLoan"]["response"]  # D
MODES, ITEMS = ASKED["mgnMode"]["values"], ASKED["instId"]["limit"]  # D
HTTP = {  # as recorded (O) where an answer was recorded, else as documented (D)
    **dict.fromkeys(("50101", "50102", "50103", "50104", "50105", "50106", "50107"), 401),
    **dict.fromkeys(("50110", "50111", "50112", "50113", "50119"), 401),
    **dict.fromkeys(("50014", "50015", "50016", "51000"), 400),
    **dict.fromkeys(("50024", "50025", "50120", "51001", "51010", "51021"), 200),
    "404": 404,
    "50011": 429,
    "50115": 405,
}
GATEWAY = {code for code, status in HTTP.items() if status in (401, 405, 429)}  # only msg and code, in this order: O
LEVELS = {"spot": "1", "futures": "2", "multi_currency": "3", "portfolio": "4"}  # D
LIVE = "BTC-USDT ETH-USDT SOL-USDT XRP-USDT DOGE-USDT ADA-USDT LTC-USDT AVAX-USDT LINK-USDT DOT-USDT"
STATES = {
    **dict.fromkeys([*LIVE.split(), "BTC-USDC", "ETH-BTC"], "live"),
    "WAVES-USDT": "suspend",
    "NEWCO-USDT": "preopen",
}
SETTLES = {"BTC-USDC": ["USDC", "USD"]}  # since 2026-09-30: D
DELISTED = {"BTC-USD"}  # merged into BTC-USDC, which rows carry: D
CURRENCIES = {word for pair in (*STATES, *DELISTED) for word in pair.split("-")}
AMOUNT = re.compile(r"0|(?:[1-9][0-9]*|0)(?:\.[0-9]{1,16})?")
FIRST = ("mgnMode", "instId", "ccy", "mgnCcy", "tradeQuoteCcy")  # D, in this order
PARAMETERS = (*FIRST, *(name for name in ASKED if name not in FIRST))  # D


@dataclass(frozen=True)
class Caller:
    """One API key, and the account behind it."""

    key: str
    secret: str
    passphrase: str
    mode: str
    borrowing: bool
    isolated: str
    uid: str
    main_uid: str
    demo: bool = False
    permissions: tuple[str, ...] = ("read_only",)
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """What time it is, exactly or by and large, and who there is."""

    now: float
    callers: tuple[Caller, ...]
    exact: bool = True


def counted(arrivals: list[float], requests: int, period: float) -> list[bool]:
    """Tell which arrivals a strict window takes: at most `requests` in any `period`, what is refused not counted."""
    taken: list[float] = []
    verdicts = []
    for now in arrivals:
        verdicts.append(sum(1 for each in taken if now - each < period) < requests)
        if verdicts[-1]:
            taken.append(now)
    return verdicts
