"""Whether the mock exchange counts as OKX says it does."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from . import accounts
from .known import LIMITS, counted
from .wire import CONFIG, INSTRUMENTS, MAX_LOAN, SIGN, TIME, Raw, StillClock, ask, signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from okx_maxloan_sdk.mock import ApiKey, Exchange

PAIR = b"mgnMode=cross&instId=BTC-USDT"


def limit(mock: ModuleType) -> Iterator[str]:
    """Ask in bursts, at steady rates and at the edges of the window, and as users who share and do not share."""
    steps = {
        "burst": [0.0] * 50,
        "steady": [0.0625] * 80,
        "edge": [0.0] * 20 + [1.984375, 0.015625] + [0.0] * 25 + [2.0] * 3,
    }
    for path, (label, gaps) in product(LIMITS, steps.items()):
        clock = StillClock()
        opened = accounts.exchange(mock, clock)
        opened.limited = True
        arrivals, served = [], []
        query = {INSTRUMENTS: b"instType=SPOT", MAX_LOAN: PAIR}.get(path, b"")
        for gap in gaps:
            clock.now += gap
            arrivals.append(clock.now)
            answer = ask(opened, signed(opened.users["spot"].keys[0], Raw(query, path), clock.now))
            served.append(answer.status == 200)
            if not served[-1] and answer.body != b'{"msg":"Too Many Requests","code":"50011"}':
                yield f"too many requests are answered {answer}"
        if served != counted(arrivals, *LIMITS[path]):
            yield f"{path.decode()} {label}: {sum(served)} of {len(served)} were served"
    yield from _sharing(mock)


def _sharing(mock: ModuleType) -> Iterator[str]:
    def burst(opened: Exchange, key: ApiKey, raw: Raw, count: int = 30) -> int:
        return sum(ask(opened, signed(key, raw)).status == 429 for _ in range(count))

    def full() -> Exchange:
        opened = accounts.exchange(mock, StillClock())
        opened.limited = True
        burst(opened, opened.users["spot"].keys[0], Raw(PAIR), 20)
        return opened

    opened = full()
    live, demo = opened.users["spot"].keys
    wanted = {
        "a second key of the user": (burst(full(), demo, Raw(PAIR), 1), 1),
        "a wrong signature": (ask(full(), signed(live, Raw(PAIR)).but({SIGN: "x"})).status == 429, True),
        "another user": (burst(full(), opened.users["futures"].keys[0], Raw(PAIR)), 10),
        "a sub-account": (burst(full(), opened.users["sub"].keys[0], Raw(PAIR)), 10),
        "another operation": (burst(full(), live, Raw(b"instType=SPOT", INSTRUMENTS)), 10),
        "an operation with a limit of its own": (burst(full(), live, Raw(path=CONFIG)), 25),
        "another address": (burst(full(), live, Raw(PAIR, address="203.0.113.9"), 1), 1),
    }
    burst(opened, live, Raw(b"instType=SPOT", INSTRUMENTS), 20)
    wanted["another instType"] = (burst(opened, live, Raw(b"instType=SWAP", INSTRUMENTS)), 10)
    burst(opened, live, Raw(path=TIME), 10)
    wanted["the clock, from the same address"] = (burst(opened, demo, Raw(path=TIME), 1), 1)
    wanted["the clock, from another address"] = (burst(opened, live, Raw(path=TIME, address="203.0.113.9"), 11), 1)
    opened.limited = False
    wanted["no limit"] = (burst(opened, live, Raw(PAIR)), 0)
    yield from (f"{case}: refused {got} instead of {want}" for case, (got, want) in wanted.items() if got != want)
