"""Programs that send as fast as a limiter lets them, in processes, threads and tasks."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.errors import LimiterUnavailableError
from okx_maxloan_sdk.flow import adrive, drive
from okx_maxloan_sdk.limiter import FileLimiter, Limiter, LimitKey, MemoryLimiter, RateLimit, RedisLimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection

    from okx_maxloan_sdk.clock import Clock
    from okx_maxloan_sdk.limiter import RateLimiter

KEY = LimitKey("42", "max_loan")
NO_TRANSPORT: Any = None


class SkewedClock:
    """A machine whose clocks are `ahead` of the others'."""

    def __init__(self, ahead: float) -> None:
        self._ahead = ahead
        self.sleep = SystemClock().sleep
        self.asleep = SystemClock().asleep

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def time(self) -> float:
        return time.time() + self._ahead


@frozen
class Workload:
    """What one program does: `tasks` tasks and `threads` threads send to `port` for `seconds`."""

    who: str
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
    """What a program saw: round trips in seconds, refused requests (asked when, refused when), CPU seconds."""

    trips: list[float] = field(factory=list)
    unsent: list[tuple[float, float]] = field(factory=list)
    cpu: float = 0.0


def create_limiter(plan: Workload) -> Limiter:
    """Make the limiter that a plan names."""
    kind, _, place = plan.store.partition(" ")
    if kind == "redis":
        import redis  # noqa: F401, PLC0415 -- what it takes to load is not what the limiter takes
    if kind == "memory":
        return MemoryLimiter(**plan.settings)
    return (FileLimiter if kind == "file" else RedisLimiter)(place, **plan.settings)


def run(plan: Workload, ready: Callable[[], float] = time.monotonic) -> WorkloadResult:
    """Carry a plan out in this process, from the moment on that `ready` gives."""
    outcome = WorkloadResult()
    clock: Clock = SkewedClock(plan.ahead) if plan.ahead else SystemClock()
    window = create_limiter(plan).for_key(KEY, RateLimit(plan.requests, plan.period), clock)
    start = ready()
    time.sleep(max(0.0, start - time.monotonic()))
    before = time.process_time()
    sender = Sender(plan, window, clock, start + plan.seconds, outcome)
    threads = [threading.Thread(target=sender.thread) for _ in range(plan.threads)]
    for each in threads:
        each.start()
    if plan.tasks:
        asyncio.run(sender.tasks())
    for each in threads:
        each.join()
    outcome.cpu = time.process_time() - before
    return outcome


def run_all(
    plans: list[Workload], method: str = "spawn", actions: Iterable[tuple[float, Callable[[], object]]] = ()
) -> tuple[float, list[WorkloadResult]]:
    """Carry each plan out in a process of its own, all from the same moment on, and tell when that was.

    Each of the `actions` is taken so many seconds after it.
    """
    context: Any = multiprocessing.get_context(method)
    running = []
    for plan in plans:
        ours, theirs = context.Pipe()
        process = context.Process(target=_child, args=(plan, theirs), daemon=True)
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
    outcomes = [pipe.recv() for _, pipe in running]
    for process, _ in running:
        process.join()
    return start, outcomes


def _child(plan: Workload, pipe: Connection) -> None:
    def ready() -> float:
        pipe.send("ready")
        start: float = pipe.recv()
        return start

    pipe.send(run(plan, ready))


@frozen
class Sender:
    """Sends until the end."""

    plan: Workload
    window: RateLimiter
    clock: Clock
    end: float
    outcome: WorkloadResult

    def thread(self) -> None:
        """Send, blocking."""
        with (
            socket.create_connection(("127.0.0.1", self.plan.port)) as connection,
            connection.makefile("rwb") as stream,
        ):
            while time.monotonic() < self.end:
                asked = time.monotonic()
                try:
                    slot = drive(self.window.acquire(self.plan.timeout), NO_TRANSPORT, self.clock)
                except LimiterUnavailableError:
                    self.outcome.unsent.append((asked, time.monotonic()))
                    time.sleep(0.1)
                    continue
                if time.monotonic() > self.end:
                    drive(slot.release_unsent(), NO_TRANSPORT, self.clock)
                    return
                sent = time.monotonic()
                stream.write(f"{self.plan.who}\n".encode())
                stream.flush()
                stream.readline()
                self.outcome.trips.append(time.monotonic() - sent)
                drive(slot.release_after_response(), NO_TRANSPORT, self.clock)

    async def tasks(self) -> None:
        """Send from tasks; when it ends, cancel those that wait."""
        running = [asyncio.ensure_future(self._task()) for _ in range(self.plan.tasks)]
        await asyncio.wait(running, timeout=self.end - time.monotonic() + 1.0)
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _task(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.plan.port)
        try:
            while time.monotonic() < self.end:
                asked = time.monotonic()
                try:
                    slot = await adrive(self.window.acquire(self.plan.timeout), NO_TRANSPORT, self.clock)
                except LimiterUnavailableError:
                    self.outcome.unsent.append((asked, time.monotonic()))
                    await asyncio.sleep(0.1)
                    continue
                if time.monotonic() > self.end:
                    await adrive(slot.release_unsent(), NO_TRANSPORT, self.clock)
                    return
                sent = time.monotonic()
                writer.write(f"{self.plan.who}\n".encode())
                await reader.readline()
                self.outcome.trips.append(time.monotonic() - sent)
                await adrive(slot.release_after_response(), NO_TRANSPORT, self.clock)
        finally:
            writer.close()
