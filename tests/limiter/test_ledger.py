"""The ledger: its grants, and the proof that no schedule of delays makes more than N requests count."""

import heapq
import itertools
from math import inf

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from okx_maxloan_sdk.limiter.fairness import MAX_WAIT_PERIODS
from okx_maxloan_sdk.limiter.ledger import (
    CLOCK_MARGIN,
    MAX_DELIVERY_DELAY,
    RECOVERY_INTERVAL,
    REDUCTION_FACTOR,
    SCHEDULING_SLACK,
    Ledger,
    PermitId,
    RateLimit,
    Reservation,
)
from tests.limiter.runner import max_in_window

LIMIT = RateLimit(3, 2.0)
SHARED = RateLimit(20, 2.0, reserve_ahead=0.5)
LEASE = 10.0


def reserve(
    ledger: Ledger, now: float, number: int, limit: RateLimit = LIMIT, owner: int = 1, demand: int = 1
) -> Reservation:
    """Reserve a slot for the request of an owner."""
    return ledger.reserve(now, (owner, number), LEASE, demand, limit)


def filled(now: float = 100.0, limit: RateLimit = LIMIT, owner: int = 1) -> Ledger:
    """Return a ledger of which an owner has reserved all slots."""
    ledger = Ledger()
    for number in range(limit.max_requests):
        assert reserve(ledger, now, number, limit, owner).granted
    return ledger


def test_as_many_start_at_once_as_there_are_slots() -> None:
    """N requests start at once, and the next one gets the time to retry and its earliest start."""
    ledger = filled()
    response = reserve(ledger, 100.0, 9)
    assert response == Reservation(granted=False, wait=LEASE, earliest=2.0, capacity=3)
    assert ledger.usage(100.0, LIMIT) == (3, 3)


def test_reservations_follow_the_order_in_which_slots_come_free() -> None:
    """A slot is held after its response, and reserved ahead once, in the order in which slots come free."""
    ledger = filled()
    for number, responded, hold in ((2, 100.1, 3.0), (0, 100.4, 2.0), (1, 100.9, 2.0)):
        ledger.release(responded, (1, number), hold)
    assert [round(reserve(ledger, 101.0, 10 + n).wait, 3) for n in range(3)] == [1.4, 1.9, 2.1]
    assert not reserve(ledger, 101.0, 13).granted


def test_a_request_that_was_not_sent_frees_its_slot_at_once() -> None:
    """A request that was not sent frees its slot at once, whether it was due or reserved ahead."""
    ledger = filled()
    ledger.release(100.0, (1, 0), 0.0)
    assert reserve(ledger, 100.0, 9).wait == 0
    ledger.release(100.0, (1, 1), 2.0)
    assert reserve(ledger, 100.0, 10).wait == 2.0
    ledger.release(100.0, (1, 10), 0.0)
    assert reserve(ledger, 100.0, 11).wait == 2.0


def test_repeated_calls_use_one_slot() -> None:
    """A reservation or release repeated after a lost response, or a release of an unknown permit, uses one slot."""
    ledger = Ledger()
    assert reserve(ledger, 100.0, 1) == reserve(ledger, 100.0, 1)
    assert ledger.usage(100.0, LIMIT)[1] == 1
    ledger = Ledger()
    for now in (100.0, 100.5):
        ledger.release(now, (1, 7), 2.0)
    assert ledger.usage(101.0, LIMIT) == ledger.usage(102.2, LIMIT) == (3, 1)
    assert ledger.usage(102.6, LIMIT) == (3, 0)
    ledger.release(103.0, (1, 7), 0.0)
    assert ledger.usage(103.0, LIMIT) == (3, 0)


def test_a_crashed_holder_blocks_its_slot_for_the_lease() -> None:
    """The slot of a crashed holder is free when its lease ends, and not before."""
    ledger = Ledger()
    for number, lease in enumerate((5.0, 7.0, 7.0)):
        assert ledger.reserve(100.0, (1, number), lease, 1, LIMIT).granted
    assert not reserve(ledger, 104.9, 9).granted
    assert reserve(ledger, 105.0, 9).granted
    assert not reserve(ledger, 106.9, 10).granted
    assert reserve(ledger, 107.0, 10).granted


def test_owners_with_different_limits_share_one_ledger() -> None:
    """An owner with a lower limit counts the slots of the others."""
    ledger = filled()
    assert not reserve(ledger, 100.0, 8, RateLimit(3, 2.0)).granted
    assert reserve(ledger, 100.0, 9, RateLimit(4, 2.0)).granted
    for number in range(3):
        ledger.release(100.0 + number, (1, number), 2.0)
    # With one slot, all others must be free: the last is free when its holder has released it.
    assert not reserve(ledger, 100.0, 10, RateLimit(1, 2.0)).granted


def test_empty_store_grants_nothing() -> None:
    """Before `blocked_until` no request starts, and a waiter learns when that is over."""
    ledger = Ledger(blocked_until=103.0)
    assert reserve(ledger, 100.0, 1).wait == 3.0
    assert reserve(ledger, 100.0, 2, RateLimit(3, 2.0, reserve_ahead=0.5)).wait == 2.5


@pytest.mark.parametrize("burst", [1, 5])
def test_a_burst_is_bounded_and_the_rest_spread_over_the_period(burst: int) -> None:
    """At most `burst` requests start at once, later ones each period / N, however many slots were released unsent."""
    ledger, limit = Ledger(), RateLimit(20, 2.0, burst)
    starts = [reserve(ledger, 100.0, n, limit).wait for n in range(20)]
    assert starts == pytest.approx([max(0, n - burst + 1) * 0.1 for n in range(20)])
    for n in range(10, 20):
        ledger.release(100.0, (1, n), 0.0)
    assert reserve(ledger, 100.0, 30, limit).wait == pytest.approx((11 - burst) * 0.1)


def test_rate_limit_error_reduces_the_slots_and_spreads_the_starts() -> None:
    """A 50011 leaves 0.7 of the slots; errors of the same burst count once, and the next start is a gap later."""
    ledger, limit = Ledger(), RateLimit(20, 2.0)
    assert ledger.throttle(100.0, limit)
    assert not ledger.throttle(101.9, limit)
    assert ledger.capacity(100.0, limit) == 14 == int(20 * REDUCTION_FACTOR)
    waits = [reserve(ledger, 100.0, n, limit).wait for n in range(14)]
    assert waits == pytest.approx([n * 2.0 / 14 for n in range(14)])
    assert not reserve(ledger, 100.0, 15, limit).granted
    assert ledger.throttle(102.0, limit)
    assert ledger.capacity(102.0, limit) == 9


def test_one_slot_comes_back_per_ten_clean_seconds() -> None:
    """Reduced slots return one per ten seconds without an error; six are back after a minute, with bursts."""
    ledger, limit = Ledger(), RateLimit(20, 2.0)
    ledger.throttle(100.0, limit)
    slots = [ledger.capacity(100.0 + RECOVERY_INTERVAL * n, limit) for n in range(8)]
    assert slots == [14, 15, 16, 17, 18, 19, 20, 20]
    assert all(reserve(ledger, 200.0, n, limit).wait == 0 for n in range(20))


def test_reduction_leaves_one_slot() -> None:
    """However many rate limit errors occur, one request at a time remains possible."""
    ledger, limit = Ledger(), RateLimit(20, 2.0)
    for n in range(20):
        ledger.throttle(100.0 + 2 * n, limit)
    assert ledger.capacity(138.0, limit) == 1
    assert ledger.capacity(138.0, RateLimit(3, 2.0)) == 1
    assert reserve(ledger, 138.0, 1, limit).granted


def granted(ledger: Ledger, now: float, owners: tuple[int, ...]) -> list[int]:
    """Let owners that each demand thirty slots reserve in turn; return how many each gets."""
    got = dict.fromkeys(owners, 0)
    for number, owner in itertools.product(range(200, 230), owners):
        got[owner] += reserve(ledger, now, number, SHARED, owner, demand=30).granted
    return [*got.values()]


def contended(owners: tuple[int, ...]) -> Ledger:
    """Return a ledger of which owner 9 alone had all slots, and others wait for what comes free."""
    ledger = filled(limit=SHARED, owner=9)
    for owner in owners:
        assert not reserve(ledger, 100.0, 100, SHARED, owner, demand=30).granted
    for n in range(20):
        ledger.release(100.1, (9, n), 2.0)
    return ledger


def test_owners_that_wait_get_equal_parts_of_what_comes_free() -> None:
    """Three owners that each demand all twenty slots get 7, 7 and 6."""
    assert sorted(granted(contended((1, 2, 3)), 101.65, (1, 2, 3))) == [6, 7, 7]


def test_new_owners_come_first_after_a_burst() -> None:
    """After a burst of 20 by one owner, new owners come first, and none waits longer than the limit on waiting."""
    ledger = contended((9, 1, 2))
    assert granted(ledger, 101.65, (9, 1, 2)) == [0, 10, 10]

    late = Ledger(shares=ledger.shares)
    late.shares[9].virtual_time = 1_000_000
    for owner in (1, 2, 9):
        reserve(late, 200.0, 300, SHARED, owner, demand=30)
    times = [each.virtual_time for each in late.shares.values()]
    assert late.shares[9].virtual_time - min(times) <= MAX_WAIT_PERIODS * 20 / 3 + 1


def test_crashed_owner_loses_its_turn() -> None:
    """Slots reserved for a crashed process are free for the others shortly after."""
    ledger = contended((1, 2))
    assert granted(ledger, 101.65, (2,)) == [10]
    assert sum(reserve(ledger, 102.2, 300 + n, SHARED, 2, demand=30).granted for n in range(30)) == 10


def arrivals(
    ups: tuple[int, ...], downs: tuple[int, ...], limit: RateLimit, *, stamp: bool, timeout: int
) -> list[float]:
    """Send as fast as the ledger allows, for two owners in turn; return when the exchange counts each request.

    A request takes `up` to the exchange and its response `down` back. Its sender waits `timeout` for the response, and
    assumes the longest delay as maximum delivery time. With `stamp`, a slot is held from its sending, not from its
    response.
    """
    ledger, now, sent = Ledger(), 0.0, 0
    commits: list[tuple[float, int, float]] = []
    counted: list[float] = []
    while sent < len(ups):
        response = ledger.reserve(now, (sent % 2, sent), inf, 1, limit)
        if response.granted:
            start, trip = now + response.wait, ups[sent] + downs[sent]
            counted.append(start + ups[sent])
            if stamp:
                heapq.heappush(commits, (start, sent, limit.period))
            elif trip <= timeout:
                heapq.heappush(commits, (start + trip, sent, limit.period))
            else:
                heapq.heappush(commits, (start + timeout, sent, limit.period + max(ups)))
            sent += 1
        elif commits and commits[0][0] <= now + response.wait:
            now, number, hold = heapq.heappop(commits)
            ledger.release(now, (number % 2, number), hold)
        else:
            now += response.wait
    return counted


SMALL = [(1, 3, 3, 3), (2, 3, 2, 4), (2, 2, 2, 4), (3, 3, 1, 5)]


@pytest.mark.parametrize(("requests", "period", "delay", "sent"), SMALL)
@pytest.mark.parametrize("timeout", [1, 99])
@pytest.mark.parametrize("ahead", [0.5, inf])
def test_no_schedule_of_delays_breaks_the_limit(
    requests: int, period: int, delay: int, sent: int, timeout: int, ahead: float
) -> None:
    """Whatever the delays of requests and responses, no window has more than N, even if senders time out."""
    limit = RateLimit(requests, period, reserve_ahead=ahead)
    delays = list(itertools.product(range(delay + 1), repeat=sent))
    for ups, downs in itertools.product(delays, delays):
        counted = arrivals(ups, downs, limit, stamp=False, timeout=timeout)
        assert max_in_window(counted, period) <= requests, (ups, downs)


@pytest.mark.parametrize(("requests", "period", "delay", "sent"), SMALL)
def test_holding_from_the_sending_exceeds_the_limit(requests: int, period: int, delay: int, sent: int) -> None:
    """Self-check: if slots are held from their sending instead, some schedule exceeds the limit."""
    limit, delays = RateLimit(requests, period), list(itertools.product(range(delay + 1), repeat=sent))
    counts = (max_in_window(arrivals(ups, (0,) * sent, limit, stamp=True, timeout=99), period) for ups in delays)
    assert max(counts) > requests


class Traffic(RuleBasedStateMachine):
    """Owners that acquire, send, receive, time out and crash in any order, and an exchange that counts at any time."""

    @initialize(requests=st.integers(1, 4), ahead=st.sampled_from([inf, 0.5]), burst=st.sampled_from([None, 1, 2]))
    def begin(self, requests: int, ahead: float, burst: int | None) -> None:
        self.limit = RateLimit(requests, 2.0, burst, ahead)
        self.ledger = Ledger()
        self.now = 1000.0
        self.numbers = itertools.count()
        self.starts: dict[PermitId, float] = {}
        self.uncounted: dict[PermitId, float] = {}
        self.counted: list[float] = []

    @rule(owner=st.integers(1, 3), demand=st.integers(1, 5), timeout=st.sampled_from([0.5, 5.0]))
    def request(self, owner: int, demand: int, timeout: float) -> None:
        token = (owner, next(self.numbers))
        lease = SCHEDULING_SLACK + timeout + self.limit.period + MAX_DELIVERY_DELAY
        response = self.ledger.reserve(self.now, token, lease, demand, self.limit)
        if response.granted:
            assert response.wait <= self.limit.reserve_ahead
            assert self.ledger.reserve(self.now, token, lease, demand, self.limit).wait == response.wait
            self.starts[token] = self.now + response.wait
            # The latest time at which the exchange may count the request, if the sender never learns its outcome.
            self.uncounted[token] = self.starts[token] + SCHEDULING_SLACK + timeout + MAX_DELIVERY_DELAY
        else:
            assert response.wait > 0

    @rule(seconds=st.sampled_from([0.01, 0.125, 0.5, 1.0, 2.0, 7.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    def ready(self) -> list[PermitId]:
        return [token for token, start in self.starts.items() if start <= self.now]

    @precondition(lambda self: bool(self.ready()))
    @rule(data=st.data(), end=st.sampled_from(["responded", "unknown", "unsent", "crashed"]))
    def end(self, data: st.DataObject, end: str) -> None:
        token = data.draw(st.sampled_from(self.ready()))
        late = self.now > self.starts.pop(token) + SCHEDULING_SLACK
        counted = token not in self.uncounted
        if not counted and (late or end == "unsent"):
            del self.uncounted[token]
            self.ledger.release(self.now, token, 0.0)
        elif end in ("responded", "unsent"):
            if not counted:
                del self.uncounted[token]
                self.counted.append(self.now)
            self.ledger.release(self.now, token, self.limit.period + CLOCK_MARGIN)
        elif end == "unknown":
            if not counted:
                self.uncounted[token] = self.now + MAX_DELIVERY_DELAY
            self.ledger.release(self.now, token, self.limit.period + MAX_DELIVERY_DELAY)

    @rule(data=st.data())
    def count(self, data: st.DataObject) -> None:
        sent = [
            token
            for token, end in self.uncounted.items()
            if self.now <= end and self.starts.get(token, self.now) <= self.now
        ]
        if sent:
            token = data.draw(st.sampled_from(sent))
            del self.uncounted[token]
            self.counted.append(self.now)

    @rule()
    def refuse(self) -> None:
        self.ledger.throttle(self.now, self.limit)

    @invariant()
    def never_too_many(self) -> None:
        assert max_in_window(self.counted, self.limit.period) <= self.limit.max_requests

    def teardown(self) -> None:
        """Check that every slot is free in the end."""
        limit = RateLimit(self.limit.max_requests, 2.0)
        waits = [reserve(self.ledger, self.now + 200.0, n, limit, owner=9).wait for n in range(limit.max_requests)]
        assert waits == [0.0] * limit.max_requests


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
