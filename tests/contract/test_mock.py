"""The mock exchange against the oracle and the spec."""

import asyncio
import json
import tomllib
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import httpx

from okx_maxloan_sdk import mock
from okx_maxloan_sdk.mock import ApiKey, MockExchange

from .accounts import SETTINGS, ManualClock, exchange, mismatches, name
from .allowed import response_error
from .headers import PAIR, requests_from_addresses, requests_with_changed_headers, unusual_requests
from .okx_facts import ITEMS, LIMITS, STATES, accepted_arrivals
from .raw_request import CONFIG, INSTRUMENTS, MAX_LOAN, NOW, SIGN, TIME, RawRequest, handle, signed

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


def test_corpus() -> None:
    """Raw query strings receive the code beside them, and in four account modes the oracle's response."""
    opened, queries = exchange(), read_corpus()
    for code, query in queries:
        response = handle(opened, signed(opened.users["spot"].keys[0], RawRequest(query)))
        assert json.loads(response.body)["code"] == code, query[:100]
    for user in ("spot", "spot_plain", AUTO, "multi_currency"):
        key = opened.users[user].keys[0]
        assert mismatches(opened, (signed(key, RawRequest(query)) for _, query in queries)) == []


def test_rules() -> None:
    """Every combination of parameters receives the oracle's response, in every account mode with every setting."""
    opened = exchange()
    optional = (b"&instId=BTC-USDT", b"&ccy=USDT", b"&mgnCcy=BTC", b"&tradeQuoteCcy=USDT")
    for settings, mode in product(SETTINGS, (b"cross", b"isolated")):
        key = opened.users[name(*settings)].keys[0]
        for presence in product((True, False), repeat=4):
            params = b"".join(part for part, is_set in zip(optional, presence, strict=True) if is_set)
            assert mismatches(opened, [signed(key, RawRequest(b"mgnMode=" + mode + params))]) == []


def test_operations() -> None:
    """Requests to the other operations, to unknown paths and with other methods receive the oracle's response."""
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
        assert mismatches(opened, (signed(key, raw, NOW + 0.25) for raw in requests)) == []
    unsigned = [RawRequest(path=TIME, headers=((b"ok-access-key", b"x"),)), RawRequest(b"a=b", TIME)]
    assert mismatches(opened, unsigned) == []
    assert b'"data":[{"ts":"1787415600250"}]' in handle(opened, RawRequest(path=TIME)).body


def test_auth() -> None:
    """The oracle agrees on one or two invalid headers, and on unusual bodies, addresses and repeated headers."""
    opened = exchange()
    for key in opened.users["spot"].keys:
        assert mismatches(opened, requests_with_changed_headers(key)) == []
    assert mismatches(opened, requests_from_addresses(opened.users["bound"].keys[0])) == []
    assert mismatches(opened, unusual_requests(opened.users["spot"].keys[0])) == []


def test_limit() -> None:
    """Bursts, steady rates and requests at the edges of the window are accepted as a strict sliding window does."""
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
            opened = exchange(clock := ManualClock())
            opened.enforce_rate_limit = True
            arrivals, accepted = [], []
            for gap in gaps:
                clock.now += gap
                arrivals.append(clock.now)
                response = handle(opened, signed(opened.users["spot"].keys[0], raw, clock.time()))
                accepted.append(response.status == 200)
                assert accepted[-1] or response.body == b'{"msg":"Too Many Requests","code":"50011"}'
            assert accepted == accepted_arrivals(arrivals, requests, period), (path, label)


def burst(opened: MockExchange, key: ApiKey, raw: RawRequest, count: int) -> int:
    """Return how many of `count` requests are rejected by the limit."""
    return sum(handle(opened, signed(key, raw)).status == 429 for _ in range(count))


def test_shared_limits() -> None:
    """Keys and addresses of one user share a limit; users, operations and instrument types do not."""
    requests, opened = LIMITS[MAX_LOAN][0], exchange()
    opened.enforce_rate_limit = True
    live, demo = opened.users["spot"].keys
    spot, swap = (RawRequest(b"instType=" + each, INSTRUMENTS) for each in (b"SPOT", b"SWAP"))
    clock, clock_elsewhere = (RawRequest(path=TIME, address=address) for address in ("127.0.0.1", "203.0.113.9"))
    # In this order: each address has a limit of its own for the clock.
    cases = [
        ("the first requests", live, RawRequest(PAIR), requests, 0),
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
        assert burst(opened, key, raw, count) == expected, case
    wrong_signature = signed(live, RawRequest(PAIR)).with_headers({SIGN: "x"})
    assert handle(opened, wrong_signature).status == 429
    opened.enforce_rate_limit = False
    assert burst(opened, live, RawRequest(PAIR), requests + 10) == 0


def test_responses() -> None:
    """Every response is valid under the spec's schemas, has the JSON content type, and names the methods in a 405."""
    opened = exchange()
    queries = (PAIR, PAIR + b"&mgnCcy=BTC", b"mgnMode=isolated&instId=BTC-USDT", b"mgnMode=cross&ccy=USDT")
    requests = [*map(RawRequest, queries), RawRequest(b"instType=MARGIN", INSTRUMENTS)]
    requests += [RawRequest(path=CONFIG), RawRequest(path=TIME), RawRequest(PAIR, method="POST")]
    for user in opened.users.values():
        for raw in [*(signed(user.keys[0], raw) for raw in requests), RawRequest(PAIR)]:
            response = handle(opened, raw)
            assert response_error(raw.path.decode(), response.status, json.loads(response.body)) == ""
            methods = {"allow": "GET"} if response.status == 405 else {}
            assert dict(response.headers) == {"content-type": "application/json", **methods}


def test_adapter() -> None:
    """The ASGI adapter passes bytes through, delays a response as planned and bounds what it reads."""
    opened = exchange(clock := ManualClock())
    spot, bound = opened.users["spot"].keys[0], opened.users["bound"].keys[0]

    async def chunks(body: bytes) -> AsyncIterator[bytes]:
        yield body[:2]
        yield body[2:]

    async def call(raw: RawRequest) -> httpx.Response:
        transport = httpx.ASGITransport(mock.app(opened), client=(raw.address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
            url = f"{raw.path.decode()}?{raw.query.decode()}"
            response = await client.request(raw.method, url, headers=raw.headers, content=chunks(raw.body))
        assert response.headers["content-length"] == str(len(response.content))
        return response

    encoded = RawRequest(b"mgnMode=cross&instId=BTC-USDT%2cETH-USDT")
    for raw, status, content in (
        (signed(spot, encoded), 200, b'{"code":"0",'),
        (signed(spot, RawRequest(PAIR, body=b"abc")), 200, b'{"code":"0",'),
        (signed(spot, RawRequest(PAIR, b"/api/v5/account/max%2Dloan")), 404, b'{"code":404,'),
        (signed(bound, RawRequest(PAIR, address="203.0.113.7")), 200, b'{"code":"50120",'),
        (RawRequest(PAIR, body=b"x" * 2**17), 413, b""),
        (RawRequest(PAIR, headers=((b"x", b"y" * 2**15),)), 431, b""),
    ):
        response = asyncio.run(call(raw))
        assert (response.status_code, response.content[: len(content)]) == (status, content)
    opened.fail_next(delay=2.5)
    asyncio.run(call(encoded))
    assert clock.slept == [2.5]
