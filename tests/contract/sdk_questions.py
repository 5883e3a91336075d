"""What the SDK sends: signed, encoded, within the rules, and as the account it knows."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import mock
from okx_maxloan_sdk.clock import SystemClock

from . import accounts
from .sdk import KINDS, Client, client, exchange_line, outcome, spot
from .wire import DEMO, KEY, MOMENT, PASSPHRASE, SIGN, STAMP, Raw, StillClock, ask, signature, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

SECRET = "22582BD0CFF14C41EDBF1AB98506286D"
PATH = "/api/v5/account/max-loan"
# The vectors of the facts: moment, target, signature.
VECTORS = [
    (1787415600.0, "/api/v5/account/balance?ccy=BTC", "FN++QZPqWIZja9FNV7ev3w3IvSQUleBYxtJidJKKB+E="),
    (1607418537.715, f"{PATH}?mgnMode=cross&instId=BTC-USDT,ETH-USDT", "qbYiZpBMa/DTXRg7SZopzPB5oBj0jnqr0/v2rkJ6F/M="),
    (
        1607418537.715,
        f"{PATH}?mgnMode=cross&instId=BTC-USDT%2CETH-USDT",
        "jUmBXcC7863vAZA8G7P84m7aqL7JSnGnWY0irJzntfQ=",
    ),
]


def signing(sdk: ModuleType) -> Iterator[str]:
    """Sign the vectors, and be believed by the exchange in each environment."""
    yield from _vectors(sdk)
    yield from _auth(sdk)
    for kind in KINDS:
        live, exchange = spot(sdk, kind)
        demo = client(sdk, kind, live.line, exchange.users["spot"].keys[1], demo=True)
        for each in (live, demo):
            ended = outcome(each.account), outcome(partial(each.cross, "BTC-USDT", "ETH-USDT"))
            if ended != ("rows", "rows"):
                yield f"{kind}: the exchange does not believe the signature: {ended}"
        if [DEMO in request.headers for request in live.line.sent] != [False, False, True, True]:
            yield f"{kind}: the demo header"
        outcome(live.clock_offset)
        if {KEY, SIGN, STAMP, PASSPHRASE} & live.line.sent[-1].headers.keys():
            yield f"{kind}: the public clock is asked with credentials"


def _vectors(sdk: ModuleType) -> Iterator[str]:
    credentials = sdk.Credentials("k", SECRET, "p")
    for moment, target, wanted in VECTORS:
        headers = credentials.sign("GET", target, moment)
        if headers[SIGN] != wanted:
            yield f"{target} is signed {headers[SIGN]}"
    if (moment := credentials.sign("GET", PATH, MOMENT + 0.0019)[STAMP]) != "2026-08-22T16:20:00.001Z":
        yield f"the timestamp is {moment}"
    for length in (1, 63, 64, 65, 200):  # HMAC hashes a key that is longer than a block
        secret = "s" * length
        headers = sdk.Credentials("k", secret, "p").sign("GET", "/p?q", MOMENT)
        if headers[SIGN] != signature(secret, stamp(MOMENT), Raw(b"q", b"/p")):
            yield f"a secret of {length} characters signs wrongly"


def _auth(sdk: ModuleType) -> Iterator[str]:
    key = accounts.exchange(mock, StillClock()).users["spot"].keys[0]
    auth = sdk.OkxAuth(sdk.Credentials(key.key, key.secret, key.passphrase))
    params = {"mgnMode": "cross", "instId": "BTC-USDT,ETH-USDT"}
    request = httpx.Request("GET", f"https://openapi.okx.com{PATH}", params=params)
    with contextlib.suppress(StopIteration):
        next(auth.sync_auth_flow(request))
    path, _, query = request.url.raw_path.partition(b"?")
    real = accounts.exchange(mock, SystemClock())
    if ask(real, Raw(query, path, headers=tuple(request.headers.raw))).status != 200:
        yield "OkxAuth: the exchange does not believe the signature"


TARGETS: list[tuple[Callable[[Client], Any], str]] = [
    (lambda it: it.cross("BTC-USDT"), f"{PATH}?mgnMode=cross&instId=BTC-USDT"),
    (lambda it: it.cross("BTC-USDT", "ETH-USDT"), f"{PATH}?mgnMode=cross&instId=BTC-USDT,ETH-USDT"),
    (lambda it: it.cross(["BTC-USDT", "ETH-USDT"]), f"{PATH}?mgnMode=cross&instId=BTC-USDT,ETH-USDT"),
    (lambda it: it.cross("BTC-USDT,ETH-USDT"), f"{PATH}?mgnMode=cross&instId=BTC-USDT,ETH-USDT"),
    (lambda it: it.cross("BTC-USDC", trade_quote_ccy="USD"), f"{PATH}?mgnMode=cross&instId=BTC-USDC&tradeQuoteCcy=USD"),
    (lambda it: it.cross("BTC-USDT", mgn_ccy="BTC"), f"{PATH}?mgnMode=cross&instId=BTC-USDT&mgnCcy=BTC"),
    (lambda it: it.isolated("BTC-USDT"), f"{PATH}?mgnMode=isolated&instId=BTC-USDT"),
    (lambda it: it.isolated("BTC-USDT", mgn_ccy="USDT"), f"{PATH}?mgnMode=isolated&instId=BTC-USDT&mgnCcy=USDT"),
    (lambda it: it.currency("USDT"), f"{PATH}?mgnMode=cross&ccy=USDT"),
    (lambda it: it.max_loan(mgn_mode="cross", inst_id="BTC-USDT"), f"{PATH}?mgnMode=cross&instId=BTC-USDT"),
    (lambda it: it.account(), "/api/v5/account/config"),
    (lambda it: it.instruments(), "/api/v5/account/instruments?instType=MARGIN"),
    (lambda it: it.instruments("SPOT", "BTC-USDT"), "/api/v5/account/instruments?instType=SPOT&instId=BTC-USDT"),
    (lambda it: it.clock_offset(), "/api/v5/public/time"),
]


def encoding(sdk: ModuleType) -> Iterator[str]:
    """Send each question in the very bytes that OKX's examples have."""
    for kind in KINDS:
        for call, target in TARGETS:
            asked, _ = spot(sdk, kind)
            outcome(partial(call, asked))
            sent = [(request.method, _parts(request.target)) for request in asked.line.sent]
            if sent != [("GET", _parts(target))]:
                yield f"{kind}: {sent} instead of {target}"


def _parts(target: str) -> list[str]:
    path, _, query = target.partition("?")
    return [path, *sorted(query.split("&"))]


# What is refused before it is sent, in which account: documented and observed rules only.
REFUSED: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    ({}, {"mgn_mode": "cross"}, {"pair-or-currency"}),
    ({}, {"mgn_mode": "cross", "inst_id": []}, {"pair-or-currency"}),
    ({}, {"mgn_mode": "cross", "ccy": "USDT", "mgn_ccy": "BTC"}, {"currency-without-margin-currency"}),
    ({}, {"mgn_mode": "cash", "inst_id": "BTC-USDT"}, {"enum"}),
    ({}, {"mgn_mode": "cross", "inst_id": "BTC-USDT-SWAP"}, {"contract"}),
    ({}, {"mgn_mode": "cross", "ccy": ""}, {"empty"}),
    ({}, {"mgn_mode": "cross", "ccy": "US DT"}, {"form"}),
    ({}, {"inst_id": "BTC-USDT"}, {"missing"}),
    ({"mode": "spot"}, {"mgn_mode": "isolated", "inst_id": "BTC-USDT"}, {"spot-is-cross"}),
    (
        {"mode": "spot"},
        {"mgn_mode": "isolated", "inst_id": "BTC-USDT", "mgn_ccy": "BTC"},
        {"spot-is-cross"},
    ),
    (
        {"mode": "spot"},
        {"mgn_mode": "cross", "inst_id": "BTC-USDT", "mgn_ccy": "BTC"},
        {"cross-margin-currency-is-futures"},
    ),
    ({"mode": "futures"}, {"mgn_mode": "cross", "ccy": "USDT"}, {"currency-is-spot"}),
    (
        {"mode": "portfolio"},
        {"mgn_mode": "cross", "ccy": "USDT", "mgn_ccy": "BTC"},
        {"currency-without-margin-currency", "currency-is-spot", "cross-margin-currency-is-futures"},
    ),
    (
        {"mode": "futures", "isolated": "auto_transfers_ccy"},
        {"mgn_mode": "isolated", "inst_id": "BTC-USDT"},
        {"auto-transfer-needs-margin-currency"},
    ),
    ({"mode": "spot", "borrowing": False}, {"mgn_mode": "cross", "inst_id": "BTC-USDT"}, set()),
    ({"mode": "futures"}, {"mgn_mode": "cross", "inst_id": "BTC-USDT"}, set()),
    ({"mode": "portfolio"}, {"mgn_mode": "isolated", "inst_id": "BTC-USDT"}, set()),
    ({"mode": "portfolio"}, {"mgn_mode": "isolated", "inst_id": "BTC-USDT", "mgn_ccy": "BTC"}, set()),
    ({}, {"mgn_mode": "isolated", "ccy": "USDT"}, set()),
]


def rules(sdk: ModuleType) -> Iterator[str]:
    """Stop what breaks a documented or observed rule, send what breaks an inferred one, and say which."""
    for kind in KINDS:
        for account, question, wanted in REFUSED:
            asked, _ = spot(sdk, kind, account=sdk.Account(**account) if account else None)
            found: set[str] = set()
            try:
                asked.max_loan(**question)
            except sdk.RuleError as error:
                found = {each.id for each in error.broken}
            except sdk.ApiError as error:
                if not error.hint and wanted == set():
                    yield f"{kind}: {question} is refused without a hint"
            if found != wanted or bool(asked.line.sent) == bool(wanted):
                yield f"{kind}: {question} breaks {found}, not {wanted}; {len(asked.line.sent)} requests were sent"


def examples(sdk: ModuleType) -> Iterator[str]:
    """Ask every documented example as an account that may, and get the rows of the exchange."""
    for kind in KINDS:
        for example in GET_MAX_LOAN.examples:
            asked, _ = spot(sdk, kind, user=example.account["mode"], account="auto")
            names = {each.name: each.attribute for each in GET_MAX_LOAN.parameters}
            rows = asked.max_loan(**{names[name]: value for name, value in example.query.items()})
            sides = [(row.inst_id, row.side, row.ccy, row.mgn_ccy) for row in rows]
            margin = example.query.get("mgnCcy", "")
            pair = [("BTC-USDT", "sell", "BTC", margin), ("BTC-USDT", "buy", "USDT", margin)]
            if sides != ([("", "", "USDT", "")] if "ccy" in example.query else pair):
                yield f"{kind}: {example.id} gives {sides}"
            if not all(isinstance(row.amount, Decimal) and str(row.amount) == row.max_loan for row in rows):
                yield f"{kind}: {example.id} has other amounts than were sent"


def settings(sdk: ModuleType) -> Iterator[str]:
    """Read the settings of every account."""
    for kind in KINDS:
        clock = StillClock()
        exchange = accounts.exchange(mock, clock)
        for name, user in exchange.users.items():
            key = user.keys[0]
            found = client(sdk, kind, exchange_line(exchange, clock), key).account() if not key.addresses else None
            wanted = (user.mode, user.mode == "spot" and user.borrowing, user.isolated, user.uid, user.main_uid)
            if found and (found.mode.value, found.borrowing, found.isolated, found.uid, found.main_uid) != wanted:
                yield f"{kind}: {name} is {found}"
            if found and (found.permissions, found.ips) != (key.permissions, ()):
                yield f"{kind}: {name} is {found}"
