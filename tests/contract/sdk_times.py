"""What the SDK does in time: trying again, learning the clock, and keeping the limit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .known import LIMITS
from .sdk import KINDS, Client, outcome, spot
from .wire import CONFIG, MAX_LOAN, SIGN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PATH = "/api/v5/account/max-loan"
# What the exchange answers one after the other, how the call ends, and how many requests of maximum loan it takes.
TRIES: list[tuple[list[str], str, int]] = [
    (["50011"], "rows", 2),
    (["50011"] * 3, "RateLimited 50011", 3),
    (["50001", "50026"], "rows", 3),
    (["50013", "50004"], "rows", 3),
    (["50004"] * 9, "Unavailable 50004", 3),
    (["html"], "rows", 2),
    (["html"] * 3, "BadAnswer", 3),
    (["50113"], "AuthenticationError 50113", 1),
    (["50111"], "AuthenticationError 50111", 1),
    (["50119"], "AuthenticationError 50119", 1),
    (["50105"], "AuthenticationError 50105", 1),
    (["50101"], "AuthenticationError 50101", 1),
    (["50110"], "PermissionDenied 50110", 1),
    (["50120"], "PermissionDenied 50120", 1),
    (["51010"], "AccountModeRejected 51010", 1),
    (["51000"], "ParameterRejected 51000", 1),
    (["50102"], "rows", 2),
    (["50102", "50102"], "ClockSkew 50102", 2),
    (["51008_1000"], "ApiError 51008_1000", 1),
    (["99999"], "ApiError 99999", 1),
    (["lost"], "rows", 2),
    (["lost"] * 9, "OutcomeUnknown", 3),
]


def retrying(sdk: ModuleType) -> Iterator[str]:
    """Try again what is worth it, as often as was said, after pauses, each time with a new signature."""
    for kind in KINDS:
        for plan, wanted, count in TRIES:
            yield from (f"{kind}: {plan} {wrong}" for wrong in _tried(sdk, kind, plan, (wanted, count)))
        yield from _late(sdk, kind)
        yield from _deadline(sdk, kind)


def _tried(sdk: ModuleType, kind: str, plan: list[str], wanted: tuple[str, int]) -> Iterator[str]:
    asked, exchange = spot(sdk, kind)
    for word in plan:
        if word == "html":
            exchange.fail_next(html="<p>down", status=502, path=PATH)
        elif word != "lost":
            exchange.fail_next(code=word, path=PATH)
    _lose(sdk, asked, plan.count("lost"))
    started = asked.line.clock.now
    ended = outcome(partial(asked.cross, "BTC-USDT"))
    sent = [request for request in asked.line.sent if request.target.startswith(PATH)]
    paused = asked.line.clock.now - started
    # The clock is learnt without a pause.
    pauses = 0 if "50102" in plan else len(sent) - 1
    if (ended, len(sent)) != wanted:
        yield f"ends with {ended} after {len(sent)} requests"
    if not 0.25 * pauses <= paused <= 4 * pauses + 0.01:
        yield f"pauses {paused} s"
    if pauses and len({request.headers[SIGN] for request in sent}) != len(sent):
        yield "is not signed anew"


def _late(sdk: ModuleType, kind: str) -> Iterator[str]:
    asked, exchange = spot(sdk, kind)
    exchange.skew = 45
    ended = [outcome(partial(asked.cross, pair)) for pair in ("BTC-USDT", "ETH-USDT")]
    paths = [request.target.partition("?")[0] for request in asked.line.sent]
    if ended != ["rows", "rows"] or paths != [PATH, "/api/v5/public/time", PATH, PATH]:
        yield f"{kind}: a clock that is 45 s off: {ended} with {paths}"


def _lose(sdk: ModuleType, asked: Client, times: int) -> None:
    real, left = asked.line.answer, [times]

    def answer(request: Any) -> Any:
        left[0] -= 1
        return sdk.OutcomeUnknown("lost") if left[0] >= 0 else real(request)

    asked.line.answer = answer


def _deadline(sdk: ModuleType, kind: str) -> Iterator[str]:
    asked, exchange = spot(sdk, kind, seconds=1.0, deadline=2.6, attempts=99)
    exchange.fail_next(99, code="50026")
    started = asked.line.clock.now
    ended = outcome(lambda: asked.cross("BTC-USDT"))
    if ended not in ("Unavailable 50026", "NotSent") or asked.line.clock.now - started > 3.7:
        yield f"{kind}: a deadline of 2.6 s ends with {ended} after {asked.line.clock.now - started} s"
    if not 2 <= len(asked.line.sent) <= 3:
        yield f"{kind}: a deadline of 2.6 s takes {len(asked.line.sent)} requests"


def limit(sdk: ModuleType) -> Iterator[str]:
    """Ask faster than the exchange allows, and never be refused, nor much slower than it allows."""
    requests, period = LIMITS[MAX_LOAN]
    number = requests * 5 // 2
    for kind, seconds in ((kind, seconds) for kind in KINDS for seconds in (0.0, 1.5 * period / requests)):
        asked, exchange = spot(sdk, kind, seconds=seconds)
        exchange.limited = True
        started = asked.line.clock.now
        for _ in range(number):
            asked.cross("BTC-USDT")
        refused, took = sum(each.status == 429 for each in exchange.log), asked.line.clock.now - started
        if refused or took > number * max(seconds, period / requests) + 0.5:
            yield f"{kind}: {number} questions of {seconds} s take {took} s, and {refused} are refused"
        both, other = spot(sdk, kind)
        other.limited = True
        for _ in range(2 * LIMITS[CONFIG][0] + 2):
            both.account()
        if any(each.status == 429 for each in other.log):
            yield f"{kind}: the account is asked for too often"
