"""What carries bytes: the requests and responses, and what a transport must be able to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

from okx_maxloan_sdk.errors import OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _do_nothing() -> None:
    """Leave the connection to whatever made the response."""


@frozen
class Request:
    """One request, in the very bytes that were signed."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)


@frozen
class Response:
    """One answer, its body decoded and complete; header names are in lower case.

    `discard` closes the connection that it came over, for an answer that gives reason to.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    discard: Callable[[], None] = field(default=_do_nothing, repr=False, eq=False)


class Transport(Protocol):
    """Carries requests to one origin, from any thread."""

    def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds, or raise a `TransportError` or `BadAnswer`."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


class AsyncTransport(Protocol):
    """Carries requests to one origin, from any task."""

    async def send(self, request: Request, timeout: float) -> Response:
        """Send and read to the end within `timeout` seconds, or raise a `TransportError` or `BadAnswer`."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class Dropped(OutcomeUnknown):
    """A connection that had served before went away before it answered; trying again is nobody's business."""
