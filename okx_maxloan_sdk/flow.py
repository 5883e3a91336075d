"""What a call asks of the world, and the drivers that carry it out.

A flow is a generator. It yields an effect and receives the result, or has the failure raised at its `yield`, so that
`try`, `except` and `finally` mean in a flow what they mean everywhere. Decisions live in flows; sockets, threads and
sleeping live here, once for blocking programs and once for event loops.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import aclosing, closing
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

from .errors import OkxError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .clock import Clock, Wake
    from .transport import AsyncTransport, Request, Response, Transport

T = TypeVar("T")


class Send(NamedTuple):
    """Send one request; the whole exchange, body included, ends within `timeout` seconds."""

    request: Request
    timeout: float


class Sleep(NamedTuple):
    """Let `seconds` pass, or less when `wake` is done before; the result tells whether it was."""

    seconds: float
    wake: Wake | None = None


class Run(NamedTuple, Generic[T]):
    """Call a function that may block on the network; an event loop hands it to a thread."""

    function: Callable[[], T]


class Gather(NamedTuple, Generic[T]):
    """Carry out flows side by side, at most `width` at once; `take` gets each result."""

    flows: Iterator[Flow[T]]
    width: int
    take: Callable[[T], object]


Effect: TypeAlias = Send | Sleep | Run[Any] | Gather[Any]
Flow: TypeAlias = Generator[Effect, Any, T]


def send(request: Request, timeout: float) -> Flow[Response]:
    """Ask for a request to be sent."""
    try:
        response: Response = yield Send(request, timeout)
    except OkxError as error:
        # The frames of what carries requests hold signed headers and answers, and a traceback may render its locals.
        raise error.with_traceback(None)  # noqa: B904 -- it is the same error
    return response


def sleep(seconds: float, wake: Wake | None = None) -> Flow[bool]:
    """Ask for time to pass."""
    woken: bool = yield Sleep(seconds, wake)
    return woken


def run(function: Callable[[], T]) -> Flow[T]:
    """Ask for a blocking function to be called."""
    result: T = yield Run(function)
    return result


def gather(flows: Iterator[Flow[T]], width: int, take: Callable[[T], bool]) -> Flow[None]:
    """Ask for flows to be carried out side by side, until `take` says of a result to begin no more."""
    verdicts = {True}
    wanted = takewhile(lambda _: False not in verdicts, flows)
    yield Gather(wanted, width, lambda result: verdicts.add(take(result)))


def drive(flow: Flow[T], transport: Transport, clock: Clock) -> T:
    """Carry out a flow, blocking."""
    result = failure = None
    try:
        while True:
            effect = flow.send(result) if failure is None else flow.throw(failure)
            failure = None
            try:
                result = _perform(effect, transport, clock)
            except BaseException as error:  # noqa: BLE001 -- a flow cleans up after an interrupt too
                failure = error
    except StopIteration as done:
        value: T = done.value
        return value


def _perform(effect: Effect, transport: Transport, clock: Clock) -> Any:
    match effect:
        case Send(request, timeout):
            return transport.send(request, timeout)
        case Sleep(seconds, wake):
            return clock.sleep(seconds, wake)
        case Run(function):
            return function()
        case Gather(flows, width, take):
            from .together import drive_each  # noqa: PLC0415 -- threads load when there is something for them

            with closing(drive_each(flows, width, transport, clock)) as results:
                for result in results:
                    take(result)
            return None


def _start_thread(function: Callable[[], T]) -> Future[T]:
    """Call a function in a daemon thread of its own: the program's jobs may fill the event loop's executor."""
    from concurrent.futures import Future  # noqa: PLC0415 -- as above
    from threading import Thread  # noqa: PLC0415 -- as above

    future: Future[T] = Future()

    def call() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 -- it is raised where the result is awaited
            future.set_exception(error)
        else:
            future.set_result(result)

    Thread(target=call, name="okx-maxloan-limiter", daemon=True).start()
    return future


async def adrive(flow: Flow[T], transport: AsyncTransport, clock: Clock) -> T:
    """Carry out a flow, leaving the event loop free."""
    result = failure = None
    try:
        while True:
            effect = flow.send(result) if failure is None else flow.throw(failure)
            failure = None
            try:
                result = await _aperform(effect, transport, clock)
            except BaseException as error:  # noqa: BLE001 -- a flow cleans up after a cancelled task too
                failure = error
    except StopIteration as done:
        value: T = done.value
        return value


async def _aperform(effect: Effect, transport: AsyncTransport, clock: Clock) -> Any:
    match effect:
        case Send(request, timeout):
            return await transport.send(request, timeout)
        case Sleep(seconds, wake):
            return await clock.asleep(seconds, wake)
        case Run(function):
            import asyncio  # noqa: PLC0415 -- a synchronous program never pays for it

            call = asyncio.wrap_future(_start_thread(function))
            try:
                return await asyncio.shield(call)
            except asyncio.CancelledError:
                # A thread cannot be cancelled: what it does must be over before the flow cleans up after it.
                await asyncio.wait([call])
                raise
        case Gather(flows, width, take):
            from .together import adrive_each  # noqa: PLC0415 -- as above

            async with aclosing(adrive_each(flows, width, transport, clock)) as results:
                async for result in results:
                    take(result)
            return None
