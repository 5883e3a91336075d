"""Load generator: processes, threads and tasks that send as fast as a limiter permits."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import threading
import time
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.effects import Flow, Sleep
from okx_maxloan_sdk.exceptions import LimiterUnavailableError, RateLimitTimeoutError
from okx_maxloan_sdk.limiter import FileLimiter, Limiter, MemoryLimiter, RateLimit, RedisLimiter
from tests.limiter.runner import KEY, arun, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from okx_maxloan_sdk.limiter import RateLimiter

CHANCE = random.Random()  # noqa: S311 -- delays are no secrets
# Seconds that a request takes to the exchange, which counts it then, and that its response takes back.
DELAYS: dict[str, Callable[[float], tuple[float, float]]] = {
    "none": lambda _: (0.0, 0.0),
    "5 to 150 ms": lambda _: (CHANCE.uniform(0, 0.075), CHANCE.uniform(0.005, 0.075)),
    "150 and 10 ms": lambda now: (0.149, 0.001) if int(now) % 2 else (0.009, 0.001),
}


class SkewedClock(SystemClock):
    """The clock of a machine that is `ahead` of the others."""

    def __init__(self, ahead: float) -> None:
        self.monotonic = staticmethod(lambda: time.monotonic() + ahead)
        self.time = staticmethod(lambda: time.time() + ahead)


@frozen
class Workload:
    """The load of one process: `tasks` tasks and `threads` threads send for `seconds`."""

    store: str
    limit: RateLimit
    seconds: float
    delay: str = "5 to 150 ms"
    tasks: int = 0
    threads: int = 0
    settings: dict[str, Any] = field(factory=dict)
    ahead: float = 0.0


@define
class WorkloadResult:
    """Measurements of a process, in seconds.

    They are the times at which the exchange counted a request, round trips, requests without a permit (start, error)
    and CPU time.
    """

    counted: list[float] = field(factory=list)
    trips: list[float] = field(factory=list)
    unsent: list[tuple[float, float]] = field(factory=list)
    cpu: float = 0.0


def create_limiter(store: str, **settings: Any) -> Limiter:
    """Create the limiter of a store: "memory", "file FOLDER" or "redis URL"."""
    kind, _, place = store.partition(" ")
    if kind == "memory":
        return MemoryLimiter(**settings)
    return (FileLimiter if kind == "file" else RedisLimiter)(place, **settings)


def run_workload(workload: Workload, wait_for_start: Callable[[], object] = lambda: None) -> WorkloadResult:
    """Run a workload in this process."""
    result, clock = WorkloadResult(), SkewedClock(workload.ahead) if workload.ahead else SystemClock()
    limiter = create_limiter(workload.store, **workload.settings).for_key(KEY, workload.limit, clock)
    wait_for_start()
    before, end = time.process_time(), clock.monotonic() + workload.seconds
    flows = [_requests(workload, limiter, end, result) for _ in range(workload.threads + workload.tasks)]
    threads = [threading.Thread(target=run, args=(flows.pop(), clock)) for _ in range(workload.threads)]
    for thread in threads:
        thread.start()

    async def tasks() -> None:
        await asyncio.gather(*(arun(flow, clock) for flow in flows))

    asyncio.run(tasks())
    for thread in threads:
        thread.join()
    result.cpu = time.process_time() - before
    return result


def _requests(workload: Workload, limiter: RateLimiter, end: float, result: WorkloadResult) -> Flow[None]:
    yield Sleep(CHANCE.uniform(0, workload.limit.period / 8))  # no process is the first with all of its tasks
    while (begun := time.monotonic()) + workload.ahead < end:
        try:
            permit = yield from limiter.acquire(5.0, end)
        except RateLimitTimeoutError:
            return
        except LimiterUnavailableError:
            result.unsent.append((begun, time.monotonic()))
            yield Sleep(0.1)
            continue
        sent = time.monotonic()
        up, down = DELAYS[workload.delay](sent)
        yield Sleep(up)
        result.counted.append(time.monotonic())
        yield Sleep(down)
        result.trips.append(time.monotonic() - sent)
        yield from permit.release_after_response()


def run_all(
    workloads: list[Workload], method: str = "spawn", actions: Iterable[tuple[float, Callable[[], object]]] = ()
) -> tuple[float, list[WorkloadResult]]:
    """Run each workload in a process of its own, all starting at the same time; return the start and the results.

    Each of the `actions` runs the given number of seconds after the start.
    """
    context: Any = multiprocessing.get_context(method)
    ready, starts, results = context.Barrier(len(workloads) + 1), context.Queue(), context.Queue()
    processes = [
        context.Process(target=_child, args=(workload, ready, starts, results), daemon=True) for workload in workloads
    ]
    for process in processes:
        process.start()
    ready.wait(60)
    start = time.monotonic() + 0.2
    for _ in processes:
        starts.put(start)
    for seconds, action in actions:
        time.sleep(max(0.0, start + seconds - time.monotonic()))
        action()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(10)
    return start, found


def _child(workload: Workload, ready: Any, starts: Any, results: Any) -> None:
    def wait_for_start() -> None:
        ready.wait(60)
        time.sleep(max(0.0, starts.get() - time.monotonic()))

    results.put(run_workload(workload, wait_for_start))
