"""Facts about OKX for the oracle: limits, codes, the mock's market and the permissions.

Marks: D documented, O observed in a recorded response.
"""

import json
import re
from pathlib import Path

from .raw_request import INSTRUMENTS

# scripts/check_docs.py extracted these numbers and values from OKX's pages, so both follow a page that changes. The
# meaning of the pages' sentences is written by hand.
LOCK = Path(__file__).parents[2] / "spec" / "docs.lock.json"
PAGES = {name: each["en"] for name, each in json.loads(LOCK.read_text(encoding="utf-8"))["operations"].items()}
REQUEST_PARAMS = PAGES["getMaxLoan"]["request"]
LIMITS = {page["path"].encode(): tuple(page["rate"][0]) for page in PAGES.values()} | {INSTRUMENTS: (20, 2)}  # D
RESPONSE_FIELDS = PAGES["getMaxLoan"]["response"]  # D
MODES, ITEMS = REQUEST_PARAMS["mgnMode"]["values"], REQUEST_PARAMS["instId"]["limit"]  # D
HTTP = {  # as recorded (O) where a response was recorded, else as documented (D)
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
CURRENCIES = {ccy for pair in (*STATES, *DELISTED) for ccy in pair.split("-")}
AMOUNT = re.compile(r"0|(?:[1-9][0-9]*|0)(?:\.[0-9]{1,16})?")
FIRST = ("mgnMode", "instId", "ccy", "mgnCcy", "tradeQuoteCcy")  # D, in this order
PARAMETERS = (*FIRST, *(name for name in REQUEST_PARAMS if name not in FIRST))  # D


def accepted_arrivals(arrivals: list[float], requests: int, period: float) -> list[bool]:
    """Return which arrivals a strict sliding window accepts: at most `requests` accepted ones in any `period`."""
    taken: list[float] = []
    is_accepted = []
    for now in arrivals:
        is_accepted.append(sum(1 for each in taken if now - each < period) < requests)
        if is_accepted[-1]:
            taken.append(now)
    return is_accepted
