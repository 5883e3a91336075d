"""Drivers: run flows, blocking or with asyncio, alone or concurrently."""

from __future__ import annotations

import sys
from concurrent.futures import CancelledError, Future
from contextlib import aclosing, closing
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from .clock import WakeEvent, wake_up
from .effects import Flow, Gather, RunBlocking, Send, Sleep
from .exceptions import OkxError, RequestNotSentError
from .threads import call_to_end, start_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator, Sequence

    from .clock import Clock
    from .transport import AsyncTransport, Request, Response, Transport

T = TypeVar("T")


def hide_frames(error: BaseException, handled: BaseException | None) -> BaseException:
    """Remove every frame from an error, its context and its cause, and return it.

    The locals of those frames hold signed headers and request bytes, and a traceback may be rendered with its locals.
    `handled` is what the caller was handling before: it keeps its traceback.
    """
    if isinstance(error, Exception) and not isinstance(error, OkxError) and (traceback := error.__traceback__):
        while traceback.tb_next:
            traceback = traceback.tb_next
        error.add_note(f"raised at {traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}")
    seen: list[BaseException | None] = [None, handled]
    todo: list[BaseException | None] = [error]
    while todo:
        each = todo.pop()
        if not any(each is other for other in seen) and each is not None:
            seen.append(each)
            each.__traceback__ = None
            todo += [each.__context__, each.__cause__]
            todo += each.exceptions if isinstance(each, BaseExceptionGroup) else []
    return error


def run_sync(flow: Flow[T], transport: Transport, clock: Clock) -> T:
    """Run a flow to its end, blocking."""
    result = failure = None
    handled = sys.exception()
    try:
        while True:
            effect = flow.send(result) if failure is None else flow.throw(failure)
            failure = None
            try:
                if isinstance(effect, Send):
                    result = transport.send(effect.request, effect.timeout)
                else:
                    result = _execute(effect, transport, clock)
            except BaseException as error:  # noqa: BLE001 -- a flow cleans up after Ctrl-C too
                failure = hide_frames(error, handled) if isinstance(effect, Send) else error
    except StopIteration as done:
        value: T = done.value
        return value
    except OkxError:
        raise
    except BaseException as error:
        flow.close()  # a signal may raise an exception between two effects
        hide_frames(error, handled)  # and while a request is signed
        raise


def _execute(effect: Sleep | RunBlocking[Any] | Gather[Any], transport: Transport, clock: Clock) -> Any:
    match effect:
        case Sleep(seconds, wake):
            return clock.sleep(seconds, wake)
        case RunBlocking(function):
            return call_to_end(function)
        case Gather(flows, width, on_result):
            with closing(run_concurrently(flows, width, transport, clock)) as results:
                for result in results:
                    on_result(result)
            return None


def check_event_loop() -> None:
    """Raise `RuntimeError` unless asyncio runs the caller."""
    import asyncio  # noqa: PLC0415 -- a blocking program does not load asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        message = "AsyncMaxLoanClient needs a running event loop of asyncio; trio and curio are not supported"
        raise RuntimeError(message) from None


async def run_async(flow: Flow[T], transport: AsyncTransport, clock: Clock) -> T:
    """Run a flow to its end without blocking the event loop."""
    result = failure = None
    handled = sys.exception()
    try:
        while True:
            effect = flow.send(result) if failure is None else flow.throw(failure)
            failure = None
            try:
                if isinstance(effect, Send):
                    result = await transport.send(effect.request, effect.timeout)
                else:
                    result = await _aexecute(effect, transport, clock)
            except BaseException as error:  # noqa: BLE001 -- a flow cleans up after cancellation too
                failure = hide_frames(error, handled) if isinstance(effect, Send) else error
    except StopIteration as done:
        value: T = done.value
        return value
    except OkxError:
        raise
    except BaseException as error:
        hide_frames(error, handled)
        raise


async def _aexecute(effect: Sleep | RunBlocking[Any] | Gather[Any], transport: AsyncTransport, clock: Clock) -> Any:
    match effect:
        case Sleep(seconds, wake):
            return await clock.async_sleep(seconds, wake)
        case RunBlocking(function):
            import asyncio  # noqa: PLC0415 -- a blocking program does not load asyncio

            call = asyncio.wrap_future(start_thread(function))
            try:
                return await asyncio.shield(call)
            except asyncio.CancelledError:
                # A thread cannot be cancelled: it has to end before the flow cleans up.
                await asyncio.wait([call])
                raise
        case Gather(flows, width, on_result):
            async with aclosing(arun_concurrently(flows, width, transport, clock)) as results:
                async for result in results:
                    on_result(result)
            return None


class _Cancellable:
    """What `run_sync` uses of a transport and a clock; once cancelled, it ends every flow that uses it."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self._clock = transport, clock
        self._wake_events: set[WakeEvent] = set()  # its operations are atomic
        self._is_cancelled = False

    def send(self, request: Request, timeout: float) -> Response:
        if self._is_cancelled:
            raise RequestNotSentError("the call was cancelled")
        return self._transport.send(request, timeout)

    def sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        # An event of its own: flows that are not cancelled may sleep on `wake`.
        event = WakeEvent()
        if wake is not None:
            wake.add_done_callback(lambda _: wake_up(event))
        self._wake_events.add(event)
        try:
            if not self._is_cancelled:
                self._clock.sleep(seconds, event)
        finally:
            self._wake_events.discard(event)
        if self._is_cancelled:
            raise CancelledError
        return wake is not None and wake.done()

    def cancel(self) -> None:
        self._is_cancelled = True
        for event in list(self._wake_events):
            wake_up(event)


def run_concurrently(
    flows: Iterator[Flow[Sequence[T]]], width: int, transport: Transport, clock: Clock
) -> Generator[T, None, None]:
    """Run flows in threads, at most `width` at once, and yield their results as each ends.

    A flow is taken from the iterator when fewer than `width` run. Closing the generator ends waiting flows at once;
    requests already sent end by their own timeout.
    """
    scope: Any = _Cancellable(transport, clock)
    done: SimpleQueue[Future[Sequence[T]]] = SimpleQueue()
    running = 0
    try:
        while True:
            for flow in islice(flows, width - running):
                running += 1
                start_thread(partial(run_sync, flow, scope, scope)).add_done_callback(done.put)
            if not running:
                return
            future = done.get()
            running -= 1
            yield from future.result()
    finally:
        scope.cancel()


async def arun_concurrently(
    flows: Iterator[Flow[Sequence[T]]], width: int, transport: AsyncTransport, clock: Clock
) -> AsyncGenerator[T, None]:
    """Run flows as tasks, as `run_concurrently` does; closing the generator cancels them."""
    import asyncio  # noqa: PLC0415 -- a blocking program does not load asyncio

    check_event_loop()
    done: asyncio.Queue[asyncio.Task[Sequence[T]]] = asyncio.Queue()
    running: set[asyncio.Task[Sequence[T]]] = set()
    try:
        while True:
            for flow in islice(flows, width - len(running)):
                task = asyncio.ensure_future(run_async(flow, transport, clock))
                running.add(task)
                task.add_done_callback(done.put_nowait)
            if not running:
                return
            task = await done.get()
            running.remove(task)
            for result in task.result():
                yield result
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
