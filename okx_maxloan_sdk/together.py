"""Flows side by side, each result as it comes: from threads, or as tasks."""

from __future__ import annotations

from concurrent.futures import CancelledError, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from threading import RLock
from typing import TYPE_CHECKING, TypeVar

from .clock import alarm, rouse
from .errors import NotSent
from .flow import Flow, adrive, drive

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator
    from concurrent.futures import Future

    from .clock import Clock, Wake
    from .transport import AsyncTransport, Request, Response, Transport

T = TypeVar("T")


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
        sleeper = alarm()
        with self._lock:
            if self._abandoned:
                raise CancelledError
            self._sleepers.add(sleeper)
        if wake is not None:
            wake.add_done_callback(lambda _: rouse(sleeper))
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
            rouse(sleeper)


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
