"""Load generator: processes, threads and tasks that send as fast as a limiter permits."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.drivers import run_async, run_sync
from okx_maxloan_sdk.exceptions import LimiterUnavailableError
from okx_maxloan_sdk.limiter import FileLimiter, Limiter, LimitKey, MemoryLimiter, RateLimit, RedisLimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection

    from okx_maxloan_sdk.clock import Clock
    from okx_maxloan_sdk.limiter import RateLimiter

KEY = LimitKey("42", "max_loan")
NO_TRANSPORT: Any = None


class SkewedClock:
    """The clock of a machine that is `ahead` of the others."""

    def __init__(self, ahead: float) -> None:
        self._ahead = ahead
        self.sleep = SystemClock().sleep
        self.async_sleep = SystemClock().async_sleep

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def time(self) -> float:
        return time.time() + self._ahead


@frozen
class Workload:
    """The load of one process: `tasks` tasks and `threads` threads send to `port` for `seconds`."""

    sender: str
    port: int
    store: str
    requests: int
    period: float
    seconds: float
    tasks: int = 0
    threads: int = 0
    settings: dict[str, Any] = field(factory=dict)
    ahead: float = 0.0
    timeout: float = 5.0


@define
class WorkloadResult:
    """Measurements of a process: round trips in seconds, requests without a permit (start, error), CPU seconds."""

    trips: list[float] = field(factory=list)
    unsent: list[tuple[float, float]] = field(factory=list)
    cpu: float = 0.0


def create_limiter(workload: Workload) -> Limiter:
    """Create the limiter that a workload names."""
    kind, _, place = workload.store.partition(" ")
    if kind == "redis":
        import redis  # noqa: F401, PLC0415 -- its import time is not the limiter's
    if kind == "memory":
        return MemoryLimiter(**workload.settings)
    return (FileLimiter if kind == "file" else RedisLimiter)(place, **workload.settings)


def run(workload: Workload, ready: Callable[[], float] = time.monotonic) -> WorkloadResult:
    """Run a workload in this process, starting at the monotonic time that `ready` returns."""
    result = WorkloadResult()
    clock: Clock = SkewedClock(workload.ahead) if workload.ahead else SystemClock()
    limiter = create_limiter(workload).for_key(KEY, RateLimit(workload.requests, workload.period), clock)
    start = ready()
    time.sleep(max(0.0, start - time.monotonic()))
    before = time.process_time()
    sender = Sender(workload, limiter, clock, start + workload.seconds, result)
    threads = [threading.Thread(target=sender.thread) for _ in range(workload.threads)]
    for thread in threads:
        thread.start()
    if workload.tasks:
        asyncio.run(sender.tasks())
    for thread in threads:
        thread.join()
    result.cpu = time.process_time() - before
    return result


def run_all(
    workloads: list[Workload], method: str = "spawn", actions: Iterable[tuple[float, Callable[[], object]]] = ()
) -> tuple[float, list[WorkloadResult]]:
    """Run each workload in a process of its own, all starting at the same time; return the start and the results.

    Each of the `actions` runs the given number of seconds after the start.
    """
    context: Any = multiprocessing.get_context(method)
    running = []
    for workload in workloads:
        ours, theirs = context.Pipe()
        process = context.Process(target=_child, args=(workload, theirs), daemon=True)
        process.start()
        running.append((process, ours))
    for _, pipe in running:
        pipe.recv()
    start = time.monotonic() + 0.1
    for _, pipe in running:
        pipe.send(start)
    for seconds, action in actions:
        time.sleep(max(0.0, start + seconds - time.monotonic()))
        action()
    results = [pipe.recv() for _, pipe in running]
    for process, _ in running:
        process.join()
    return start, results


def _child(workload: Workload, pipe: Connection) -> None:
    def ready() -> float:
        pipe.send("ready")
        start: float = pipe.recv()
        return start

    pipe.send(run(workload, ready))


@frozen
class Sender:
    """A loop that sends requests until the end of the workload."""

    workload: Workload
    limiter: RateLimiter
    clock: Clock
    end: float
    result: WorkloadResult

    def thread(self) -> None:
        """Send requests from a thread."""
        with (
            socket.create_connection(("127.0.0.1", self.workload.port)) as connection,
            connection.makefile("rwb") as stream,
        ):
            while time.monotonic() < self.end:
                begun = time.monotonic()
                try:
                    permit = run_sync(self.limiter.acquire(self.workload.timeout), NO_TRANSPORT, self.clock)
                except LimiterUnavailableError:
                    self.result.unsent.append((begun, time.monotonic()))
                    time.sleep(0.1)
                    continue
                if time.monotonic() > self.end:
                    run_sync(permit.release_unsent(), NO_TRANSPORT, self.clock)
                    return
                sent = time.monotonic()
                stream.write(f"{self.workload.sender}\n".encode())
                stream.flush()
                stream.readline()
                self.result.trips.append(time.monotonic() - sent)
                run_sync(permit.release_after_response(), NO_TRANSPORT, self.clock)

    async def tasks(self) -> None:
        """Send requests from tasks; cancel those that wait after the end."""
        running = [asyncio.ensure_future(self._task()) for _ in range(self.workload.tasks)]
        await asyncio.wait(running, timeout=self.end - time.monotonic() + 1.0)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _task(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.workload.port)
        try:
            while time.monotonic() < self.end:
                begun = time.monotonic()
                try:
                    permit = await run_async(self.limiter.acquire(self.workload.timeout), NO_TRANSPORT, self.clock)
                except LimiterUnavailableError:
                    self.result.unsent.append((begun, time.monotonic()))
                    await asyncio.sleep(0.1)
                    continue
                if time.monotonic() > self.end:
                    await run_async(permit.release_unsent(), NO_TRANSPORT, self.clock)
                    return
                sent = time.monotonic()
                writer.write(f"{self.workload.sender}\n".encode())
                await reader.readline()
                self.result.trips.append(time.monotonic() - sent)
                await run_async(permit.release_after_response(), NO_TRANSPORT, self.clock)
        finally:
            writer.close()
