"""Requests, responses, and the protocols of a transport."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from okx_maxloan_sdk.escape import escape_control_characters
from okx_maxloan_sdk.exceptions import ApiTimeoutError, NoResponseError, RequestNotSentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(slots=True, eq=False, repr=False)
class Request:
    """One request, in the very bytes that were signed."""

    method: str
    target: str
    headers: Mapping[str, str]


@dataclass(slots=True, eq=False)
class Response:
    """One complete response, its body decoded; header names are in lower case.

    `discard` closes the connection that it came over: for a response that does not match its request.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    discard: Callable[[], None] = field(default=lambda: None, repr=False)


class Transport(Protocol):
    """Sends requests to one origin, from any thread."""

    def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds, or raise `ApiConnectionError`."""
        ...

    def close(self) -> None:
        """Close every connection; requests under way fail."""


class AsyncTransport(Protocol):
    """Sends requests to one origin, from any task."""

    async def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds, or raise `ApiConnectionError`."""
        ...

    async def close(self) -> None:
        """Close every connection; requests under way fail."""


class ConnectionDroppedError(NoResponseError):
    """A reused connection closed before any byte of a response; trying again counts as no attempt."""


def not_sent(error: object) -> RequestNotSentError:
    """Make the error of a request that was not sent."""
    return RequestNotSentError(_reason(error))


def no_response(error: object, kind: type[NoResponseError] = NoResponseError) -> NoResponseError:
    """Make the error of a request without a complete response: of this kind, unless it is a timeout."""
    return (ApiTimeoutError if "Timeout" in type(error).__name__ else kind)(_reason(error))


def _reason(error: object) -> str:
    # It may have what a server or a proxy sent.
    text = f"{type(error).__name__} {error}".rstrip() if isinstance(error, Exception) else str(error)
    return escape_control_characters(text)
