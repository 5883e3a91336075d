"""Retry policy: which errors are retried, and after how many seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okx_maxloan_api.contract import ERRORS

from .exceptions import ApiConnectionError, ApiError, InvalidResponseError

if TYPE_CHECKING:
    from okx_maxloan_api.contract import Error

    from .exceptions import OkxError

BACKOFF_MIN_S, BACKOFF_MAX_S = 0.25, 4.0
# A longer Retry-After is not waited for.
MAX_RETRY_AFTER_S = 60.0
# RFC 9110, 15.5.9; RFC 9110, 15.5.20; RFC 8470, 5.2; RFC 6585, 4.
RETRYABLE_CLIENT_ERRORS = frozenset({408, 421, 425, 429})
# An idle connection that the server has closed fails at the next request: that is not counted as a retry, so often.
MAX_FREE_RECONNECTS = 2


def lookup_error(code: str) -> Error | None:
    """Return what the contract says about a code; the part after an underscore only distinguishes cases of it."""
    return ERRORS.get(code.partition("_")[0])


def should_retry(error: OkxError) -> bool:
    """Return whether the same request may succeed later; a GET costs nothing but a permit."""
    if isinstance(error, ApiError):
        listed = lookup_error(error.code)
        return listed.retry == "later" if listed else is_retryable_status(error.http_status)
    if isinstance(error, InvalidResponseError):
        return is_retryable_status(error.http_status)
    return isinstance(error, ApiConnectionError)


def is_retryable_status(status: int) -> bool:
    """Return whether an HTTP status by itself says that the request may succeed later."""
    return status >= 500 or status in RETRYABLE_CLIENT_ERRORS  # noqa: PLR2004 -- RFC 9110, 15.6: server errors


def backoff(attempt: int, jitter: float) -> float:
    """Return seconds to wait before a retry: full jitter below a ceiling that doubles."""
    ceiling: float = min(BACKOFF_MAX_S, BACKOFF_MIN_S * 2 ** min(attempt, 8))
    return BACKOFF_MIN_S + jitter * (ceiling - BACKOFF_MIN_S)


def retry_after(header: str | None) -> float:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3); 0 without one, or for a date."""
    return float(header) if header and header.isascii() and header.isdigit() else 0.0
