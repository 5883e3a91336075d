"""Checks of the mock exchange against the oracle and the spec; each yields a message for every mismatch."""

import asyncio
import json
import tomllib
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from okx_maxloan_sdk import mock
from okx_maxloan_sdk.mock import ApiKey, MockExchange

from .accounts import SETTINGS, exchange, mismatches, name
from .allowed import response_error
from .headers import PAIR, requests_from_addresses, requests_with_changed_headers, unusual_requests
from .okx_facts import ITEMS, LIMITS, STATES, accepted_arrivals
from .raw_request import CONFIG, INSTRUMENTS, MAX_LOAN, NOW, SIGN, TIME, ManualClock, RawRequest, handle, signed

AUTO = "futures/borrowing/auto_transfers_ccy"
LIVE = [pair for pair, state in STATES.items() if state == "live"]
CROSS = "mgnMode=cross&instId="
LONG_QUERIES = [
    ("0", CROSS + ",".join(LIVE[:ITEMS])),
    ("0", CROSS + "BTC-USDT&foo=" + "x" * 2000),
    *(("50025", CROSS + ",".join(f"C{number}-USDT" for number in range(count))) for count in (ITEMS + 1, 100)),
    ("50025", CROSS + ",".join(["BTC-USDT"] * (ITEMS + 1))),
    ("50025", CROSS + "," * ITEMS),
    ("50025", CROSS + "," * ITEMS + "&ccy="),
]


def read_corpus() -> list[tuple[str, bytes]]:
    """Return raw query strings, each with the code that the user `spot` receives."""
    groups = tomllib.loads(Path(__file__).with_name("corpus.toml").read_text("utf-8"))
    rows = [*LONG_QUERIES, *((*line.split(" ", 1),) for group in groups.values() for line in group)]
    return [(code, query.encode("latin-1")) for code, query in rows]


def corpus() -> Iterator[str]:
    """Send raw query strings as users in four account modes."""
    opened, queries = exchange(), read_corpus()
    for code, query in queries:
        response = handle(opened, signed(opened.users["spot"].keys[0], RawRequest(query)))
        if json.loads(response.body)["code"] != code:
            yield f"{query[:100]!r}: expected {code}, got {response.body[:100]!r}"
    for user in ("spot", "spot_plain", AUTO, "multi_currency"):
        key = opened.users[user].keys[0]
        yield from mismatches(opened, (signed(key, RawRequest(query)) for _, query in queries))


def rules() -> Iterator[str]:
    """Send every combination of parameters in every account mode with every setting."""
    opened = exchange()
    optional = (b"&instId=BTC-USDT", b"&ccy=USDT", b"&mgnCcy=BTC", b"&tradeQuoteCcy=USDT")
    for settings, mode in product(SETTINGS, (b"cross", b"isolated")):
        key = opened.users[name(*settings)].keys[0]
        for presence in product((True, False), repeat=4):
            params = b"".join(part for part, is_set in zip(optional, presence, strict=True) if is_set)
            yield from mismatches(opened, [signed(key, RawRequest(b"mgnMode=" + mode + params))])


def operations() -> Iterator[str]:
    """Send requests to the other operations, to unknown paths and with other methods."""
    opened = exchange()
    opened.clock_skew = 0.25
    queries = ["", *(f"instType={each}" for each in ("MARGIN", "SPOT", "SWAP", "OPTION", "margin"))]
    queries += [f"instType=MARGIN&instId={each}" for each in ("BTC-USDC", "BTC-USD", "WAVES-USDT", "NOPE", "", "a/b")]
    queries += ["instType=MARGIN&uly=BTC-USDT", "instType=MARGIN&instType=SPOT", "instType=SWAP&instId=BTC-USDT"]
    paths = [b"/", b"", b"/api/v5/account/max-loans", MAX_LOAN + b"/", b"/api/v5/account/max%2Dloan", MAX_LOAN.upper()]
    paths += [b"/api/v5/finance/flexible-loan/max-loan", b"//api/v5/account/max-loan", b"/api/v5/public/\xff"]
    methods = ("POST", "PUT", "DELETE", "get", "HEAD")
    requests = [
        *(RawRequest(path=CONFIG), RawRequest(b"x=1", CONFIG)),
        *(RawRequest(query.encode(), INSTRUMENTS) for query in queries),
        *(RawRequest(PAIR, path) for path in paths),
        *(RawRequest(PAIR, path, method) for path in LIMITS for method in methods),
    ]
    for key in (key for user in opened.users.values() for key in user.keys):
        yield from mismatches(opened, (signed(key, raw, NOW + 0.25) for raw in requests))
    unsigned = [
        RawRequest(path=TIME),
        RawRequest(b"a=b", TIME),
        RawRequest(path=TIME, headers=((b"ok-access-key", b"x"),)),
    ]
    yield from mismatches(opened, unsigned)


def auth() -> Iterator[str]:
    """Send requests with one invalid header, with two, and with unusual bodies, addresses and repeated headers."""
    opened = exchange()
    for key in opened.users["spot"].keys:
        yield from mismatches(opened, requests_with_changed_headers(key))
    yield from mismatches(opened, requests_from_addresses(opened.users["bound"].keys[0]))
    yield from mismatches(opened, unusual_requests(opened.users["spot"].keys[0]))


def limit() -> Iterator[str]:
    """Send bursts, steady rates and requests at the edges of the window."""
    for path, (requests, period) in LIMITS.items():
        # Powers of two, so that floating-point sums are exact; 1.25 to 2.5 times the allowed rate.
        quick = period / (1 << (requests * 5 // 4).bit_length())
        gaps_by_name = {
            "burst": [0.0] * 2 * (requests + 5),
            "steady": [quick] * 4 * requests,
            "edge": [0.0] * requests + [period * 127 / 128, period / 128] + [0.0] * (requests + 5) + [period] * 3,
        }
        raw = RawRequest({INSTRUMENTS: b"instType=SPOT", MAX_LOAN: PAIR}.get(path, b""), path)
        for label, gaps in gaps_by_name.items():
            opened = limited_exchange()
            assert isinstance(opened.clock, ManualClock)
            arrivals, accepted = [], []
            for gap in gaps:
                opened.clock.now += gap
                arrivals.append(opened.clock.now)
                response = handle(opened, signed(opened.users["spot"].keys[0], raw, opened.clock.now))
                accepted.append(response.status == 200)
                if not accepted[-1] and response.body != b'{"msg":"Too Many Requests","code":"50011"}':
                    yield f"too many requests received {response}"
            if accepted != accepted_arrivals(arrivals, requests, period):
                yield f"{path.decode()} {label}: {sum(accepted)} of {len(accepted)} were accepted"


def limited_exchange(used: int = 0) -> MockExchange:
    """Create an exchange with rate limits, to which the user `spot` has sent some requests."""
    opened = exchange()
    opened.enforce_rate_limit = True
    burst(opened, opened.users["spot"].keys[0], RawRequest(PAIR), used)
    return opened


def burst(opened: MockExchange, key: ApiKey, raw: RawRequest, count: int) -> int:
    """Return how many of `count` requests are rejected by the limit."""
    return sum(handle(opened, signed(key, raw)).status == 429 for _ in range(count))


def shared_limits() -> Iterator[str]:
    """Send requests as users, keys, operations and addresses that share a limit, and that do not."""
    requests = LIMITS[MAX_LOAN][0]
    opened = limited_exchange(requests)
    live, demo = opened.users["spot"].keys
    spot, swap = (RawRequest(b"instType=" + each, INSTRUMENTS) for each in (b"SPOT", b"SWAP"))
    clock, clock_elsewhere = (RawRequest(path=TIME, address=address) for address in ("127.0.0.1", "203.0.113.9"))
    # In this order: the first three share the limit of `spot`; the last has each address' own limit.
    cases = [
        ("a second key of the user", demo, RawRequest(PAIR), 1, 1),
        ("another address", live, RawRequest(PAIR, address="203.0.113.9"), 1, 1),
        ("another user", opened.users["futures"].keys[0], RawRequest(PAIR), requests + 10, 10),
        ("a sub-account", opened.users["sub"].keys[0], RawRequest(PAIR), requests + 10, 10),
        ("another operation", live, spot, LIMITS[INSTRUMENTS][0] + 10, 10),
        ("another instType", live, swap, LIMITS[INSTRUMENTS][0] + 10, 10),
        ("an operation with a limit of its own", live, RawRequest(path=CONFIG), LIMITS[CONFIG][0] + 10, 10),
        ("the clock", live, clock, LIMITS[TIME][0], 0),
        ("the clock, from the same address", demo, clock, 1, 1),
        ("the clock, from another address", live, clock_elsewhere, LIMITS[TIME][0] + 1, 1),
    ]
    for case, key, raw, count, expected in cases:
        if (rejected := burst(opened, key, raw, count)) != expected:
            yield f"{case}: {rejected} rejected instead of {expected}"
    if handle(opened, signed(live, RawRequest(PAIR)).with_headers({SIGN: "x"})).status != 429:
        yield "a wrong signature is not limited"
    opened.enforce_rate_limit = False
    if burst(opened, live, RawRequest(PAIR), requests + 10):
        yield "there is a limit although none is enforced"


def responses() -> Iterator[str]:
    """Check that every response is valid under the spec's schemas and has the JSON content type."""
    opened = exchange()
    queries = (PAIR, PAIR + b"&mgnCcy=BTC", b"mgnMode=isolated&instId=BTC-USDT", b"mgnMode=cross&ccy=USDT")
    requests = [*map(RawRequest, queries), RawRequest(b"instType=MARGIN", INSTRUMENTS)]
    requests += [RawRequest(path=CONFIG), RawRequest(path=TIME), RawRequest(PAIR, method="POST")]
    for user in opened.users.values():
        for raw in [*(signed(user.keys[0], raw) for raw in requests), RawRequest(PAIR)]:
            response = handle(opened, raw)
            if error := response_error(raw.path.decode(), response.status, json.loads(response.body)):
                yield f"{raw.path.decode()}: {error}"
            if dict(response.headers)["content-type"] != "application/json":
                yield f"{raw.path.decode()}: {response.headers}"


def adapter() -> Iterator[str]:
    """Check that the ASGI adapter passes bytes through, delays a response as planned and bounds what it reads."""
    clock = ManualClock()
    opened = exchange(clock)
    spot, bound = opened.users["spot"].keys[0], opened.users["bound"].keys[0]

    def call(raw: RawRequest, *chunks: bytes) -> tuple[int, bytes]:
        scope = {"type": "http", "method": raw.method, "path": "/decoded", "raw_path": raw.path}
        scope |= {"query_string": raw.query, "headers": list(raw.headers), "client": (raw.address, 1)}
        unread, sent = list(chunks or (b"",)), []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": unread.pop(0), "more_body": bool(unread)}

        async def send(message: Any) -> None:
            sent.append(message)

        async def respond() -> None:
            await mock.app(opened)(scope, receive, send)

        asyncio.run(respond())
        start, end = sent
        assert dict(start["headers"])[b"content-length"] == str(len(end["body"])).encode()
        return start["status"], end["body"]

    encoded = signed(spot, RawRequest(b"mgnMode=cross&instId=BTC-USDT%2cETH-USDT"))
    results = [
        call(encoded)[0],
        call(signed(spot, RawRequest(PAIR, body=b"abc")), b"a", b"b", b"c")[0],
        call(signed(bound, RawRequest(PAIR, address="203.0.113.7")))[1][:17],
        call(encoded, *[b"x" * 2**15] * 9)[0],
        call(RawRequest(PAIR, headers=((b"x", b"y" * 2**15),)))[0],
    ]
    if results != [200, 200, b'{"code":"50120","', 413, 431]:
        yield f"the adapter responded with {results}"
    opened.fail_next(delay=2.5)
    call(encoded)
    if clock.now != NOW + 2.5:
        yield f"a delay of 2.5 s took {clock.now - NOW}"


CHECKS: dict[str, Callable[[], Iterator[str]]] = {
    check.__name__: check for check in (corpus, rules, operations, auth, limit, shared_limits, responses, adapter)
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_mock_passes(check: str) -> None:
    """The mock passes the check without a mismatch."""
    assert list(CHECKS[check]()) == []
