"""What the SDK makes of answers: rows in order, errors by kind, and nothing secret."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from okx_maxloan_sdk import mock

from . import accounts
from .answers import ANSWERS, read
from .known import ITEMS, LIMITS
from .sdk import KINDS, Line, client, outcome, response, spot
from .wire import MAX_LOAN, StillClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PAIRS = ["BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT", "DOGE-USDT", "ADA-USDT", "LTC-USDT", "AVAX-USDT", "LINK-USDT"]
PAIRS += ["DOT-USDT", "BTC-USDC", "ETH-BTC"]


def batching(sdk: ModuleType) -> Iterator[str]:
    """Ask about many pairs: as many a request as may be, in the order asked, one fault spoiling nothing."""
    whole, rest = divmod(len(PAIRS), ITEMS)
    for kind in KINDS:
        asked, _ = spot(sdk, kind)
        asked.line.slow = PAIRS[-1]
        order = [*PAIRS[::-1], PAIRS[3], PAIRS[0]]
        rows = asked.cross(*order)
        sizes = sorted(request.target.count(",") + 1 for request in asked.line.sent)
        if [row.inst_id for row in rows[::2]] != PAIRS[::-1] or sizes != sorted([rest] * bool(rest) + [ITEMS] * whole):
            yield f"{kind}: {[row.inst_id for row in rows]} in requests of {sizes}"
        if [row.side for row in rows] != ["sell", "buy"] * len(PAIRS):
            yield f"{kind}: the sides are {[row.side for row in rows]}"
        unknown = [f"X{number}-USDT" for number in range(ITEMS * LIMITS[MAX_LOAN][0])]  # more than are asked at once
        for good, bad in ((PAIRS, ["NOPE-USDT"]), (PAIRS[:5], unknown)):
            many, _ = spot(sdk, kind)
            try:
                many.cross(*good[:2], *bad, *good[2:])
                yield f"{kind}: unknown pairs are passed over"
            except sdk.BatchError as error:
                failed = [ids for ids, _ in error.failures]
                if {row.inst_id for row in error.loans} != set(good) or failed != [(each,) for each in bad]:
                    yield f"{kind}: {len(error.loans)} rows, failures {error.failures}"
        yield from _streaming(sdk, kind, [*PAIRS[:7], "NOPE-USDT", *PAIRS[7:]])


def _streaming(sdk: ModuleType, kind: str, given: list[str]) -> Iterator[str]:
    streamed, _ = spot(sdk, kind)
    batches = list(streamed.stream(given, mgn_mode="cross"))
    if sorted(pair for batch in batches for pair in batch.inst_ids) != sorted(given):
        yield f"{kind}: a stream of {[batch.inst_ids for batch in batches]}"
    if [batch.inst_ids for batch in batches if batch.error] != [("NOPE-USDT",)]:
        yield f"{kind}: a stream with {[batch.error for batch in batches]}"
    one, _ = spot(sdk, kind)
    if outcome(partial(one.cross, "NOPE-USDT")) != "ParameterRejected 51001":
        yield f"{kind}: one unknown pair"


def parsing(sdk: ModuleType) -> Iterator[str]:
    """Read every answer that there may be, and nothing else."""
    for kind in KINDS:
        for status, body, wanted in ANSWERS:
            line = Line(partial(_say, status, body), StillClock())
            asked = client(sdk, kind, line, attempts=1)
            if (found := read(partial(asked.cross, "BTC-USDT"))) != wanted:
                yield f"{kind}: HTTP {status} {body[:90]!r} is {found}, not {wanted}"


def _say(status: int, body: bytes, _request: Any) -> Any:
    return response(status, body)


# Answers that repeat key, secret and passphrase.
ECHOES = (b'{"msg":"no: %s %s %s","code":"50110"}', b"<p>%s %s %s", b'{"code":"0","data":"%s %s %s"}')


def secrets(sdk: ModuleType) -> Iterator[str]:
    """Show nothing of the credentials, whatever the exchange says."""
    key = accounts.exchange(mock, StillClock()).users["spot"].keys[0]
    parts = (key.key, key.secret, key.passphrase)
    shown = [repr(sdk.Credentials(*parts)), str(sdk.Credentials(*parts))]
    for kind in KINDS:
        for body in ECHOES:
            line = Line(partial(_say, 401, body % tuple(part.encode() for part in parts)), StillClock())
            asked = client(sdk, kind, line, key, attempts=1)
            shown.append(repr(asked.real))
            try:
                asked.cross("BTC-USDT")
            except sdk.OkxError as error:
                shown += [str(error), repr(error), repr(vars(error)), repr(error.__context__)]
    yield from (f"shown: {words}" for words in shown if any(part in words for part in parts))
