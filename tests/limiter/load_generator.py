"""Load generator: processes, threads and tasks that send as fast as a limiter permits."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.drivers import run_async, run_sync
from okx_maxloan_sdk.effects import Flow, Send, Sleep
from okx_maxloan_sdk.exceptions import LimiterUnavailableError
from okx_maxloan_sdk.limiter import FileLimiter, Limiter, MemoryLimiter, RateLimit, RedisLimiter
from tests.limiter.runner import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection

    from okx_maxloan_sdk.clock import Clock
    from okx_maxloan_sdk.limiter import RateLimiter


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


def create_limiter(store: str, **settings: Any) -> Limiter:
    """Create the limiter of a store: "memory", "file FOLDER" or "redis URL"."""
    kind, _, place = store.partition(" ")
    if kind == "redis":
        import redis  # noqa: F401, PLC0415 -- its import time is not the limiter's
    if kind == "memory":
        return MemoryLimiter(**settings)
    return (FileLimiter if kind == "file" else RedisLimiter)(place, **settings)


def run_workload(workload: Workload, ready: Callable[[], float] = time.monotonic) -> WorkloadResult:
    """Run a workload in this process, starting at the monotonic time that `ready` returns."""
    result = WorkloadResult()
    clock: Clock = SkewedClock(workload.ahead) if workload.ahead else SystemClock()
    limit = RateLimit(workload.requests, workload.period)
    limiter = create_limiter(workload.store, **workload.settings).for_key(KEY, limit, clock)
    start = ready()
    time.sleep(max(0.0, start - time.monotonic()))
    before = time.process_time()
    end = start + workload.seconds
    flows = [_requests(workload, limiter, end, result) for _ in range(workload.threads + workload.tasks)]
    threads = [
        threading.Thread(target=_thread, args=(workload.port, flows.pop(), clock)) for _ in range(workload.threads)
    ]
    for thread in threads:
        thread.start()
    if flows:
        asyncio.run(_tasks(workload.port, flows, clock, end))
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

    pipe.send(run_workload(workload, ready))


def _requests(workload: Workload, limiter: RateLimiter, end: float, result: WorkloadResult) -> Flow[None]:
    line: Any = f"{workload.sender}\n".encode()
    while (begun := time.monotonic()) < end:
        try:
            permit = yield from limiter.acquire(workload.timeout)
        except LimiterUnavailableError:
            result.unsent.append((begun, time.monotonic()))
            yield Sleep(0.1)
            continue
        sent = time.monotonic()
        if sent > end:
            yield from permit.release_unsent()
            return
        yield Send(line, workload.timeout)
        result.trips.append(time.monotonic() - sent)
        yield from permit.release_after_response()


def _thread(port: int, flow: Flow[None], clock: Clock) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rwb") as stream:

        def send(line: bytes, _: float) -> None:
            stream.write(line)
            stream.flush()
            stream.readline()

        transport: Any = SimpleNamespace(send=send)
        run_sync(flow, transport, clock)


async def _task(port: int, flow: Flow[None], clock: Clock) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send(line: bytes, _: float) -> None:
        writer.write(line)
        await reader.readline()

    transport: Any = SimpleNamespace(send=send)
    try:
        await run_async(flow, transport, clock)
    finally:
        writer.close()


async def _tasks(port: int, flows: list[Flow[None]], clock: Clock, end: float) -> None:
    """Run flows as tasks, and cancel those that wait after the end."""
    running = [asyncio.ensure_future(_task(port, flow, clock)) for flow in flows]
    await asyncio.wait(running, timeout=end - time.monotonic() + 1.0)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
