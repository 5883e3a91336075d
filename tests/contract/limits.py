"""Check of the mock exchange's rate limits against OKX's documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import accounts
from .okx_facts import LIMITS, accepted_arrivals
from .raw_request import CONFIG, INSTRUMENTS, MAX_LOAN, SIGN, TIME, ManualClock, RawRequest, handle, signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from okx_maxloan_sdk.mock import ApiKey, MockExchange

PAIR = b"mgnMode=cross&instId=BTC-USDT"


def limit(mock: ModuleType) -> Iterator[str]:
    """Send bursts, steady rates and requests at the edges of the window, as users who share a limit and who do not."""
    for path, (label, gaps) in ((name, step) for name in LIMITS for step in _steps(*LIMITS[name]).items()):
        clock = ManualClock()
        opened = accounts.exchange(mock, clock)
        opened.enforce_rate_limit = True
        arrivals, accepted = [], []
        query = {INSTRUMENTS: b"instType=SPOT", MAX_LOAN: PAIR}.get(path, b"")
        for gap in gaps:
            clock.now += gap
            arrivals.append(clock.now)
            response = handle(opened, signed(opened.users["spot"].keys[0], RawRequest(query, path), clock.now))
            accepted.append(response.status == 200)
            if not accepted[-1] and response.body != b'{"msg":"Too Many Requests","code":"50011"}':
                yield f"too many requests received {response}"
        if accepted != accepted_arrivals(arrivals, *LIMITS[path]):
            yield f"{path.decode()} {label}: {sum(accepted)} of {len(accepted)} were accepted"
    yield from _sharing(mock)


def _steps(requests: int, period: float) -> dict[str, list[float]]:
    # Powers of two, so that floating-point sums are exact; 1.25 to 2.5 times the allowed rate.
    quick = period / (1 << (requests * 5 // 4).bit_length())
    return {
        "burst": [0.0] * 2 * (requests + 5),
        "steady": [quick] * 4 * requests,
        "edge": [0.0] * requests + [period * 127 / 128, period / 128] + [0.0] * (requests + 5) + [period] * 3,
    }


def _sharing(mock: ModuleType) -> Iterator[str]:
    requests, listings, times = (LIMITS[path][0] for path in (MAX_LOAN, INSTRUMENTS, TIME))

    def burst(opened: MockExchange, key: ApiKey, raw: RawRequest, count: int = 0) -> int:
        """Return how many of `count` requests are rejected; 0 means ten more than the limit."""
        return sum(handle(opened, signed(key, raw)).status == 429 for _ in range(count or LIMITS[raw.path][0] + 10))

    def full() -> MockExchange:
        opened = accounts.exchange(mock, ManualClock())
        opened.enforce_rate_limit = True
        burst(opened, opened.users["spot"].keys[0], RawRequest(PAIR), requests)
        return opened

    opened = full()
    live, demo = opened.users["spot"].keys
    cases = {
        "a second key of the user": (burst(full(), demo, RawRequest(PAIR), 1), 1),
        "a wrong signature": (
            handle(full(), signed(live, RawRequest(PAIR)).with_headers({SIGN: "x"})).status == 429,
            True,
        ),
        "another user": (burst(full(), opened.users["futures"].keys[0], RawRequest(PAIR)), 10),
        "a sub-account": (burst(full(), opened.users["sub"].keys[0], RawRequest(PAIR)), 10),
        "another operation": (burst(full(), live, RawRequest(b"instType=SPOT", INSTRUMENTS)), 10),
        "an operation with a limit of its own": (burst(full(), live, RawRequest(path=CONFIG)), 10),
        "another address": (burst(full(), live, RawRequest(PAIR, address="203.0.113.9"), 1), 1),
    }
    burst(opened, live, RawRequest(b"instType=SPOT", INSTRUMENTS), listings)
    cases["another instType"] = (burst(opened, live, RawRequest(b"instType=SWAP", INSTRUMENTS)), 10)
    burst(opened, live, RawRequest(path=TIME), times)
    cases["the clock, from the same address"] = (burst(opened, demo, RawRequest(path=TIME), 1), 1)
    elsewhere = RawRequest(path=TIME, address="203.0.113.9")
    cases["the clock, from another address"] = (burst(opened, live, elsewhere, times + 1), 1)
    opened.enforce_rate_limit = False
    cases["no limit"] = (burst(opened, live, RawRequest(PAIR)), 0)
    yield from (f"{case}: {got} rejected instead of {want}" for case, (got, want) in cases.items() if got != want)
