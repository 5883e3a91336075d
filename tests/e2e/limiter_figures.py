"""Measurement of the limiter: real processes, and the times at which an exchange would count their requests.

Run it from the project's folder: python -m tests.e2e.limiter_figures [--seconds 12] [--only REGEX]
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen
from redis import Redis

from okx_maxloan_sdk.limiter import RateLimit
from okx_maxloan_sdk.limiter.ledger import RECOVERY_MARGIN
from tests.limiter.load_generator import Workload, WorkloadResult, create_limiter, open_store, run_all
from tests.limiter.runner import CLOCK, DELAYS, KEY, max_in_window
from tests.limiter.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIMIT = RateLimit(20, 2.0)
CLIENTS, SENDERS = 4, 30
FALLBACK = {"on_unavailable": "fallback", "fallback_share": 1 / CLIENTS}

Figures = tuple[str, bool]
"""What was measured, and whether it is as it must be."""


@frozen
class Trial:
    """A load of four clients for some seconds, and what happens to the server that many seconds after the start.

    With a store in memory they share a process: two have tasks in an event loop each, and two have threads.
    """

    claims: Sequence[Callable[[Measurement], Figures]]
    seconds: float
    kind: str = "redis"
    delay: str = "5 to 150 ms"
    ahead: float = 0.0
    settings: dict[str, Any] = field(factory=dict)
    actions: Sequence[tuple[float, Callable[[Valkey], object]]] = ()

    def run(self) -> Figures:
        """Send, and check what was measured."""
        is_memory = self.kind == "memory"
        with open_store(self.kind) as (store, server):
            workload = Workload(store, LIMIT, self.seconds, self.delay, SENDERS, settings=self.settings)
            workloads = [
                evolve(workload, ahead=self.ahead * n, is_threaded=is_memory and n >= CLIENTS / 2)
                for n in range(CLIENTS)
            ]
            actions = [(seconds, partial(action, server)) for seconds, action in self.actions]
            found = Measurement(self, *run_all(workloads, "thread" if is_memory else "spawn", actions))
        figures = [claim(found) for claim in self.claims]
        return ", ".join(text for text, _ in figures), all(holds for _, holds in figures)


@frozen
class Measurement:
    """What the clients of a trial did."""

    trial: Trial
    start: float
    results: list[WorkloadResult]

    @property
    def counted(self) -> list[float]:
        """The times of all requests."""
        return sorted(at for result in self.results for at in result.times())

    @property
    def stopped_at(self) -> float:
        """The time of the first action."""
        return self.start + self.trial.actions[0][0]


def limited(found: Measurement) -> Figures:
    """Check that the limit was not exceeded."""
    worst = max_in_window(found.counted, LIMIT.period)
    text = f"{len(found.counted)} requests, at most {worst} in any {LIMIT.period:g} s"
    return text, worst <= LIMIT.max_requests


def used_up(found: Measurement) -> Figures:
    """Check the goodput: requests as a part of N requests per period and round trip.

    The first N start at once and the last N may, so the rate is from the middle of the first to that of the last.
    """
    trip = statistics.fmean(trip for result in found.results for trip in result.trips)
    many, times = LIMIT.max_requests, found.counted
    if len(times) <= many:
        return "no goodput, as the machine was too busy for a second window", False
    seconds = statistics.fmean(times[-many:]) - statistics.fmean(times[:many])
    goodput = (len(times) - many) / seconds / (many / (LIMIT.period + trip))
    # Clients of one process have measured the CPU time of all.
    cpu = (max if found.trial.kind == "memory" else sum)(each.cpu for each in found.results)
    return f"goodput {goodput:.3f}, {cpu / len(times) * 1e3:.2f} ms CPU a request", goodput >= 0.97


def fair(found: Measurement) -> Figures:
    """Check that the processes shared the limit, once the others had time to catch up with the first one."""
    by_process = [len(result.counted) for result in found.results]
    spread = (max(by_process) - min(by_process)) / statistics.fmean(by_process)
    return f"spread {spread:.1%}", spread < 0.2 or sum(by_process) < CLIENTS * LIMIT.max_requests


def silent(found: Measurement) -> Figures:
    """Measure the two longest pauses."""
    return f"silent for {' and '.join(f'{pause:.1f} s' for pause in pauses(found.counted)[-2:])}", True


def on_shares(found: Measurement) -> Figures:
    """Check that four shares of a quarter continue one quiet period after the server was killed for good."""
    before, after = ([at for at in found.counted if (at > found.stopped_at) == is_late] for is_late in (False, True))
    if len(after) <= LIMIT.max_requests:
        return f"{len(after)} from then on", False
    usual, then = pauses(before)[-1], pauses([before[-1], *after])[-1]
    pace = (len(after) - LIMIT.max_requests) / (after[-1] - after[0])
    text = f"longest pause {usual:.2f} s before and {then:.2f} s from then on, {pace:.1f} a second"
    return text, then <= usual + LIMIT.period + RECOVERY_MARGIN + 0.6


def refused(found: Measurement) -> Figures:
    """Check that every request gets an error soon once the server is stopped."""
    waits = [end - max(begun, found.stopped_at) for each in found.results for begun, end in each.unsent]
    longest = max(waits, default=float("inf"))
    return f"{len(waits)} errors, each within {longest:.2f} s", longest <= 0.6


def pauses(timestamps: list[float]) -> list[float]:
    """Return the times from each timestamp to the next, the longest last."""
    return sorted(later - earlier for earlier, later in pairwise(timestamps))


def flush_scripts(server: Valkey) -> None:
    """Let the server forget its scripts."""
    with Redis.from_url(server.url) as client:
        client.script_flush()


def cost(kind: str, max_us: float) -> Figures:
    """Measure reserve and release with 19 of 20 slots in use, the best of 30 rounds."""
    with open_store(kind) as (name, _):
        limiter: Any = create_limiter(name).for_key(KEY, LIMIT, CLOCK)
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
    """Return all trials, by what they try."""
    kill, start, hang, resume = Valkey.kill, Valkey.start, Valkey.hang, Valkey.resume
    shared = limited, used_up, fair
    return {
        **{
            f"memory, {CLIENTS} clients in 1 process, delay {delay}": Trial(shared[:2], seconds, "memory", delay)
            for delay in DELAYS
        },
        **{
            f"{kind}, {CLIENTS} processes × {SENDERS} tasks, delay {delay}": Trial(shared, seconds, kind, delay)
            for kind in ("file", "redis")
            for delay in DELAYS
        },
        "redis, clients' clocks differ by 5 s": Trial(shared, seconds, ahead=5.0),
        "redis, SCRIPT FLUSH twice a second": Trial(
            shared, seconds, actions=[(n / 2, flush_scripts) for n in range(1, int(2 * seconds))]
        ),
        **{
            f"redis, killed and started empty {pause:g} s later, twice": Trial(
                (limited, silent),
                2 * seconds,
                actions=[(at, kill), (at + pause, start), (3 * at, kill), (3 * at + pause, start)],
            )
            for at, pause in ((0.4 * seconds, 0.0), (0.4 * seconds, 2.5))
        },
        **{
            f"redis, hangs for {pause:g} s and goes on": Trial(
                (limited, silent), duration, settings=FALLBACK, actions=[(at, hang), (at + pause, resume)]
            )
            for at, pause, duration in ((0.3 * seconds, 6.0, 1.5 * seconds), (0.2 * seconds, 0.5, seconds))
        },
        "redis, killed for good, on shares of 1/4": Trial(
            (limited, on_shares), 1.5 * seconds, settings=FALLBACK, actions=[(0.45 * seconds, kill)]
        ),
        **{
            f"redis, {how}, no fallback": Trial((limited, refused), seconds, actions=[(0.4 * seconds, stop)])
            for how, stop in (("killed for good", kill), ("stopped, so that it hangs", hang))
        },
    }


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
