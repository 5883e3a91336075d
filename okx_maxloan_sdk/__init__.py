"""How much an OKX account may borrow: the client for GET /api/v5/account/max-loan."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .account import Account, AccountMode
    from .auth import OkxAuth
    from .batch import Batch
    from .client import AsyncMaxLoanClient, MaxLoanClient
    from .credentials import Credentials
    from .endpoint import InstrumentRow, MaxLoan
    from .errors import (
        AccountModeRejected,
        ApiError,
        AuthenticationError,
        BadAnswer,
        BatchError,
        Broken,
        ClientClosed,
        ClockSkew,
        LimiterUnavailableError,
        MissingDataError,
        NotSent,
        OkxError,
        OutcomeUnknown,
        ParameterRejected,
        PermissionDenied,
        RateLimited,
        RateLimitTimeoutError,
        RuleError,
        TransportError,
        Unavailable,
    )
    from .limiter import FileLimiter, MemoryLimiter, RateLimitStatus, RedisLimiter
    from .sites import Site

# Which module has each name: importing the package loads none of them.
HOME: dict[str, tuple[str, ...]] = {
    "account": ("Account", "AccountMode"),
    "auth": ("OkxAuth",),
    "batch": ("Batch",),
    "client": ("AsyncMaxLoanClient", "MaxLoanClient"),
    "credentials": ("Credentials",),
    "endpoint": ("InstrumentRow", "MaxLoan"),
    "errors": (
        "AccountModeRejected",
        "ApiError",
        "AuthenticationError",
        "BadAnswer",
        "BatchError",
        "Broken",
        "ClientClosed",
        "ClockSkew",
        "LimiterUnavailableError",
        "MissingDataError",
        "NotSent",
        "OkxError",
        "OutcomeUnknown",
        "ParameterRejected",
        "PermissionDenied",
        "RateLimitTimeoutError",
        "RateLimited",
        "RuleError",
        "TransportError",
        "Unavailable",
    ),
    "limiter": ("FileLimiter", "MemoryLimiter", "RateLimitStatus", "RedisLimiter"),
    "sites": ("Site",),
}
_MODULES = {name: module for module, names in HOME.items() for name in names}

__all__ = [
    "Account",
    "AccountMode",
    "AccountModeRejected",
    "ApiError",
    "AsyncMaxLoanClient",
    "AuthenticationError",
    "BadAnswer",
    "Batch",
    "BatchError",
    "Broken",
    "ClientClosed",
    "ClockSkew",
    "Credentials",
    "FileLimiter",
    "InstrumentRow",
    "LimiterUnavailableError",
    "MaxLoan",
    "MaxLoanClient",
    "MemoryLimiter",
    "MissingDataError",
    "NotSent",
    "OkxAuth",
    "OkxError",
    "OutcomeUnknown",
    "ParameterRejected",
    "PermissionDenied",
    "RateLimitStatus",
    "RateLimitTimeoutError",
    "RateLimited",
    "RedisLimiter",
    "RuleError",
    "Site",
    "TransportError",
    "Unavailable",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
