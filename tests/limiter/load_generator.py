"""Load generator: processes, threads and tasks that send as fast as a limiter permits."""

from __future__ import annotations

import asyncio
import multiprocessing.dummy
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.effects import Flow, Sleep
from okx_maxloan_sdk.exceptions import RateLimitTimeoutError
from okx_maxloan_sdk.limiter import FileLimiter, Limiter, MemoryLimiter, RateLimit, RedisLimiter
from tests.limiter.runner import CHANCE, CLOCK, DELAYS, KEY, Traffic, arun, run, send
from tests.limiter.valkey import Valkey

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator

    from okx_maxloan_sdk.limiter import RateLimiter


class SkewedClock(SystemClock):
    """The clock of a machine that is `ahead` of the others."""

    def __init__(self, ahead: float) -> None:
        self.monotonic = staticmethod(lambda: time.monotonic() + ahead)
        self.time = staticmethod(lambda: time.time() + ahead)


@frozen
class Workload:
    """The load of one client: that many tasks, or threads, send for `seconds`."""

    store: str
    limit: RateLimit
    seconds: float
    delay: str = "5 to 150 ms"
    senders: int = 10
    is_threaded: bool = False
    settings: dict[str, Any] = field(factory=dict)
    ahead: float = 0.0


class WorkloadResult(Traffic):
    """Requests of a client, and the CPU time of its process, in seconds."""

    cpu = 0.0


def create_limiter(store: str, **settings: Any) -> Limiter:
    """Create the limiter of a store: "memory", "file FOLDER" or "redis URL"."""
    kind, _, place = store.partition(" ")
    if kind == "memory":
        return MemoryLimiter(**settings)
    return (FileLimiter if kind == "file" else RedisLimiter)(place, **settings)


@contextmanager
def open_store(kind: str) -> Iterator[tuple[str, Any]]:
    """Create a store, and wait until it grants slots; its name and its server, if it has one."""
    with ExitStack() as stack:
        server = stack.enter_context(Valkey()) if kind == "redis" else None
        # On Windows, a database that is open cannot be deleted.
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        store = f"{kind} {server.url if server else folder}"
        limiter = create_limiter(store, period=0.01).for_key(KEY, RateLimit(1, 1.0), CLOCK)
        run(run(limiter.acquire(1.0)).release_unsent())
        yield store, server


def run_workload(workload: Workload) -> WorkloadResult:
    """Run a workload in this thread."""
    result, clock = WorkloadResult(), SkewedClock(workload.ahead) if workload.ahead else CLOCK
    limiter = create_limiter(workload.store, **workload.settings).for_key(KEY, workload.limit, clock)
    before, end = time.process_time(), clock.monotonic() + workload.seconds
    flows = [_requests(workload, limiter, end, result) for _ in range(workload.senders)]
    if workload.is_threaded:
        with ThreadPoolExecutor(len(flows)) as threads:
            list(threads.map(partial(run, clock=clock), flows))
    else:

        async def tasks() -> None:
            await asyncio.gather(*(arun(flow, clock) for flow in flows))

        asyncio.run(tasks())
    result.cpu = time.process_time() - before
    return result


def _requests(workload: Workload, limiter: RateLimiter, end: float, result: WorkloadResult) -> Flow[None]:
    yield Sleep(CHANCE.uniform(0, workload.limit.period / 8))  # no process is the first with all of its tasks
    with suppress(RateLimitTimeoutError):
        while CLOCK.monotonic() + workload.ahead < end:
            yield from send(limiter, CLOCK, result, None, DELAYS[workload.delay], end)


def run_all(
    workloads: list[Workload], method: str = "spawn", actions: Iterable[tuple[float, Callable[[], object]]] = ()
) -> tuple[float, list[WorkloadResult]]:
    """Run workloads at the same time, each in a process of its own or, by method "thread", in a thread of this one.

    Return the start and the results. Each of the `actions` runs the given number of seconds after the start.
    """
    context: Any = multiprocessing.dummy if method == "thread" else multiprocessing.get_context(method)
    barrier = context.Barrier(len(workloads) + 1)
    with context.Pool(len(workloads), _wait_for_start, (barrier,)) as pool:
        results = pool.map_async(run_workload, workloads, chunksize=1)
        _wait_for_start(barrier)
        start = time.monotonic()
        for seconds, action in actions:
            time.sleep(max(0.0, start + seconds - time.monotonic()))
            action()
        return start, results.get(workloads[0].seconds + 60)


def _wait_for_start(barrier: threading.Barrier) -> None:
    barrier.wait(60)
