"""Effects: what a flow asks its driver to do.

A flow is a sans-I/O generator. It yields an effect and receives the result, or the failure is raised at its `yield`, so
that `try`, `except` and `finally` work in a flow as in any function. Decisions are made in flows; `drivers` carry them
out, blocking or with asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from .clock import WakeEvent
    from .transport import Request

T = TypeVar("T")


class Send(NamedTuple):
    """Send one request; the response is complete within `timeout` seconds."""

    request: Request
    timeout: float


class Sleep(NamedTuple):
    """Sleep for `seconds`, or until `wake` is set; the result tells whether it was."""

    seconds: float
    wake: WakeEvent | None = None


class RunBlocking(NamedTuple, Generic[T]):
    """Call a function that may block; under asyncio it runs in a thread."""

    function: Callable[[], T]


class Gather(NamedTuple, Generic[T]):
    """Run flows concurrently, at most `width` at once; `on_result` receives each of their results as it arrives."""

    flows: Iterator[Flow[Sequence[T]]]
    width: int
    on_result: Callable[[T], object]


Effect: TypeAlias = Send | Sleep | RunBlocking[Any] | Gather[Any]
Flow: TypeAlias = Generator[Effect, Any, T]
