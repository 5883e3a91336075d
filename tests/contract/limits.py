"""Whether the mock exchange counts as OKX says it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import accounts
from .okx_facts import LIMITS, counted
from .raw_request import CONFIG, INSTRUMENTS, MAX_LOAN, SIGN, TIME, ManualClock, RawRequest, handle, signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from okx_maxloan_sdk.mock import ApiKey, MockExchange

PAIR = b"mgnMode=cross&instId=BTC-USDT"


def limit(mock: ModuleType) -> Iterator[str]:
    """Ask in bursts, at steady rates and at the edges of the window, and as users who share and do not share."""
    for path, (label, gaps) in ((each, step) for each in LIMITS for step in _steps(*LIMITS[each]).items()):
        clock = ManualClock()
        opened = accounts.exchange(mock, clock)
        opened.enforce_rate_limit = True
        arrivals, served = [], []
        query = {INSTRUMENTS: b"instType=SPOT", MAX_LOAN: PAIR}.get(path, b"")
        for gap in gaps:
            clock.now += gap
            arrivals.append(clock.now)
            answer = handle(opened, signed(opened.users["spot"].keys[0], RawRequest(query, path), clock.now))
            served.append(answer.status == 200)
            if not served[-1] and answer.body != b'{"msg":"Too Many Requests","code":"50011"}':
                yield f"too many requests are answered {answer}"
        if served != counted(arrivals, *LIMITS[path]):
            yield f"{path.decode()} {label}: {sum(served)} of {len(served)} were served"
    yield from _sharing(mock)


def _steps(requests: int, period: float) -> dict[str, list[float]]:
    # Fractions of two, as floating-point numbers add them up exactly; 1.25 to 2.5 times as fast as is allowed.
    quick = period / (1 << (requests * 5 // 4).bit_length())
    return {
        "burst": [0.0] * 2 * (requests + 5),
        "steady": [quick] * 4 * requests,
        "edge": [0.0] * requests + [period * 127 / 128, period / 128] + [0.0] * (requests + 5) + [period] * 3,
    }


def _sharing(mock: ModuleType) -> Iterator[str]:
    requests, listings, times = (LIMITS[path][0] for path in (MAX_LOAN, INSTRUMENTS, TIME))

    def burst(opened: MockExchange, key: ApiKey, raw: RawRequest, count: int = 0) -> int:
        """Count what is refused of so many requests; unless told, ten more than the limit has."""
        return sum(handle(opened, signed(key, raw)).status == 429 for _ in range(count or LIMITS[raw.path][0] + 10))

    def full() -> MockExchange:
        opened = accounts.exchange(mock, ManualClock())
        opened.enforce_rate_limit = True
        burst(opened, opened.users["spot"].keys[0], RawRequest(PAIR), requests)
        return opened

    opened = full()
    live, demo = opened.users["spot"].keys
    wanted = {
        "a second key of the user": (burst(full(), demo, RawRequest(PAIR), 1), 1),
        "a wrong signature": (handle(full(), signed(live, RawRequest(PAIR)).but({SIGN: "x"})).status == 429, True),
        "another user": (burst(full(), opened.users["futures"].keys[0], RawRequest(PAIR)), 10),
        "a sub-account": (burst(full(), opened.users["sub"].keys[0], RawRequest(PAIR)), 10),
        "another operation": (burst(full(), live, RawRequest(b"instType=SPOT", INSTRUMENTS)), 10),
        "an operation with a limit of its own": (burst(full(), live, RawRequest(path=CONFIG)), 10),
        "another address": (burst(full(), live, RawRequest(PAIR, address="203.0.113.9"), 1), 1),
    }
    burst(opened, live, RawRequest(b"instType=SPOT", INSTRUMENTS), listings)
    wanted["another instType"] = (burst(opened, live, RawRequest(b"instType=SWAP", INSTRUMENTS)), 10)
    burst(opened, live, RawRequest(path=TIME), times)
    wanted["the clock, from the same address"] = (burst(opened, demo, RawRequest(path=TIME), 1), 1)
    elsewhere = RawRequest(path=TIME, address="203.0.113.9")
    wanted["the clock, from another address"] = (burst(opened, live, elsewhere, times + 1), 1)
    opened.enforce_rate_limit = False
    wanted["no limit"] = (burst(opened, live, RawRequest(PAIR)), 0)
    yield from (f"{case}: refused {got} instead of {want}" for case, (got, want) in wanted.items() if got != want)
