"""Measurement of the limiter: real processes, and the times at which an exchange would count their requests.

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
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen
from redis import Redis

from okx_maxloan_sdk.limiter import RateLimit
from okx_maxloan_sdk.limiter.ledger import RECOVERY_MARGIN
from tests.limiter.load_generator import DELAYS, Workload, WorkloadResult, create_limiter, run_all, run_workload
from tests.limiter.runner import CLOCK, KEY, max_in_window, run
from tests.limiter.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIMIT = RateLimit(20, 2.0)
PROCESSES, TASKS = 4, 30
FALLBACK = {"on_unavailable": "fallback", "fallback_share": 1 / PROCESSES}

Figures = tuple[str, bool]
"""What was measured, and whether it is as it must be."""


@frozen
class Trial:
    """A load of four processes for some seconds, and what happens to the server that many seconds after the start."""

    check: Callable[[Measurement], Figures]
    seconds: float
    kind: str = "redis"
    delay: str = "5 to 150 ms"
    ahead: float = 0.0
    settings: dict[str, Any] = field(factory=dict)
    actions: Sequence[tuple[float, Callable[[Valkey], object]]] = ()

    def run(self) -> Figures:
        """Start the limiter's store, send, and check what was measured."""
        with ExitStack() as stack:
            server: Any = stack.enter_context(Valkey()) if self.kind == "redis" else None
            store = f"{self.kind} {server.url if server else stack.enter_context(tempfile.TemporaryDirectory())}"
            # A new store grants nothing for a while; the measurement begins after that.
            run(run(create_limiter(store).for_key(KEY, LIMIT, CLOCK).acquire(1.0)).release_unsent())
            workload = Workload(store, LIMIT, self.seconds, self.delay, TASKS, settings=self.settings)
            workloads = [evolve(workload, ahead=self.ahead * n) for n in range(PROCESSES)]
            if self.kind == "memory":
                start, results = run_here(workloads)
            else:
                actions = [(seconds, partial(action, server)) for seconds, action in self.actions]
                start, results = run_all(workloads, actions=actions)
            return self.check(Measurement(self, start, results))


def run_here(workloads: list[Workload]) -> tuple[float, list[WorkloadResult]]:
    """Run four clients in this process: two with tasks in an event loop each, two with threads."""
    workloads[2:] = [evolve(workload, tasks=0, threads=TASKS) for workload in workloads[2:]]
    results: list[WorkloadResult] = []
    clients = [threading.Thread(target=lambda each=each: results.append(run_workload(each))) for each in workloads]
    start, before = time.monotonic(), time.process_time()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    cpu = (time.process_time() - before) / len(results)
    return start, [evolve(each, cpu=cpu) for each in results]


@frozen
class Measurement:
    """What the processes of a trial did."""

    trial: Trial
    start: float
    results: list[WorkloadResult]

    @property
    def counted(self) -> list[float]:
        """The times of all requests."""
        return sorted(at for result in self.results for at in result.counted)

    @property
    def stopped_at(self) -> float:
        """The time of the first action."""
        return self.start + self.trial.actions[0][0]

    @property
    def goodput(self) -> float:
        """Requests as a part of N requests per period and round trip.

        The first N start at once and the last N may, so the rate is from the middle of the first to that of the last.
        """
        trip = statistics.fmean(trip for result in self.results for trip in result.trips)
        many, times = LIMIT.max_requests, self.counted
        if len(times) <= many:  # the machine was too busy for a second window
            return 0.0
        seconds = statistics.fmean(times[-many:]) - statistics.fmean(times[:many])
        return (len(times) - many) / seconds / (many / (LIMIT.period + trip))

    @property
    def spread(self) -> float:
        """The difference between the processes with the most and the fewest requests, as a part of the mean."""
        by_process = [len(result.counted) for result in self.results]
        return (max(by_process) - min(by_process)) / statistics.fmean(by_process)


def counted(found: Measurement) -> Figures:
    """Check that the limit was not exceeded."""
    worst = max_in_window(found.counted, LIMIT.period)
    text = f"{len(found.counted)} requests, at most {worst} in any {LIMIT.period:g} s"
    return text, worst <= LIMIT.max_requests


def shared(found: Measurement) -> Figures:
    """Check that the limit was used up as well."""
    text, holds = counted(found)
    cpu = sum(each.cpu for each in found.results) / len(found.counted)
    text += f", goodput {found.goodput:.3f}, {cpu * 1e3:.2f} ms CPU a request"
    return text, holds and found.goodput >= 0.97


def fair(found: Measurement) -> Figures:
    """Check that the limit was shared fairly as well, once the others had time to catch up with the first one."""
    text, holds = shared(found)
    is_short = len(found.counted) < PROCESSES * LIMIT.max_requests
    return f"{text}, spread {found.spread:.1%}", holds and (is_short or found.spread < 0.2)


def silent(found: Measurement) -> Figures:
    """Check that the limit was not exceeded, and measure the two longest pauses."""
    text, holds = counted(found)
    return f"{text}, silent for {' and '.join(f'{pause:.1f} s' for pause in pauses(found.counted)[-2:])}", holds


def on_shares(found: Measurement) -> Figures:
    """Check that four shares of a quarter continue one quiet period after the server was killed for good."""
    text, holds = counted(found)
    before, after = ([at for at in found.counted if (at > found.stopped_at) == is_late] for is_late in (False, True))
    if len(after) <= LIMIT.max_requests:
        return text, False
    usual, then = pauses(before)[-1], pauses([before[-1], *after])[-1]
    pace = (len(after) - LIMIT.max_requests) / (after[-1] - after[0])
    text += f", longest pause {usual:.2f} s before and {then:.2f} s from then on, {pace:.1f} a second"
    return text, holds and then <= usual + LIMIT.period + RECOVERY_MARGIN + 0.6


def refused(found: Measurement) -> Figures:
    """Check that every request gets an error soon once the server is stopped."""
    text, holds = counted(found)
    waits = [end - max(begun, found.stopped_at) for each in found.results for begun, end in each.unsent]
    longest = max(waits, default=float("inf"))
    return f"{text}; {len(waits)} errors, each within {longest:.2f} s", holds and longest <= 0.6


def pauses(timestamps: list[float]) -> list[float]:
    """Return the times from each timestamp to the next, the longest last."""
    return sorted(later - earlier for earlier, later in pairwise(timestamps))


def flush_scripts(server: Valkey) -> None:
    """Let the server forget its scripts."""
    with Redis.from_url(server.url) as client:
        client.script_flush()


def cost(kind: str, max_us: float) -> Figures:
    """Measure reserve and release with 19 of 20 slots in use, the best of 30 rounds."""
    with tempfile.TemporaryDirectory() as folder:
        limiter: Any = create_limiter(f"{kind} {folder}").for_key(KEY, LIMIT, CLOCK)
        run(run(limiter.acquire(1.0)).release_unsent())
        store, limit = limiter._queue.store, limiter._limit
        for n in range(LIMIT.max_requests - 1):
            store.reserve((1, n), 10.0, 1, limit)
            store.release((1, n), 600.0)
        rounds = []
        for _ in range(30):
            before = time.process_time()
            for n in range(500):
                assert store.reserve((2, n), 10.0, 1, limit).granted
                store.release((2, n), 1e-9)
            rounds.append((time.process_time() - before) / 500 * 1e6)
    text = f"best {min(rounds):.1f} µs, median {statistics.median(rounds):.1f} µs (at most {max_us:g} µs)"
    return text, min(rounds) <= max_us


def trials(seconds: float) -> dict[str, Trial]:
    """List all trials by what they try."""
    kill, start, hang, resume = Valkey.kill, Valkey.start, Valkey.hang, Valkey.resume
    by_name: dict[str, Trial] = {}
    for delay in DELAYS:
        by_name[f"memory, 4 clients in 1 process, delay {delay}"] = Trial(shared, seconds, "memory", delay)
    for kind in ("file", "redis"):
        for delay in DELAYS:
            by_name[f"{kind}, {PROCESSES} processes × {TASKS} tasks, delay {delay}"] = Trial(fair, seconds, kind, delay)
    by_name["redis, clients' clocks differ by 5 s"] = Trial(fair, seconds, ahead=5.0)
    flushes = [(n / 2, flush_scripts) for n in range(1, int(2 * seconds))]
    by_name["redis, SCRIPT FLUSH twice a second"] = Trial(fair, seconds, actions=flushes)
    for pause in (0.0, 2.5):
        stops = 0.4 * seconds, 1.2 * seconds
        actions = [(at + later, do) for at in stops for later, do in ((0.0, kill), (pause, start))]
        name = f"redis, killed and started empty {pause:g} s later, twice"
        by_name[name] = Trial(silent, 2 * seconds, actions=actions)
    for pause, duration in ((6.0, 1.5 * seconds), (0.5, seconds)):
        actions = [(0.2 * duration, hang), (0.2 * duration + pause, resume)]
        name = f"redis, hangs for {pause:g} s and goes on"
        by_name[name] = Trial(silent, duration, settings=FALLBACK, actions=actions)
    actions = [(0.45 * seconds, kill)]
    by_name["redis, killed for good, on shares of 1/4"] = Trial(
        on_shares, 1.5 * seconds, settings=FALLBACK, actions=actions
    )
    for how, stop in (("killed for good", kill), ("stopped, so that it hangs", hang)):
        by_name[f"redis, {how}, no fallback"] = Trial(refused, seconds, actions=[(0.4 * seconds, stop)])
    return by_name


def main() -> int:
    """Run the trials, print each as it ends, and return whether all succeed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12.0, help="how long one trial sends (default: 12)")
    parser.add_argument("--only", default="", help="a regular expression: only the trials it is found in")
    arguments = parser.parse_args()
    measures: dict[str, Callable[[], Figures]] = {name: each.run for name, each in trials(arguments.seconds).items()}
    for kind, max_us in (("memory", 10.0), ("file", 400.0)):
        measures[f"CPU of reserve + release, {kind}"] = partial(cost, kind, max_us)
    failed = 0
    for name, measurement in measures.items():
        if re.search(arguments.only, name):
            text, holds = measurement()
            failed += not holds
            print(f"{'ok  ' if holds else 'FAIL'} {name}: {text}", flush=True)  # noqa: T201 -- it talks to a person
    print(f"{failed} of these do not hold" if failed else "all hold")  # noqa: T201 -- as above
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
