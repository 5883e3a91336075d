"""The acquire queue: order, one sleep per waiter, releases, deadlines and shared stores; all in virtual time."""

import statistics
from collections import Counter
from collections.abc import Callable, Generator
from functools import partial
from math import inf
from typing import Any

import pytest

from okx_maxloan_sdk.effects import Effect, RunBlocking, Sleep
from okx_maxloan_sdk.exceptions import LimiterUnavailableError, RateLimitTimeoutError
from okx_maxloan_sdk.limiter import RateLimiter, RateLimitStatus
from okx_maxloan_sdk.limiter.ledger import (
    CLOCK_MARGIN,
    MAX_DELIVERY_DELAY,
    SCHEDULING_SLACK,
    Ledger,
    PermitId,
    RateLimit,
    Reservation,
)
from okx_maxloan_sdk.limiter.memory import MemoryStore
from okx_maxloan_sdk.limiter.queue import AcquireQueue, StoreBusyError
from tests.limiter.runner import DELAYS, max_in_window
from tests.limiter.simulator import Simulation

PERIOD = 2.0


class Store(MemoryStore):
    """A ledger that may be shared; the callback `before` an operation may raise."""

    def __init__(self, now: Callable[[], float], ledger: Ledger | None = None, *, is_blocking: bool = False) -> None:
        super().__init__(now)
        self._ledger = ledger or self._ledger
        self.is_shared, self.is_blocking = ledger is not None, is_blocking
        self.before: Callable[[str, PermitId], object] = lambda *_: None

    def reserve(self, permit_id: PermitId, lease: float, queued: int, limit: RateLimit) -> Reservation:
        self.before("reserve", permit_id)
        return super().reserve(permit_id, lease, queued, limit)

    def release(self, permit_id: PermitId, hold: float) -> None:
        self.before("release", permit_id)
        super().release(permit_id, hold)


class Process:
    """A process with its limiter, over a store in memory or a shared ledger."""

    def __init__(
        self, simulation: Simulation, requests: int, ledger: Ledger | None = None, *, is_blocking: bool = False
    ) -> None:
        self.store = Store(simulation.monotonic, ledger, is_blocking=is_blocking)
        self.ledger = self.store._ledger
        self.limit = RateLimit(requests, PERIOD, None, inf if ledger is None else PERIOD / 4)
        self.queue = AcquireQueue(self.store, simulation)
        self.limiter = RateLimiter(self.queue, self.limit, None)


@pytest.fixture
def simulation() -> Simulation:
    """Create a simulation without latency."""
    return Simulation()


def test_order_is_first_come_first_served(simulation: Simulation) -> None:
    """Ten tasks on three slots start in the order in which they came, three a period."""
    three = Process(simulation, 3).limiter
    for n in range(10):
        simulation.spawn(simulation.send(three, n, lambda _: (0.0, 0.1)))
    simulation.run(10)
    assert [n for n, _ in simulation.counted] == list(range(10))
    cycle = PERIOD + CLOCK_MARGIN + 0.1
    assert [at - 1000 for _, at in simulation.counted] == pytest.approx([n // 3 * cycle for n in range(10)])


def test_waiters_sleep_twice(simulation: Simulation) -> None:
    """Five hundred waiters each sleep twice, until they are first and until their slot, and poll once per lease."""
    twenty = Process(simulation, 20).limiter
    tasks = [simulation.spawn(simulation.send(twenty)) for _ in range(500)]
    simulation.run(60)
    assert all(task.done for task in tasks)
    lease = SCHEDULING_SLACK + 5.0 + PERIOD + MAX_DELIVERY_DELAY
    # Besides, each task starts, and sleeps while its request and the response travel.
    sleeps = [task.turn - 3 - (at - 1000) // lease for task, (_, at) in zip(tasks, simulation.counted, strict=True)]
    assert max(sleeps) == 2


@pytest.mark.parametrize(("ledger", "after"), [(None, 1.0), (Ledger(), 0.1)])
def test_turn_of_a_cancelled_waiter_goes_to_the_next_one(
    simulation: Simulation, ledger: Ledger | None, after: float
) -> None:
    """When a waiter is cancelled, the next one moves up, and gets its reservation for the same time.

    Over a shared store, which reserves later, the next one polls for slots of others in its place.
    """
    mine = Process(simulation, 1, ledger).limiter
    [permit] = simulation.take(Process(simulation, 1, ledger).limiter if ledger else mine)
    tasks = [simulation.spawn(simulation.send(mine, n)) for n in range(3)]
    simulation.run(0.1)
    assert mine.status() == RateLimitStatus(limit=1, in_use=1, queued=3, reduced_by=0)
    simulation.run_flow(permit.release_after_response())
    free = simulation.now + PERIOD + CLOCK_MARGIN
    simulation.run(after)
    simulation.cancel(tasks[0], KeyboardInterrupt())
    assert mine.status().queued == (1 if ledger is None else 2)
    simulation.run(10)
    assert [n for n, _ in simulation.counted] == [1, 2]
    assert simulation.counted[0][1] == pytest.approx(free)


@pytest.mark.parametrize("after", [0.0, 0.005, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit])
def test_task_that_ends_during_a_store_call_leaks_no_slot(after: float, error: type[BaseException]) -> None:
    """A task that is cancelled or closed at any time, over a slow store, leaks no slot."""
    simulation = Simulation(latency=0.02)
    mine = Process(simulation, 2, Ledger(), is_blocking=True).limiter
    permits = simulation.take(mine, 2)
    tasks = [simulation.spawn(simulation.send(mine)) for _ in range(3)]
    simulation.run(0.05)
    for permit in permits:
        simulation.run_flow(permit.release_after_response())
    simulation.run(1.5 + after)
    for task in tasks[:2]:
        if error is GeneratorExit:
            task.kill()
            task.flow.close()
        else:
            simulation.cancel(task, error())
    simulation.run(10)
    assert tasks[2].done
    assert (tasks[2].error, simulation.unsent) == (None, [])
    simulation.take(mine, 2)


def test_slot_of_a_cancelled_task_goes_to_the_next_waiter(simulation: Simulation) -> None:
    """A task that another thread cancels while its slot is being reserved leaks no slot."""
    process = Process(simulation, 1)
    [permit] = simulation.take(process.limiter)
    leaving = simulation.spawn(process.limiter.acquire(1.0))
    staying = simulation.spawn(process.limiter.acquire(1.0))
    simulation.run(0.1)

    def cancel(operation: str, _: PermitId) -> None:
        if operation == "reserve":
            simulation.cancel(leaving, KeyboardInterrupt())

    process.store.before = cancel
    simulation.spawn(permit.release_unsent())
    simulation.run(0.1)
    assert staying.done
    assert process.limiter.status() == RateLimitStatus(limit=1, in_use=1, queued=0, reduced_by=0)


def test_closed_flow_releases_its_slot_without_yielding(simulation: Simulation) -> None:
    """A flow that is closed as garbage releases its slot without yielding an effect."""
    one = Process(simulation, 1).limiter
    [permit] = simulation.take(one)
    waiting = one.acquire(1.0)
    assert isinstance(next(waiting), Sleep)
    waiting.close()
    assert one.status().queued == 0

    def closing() -> Generator[Effect, Any, None]:
        try:
            yield Sleep(1.0)
        except BaseException:
            yield from permit.release_unsent()
            raise

    flow = closing()
    next(flow)
    flow.close()
    assert one.status().in_use == 0


def test_garbage_collector_may_close_a_flow_at_any_time(simulation: Simulation) -> None:
    """Closing a flow while the same thread uses the store does not deadlock, and the release follows."""
    process = Process(simulation, 1)
    garbage = simulation.take(process.limiter)

    def collect(*_: object) -> None:
        if garbage:
            simulation.run_flow(garbage.pop().release_unsent())
            assert len(process.ledger.in_flight) == 1

    process.store.before = collect
    waiting = simulation.spawn(process.limiter.acquire(1.0))
    simulation.run(0.1)
    assert waiting.done
    assert list(process.ledger.in_flight) == [waiting.result.permit_id]


def test_slot_is_released_once(simulation: Simulation) -> None:
    """The first release of a slot decides its outcome; a later one in a `finally` changes nothing."""
    one = Process(simulation, 1).limiter
    [permit] = simulation.take(one)
    simulation.run_flow(permit.release_outcome_unknown())
    simulation.run_flow(permit.release_unsent())
    simulation.run(PERIOD + MAX_DELIVERY_DELAY - 0.01)
    assert one.status().in_use == 1
    simulation.run(0.02)
    assert one.status().in_use == 0


def test_unreachable_deadline_fails_at_once(simulation: Simulation) -> None:
    """If the deadline has passed, or the turn cannot come before it, the error is immediate and nothing is held."""
    two = Process(simulation, 2).limiter
    with pytest.raises(RateLimitTimeoutError):
        simulation.run_flow(two.acquire(1.0, simulation.now - 1))
    assert two.status().in_use == 0
    simulation.take(two, 2)
    for _ in range(3):
        simulation.spawn(two.acquire(1.0))
    simulation.run(0.1)
    begun = simulation.now
    with pytest.raises(RateLimitTimeoutError, match=r"in 3\.9 s at the earliest \(3 requests .* in 3\.5 s"):
        simulation.run_flow(two.acquire(1.0, begun + 3.5))
    assert simulation.now == begun
    assert two.status().queued == 3


@pytest.mark.parametrize(("is_released", "error_after"), [(True, 1.0), (False, 2.5)])
def test_late_reservation_is_released(simulation: Simulation, is_released: bool, error_after: float) -> None:
    """A reservation after the deadline is released at once, and a place in the queue at the deadline."""
    one = Process(simulation, 1).limiter
    [permit] = simulation.take(one)
    late = simulation.spawn(one.acquire(1.0, simulation.now + 2.5))
    simulation.run(0.9)
    if is_released:
        simulation.spawn(permit.release_after_response(), 0.05)
    simulation.run(error_after - 1.0)
    assert not late.done
    simulation.run(0.2)
    assert isinstance(late.error, RateLimitTimeoutError)
    assert one.status() == RateLimitStatus(limit=1, in_use=1, queued=0, reduced_by=0)


@pytest.mark.parametrize("is_busy", [False, True])
def test_suspended_waiter_acquires_a_new_slot(simulation: Simulation, is_busy: bool) -> None:
    """A waiter on a machine that was suspended beyond its lease acquires a new slot.

    If the old one's release finds the store busy, it does not free the new one when it is written later.
    """
    process = Process(simulation, 1, Ledger())
    [permit] = simulation.take(process.limiter)
    simulation.run_flow(permit.release_after_response())
    simulation.run(PERIOD - 0.3)
    waiting = simulation.spawn(process.limiter.acquire(1.0))
    simulation.run(0.1)
    [before] = process.ledger.in_flight
    simulation.now += SCHEDULING_SLACK + 0.3

    def lock(operation: str, permit_id: PermitId) -> None:
        if is_busy and operation == "release" and permit_id == before and simulation.now < until:
            raise StoreBusyError("it is locked")

    process.store.before, until = lock, simulation.now + 0.1
    simulation.run(30.0)
    assert waiting.done
    assert list(process.ledger.in_flight) == [waiting.result.permit_id] != [before]


def test_slot_released_unsent_wakes_the_next_waiter(simulation: Simulation) -> None:
    """A slot that was released unsent wakes the next waiter, also over a shared store."""
    mine = Process(simulation, 1, Ledger()).limiter
    [permit] = simulation.take(mine)
    waiting = simulation.spawn(mine.acquire(1.0))
    simulation.run(0.3)
    simulation.spawn(permit.release_unsent())
    simulation.run(0.01)
    assert waiting.done


def test_new_first_waiter_retries_a_busy_store(simulation: Simulation) -> None:
    """A waiter that becomes the first while the file is locked retries soon instead of sleeping for its lease."""
    process, rejected = Process(simulation, 3, Ledger()), list[float]()

    def lock(operation: str, permit_id: PermitId) -> None:
        if operation == "reserve" and permit_id[1] == 6 and simulation.now > 1001 and not rejected:
            rejected.append(simulation.now)
            raise StoreBusyError("it is locked")

    process.store.before = lock
    permits = simulation.take(process.limiter, 3)
    for n in range(3):
        simulation.spawn(simulation.send(process.limiter, n))
    simulation.run(0.1)
    for permit in permits:
        simulation.run_flow(permit.release_after_response())
    free = simulation.now + PERIOD + CLOCK_MARGIN
    simulation.run(5)
    assert len(rejected) == 1
    assert [n for n, _ in simulation.counted] == [0, 1, 2]
    assert [at for _, at in simulation.counted] == pytest.approx([free] * 3)


@pytest.mark.parametrize("locked", [0.005, 0.05, 0.5])
def test_a_release_that_finds_the_store_busy_is_written_by_the_first_waiter(
    simulation: Simulation, locked: float
) -> None:
    """The first waiter writes a release that found the store locked; others see it 10 ms after the lock ends."""
    process, until = Process(simulation, 1, Ledger()), 0.0

    def lock(operation: str, _: PermitId) -> None:
        if operation == "release" and simulation.now < until:
            raise StoreBusyError("it is locked")

    process.store.before = lock
    [permit] = simulation.take(process.limiter)
    waiting = simulation.spawn(process.limiter.acquire(5.0))
    simulation.run(0.1)
    until = simulation.now + locked
    free = simulation.now + PERIOD + CLOCK_MARGIN
    releasing = simulation.spawn(permit.release_after_response())
    simulation.run(0.02)
    assert releasing.done
    simulation.run(max(0.0, locked - 0.02) + 0.012)
    assert not process.ledger.in_flight
    assert [slot[0] for slot in process.ledger.held] == pytest.approx([free])
    simulation.run(PERIOD + 0.1)
    assert waiting.done


def test_broken_store_fails_all_waiters_at_once(simulation: Simulation) -> None:
    """All waiters get an error of their own at once when the store fails."""
    process = Process(simulation, 1, Ledger())

    def fail(*_: object) -> None:
        if simulation.now > 1000.5:
            raise LimiterUnavailableError("the disk is full")

    process.store.before = fail
    simulation.take(process.limiter)
    tasks = [simulation.spawn(process.limiter.acquire(1.0)) for _ in range(3)]
    simulation.run(0.6)
    assert not any(task.done for task in tasks)
    simulation.run(12)
    assert [str(task.error) for task in tasks] == ["the disk is full"] * 3
    assert len({id(task.error) for task in tasks}) == 3


def test_reduction_is_reported(simulation: Simulation, caplog: pytest.LogCaptureFixture) -> None:
    """A reduction is logged and passed to the callback, once per burst of rate limit errors."""
    process, cuts = Process(simulation, 20), list[RateLimitStatus]()
    limiter = RateLimiter(process.queue, process.limit, cuts.append)
    for _ in range(5):
        limiter.throttle()
    assert cuts == [RateLimitStatus(limit=14, in_use=0, queued=0, reduced_by=6)]
    expected = "reduced to 14 of 20 requests, spread over 2 s, and restored by one per 10 s"
    assert [expected in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("stagger", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("kind", ["memory", "file", "redis"])
def test_the_limit_is_used_up_and_shared_fairly(kind: str, stagger: float, delay: str) -> None:
    """Four processes with thirty tasks each use the limit up and share it, for twelve seconds.

    They never send more than 20 in 2 s and at least 0.97 of the limit, and the process with the most permits has less
    than a fifth more than that with the fewest.
    """
    simulation, ledger = Simulation(latency=0.002), Ledger()
    limiters = [Process(simulation, 20).limiter] * 4
    if kind != "memory":
        limiters = [Process(simulation, 20, ledger, is_blocking=kind == "redis").limiter for _ in range(4)]
    for n, limiter in enumerate(limiters):
        simulation.at(1000 + n * stagger, partial(simulation.spawn_senders, limiter, 30, n, DELAYS[delay]))
    simulation.run(12)
    times, by_process = simulation.times(), Counter(n for n, _ in simulation.counted).values()
    allowed = 20 / (PERIOD + statistics.fmean(simulation.trips))
    assert max_in_window(times, PERIOD) == 20
    assert (len(times) - 20) / (max(times) - min(times)) >= 0.97 * allowed
    if kind != "memory":  # one queue serves one process in the order of its tasks
        assert (max(by_process) - min(by_process)) / statistics.fmean(by_process) < 0.2


def test_slots_of_a_process_that_crashed_are_used_by_the_others(simulation: Simulation) -> None:
    """The slots of a crashed process are available to the other one after the lease, and its share at once."""
    dying, living = [Process(simulation, 20, ledger).limiter for ledger in [Ledger()] for _ in range(2)]
    doomed = simulation.spawn_senders(dying, 30)
    simulation.run(0.1)
    simulation.spawn_senders(living, 30)
    simulation.run(7.9)
    for task in doomed:
        task.kill()
    dead = simulation.now
    simulation.run(60)
    rate = len(simulation.times(dead + 20)) / (simulation.now - dead - 20)
    assert rate == pytest.approx(20 / 2.02, rel=0.06)
    assert len(simulation.times(dead)) - len(simulation.times(dead + 6)) >= 20


def test_only_the_first_waiter_calls_the_store(simulation: Simulation) -> None:
    """Thirty waiters over a shared store call it less than three times per slot."""
    process, calls = Process(simulation, 20, Ledger()), list[str]()
    process.store.before = lambda operation, _: calls.append(operation)
    simulation.spawn_senders(process.limiter, 30)
    simulation.run(30)
    assert calls.count("reserve") < 3 * len(simulation.counted)


def test_effects_are_those_of_the_store(simulation: Simulation) -> None:
    """A store in memory is called directly, a remote one through `RunBlocking`; all other effects are sleeps."""
    with pytest.raises(StopIteration):
        next(Process(simulation, 1).limiter.acquire(1.0))
    assert isinstance(next(Process(simulation, 1, Ledger(), is_blocking=True).limiter.acquire(1.0)), RunBlocking)
