"""Checks of the mock exchange against the oracle and the spec; each yields a message for every mismatch."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
from ruamel.yaml import YAML

from . import accounts
from .comparison import mismatches
from .corpus import CORPUS
from .fuzz import USERS
from .fuzz import fuzz as recorded
from .headers import auth
from .limits import limit
from .okx_facts import ITEMS, LIMITS
from .raw_request import CONFIG, INSTRUMENTS, MAX_LOAN, NOW, TIME, ManualClock, RawRequest, handle, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from okx_maxloan_sdk.mock import MockExchange, MockResponse

    Check = Callable[[ModuleType], Iterator[str]]

SPEC = Path(__file__).parents[2] / "spec" / "openapi.yaml"
AUTO = "futures/borrowing/auto_transfers_ccy"
PAIR = b"mgnMode=cross&instId=BTC-USDT"


def corpus(mock: ModuleType) -> Iterator[str]:
    """Send raw query strings as users in four account modes."""
    opened = accounts.exchange(mock, ManualClock())
    key = opened.users["spot"].keys[0]
    for query, code in CORPUS:
        response = handle(opened, signed(key, RawRequest(query)))
        if json.loads(response.body)["code"] != code:
            yield f"{query[:100]!r}: expected {code}, got {response.body[:100]!r}"
    for name in ("spot", "spot_plain", AUTO, "multi_currency"):
        key = opened.users[name].keys[0]
        yield from mismatches(opened, (signed(key, RawRequest(query)) for query, _ in CORPUS))


def rules(mock: ModuleType) -> Iterator[str]:
    """Send every combination of parameters in every account mode with every setting."""
    opened = accounts.exchange(mock, ManualClock())
    optional = (b"instId=BTC-USDT", b"ccy=USDT", b"mgnCcy=BTC", b"tradeQuoteCcy=USDT")
    for settings in accounts.SETTINGS:
        key = opened.users[accounts.name(*settings)].keys[0]
        for mode, chosen in product((b"cross", b"isolated"), product((True, False), repeat=4)):
            params = [part for part, is_set in zip(optional, chosen, strict=True) if is_set]
            yield from mismatches(opened, [signed(key, RawRequest(b"&".join([b"mgnMode=" + mode, *params])))])


def operations(mock: ModuleType) -> Iterator[str]:
    """Send requests to the other operations, to unknown paths and with other methods."""
    opened = accounts.exchange(mock, ManualClock())
    opened.clock_skew = 0.25
    queries = [b"", b"instType=MARGIN", b"instType=SPOT", b"instType=SWAP", b"instType=OPTION", b"instType=margin"]
    ids = (b"BTC-USDC", b"BTC-USD", b"WAVES-USDT", b"NOPE", b"", b"a/b")
    queries += [b"instType=MARGIN&instId=" + inst_id for inst_id in ids]
    queries += [b"instType=MARGIN&uly=BTC-USDT", b"instType=MARGIN&instType=SPOT", b"instType=SWAP&instId=BTC-USDT"]
    paths = [b"/", b"", b"/api/v5/account/max-loans", MAX_LOAN + b"/", b"/api/v5/account/max%2Dloan", MAX_LOAN.upper()]
    paths += [b"/api/v5/finance/flexible-loan/max-loan", b"//api/v5/account/max-loan", b"/api/v5/public/\xff"]
    for user in opened.users.values():
        for key in user.keys:
            requests = [
                RawRequest(path=CONFIG),
                RawRequest(b"x=1", CONFIG),
                *(RawRequest(query, INSTRUMENTS) for query in queries),
            ]
            requests += [RawRequest(PAIR, path) for path in paths]
            requests += [
                RawRequest(PAIR, path, method) for path in LIMITS for method in ("POST", "PUT", "DELETE", "get", "HEAD")
            ]
            yield from mismatches(opened, (signed(key, raw, NOW + 0.25) for raw in requests))
    yield from mismatches(
        opened,
        [RawRequest(path=TIME), RawRequest(b"a=b", TIME), RawRequest(path=TIME, headers=((b"ok-access-key", b"x"),))],
    )


@cache
def _schemas() -> dict[str, Any]:
    spec: dict[str, Any] = YAML(typ="safe").load(SPEC)
    return spec


def _valid(raw: RawRequest, response: MockResponse) -> str:
    spec = _schemas()
    responses = spec["paths"][raw.path.decode()]["get"]["responses"]
    schema = responses["200" if response.status == 200 else f"{response.status // 100}XX"]["content"][
        "application/json"
    ]["schema"]
    validator = jsonschema.Draft202012Validator({**schema, "components": spec["components"]})
    error = next(validator.iter_errors(json.loads(response.body)), None)
    kind = dict(response.headers).get("content-type")
    return (
        f"{raw.path.decode()}: {error.message}"
        if error
        else ""
        if kind == "application/json"
        else f"content type {kind}"
    )


def responses(mock: ModuleType) -> Iterator[str]:
    """Check that every response is valid under the spec's schemas and has the JSON content type."""
    opened = accounts.exchange(mock, ManualClock())
    for user in opened.users.values():
        requests = [
            RawRequest(PAIR),
            RawRequest(PAIR + b"&mgnCcy=BTC"),
            RawRequest(b"mgnMode=isolated&instId=BTC-USDT"),
            RawRequest(b"mgnMode=cross&ccy=USDT"),
        ]
        requests += [
            RawRequest(path=CONFIG),
            RawRequest(b"instType=MARGIN", INSTRUMENTS),
            RawRequest(path=TIME),
            RawRequest(PAIR, method="POST"),
        ]
        for raw in [*(signed(user.keys[0], raw) for raw in requests), RawRequest(PAIR)]:
            if error := _valid(raw, handle(opened, raw)):
                yield error


def _loans(opened: MockExchange, name: str, query: bytes) -> dict[tuple[str, str], str]:
    body = json.loads(handle(opened, signed(opened.users[name].keys[0], RawRequest(query), opened.clock.time())).body)
    return {(row["instId"], row["side"]): row["maxLoan"] for row in body["data"]}


def amounts(mock: ModuleType) -> Iterator[str]:
    """Check that loans are reproducible, differ by pair, side and mode, and follow the balances."""
    opened = accounts.exchange(mock, ManualClock())
    pairs = (b"DOT-USDT", b"BTC-USDT", b"ETH-USDT", b"SOL-USDT", b"XRP-USDT")[:ITEMS]
    all_loans = _loans(opened, "spot", b"mgnMode=cross&instId=" + b",".join(pairs))
    alone = _loans(opened, "spot", b"mgnMode=cross&instId=DOT-USDT")
    modes = [_loans(opened, "futures", PAIR + b"&mgnCcy=BTC"), _loans(opened, "futures", PAIR + b"&mgnCcy=USDT")]
    modes += [_loans(opened, name, PAIR) for name in ("spot", "multi_currency", "portfolio")]
    modes += [_loans(opened, "futures", b"mgnMode=isolated&instId=BTC-USDT")]
    again = _loans(accounts.exchange(mock, ManualClock(NOW + 999)), "spot", PAIR)
    held = _loans(opened, "spot", PAIR)
    opened.users["spot"].balances["BTC"] *= 2
    richer = _loans(opened, "spot", PAIR)
    opened.users["spot"].balances["BTC"] *= 10000
    richest = _loans(opened, "spot", PAIR)
    opened.users["spot"].balances.clear()
    poorer = _loans(opened, "spot", PAIR)
    opened.users["spot"].balances["USDT"] = Decimal(-1)
    in_debt = _loans(opened, "spot", PAIR)
    sides = (("BTC-USDT", "sell"), ("BTC-USDT", "buy"))
    cases = {
        "a pair alone": alone.items() <= all_loans.items(),
        "pairs and sides differ": len(set(all_loans.values())) == len(all_loans),
        "modes differ": all(len({loans[side] for loans in modes}) == len(modes) for side in sides),
        "the same later": again == held,
        "more balance, more loan": all(float(richer[side]) > float(held[side]) for side in sides),
        "no balance, no loan": set(poorer.values()) == {"0"},
        "no negative loan": set(in_debt.values()) == {"0"},
        "no more than the quota, in plain digits": richest[("BTC-USDT", "sell")] == "60",
        "sixteen decimals": max(len(amount.partition(".")[2]) for amount in all_loans.values()) == 16,
    }
    yield from (case for case, holds in cases.items() if not holds)


def plans(mock: ModuleType) -> Iterator[str]:
    """Check that failures occur as planned, and that the clock and the accounts can be changed meanwhile."""
    opened = accounts.exchange(mock, ManualClock())
    key = opened.users["spot"].keys[0]

    def send_now(raw: RawRequest = RawRequest(PAIR), at: float = NOW) -> tuple[int, Any, float]:  # noqa: B008 -- it is frozen
        response = handle(opened, signed(key, raw, at))
        html = dict(response.headers)["content-type"] == "text/html"
        return response.status, response.body if html else json.loads(response.body)["code"], response.delay

    opened.fail_next(2, code="50026")
    opened.fail_next(code=50011)
    opened.fail_next(html="<p>down", status=520, delay=1.5)
    opened.fail_next(status=503)
    opened.fail_next(delay=2.0)
    opened.fail_next(code="51008_1000")
    opened.fail_next(path=CONFIG.decode(), code="50013")
    codes = [send_now() for _ in range(8)]
    planned = [
        (500, "50026", 0),
        (500, "50026", 0),
        (429, 50011, 0),
        (520, b"<p>down", 1.5),
        (503, b"", 0),
        (200, "0", 2),
    ]
    if codes != [*planned, (200, "51008_1000", 0), (200, "0", 0)]:
        yield f"planned failures occurred as {codes}"
    if [send_now(RawRequest(path=CONFIG))[1] for _ in range(2)] != ["50013", "0"]:
        yield "a failure planned for one path"
    opened.clock_skew = 60
    if [send_now()[1], send_now(at=NOW + 60)[1]] != ["50102", "0"]:
        yield "a clock that is ahead"
    opened.clock_skew = 0
    opened.users["spot"].mode = "multi_currency"
    if [send_now()[1], send_now(RawRequest(b"mgnMode=cross&ccy=USDT"))[1]] != ["0", "51010"]:
        yield "an account that changed its mode"
    if [(entry.method, entry.status) for entry in opened.log][-2:] != [("GET", 200)] * 2 or len(opened.log) != 14:
        yield f"the log is {list(opened.log)[-2:]}"


def adapter(mock: ModuleType) -> Iterator[str]:
    """Check that the ASGI adapter passes bytes through, delays a response as planned and bounds what it reads."""
    clock = ManualClock()
    opened = accounts.exchange(mock, clock)
    raw = signed(opened.users["spot"].keys[0], RawRequest(b"mgnMode=cross&instId=BTC-USDT%2cETH-USDT"))

    def call(raw: RawRequest, chunks: tuple[bytes, ...] = (b"",)) -> tuple[int, bytes]:
        scope = {
            "type": "http",
            "method": raw.method,
            "path": "/decoded",
            "raw_path": raw.path,
            "query_string": raw.query,
        }
        scope |= {"headers": list(raw.headers), "client": (raw.address, 1)}
        unread, sent = list(chunks), []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": unread.pop(0), "more_body": bool(unread)}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(mock.app(opened)(scope, receive, send))
        headers = dict(sent[0]["headers"])
        return sent[0]["status"] if headers[b"content-length"] == str(len(sent[1]["body"])).encode() else 0, sent[1][
            "body"
        ]

    chunked = signed(opened.users["spot"].keys[0], RawRequest(PAIR, body=b"abc"))
    bound = signed(opened.users["bound"].keys[0], RawRequest(PAIR, address="203.0.113.7"))
    statuses = [
        call(raw)[0],
        call(chunked, (b"a", b"b", b"c"))[0],
        call(bound)[1][:17],
        call(raw, (b"x" * 2**15,) * 9)[0],
        call(RawRequest(PAIR, headers=((b"x", b"y" * 2**15),)))[0],
    ]
    if statuses != [200, 200, b'{"code":"50120","', 413, 431]:
        yield f"the adapter responded with {statuses}"
    opened.fail_next(delay=2.5)
    call(raw)
    if clock.now != NOW + 2.5:
        yield f"a delay of 2.5 s took {clock.now - NOW}"


def fuzz(mock: ModuleType) -> Iterator[str]:
    """Repeat the requests that schemathesis sent to the mock, in Spot and in Futures mode."""
    for user in USERS[:2]:
        yield from mismatches(accounts.exchange(mock, ManualClock()), recorded(user).requests)


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (corpus, rules, operations, auth, limit, responses, amounts, plans, adapter, fuzz)
}
