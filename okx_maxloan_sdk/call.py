"""One call, from a question to its rows, as a straight line: take a slot, build, sign, send, read, decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from okx_maxloan_api.contract import ERRORS

from . import endpoint, rules
from .errors import (
    BY_KIND,
    ApiError,
    BadAnswer,
    ClientClosed,
    ClockSkew,
    NotSent,
    OkxError,
    RateLimited,
    TransportError,
)
from .flow import Flow, send, sleep
from .matching import match_rows
from .session import Session, Skew
from .sites import Site
from .transport import Dropped, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okx_maxloan_api.contract import Error

    from .endpoint import Operation
    from .limiter import Permit
    from .transport import Response

SHORTEST, LONGEST = 0.25, 4.0
# How many kept connections may turn out dead before that counts as an attempt.
DROPS = 2
# Milliseconds until the year 10000, which no timestamp can name.
END_OF_TIME = 253_402_300_800_000
# What an HTTP status says of a code that the contract does not know.
BY_STATUS = {401: "authentication", 403: "permission", 429: "rate_limit"}
WORDS = {
    "en": {
        "sites": "This client asks {host}; other regional sites are {sites}.",
        "skew": "The exchange's clock was measured to be {seconds:+.3f} s from this machine's.",
    },
    "zh": {
        "sites": "当前请求的是 {host}；其他区域站点有 {sites}。",
        "skew": "测得交易所时钟与本机相差 {seconds:+.3f} 秒。",
    },
}


class Reply(NamedTuple):
    """The rows of an answer, and this machine's time when its request left and when it had arrived."""

    rows: list[dict[str, Any]]
    left: float
    arrived: float

    @property
    def row(self) -> dict[str, Any]:
        """The row of an answer that has one; raises `BadAnswer` when it has none."""
        if not self.rows:
            raise BadAnswer("it has no row", http_status=200)
        return self.rows[0]


def ask(session: Session, operation: Operation, query: Mapping[str, str], deadline: float | None) -> Flow[Reply]:
    """Ask one question, with whatever waiting, signing anew and trying again it takes until the `deadline`."""
    failed = dropped = 0
    synced, skew = not operation.signed, session.skew
    while True:
        try:
            permits = yield from acquire(session, operation, deadline)
            skew = session.skew
            return (yield from once(session, operation, query, permits, deadline))
        except ClockSkew:
            if synced:
                raise
            synced = True
            yield from session.skews.get(lambda: learn(session, deadline), time_left(session, deadline), stale=skew)
        except OkxError as error:
            if isinstance(error, Dropped) and dropped < DROPS:
                dropped += 1
                continue
            failed += 1
            pause = backoff(failed, session.random())
            late = deadline is not None and session.clock.monotonic() + pause >= deadline
            if failed >= session.attempts or late or not worth_retrying(error):
                raise
            yield from sleep(pause)


def once(
    session: Session, operation: Operation, query: Mapping[str, str], permits: list[Permit], deadline: float | None
) -> Flow[Reply]:
    """Send one request, read its answer, and release its permits by how it ended."""
    left = session.clock.time()
    try:
        # Signed after the wait: a signature that queued for 30 s is dead on arrival.
        target = endpoint.target(operation, query)
        request = Request(operation.method, target, session.headers(operation, target))
        response = yield from send(request, time_left(session, deadline))
    except (NotSent, ClientClosed):
        for permit in permits:
            yield from permit.release_unsent()
        raise
    except BadAnswer as error:
        for permit in permits:
            yield from permit.release_after_response()
        raise error.masked(session.credentials.mask)  # noqa: B904 -- it is the same error
    except BaseException:
        for permit in permits:
            yield from permit.release_outcome_unknown()
        raise
    arrived = session.clock.time()
    for permit in permits:
        yield from permit.release_after_response()
    try:
        return Reply(read(session, operation, query, response), left, arrived)
    except RateLimited:
        for limiter in session.rate_limiters(operation):
            limiter.throttle()
        raise


def acquire(session: Session, operation: Operation, deadline: float | None) -> Flow[list[Permit]]:
    """Acquire a permit of every rate limiter that counts the request."""
    permits: list[Permit] = []
    try:
        for limiter in session.rate_limiters(operation):
            permit = yield from limiter.acquire(session.timeout, deadline)
            permits += [permit]
    except BaseException:
        for permit in permits:
            yield from permit.release_unsent()
        raise
    return permits


def time_left(session: Session, deadline: float | None) -> float:
    """Bound one request by its own timeout and by the deadline of the whole call."""
    if deadline is None:
        return session.timeout
    left = min(session.timeout, deadline - session.clock.monotonic())
    if left <= 0:
        message = f"the deadline of {session.deadline} s was over before the request could be sent"
        raise NotSent(message)
    return left


def read(session: Session, operation: Operation, query: Mapping[str, str], response: Response) -> list[dict[str, Any]]:
    """Read the rows, or raise what the answer means: here, where no local variable has its words unmasked."""
    found = understand(session, operation, query, response)
    if isinstance(found, BadAnswer):
        # What the connection brings next may belong to another request as well.
        response.discard()
    if isinstance(found, OkxError):
        raise found
    return found


def understand(
    session: Session, operation: Operation, query: Mapping[str, str], response: Response
) -> list[dict[str, Any]] | OkxError:
    """Find the rows, or the exception that the answer means."""
    mask = session.credentials.mask
    try:
        code, message, data = endpoint.envelope(response)
        if code == "0":
            return match_rows(operation, query, endpoint.rows(operation, data, response))
    except BadAnswer as error:
        return error.masked(mask)
    return refusal(session, operation, query, response, code, mask(message))


def refusal(
    session: Session, operation: Operation, query: Mapping[str, str], response: Response, code: str, message: str
) -> ApiError:
    """Turn a refusal into the exception that its code means."""
    known = listed(code)
    unknown = "unavailable" if response.status >= 500 else BY_STATUS.get(response.status, "refused")  # noqa: PLR2004 -- HTTP's own boundary
    kind = BY_KIND[known.kind if known else unknown]
    explanation = "" if known is None else known.zh if session.language == "zh" else known.en
    return kind(
        code,
        message,
        http_status=response.status,
        explanation=explanation,
        hint=hint(session, operation, query, code),
        request_id=response.headers.get("x-request-id", response.headers.get("cf-ray", "")),
        inst_ids=tuple(query["instId"].split(",")) if "instId" in query else (),
    )


def listed(code: str) -> Error | None:
    """Look a code up in the contract; what stands behind an underscore only tells cases of it apart."""
    return ERRORS.get(code.partition("_")[0])


def hint(session: Session, operation: Operation, query: Mapping[str, str], code: str) -> str:
    """Say what else is known of a refused request."""
    words = WORDS[session.language]
    if code == "50119":
        here = f"{session.origin.scheme}://{session.origin.netloc}"
        others = ", ".join(f"{site.name} ({site.value})" for site in Site if site.value != here)
        return words["sites"].format(host=here, sites=others)
    if code == "50102":
        return words["skew"].format(seconds=session.skew.seconds) if session.skew.seconds else ""
    return rules.hint(operation, query, session.facts, session.language)


def worth_retrying(error: OkxError) -> bool:
    """Tell whether the same question may be answered a moment later; asking costs nothing but a slot."""
    if isinstance(error, ApiError):
        known = listed(error.code)
        return known.retry == "later" if known else passing(error.http_status)
    if isinstance(error, BadAnswer):
        return passing(error.http_status)
    return isinstance(error, TransportError)


def passing(status: int) -> bool:
    """Tell whether an HTTP status by itself speaks of a trouble that passes."""
    return status >= 500 or status == 429  # noqa: PLR2004 -- HTTP's own boundary


def backoff(failed: int, chance: float) -> float:
    """Choose a pause in seconds: full jitter under a ceiling that doubles."""
    ceiling: float = min(LONGEST, SHORTEST * 2 ** min(failed, 8))
    return SHORTEST + chance * (ceiling - SHORTEST)


def learn(session: Session, deadline: float | None) -> Flow[Skew]:
    """Ask the exchange what time it is, and compare with the middle of the round trip."""
    reply = yield from ask(session, endpoint.GET_TIME, {}, deadline)
    milliseconds = int(reply.row["ts"])
    if milliseconds >= END_OF_TIME:
        raise BadAnswer("its time is no time", http_status=200)
    return Skew(milliseconds / 1000 - (reply.left + reply.arrived) / 2)
