"""Client for OKX's maximum loan, GET /api/v5/account/max-loan: how much an account may borrow."""

from typing import TYPE_CHECKING, Any

from . import limiter as _limiter
from .batching import BatchResult
from .client import AsyncMaxLoanClient, MaxLoanClient
from .credentials import Credentials
from .exceptions import (
    AccountModeError,
    ApiConnectionError,
    ApiError,
    ApiTimeoutError,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ClockSkewError,
    InvalidParametersError,
    InvalidResponseError,
    LimiterUnavailableError,
    MissingDataError,
    NoResponseError,
    OkxError,
    PartialFailureError,
    PermissionDeniedError,
    RateLimitError,
    RateLimitTimeoutError,
    RequestNotSentError,
    ServiceUnavailableError,
    Violation,
)
from .limiter import MemoryLimiter, RateLimitStatus
from .models import Account, AccountMode, Instrument, MaxLoan
from .sites import Site

if TYPE_CHECKING:
    from .limiter import FileLimiter, RedisLimiter
else:

    def __getattr__(name: str) -> Any:
        # The two that load sqlite3 and ssl: a fifth of the import.
        if name not in ("FileLimiter", "RedisLimiter"):
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(_limiter, name)


__version__ = "0.1.0"

__all__ = [
    "Account",
    "AccountMode",
    "AccountModeError",
    "ApiConnectionError",
    "ApiError",
    "ApiTimeoutError",
    "AsyncMaxLoanClient",
    "AuthenticationError",
    "BadRequestError",
    "BatchResult",
    "ClientClosedError",
    "ClockSkewError",
    "Credentials",
    "FileLimiter",
    "Instrument",
    "InvalidParametersError",
    "InvalidResponseError",
    "LimiterUnavailableError",
    "MaxLoan",
    "MaxLoanClient",
    "MemoryLimiter",
    "MissingDataError",
    "NoResponseError",
    "OkxError",
    "PartialFailureError",
    "PermissionDeniedError",
    "RateLimitError",
    "RateLimitStatus",
    "RateLimitTimeoutError",
    "RedisLimiter",
    "RequestNotSentError",
    "ServiceUnavailableError",
    "Site",
    "Violation",
]
