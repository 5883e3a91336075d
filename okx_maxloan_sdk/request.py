"""One request: acquire permit, build, sign, send, decode, retry."""

from __future__ import annotations

from logging import Logger, getLogger
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from . import codec, validation
from .effects import Flow, Send, Sleep
from .exceptions import (
    EXCEPTION_BY_KIND,
    ApiError,
    ClientClosedError,
    ClockSkewError,
    InvalidResponseError,
    OkxError,
    RateLimitError,
    RequestNotSentError,
)
from .matching import match_rows
from .messages import text
from .retry import MAX_FREE_RECONNECTS, MAX_RETRY_AFTER_S, backoff, lookup_error, retry_after, should_retry
from .sites import Site
from .transport import ConnectionDroppedError, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_api.contract import Operation

    from .codec import Query
    from .limiter import Permit
    from .state import ClientState
    from .transport import Response

    Decoder = Callable[[ClientState, Query, Response], list[dict[str, Any]] | OkxError]

T = TypeVar("T")
logger: Logger = getLogger(__name__)
# The first millisecond of the year 10000, which a timestamp cannot express.
MAX_TIMESTAMP_MS = 253_402_300_800_000
# What an HTTP status means where the contract does not know the code.
KIND_BY_STATUS = {401: "authentication", 403: "permission", 429: "rate_limit"}
UNKNOWN_SITE, CLOCK_SKEW = "50119", "50102"


class DecodedResponse(NamedTuple):
    """Validated rows, and this machine's time when the request was sent and when the response was complete."""

    rows: list[dict[str, Any]]
    sent_at: float
    received_at: float

    @property
    def row(self) -> dict[str, Any]:
        """The only row; raises `InvalidResponseError` if there is none."""
        if not self.rows:
            raise InvalidResponseError("it has no row", http_status=200)
        return self.rows[0]


def send_with_retries(state: ClientState, query: Query, deadline: float | None) -> Flow[DecodedResponse]:
    """Send a query until it succeeds, must not be retried, or the deadline is reached."""
    attempt = reconnects = 0
    is_clock_synced = not query.operation.signed
    while True:
        clock_skew = state.clock_skew.value
        permits: list[Permit] = []
        try:
            yield from acquire_permits(state, query.operation, deadline, permits)
            clock_skew = state.clock_skew.value
            return (yield from send_once(state, query, permits, deadline))
        except OkxError as error:
            error.language = state.config.language
            if isinstance(error, ClockSkewError) and not is_clock_synced:
                is_clock_synced = True
                yield from sync_clock(state, deadline, invalid=clock_skew)
                continue
            if isinstance(error, ConnectionDroppedError) and reconnects < MAX_FREE_RECONNECTS:
                reconnects += 1
                continue
            attempt += 1
            pause = max(backoff(attempt, state.random()), error.retry_after)
            is_too_late = deadline is not None and state.clock.monotonic() + pause >= deadline
            is_final = attempt > state.config.max_retries or pause > MAX_RETRY_AFTER_S
            if is_final or is_too_late or not should_retry(error):
                raise
            logger.debug("retry %d in %.3f s after %s", attempt, pause, type(error).__name__)
        except BaseException:
            # What a signal handler raises between two steps; after the first release of a permit others do nothing.
            for permit in permits:
                yield from permit.release_outcome_unknown()
            raise
        # Outside the handler: a traceback of what happens during the pause does not hold this error.
        yield Sleep(pause)


def fetch_models(state: ClientState, query: Query, model: Callable[..., T], deadline: float | None) -> Flow[list[T]]:
    """Return the rows of a query as models."""
    response = yield from send_with_retries(state, query, deadline)
    return codec.to_models(model, query.operation, response.rows)


def send_once(
    state: ClientState, query: Query, permits: list[Permit], deadline: float | None, decoder: Decoder | None = None
) -> Flow[DecodedResponse]:
    """Send one request, decode its response, and release its permits by how it ended."""
    sent_at = state.clock.time()
    try:
        # Signed after the wait for the limiter: OKX rejects a timestamp older than 30 s.
        target = query.target
        request = Request(query.operation.method, target, state.headers(query.operation, target))
        timeout = state.config.timeout if deadline is None else remaining_time(state, deadline)
        response: Response = yield Send(request, timeout)
    except BaseException as error:
        for permit in permits:
            yield from release_after_failure(permit, error)
        if isinstance(error, InvalidResponseError):
            error.redacted(state.config.credentials.redact)
        raise
    received_at = state.clock.time()
    for permit in permits:
        yield from permit.release_after_response()
    rows = (decoder or decode)(state, query, response)
    if isinstance(rows, OkxError):
        if isinstance(rows, InvalidResponseError):
            # What the connection brings next may belong to another request as well.
            response.discard()
        if isinstance(rows, RateLimitError):
            for limiter in state.rate_limiters(query.operation):
                limiter.throttle()
        del response  # a traceback may be rendered with its locals, and this one is not redacted
        raise rows
    return DecodedResponse(rows, sent_at, received_at)


def release_after_failure(permit: Permit, error: BaseException) -> Flow[None]:
    """Release a permit by what is known of a request that failed."""
    if isinstance(error, (RequestNotSentError, ClientClosedError)):
        return permit.release_unsent()
    if isinstance(error, InvalidResponseError):
        return permit.release_after_response()
    return permit.release_outcome_unknown()


def acquire_permits(
    state: ClientState, operation: Operation, deadline: float | None, permits: list[Permit]
) -> Flow[None]:
    """Acquire a permit of every rate limiter that counts the request, and append them."""
    try:
        for limiter in state.rate_limiters(operation):
            yield from limiter.acquire(state.config.timeout, deadline, permits)
    except BaseException:
        for permit in permits:
            yield from permit.release_unsent()
        raise


def remaining_time(state: ClientState, deadline: float | None) -> float:
    """Return the seconds that one request may take: its `timeout`, or less when the deadline is nearer."""
    if deadline is None:
        return state.config.timeout
    remaining = min(state.config.timeout, deadline - state.clock.monotonic())
    if remaining <= 0:
        raise RequestNotSentError(late(state))
    return remaining


def late(state: ClientState) -> str:
    """Return why a request is not sent once the deadline has passed."""
    return text(state.config.language, "reason.late", seconds=state.config.total_timeout)


def decode(state: ClientState, query: Query, response: Response) -> list[dict[str, Any]] | OkxError:
    """Return the rows, or the error that the response stands for."""
    redact = state.config.credentials.redact
    try:
        code, message, data = codec.parse_envelope(response)
        if code == "0":
            return match_rows(query, codec.validate_rows(query.operation, data, response), redact)
        error: OkxError = build_api_error(state, query, response, redact(code), redact(message))
    except InvalidResponseError as invalid:
        if response.status == 429:  # noqa: PLR2004 -- RFC 6585, 4
            error = build_api_error(state, query, response, "429", text(state.config.language, "reason.gateway"))
        else:
            error = invalid.redacted(redact)
    error.retry_after = retry_after(response.headers.get("retry-after"))
    return error


def build_api_error(state: ClientState, query: Query, response: Response, code: str, message: str) -> ApiError:
    """Return the exception that an error code stands for."""
    listed = lookup_error(code)
    default = "unavailable" if response.status >= 500 else KIND_BY_STATUS.get(response.status, "refused")  # noqa: PLR2004 -- RFC 9110, 15.6: server errors
    request_id = response.headers.get("x-request-id", response.headers.get("cf-ray", ""))
    return EXCEPTION_BY_KIND[listed.kind if listed else default](
        code,
        message,
        http_status=response.status,
        explanation=getattr(listed, state.config.language, ""),
        hint=hint(state, query, code),
        request_id=state.config.credentials.redact(request_id),
        inst_ids=query.inst_ids,
    )


def hint(state: ClientState, query: Query, code: str) -> str:
    """Return what else is known about a rejected request."""
    language, seconds = state.config.language, state.clock_skew.value
    if code == UNKNOWN_SITE:
        host = f"{state.config.origin.scheme}://{state.config.origin.netloc}"
        others = ", ".join(f"{site.name} ({site.value})" for site in Site if site.value != host)
        return text(language, "hint.sites", host=host, sites=others)
    if code == CLOCK_SKEW:
        return text(language, "hint.skew", seconds=seconds) if seconds else ""
    return validation.hint(query, state.rule_inputs, language)


def sync_clock(state: ClientState, deadline: float | None, invalid: float) -> Flow[float]:
    """Measure the clock skew in seconds, unless another call has since `invalid` was; requests are signed with it."""
    timeout = remaining_time(state, deadline)
    return (yield from state.clock_skew.get(lambda: measure_clock_skew(state, deadline), timeout, invalid))


def measure_clock_skew(state: ClientState, deadline: float | None) -> Flow[float]:
    """Compare OKX's time with this machine's in the middle of the round trip."""
    response = yield from send_with_retries(state, codec.TIME_QUERY, deadline)
    milliseconds = int(response.row["ts"])
    if milliseconds >= MAX_TIMESTAMP_MS:
        message = f"server time out of range: {milliseconds}"
        raise InvalidResponseError(message, http_status=200)
    skew = milliseconds / 1000 - (response.sent_at + response.received_at) / 2
    logger.debug("requests are signed %+.3f s from this machine's clock, with OKX's time", skew)
    return skew
