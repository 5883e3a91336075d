"""Everything that can go wrong, as one tree under `OkxError`.

OkxError
├ RuleError             the question breaks rules of the endpoint; nothing was sent
├ ApiError              OKX answered, and refused
│ ├ AuthenticationError   key, passphrase or signature
│ ├ ClockSkew             the clocks differ by more than 30 s
│ ├ PermissionDenied      the key, the IP or the account may not
│ ├ AccountModeRejected   the account's mode does not allow it
│ ├ ParameterRejected     a parameter was not accepted
│ ├ RateLimited           too many requests
│ └ Unavailable           OKX is down, busy or at work
├ TransportError        no answer
│ ├ NotSent               the request never left
│ └ OutcomeUnknown        it may have arrived
├ BadAnswer             the answer is not what the endpoint answers, or answers another request
├ MissingDataError      OKX answered without a row for something that was requested
├ RateLimitTimeoutError  the limiter's wait is longer than the deadline allows
├ LimiterUnavailableError  the limiter's file or Redis cannot be used
├ BatchError            some pairs have no rows; it carries the rows of the others
└ ClientClosed          the client was used after close()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from .endpoint import MaxLoan


class OkxError(Exception):
    """Base class of every error that this package raises."""


@frozen
class Broken:
    """One broken rule: its id, what was given, what is needed, and where OKX documents it."""

    id: str
    given: str
    needed: str
    docs: str

    def __str__(self) -> str:
        return f"{self.needed} (given: {self.given}; rule {self.id}; {self.docs})"


class RuleError(OkxError, ValueError):
    """The question breaks rules of the endpoint; all of them are in `broken`, and nothing was sent."""

    def __init__(self, broken: Sequence[Broken]) -> None:
        super().__init__(tuple(broken))
        self.broken: tuple[Broken, ...] = tuple(broken)

    def __str__(self) -> str:
        return "\n".join(map(str, self.broken))


class ApiError(OkxError):
    """OKX answered, and refused.

    `code` and `message` are the exchange's own, `explanation` says what the code means and what to do, `hint` what
    else is known of this request; `inst_ids` are the pairs that the request asked about.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        http_status: int,
        explanation: str = "",
        hint: str = "",
        request_id: str = "",
        inst_ids: tuple[str, ...] = (),
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.http_status = http_status
        self.explanation = explanation
        self.hint = hint
        self.request_id = request_id
        self.inst_ids = inst_ids

    def __str__(self) -> str:
        said = f"OKX refused with {self.code} (HTTP {self.http_status}): {self.message or '-'}"
        about = f"instId {','.join(self.inst_ids)}" if self.inst_ids else ""
        return "\n".join(line for line in (said, self.explanation, self.hint, about) if line)

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self.code, self.message, self.__dict__.copy())


def _revive(kind: type[ApiError], code: str, message: str, state: Mapping[str, Any]) -> ApiError:
    error = kind(code, message, http_status=state["http_status"])
    error.__dict__.update(state)
    return error


class AuthenticationError(ApiError):
    """The key, the passphrase or the signature was not accepted."""


class ClockSkew(ApiError):
    """The timestamp lies more than 30 seconds from the exchange's clock."""


class PermissionDenied(ApiError):
    """The key, this machine's IP or the account may not do this."""


class AccountModeRejected(ApiError):
    """The account's mode does not allow this."""


class ParameterRejected(ApiError):
    """A parameter was not accepted."""


class RateLimited(ApiError):
    """Too many requests were counted for the OKX user."""


class Unavailable(ApiError):
    """OKX is down, busy or under maintenance."""


class TransportError(OkxError):
    """There is no answer."""


class NotSent(TransportError):
    """The request never left; the exchange has not counted it."""


class OutcomeUnknown(TransportError):
    """The request may have arrived; the exchange may have counted it."""


class BadAnswer(OkxError):
    """The answer is not what the endpoint answers, or answers another request.

    `excerpt` shows how the body begins; `rows` are the rows as OKX sent them, when they do not match the request.
    """

    def __init__(
        self, reason: str, *, http_status: int = 0, excerpt: str = "", rows: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(reason, http_status, excerpt, tuple(rows))
        self.reason: str = reason
        self.http_status: int = http_status
        self.excerpt: str = excerpt
        self.rows: tuple[Mapping[str, Any], ...] = tuple(rows)

    def __str__(self) -> str:
        shown = f": {self.excerpt!r}" if self.excerpt else ""
        return f"OKX's answer (HTTP {self.http_status}) cannot be read: {self.reason}{shown}"

    def masked(self, mask: Callable[[str], str]) -> Self:
        """Blank out what is secret, and forget where it was raised: those frames hold the answer unmasked."""
        self.reason, self.excerpt = mask(self.reason), mask(self.excerpt)[:200]
        self.rows = tuple(_masked(row, mask) for row in self.rows)
        self.args: tuple[Any, ...] = (self.reason, self.http_status, self.excerpt, self.rows)
        self.__context__: BaseException | None = None
        return self.with_traceback(None)

    def __reduce__(self) -> tuple[Any, ...]:
        return _bad_answer, self.args


def _bad_answer(reason: str, http_status: int, excerpt: str, rows: Sequence[Mapping[str, Any]]) -> BadAnswer:
    return BadAnswer(reason, http_status=http_status, excerpt=excerpt, rows=rows)


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(name): _masked(each, mask) for name, each in value.items()}
    return [_masked(each, mask) for each in value] if isinstance(value, list) else value


class MissingDataError(OkxError):
    """OKX answered without a row for a pair or currency that was requested, as it may for a delisted pair.

    `requested` names the pairs or the currency, `hint` says what else is known of them.
    """

    def __init__(self, requested: Sequence[str], hint: str = "") -> None:
        super().__init__(tuple(requested), hint)
        self.requested: tuple[str, ...] = tuple(requested)
        self.hint: str = hint

    def __str__(self) -> str:
        lines = (f"OKX returned no data for {', '.join(self.requested)}; it may be delisted", self.hint)
        return "\n".join(line for line in lines if line)


class RateLimitTimeoutError(OkxError, TimeoutError):
    """The limiter's wait is longer than the call's deadline allows; nothing was sent."""


class LimiterUnavailableError(OkxError):
    """The limiter's file or Redis cannot be used; nothing was sent."""


class BatchError(OkxError):
    """Some pairs have no rows: `loans` are the rows that did arrive, `failures` each failure with its pairs.

    A pair fails with its request, or alone with a `MissingDataError` when OKX answered without a row for it.
    """

    def __init__(self, loans: Sequence[MaxLoan], failures: Sequence[tuple[tuple[str, ...], OkxError]]) -> None:
        super().__init__(tuple(loans), tuple(failures))
        self.loans: list[MaxLoan] = list(loans)
        self.failures: list[tuple[tuple[str, ...], OkxError]] = list(failures)

    def __str__(self) -> str:
        failed = (f"{','.join(ids)}: {error}" for ids, error in self.failures)
        pairs = sum(len(ids) for ids, _ in self.failures)
        return "\n".join([f"no rows for {pairs} of the pairs; {len(self.loans)} rows arrived", *failed])


class ClientClosed(OkxError):
    """The client was used after close(); make a new one."""

    def __init__(self, message: str = "this client is closed; make a new one") -> None:
        super().__init__(message)


BY_KIND: Mapping[str, type[ApiError]] = {
    "refused": ApiError,
    "authentication": AuthenticationError,
    "clock": ClockSkew,
    "permission": PermissionDenied,
    "account_mode": AccountModeRejected,
    "parameter": ParameterRejected,
    "rate_limit": RateLimited,
    "unavailable": Unavailable,
}
