"""What a call asks of the world, and the drivers that carry it out.

A flow is a generator. It yields an effect and receives the result, or has the failure raised at its `yield`, so that
`try`, `except` and `finally` mean in a flow what they mean everywhere. Decisions live in flows; sockets, threads and
sleeping live here, once for blocking programs and once for event loops.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import CancelledError, Future, InvalidStateError, ThreadPoolExecutor
from contextlib import aclosing, closing, suppress
from itertools import islice, takewhile
from queue import SimpleQueue
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

from .errors import NotSent, OkxError

if TYPE_CHECKING:
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
            with closing(drive_each(flows, width, transport, clock)) as results:
                for result in results:
                    take(result)
            return None


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

            call = asyncio.ensure_future(asyncio.to_thread(function))
            try:
                return await asyncio.shield(call)
            except asyncio.CancelledError:
                # A thread cannot be cancelled: what it does must be over before the flow cleans up after it.
                await asyncio.wait([call])
                raise
        case Gather(flows, width, take):
            async with aclosing(adrive_each(flows, width, transport, clock)) as results:
                async for result in results:
                    take(result)
            return None


class Once(Generic[T]):
    """A value that the first asker fetches while the others wait for it."""

    def __init__(self, value: T | None = None) -> None:
        self.value = value
        # Re-entrant, as the garbage collector may close one asker while another holds it.
        self._lock = RLock()
        self._turn: Wake | None = None

    def get(self, fetch: Callable[[], Flow[T]], patience: float, stale: T | None = None) -> Flow[T]:
        """Give the value, fetched anew when there is none or it is still the `stale` one.

        Who has waited `patience` seconds for the same asker fetches it as well: that asker's thread may have died.
        """
        waited: Wake | None = None
        while True:
            with self._lock:
                if self.value is not None and self.value is not stale:
                    return self.value
                others, mine = self._turn, Future[None]()
                if others is None or others is waited:
                    self._turn = mine
                    break
            waited = None if (yield from sleep(patience, others)) else others
        try:
            self.value = value = yield from fetch()
            return value
        finally:
            with self._lock:
                if self._turn is mine:
                    self._turn = None
            mine.set_result(None)


class _Abandonable:
    """A transport and a clock that can be taken away, for good, from the threads that use them."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self._clock = transport, clock
        self._sleepers: set[Wake] = set()
        self._lock = RLock()
        self._abandoned = False
        self.close = transport.close
        self.monotonic = clock.monotonic
        self.time = clock.time
        self.asleep = clock.asleep

    def send(self, request: Request, timeout: float) -> Response:
        if self._abandoned:
            raise NotSent("nobody waits for the answer any more")
        return self._transport.send(request, timeout)

    def sleep(self, seconds: float, wake: Wake | None = None) -> bool:
        # Its own future: others may sleep on `wake`, and they are not abandoned.
        sleeper: Wake = Future()
        with self._lock:
            if self._abandoned:
                raise CancelledError
            self._sleepers.add(sleeper)
        if wake is not None:
            wake.add_done_callback(lambda _: _rouse(sleeper))
        try:
            self._clock.sleep(seconds, sleeper)
        finally:
            with self._lock:
                self._sleepers.discard(sleeper)
        if self._abandoned:
            raise CancelledError
        return wake is not None and wake.done()

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            sleepers = list(self._sleepers)
        for sleeper in sleepers:
            _rouse(sleeper)


def _rouse(sleeper: Wake) -> None:
    with suppress(InvalidStateError):
        sleeper.set_result(None)


def drive_each(flows: Iterator[Flow[T]], width: int, transport: Transport, clock: Clock) -> Generator[T, None, None]:
    """Carry out flows, at most `width` at once, and yield each result as it comes.

    Flows are taken from the iterator when there is room for them. When the results are abandoned half-way, waiting
    flows end at once, and requests in flight end by their own timeout.
    """
    pool, world = ThreadPoolExecutor(width, "okx-maxloan"), _Abandonable(transport, clock)
    done: SimpleQueue[Future[T]] = SimpleQueue()
    running = 0
    try:
        while True:
            for flow in islice(flows, width - running):
                running += 1
                pool.submit(drive, flow, world, world).add_done_callback(done.put)
            if not running:
                return
            ended = done.get()
            running -= 1
            yield ended.result()
    finally:
        world.abandon()
        pool.shutdown(wait=False, cancel_futures=True)


async def adrive_each(
    flows: Iterator[Flow[T]], width: int, transport: AsyncTransport, clock: Clock
) -> AsyncGenerator[T, None]:
    """Do as `drive_each` does; when the results are abandoned, requests in flight are cancelled."""
    import asyncio  # noqa: PLC0415 -- a synchronous program never pays for it

    done: asyncio.Queue[asyncio.Task[T]] = asyncio.Queue()
    running: set[asyncio.Task[T]] = set()
    try:
        while True:
            for flow in islice(flows, width - len(running)):
                task = asyncio.ensure_future(adrive(flow, transport, clock))
                running.add(task)
                task.add_done_callback(done.put_nowait)
            if not running:
                return
            ended = await done.get()
            running.remove(ended)
            yield ended.result()
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
