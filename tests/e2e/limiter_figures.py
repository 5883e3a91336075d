"""Measurement of the limiter: real processes against a counting server on loopback.

Run it from the project's folder: python -m tests.e2e.limiter_figures [--seconds 12] [--only REGEX]
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen
from redis import Redis

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.drivers import run_sync
from okx_maxloan_sdk.limiter import FileLimiter, Limiter, MemoryLimiter, RateLimit, RedisLimiter
from okx_maxloan_sdk.limiter.ledger import RECOVERY_QUIET_PERIOD
from tests.limiter.counting_server import DELAYS, CountingServer, Counts
from tests.limiter.load_generator import KEY, NO_TRANSPORT, Workload, WorkloadResult, run, run_all
from tests.limiter.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = RateLimit(20, 2.0)
PROCESSES, TASKS = 4, 30
FALLBACK = {"on_unavailable": "fallback", "fallback_share": 1 / PROCESSES}

Row = tuple[str, str, bool]
"""What was tried, what was measured, and whether it is as it must be."""


@frozen
class Trial:
    """A counting server, and the store of the slots."""

    exchange: CountingServer
    store: str
    seconds: float

    def workloads(self, **changes: Any) -> list[Workload]:
        workload = Workload("", self.exchange.port, self.store, LIMIT.max_requests, LIMIT.period, self.seconds, TASKS)
        return [evolve(workload, sender=f"process {n}", **changes) for n in range(PROCESSES)]


def trial(stack: ExitStack, kind: str, delay: str, seconds: float) -> tuple[Trial, Valkey | None]:
    """Start a counting server and the limiter's store."""
    exchange = stack.enter_context(CountingServer(LIMIT.max_requests, LIMIT.period, delay))
    server = None
    place = ""
    if kind == "file":
        place = stack.enter_context(tempfile.TemporaryDirectory())
    elif kind == "redis":
        server = stack.enter_context(Valkey())
        place = server.url
    if kind != "memory":
        # A new store grants nothing for a while; the measurement begins after that.
        limiter = FileLimiter(place) if kind == "file" else RedisLimiter(place)
        permit = run_sync(limiter.for_key(KEY, LIMIT, SystemClock()).acquire(1.0), NO_TRANSPORT, SystemClock())
        run_sync(permit.release_unsent(), NO_TRANSPORT, SystemClock())
    return Trial(exchange, f"{kind} {place}".strip(), seconds), server


def goodput(counts: Counts, results: list[WorkloadResult]) -> float:
    """Return accepted requests as a part of N requests per period and round trip.

    The first N start at once and the last N may, so the rate is from the middle of the first to that of the last.
    """
    trip = statistics.fmean(trip for result in results for trip in result.trips)
    timestamps, many = sorted(timestamp for timestamp, _ in counts.accepted), LIMIT.max_requests
    seconds = statistics.fmean(timestamps[-many:]) - statistics.fmean(timestamps[:many])
    return (len(timestamps) - many) / seconds / (many / (LIMIT.period + trip))


def spread(counts: Counts) -> float:
    """Return the difference between the senders with the most and the fewest requests, as a part of the mean."""
    by_sender = counts.by_sender().values()
    return (max(by_sender) - min(by_sender)) / statistics.fmean(by_sender)


def counted(counts: Counts) -> tuple[str, bool]:
    """Check that the limit was not exceeded."""
    figures = (
        f"{len(counts.accepted)} served, {counts.rejected} refused, at most {counts.worst} in any {LIMIT.period:g} s"
    )
    return figures, counts.worst <= LIMIT.max_requests and not counts.rejected


def shared(counts: Counts, results: list[WorkloadResult]) -> tuple[str, bool]:
    """Check that the limit was used up as well."""
    figures, holds = counted(counts)
    rate, cpu = goodput(counts, results), sum(each.cpu for each in results) / len(counts.accepted)
    return f"{figures}, goodput {rate:.3f}, {cpu * 1e3:.2f} ms CPU a request", holds and rate >= 0.97


def fair(counts: Counts, results: list[WorkloadResult]) -> tuple[str, bool]:
    """Check that the limit was shared fairly as well."""
    figures, holds = shared(counts, results)
    return f"{figures}, spread {spread(counts):.1%}", holds and spread(counts) < 0.2


def memory(delay: str, seconds: float) -> Row:
    """Run four clients in one process: two with tasks in an event loop each, two with threads."""
    with ExitStack() as stack:
        setting, _ = trial(stack, "memory", delay, seconds)
        workloads = setting.workloads()
        workloads[2:] = [evolve(workload, tasks=0, threads=TASKS) for workload in workloads[2:]]
        results: list[WorkloadResult] = []
        clients = [
            threading.Thread(target=lambda workload=workload: results.append(run(workload))) for workload in workloads
        ]
        before = time.process_time()
        for each in clients:
            each.start()
        for each in clients:
            each.join()
        cpu = (time.process_time() - before) / len(results)
        figures, holds = shared(setting.exchange.counts(), [evolve(each, cpu=cpu) for each in results])
    return f"memory, 4 clients in 1 process, delay {delay}", figures, holds


def processes(kind: str, delay: str, seconds: float) -> Row:
    """Run four processes."""
    with ExitStack() as stack:
        setting, _ = trial(stack, kind, delay, seconds)
        _, results = run_all(setting.workloads())
        figures, holds = fair(setting.exchange.counts(), results)
    return f"{kind}, {PROCESSES} processes × {TASKS} tasks, delay {delay}", figures, holds


def skewed(seconds: float) -> Row:
    """Run four machines with different clocks."""
    with ExitStack() as stack:
        setting, _ = trial(stack, "redis", "5 to 150 ms", seconds)
        workloads = [evolve(workload, ahead=5.0 * n) for n, workload in enumerate(setting.workloads())]
        _, results = run_all(workloads)
        figures, holds = fair(setting.exchange.counts(), results)
    return "redis, clients' clocks 5 s apart", figures, holds


def flushed(seconds: float) -> Row:
    """Flush the server's scripts repeatedly."""
    with ExitStack() as stack:
        setting, server = trial(stack, "redis", "5 to 150 ms", seconds)
        assert server is not None
        with Redis.from_url(server.url) as client, Repeating(0.5, client.script_flush):
            _, results = run_all(setting.workloads())
        figures, holds = fair(setting.exchange.counts(), results)
    return "redis, SCRIPT FLUSH twice a second", figures, holds


def restarted(pause: float, seconds: float) -> Row:
    """Kill the server and restart it empty, twice."""
    with ExitStack() as stack:
        setting, server = trial(stack, "redis", "5 to 150 ms", seconds)
        assert server is not None
        restarts = [seconds * 0.2, seconds * 0.6]
        actions = [each for at in restarts for each in ((at, server.kill), (at + pause, server.start))]
        run_all(setting.workloads(), actions=actions)
        counts = setting.exchange.counts()
    figures, holds = counted(counts)
    figures += f", silent for {silences(counts, 2)}"
    return f"redis, killed and started empty {pause:g} s later, twice", figures, holds


def interrupted(pause: float, seconds: float) -> Row:
    """Pause the server, so that every process uses its share, and then resume it with its old state."""
    with ExitStack() as stack:
        setting, server = trial(stack, "redis", "5 to 150 ms", seconds)
        assert server is not None
        actions = [(seconds * 0.2, server.hang), (seconds * 0.2 + pause, server.resume)]
        run_all(setting.workloads(settings=FALLBACK), actions=actions)
        counts = setting.exchange.counts()
    figures, holds = counted(counts)
    figures += f", silent for {silences(counts, 2)}"
    return f"redis, hangs for {pause:g} s and goes on", figures, holds


def killed(seconds: float) -> Row:
    """Kill the server for good; four shares of a quarter continue after one quiet period."""
    with ExitStack() as stack:
        setting, server = trial(stack, "redis", "5 to 150 ms", seconds)
        assert server is not None
        workloads = setting.workloads(settings=FALLBACK)
        start, _ = run_all(workloads, actions=[(seconds * 0.3, server.kill)])
        counts = setting.exchange.counts()
    dead = start + seconds * 0.3
    timestamps = sorted(timestamp for timestamp, _ in counts.accepted)
    before, after = ([timestamp for timestamp in timestamps if (timestamp > dead) == late] for late in (False, True))
    figures, holds = counted(counts)
    if len(after) <= LIMIT.max_requests:
        return "redis, killed for good, on shares of 1/4", figures, False
    usual, then = (max(pauses(part)) for part in (before, [before[-1], *after]))
    pace = (len(after) - LIMIT.max_requests) / (max(after) - min(after))
    figures += f", longest pause {usual:.2f} s before and {then:.2f} s from then on, {pace:.1f} a second"
    return (
        "redis, killed for good, on shares of 1/4",
        figures,
        holds and then <= usual + LIMIT.period + RECOVERY_QUIET_PERIOD + 0.6,
    )


def refusing(how: str, stop: Callable[[Valkey], None], seconds: float) -> Row:
    """Stop the server; every request gets an error."""
    with ExitStack() as stack:
        setting, server = trial(stack, "redis", "5 to 150 ms", seconds)
        assert server is not None
        workloads = setting.workloads()
        start, results = run_all(workloads, actions=[(seconds * 0.4, partial(stop, server))])
        counts = setting.exchange.counts()
    dead = start + seconds * 0.4
    figures, holds = counted(counts)
    waits = [ended - max(begun, dead) for each in results for begun, ended in each.unsent]
    figures += f"; {len(waits)} errors, each within {max(waits, default=float('inf')):.2f} s"
    return f"redis, {how}, no fallback", figures, holds and bool(waits) and max(waits) <= 0.6


def cost(name: str, limiter: Limiter, max_us: float) -> Row:
    """Measure reserve and release with 19 of 20 slots in use, the best of 30 rounds."""
    rate_limiter: Any = limiter.for_key(KEY, LIMIT, SystemClock())
    run_sync(
        run_sync(rate_limiter.acquire(1.0), NO_TRANSPORT, SystemClock()).release_unsent(), NO_TRANSPORT, SystemClock()
    )
    store, policy = rate_limiter._queue.store, rate_limiter._policy
    for n in range(LIMIT.max_requests - 1):
        store.reserve((1, n), 10.0, 1, policy)
        store.release((1, n), 600.0)
    rounds = []
    for _ in range(30):
        before = time.process_time()
        for n in range(500):
            assert store.reserve((2, n), 10.0, 1, policy).granted
            store.release((2, n), 1e-9)
        rounds.append((time.process_time() - before) / 500 * 1e6)
    figures = f"best {min(rounds):.1f} µs, median {statistics.median(rounds):.1f} µs (at most {max_us:g} µs)"
    return f"CPU of reserve + release, {name}", figures, min(rounds) <= max_us


def silences(counts: Counts, count: int) -> str:
    """Return the longest pauses as text."""
    longest = sorted(pauses(sorted(timestamp for timestamp, _ in counts.accepted)))
    return " and ".join(f"{pause:.1f} s" for pause in longest[-count:])


def pauses(timestamps: list[float]) -> list[float]:
    """Return the time from each timestamp to the next."""
    return [later - earlier for earlier, later in pairwise(timestamps)]


class Repeating:
    """Repeat an action in the background."""

    def __init__(self, seconds: float, action: Callable[[], object]) -> None:
        self._seconds, self._action = seconds, action
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._action()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def trials(seconds: float, folder: Path) -> dict[str, Callable[[], Row]]:
    """List all trials by name."""
    by_name: dict[str, Callable[[], Row]] = {}
    for delay in DELAYS:
        by_name[f"memory {delay}"] = partial(memory, delay, seconds)
    for kind in ("file", "redis"):
        for delay in DELAYS:
            by_name[f"{kind} {delay}"] = partial(processes, kind, delay, seconds)
    return by_name | {
        "redis skewed": partial(skewed, seconds),
        "redis flushed": partial(flushed, seconds),
        "redis restarted at once": partial(restarted, 0.0, 2 * seconds),
        "redis restarted": partial(restarted, 2.5, 2 * seconds),
        "redis interrupted": partial(interrupted, 6.0, 1.5 * seconds),
        "redis interrupted shortly": partial(interrupted, 0.5, seconds),
        "redis killed": partial(killed, 1.5 * seconds),
        "redis refusing killed": partial(refusing, "killed for good", Valkey.kill, seconds),
        "redis refusing hung": partial(refusing, "stopped, so that it hangs", Valkey.hang, seconds),
        "cost memory": partial(cost, "memory", MemoryLimiter(), 10.0),
        "cost file": partial(cost, "file", FileLimiter(folder / "cost"), 400.0),
    }


def main() -> int:
    """Run the trials, print each as it ends, and return whether all succeed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12.0, help="how long one trial sends (default: 12)")
    parser.add_argument("--only", default="", help="a regular expression: only the trials it is found in")
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, measure in trials(arguments.seconds, Path(folder)).items():
            if re.search(arguments.only, name):
                what, figures, holds = measure()
                failed += not holds
                print(f"{'ok  ' if holds else 'FAIL'} {what}: {figures}", flush=True)  # noqa: T201 -- it talks to a person
    print(f"{failed} of these do not hold" if failed else "all hold")  # noqa: T201 -- as above
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
