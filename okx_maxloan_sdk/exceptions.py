"""Exceptions of this package, one tree under `OkxError`; docs/en/errors.md draws it."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

from .escape import map_texts
from .messages import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from .models import MaxLoan

MAX_EXCERPT = 200
# Failures that the text of a PartialFailureError lists.
MAX_REASONS = 20


class OkxError(Exception):
    """Base class of every error that this package raises."""

    # Seconds that the server asked to wait (Retry-After), 0 if it did not.
    retry_after: float = 0.0
    # Language of its text, "en" or "zh".
    language: str = "en"

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the constructor, whose keyword arguments are attributes.
        return type(self).__new__, (type(self), *self.args), self.__dict__.copy()


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that the parameters break: its id, what was given, what is expected, and OKX's documentation of it."""

    rule_id: str
    given: str
    expected: str
    docs_url: str
    language: str = field(default="en", repr=False, compare=False)

    def __str__(self) -> str:
        fields = {"expected": self.expected, "given": self.given, "rule_id": self.rule_id, "docs_url": self.docs_url}
        return text(self.language, "error.violation", **fields)


class InvalidParametersError(OkxError, ValueError):
    """The parameters break rules of the endpoint: all of them are in `violations`, and nothing was sent."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(tuple(violations))
        self.violations: tuple[Violation, ...] = tuple(violations)

    def __str__(self) -> str:
        return "\n".join(map(str, self.violations))


@dataclass(eq=False, repr=False)
class ApiError(OkxError):
    """OKX rejected the request.

    `code` and `message` are OKX's own, `explanation` says what the code means and what to do, `hint` what else is known
    about this request. `inst_ids` are the pairs of the request, `request_id` is what OKX's support asks for.
    """

    code: str
    message: str
    _: KW_ONLY
    http_status: int
    explanation: str = ""
    hint: str = ""
    request_id: str = ""
    inst_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__init__(self.code, self.message)

    def __str__(self) -> str:
        summary = text(
            self.language, "error.rejected", code=self.code, status=self.http_status, message=self.message or "-"
        )
        pairs = f"instId {','.join(self.inst_ids)}" if self.inst_ids else ""
        return "\n".join(line for line in (summary, self.explanation, self.hint, pairs) if line)


class AuthenticationError(ApiError):
    """OKX did not accept the API key, the passphrase or the signature."""


class ClockSkewError(ApiError):
    """The timestamp is more than 30 seconds from OKX's clock."""


class PermissionDeniedError(ApiError):
    """The API key, this machine's IP address or the account lacks a permission."""


class AccountModeError(ApiError):
    """The account mode does not allow the request."""


class BadRequestError(ApiError):
    """OKX did not accept a parameter."""


class RateLimitError(ApiError):
    """OKX counted too many requests of the user or the IP address."""


class ServiceUnavailableError(ApiError):
    """OKX is down, busy or under maintenance."""


class ApiConnectionError(OkxError):
    """No usable response came from OKX."""


class RequestNotSentError(ApiConnectionError):
    """The request was not sent; OKX has not counted it."""

    def __str__(self) -> str:
        return text(self.language, "error.not_sent", reason=super().__str__())


class NoResponseError(ApiConnectionError):
    """The request may have arrived, and OKX may have counted it."""

    def __str__(self) -> str:
        return text(self.language, "error.no_response", reason=super().__str__())


class ApiTimeoutError(NoResponseError, TimeoutError):
    """No complete response came within `timeout` or `total_timeout`."""


class InvalidResponseError(OkxError):
    """A complete response violates the contract, or answers another request.

    `reason` says how, `body_excerpt` is the beginning of the body, and `rows` are the rows as OKX sent them when they
    do not match the request.
    """

    def __init__(
        self, reason: str, *, http_status: int = 0, body_excerpt: str = "", rows: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(reason, http_status, body_excerpt, tuple(rows))
        self.reason: str = reason
        self.http_status: int = http_status
        self.body_excerpt: str = body_excerpt
        self.rows: tuple[Mapping[str, Any], ...] = tuple(rows)

    def __str__(self) -> str:
        excerpt = f": {self.body_excerpt!r}" if self.body_excerpt else ""
        return text(self.language, "error.invalid", status=self.http_status, reason=self.reason) + excerpt

    def redacted(self, redact: Callable[[str], str]) -> Self:
        """Redact secrets, and remove the traceback, whose frames hold the response unredacted."""
        self.reason, self.body_excerpt = redact(self.reason), redact(self.body_excerpt)[:MAX_EXCERPT]
        self.rows = map_texts(self.rows, redact)
        self.args: tuple[Any, ...] = (self.reason, self.http_status, self.body_excerpt, self.rows)
        self.__context__: BaseException | None = None
        return self.with_traceback(None)


class MissingDataError(OkxError):
    """A successful response has no row for a requested pair or currency, as for a delisted pair.

    `requested` names the pairs or the currency, `hint` says what else is known about them.
    """

    def __init__(self, requested: Sequence[str], hint: str = "") -> None:
        super().__init__(tuple(requested), hint)
        self.requested: tuple[str, ...] = tuple(requested)
        self.hint: str = hint

    def __str__(self) -> str:
        lines = (text(self.language, "error.missing", requested=", ".join(self.requested)), self.hint)
        return "\n".join(line for line in lines if line)


class RateLimitTimeoutError(OkxError, TimeoutError):
    """The limiter's wait is longer than `total_timeout` allows; nothing was sent."""


class LimiterUnavailableError(OkxError):
    """The limiter's file or Redis cannot be used; nothing was sent."""


class PartialFailureError(OkxError):
    """Some pairs have no rows: `loans` are the rows of the others, `failures` each error with its pairs.

    A pair fails with its request, or alone with a `MissingDataError` when OKX returned no row for it.
    """

    def __init__(self, loans: Sequence[MaxLoan], failures: Sequence[tuple[tuple[str, ...], OkxError]]) -> None:
        super().__init__(tuple(loans), tuple(failures))
        self.loans: list[MaxLoan] = list(loans)
        self.failures: list[tuple[tuple[str, ...], OkxError]] = list(failures)

    def __str__(self) -> str:
        pairs = sum(len(inst_ids) for inst_ids, _ in self.failures)
        reasons = [f"{','.join(inst_ids)}: {error}" for inst_ids, error in self.failures[:MAX_REASONS]]
        if more := len(self.failures) - len(reasons):
            reasons.append(text(self.language, "error.more", count=more))
        return "\n".join([text(self.language, "error.partial", pairs=pairs, loans=len(self.loans)), *reasons])


class ClientClosedError(OkxError):
    """The client was used after close()."""

    def __init__(self, message: str = "the client is closed; create a new one") -> None:
        super().__init__(message)


EXCEPTION_BY_KIND: Mapping[str, type[ApiError]] = {
    "refused": ApiError,
    "authentication": AuthenticationError,
    "clock": ClockSkewError,
    "permission": PermissionDeniedError,
    "account_mode": AccountModeError,
    "parameter": BadRequestError,
    "instrument": BadRequestError,
    "rate_limit": RateLimitError,
    "unavailable": ServiceUnavailableError,
}
