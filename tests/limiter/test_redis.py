"""The Redis limiter's store: the server's ledger equals ours, and an outage causes neither excess nor a stall."""

import random
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import redis

from okx_maxloan_sdk.exceptions import LimiterUnavailableError
from okx_maxloan_sdk.limiter import RateLimiter
from okx_maxloan_sdk.limiter.ledger import RECOVERY_MARGIN, Ledger, RateLimit
from okx_maxloan_sdk.limiter.queue import AcquireQueue, StoreBusyError
from okx_maxloan_sdk.limiter.redis import RECONNECT_INTERVAL, RedisStore
from okx_maxloan_sdk.limiter.redis_client import LuaScript
from tests.limiter.runner import DELAYS, max_in_window
from tests.limiter.simulator import Simulation
from tests.limiter.valkey import Valkey
from tests.support.clock import FakeClock

LIMIT = RateLimit(20, 2.0, None, 0.5)
QUIET = LIMIT.period + RECOVERY_MARGIN


@pytest.fixture(scope="module")
def client() -> Iterator[redis.Redis]:
    """Start one server for this module."""
    with Valkey() as server, redis.Redis.from_url(server.url) as client:
        yield client


def settings(limit: RateLimit) -> tuple[float, ...]:
    """Return the arguments of the script that every operation has."""
    return limit.period, limit.max_requests, limit.burst or 0, limit.reserve_ahead, RECOVERY_MARGIN


def lua_at(client: redis.Redis, key: str) -> Callable[..., list[int]]:
    """Load the script with a clock that the test sets."""
    no_client: Any = None
    text = LuaScript(no_client, "")._text
    lua = text.replace("redis.call('TIME')", "{KEYS[2], KEYS[3]}")
    assert lua != text

    def call(now: float, *arguments: str | float) -> list[int]:
        reply: Any = client.eval(lua, 3, key, int(now), round(now % 1 * 1e6), *arguments)
        return list(reply)

    return call


class Server:
    """The script at a Redis server in virtual time, which may be unavailable or reject a call."""

    server = "redis://somewhere:6379"

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.ledger: Ledger | None = None
        self.failure: Exception | None = None
        self.calls = 0

    def __call__(self, _: str, operation: str, *arguments: Any) -> list[int]:
        self.calls += 1
        if self.failure:
            raise self.failure
        now = self.clock.now
        period, max_requests, burst, reserve_ahead, recovery_margin, *rest = arguments
        limit = RateLimit(max_requests, period, burst or None, reserve_ahead)
        ledger = self.ledger = self.ledger or Ledger(blocked_until=now + period + recovery_margin)
        permit: Any = tuple(map(int, rest[0].split(":"))) if rest else None
        granted, wait, earliest = True, 0.0, 0.0
        if operation == "reserve":
            granted, wait, earliest = ledger.reserve(now, permit, rest[1], rest[2], limit)[:3]
        elif operation == "release":
            ledger.release(now, permit, rest[1])
        elif operation == "throttle":
            granted = ledger.throttle(now, limit)
        elif operation == "block":
            ledger.blocked_until = max(ledger.blocked_until, now + period + recovery_margin)
        in_use = len(ledger.in_flight) + len(ledger.held)
        return [int(granted), int(wait * 1e6) + 1, int(earliest * 1e6) + 1, ledger.capacity(now, limit), in_use]


@pytest.mark.parametrize("seed", range(12))
def test_server_and_ledger_decide_the_same(client: redis.Redis, seed: int) -> None:
    """For random operations at random times, Lua and Python make the same decisions, to the microsecond."""
    chance, clock = random.Random(seed), FakeClock()  # noqa: S311 -- test data is no secret
    ledger, lua = Server(clock), lua_at(client, f"differential {seed}")
    limit = RateLimit(chance.choice([1, 3, 7]), 2.0, chance.choice([None, 1, 2]), 0.5)
    permits: list[str] = []
    for number in range(300):
        clock.now += chance.choice([0, 0, 0, 0.001, 0.25, 0.5, 1.0, 3.0])
        call: tuple[Any, ...] = (chance.choice(["throttle"] * 4 + ["block"]),)
        if not permits or chance.random() < 0.6:
            permit = f"{chance.randint(1, 4):015d}:{chance.choice([number, number, number - 1])}"
            call = "reserve", permit, 9.0, chance.randint(1, 9)
        elif chance.random() < 0.95:
            call = "release", permits.pop(chance.randrange(len(permits))), chance.choice([0.0, 2.01, 2.01, 5.0])
        arguments = call[0], *settings(limit), *call[1:]
        ours, theirs = ledger("", *arguments), lua(clock.now, *arguments)
        assert theirs == pytest.approx(ours, rel=0, abs=3), (number, call)
        assert (theirs[0], *theirs[3:]) == (ours[0], *ours[3:]), (number, call)
        if call[0] == "reserve" and ours[0]:
            permits.append(call[1])


def test_a_server_whose_clock_is_set_back_frees_nothing_early(client: redis.Redis) -> None:
    """While the server's clock is set back, no time passes and no slot is freed early."""
    limit, lua = RateLimit(1, 2.0, None, 0.5), lua_at(client, "back")
    times = 1_000_000, 1_000_003, 999_000, 999_008, 999_009
    replies = [lua(now, "reserve", *settings(limit), f"1:{number}", 9.0, 1) for number, now in enumerate(times)]
    assert [reply[0] for reply in replies] == [0, 1, 0, 0, 1]
    assert [reply[1] for reply in replies[:2]] == [2_500_000, 0]


class World(Simulation):
    """Processes that share a limit, a counting exchange and a Redis server."""

    def __init__(self, processes: int = 4, share: float = 0.25) -> None:
        super().__init__(latency=0.002)
        self.server = Server(self)
        self.limiters: list[RateLimiter] = []
        for _ in range(processes):
            store = RedisStore(cast("Any", self.server), "key", share, self.monotonic)
            self.limiters.append(RateLimiter(AcquireQueue(store, self), LIMIT, None))

    def stop(self, *, emptied: bool = False) -> float:
        """Make the server unavailable; return the current time."""
        self.server.failure = StoreBusyError("Connection refused")
        if emptied:
            self.server.ledger = None
        return self.now

    def start(self) -> float:
        """Make the server available again; return the current time."""
        self.server.failure = None
        return self.now

    def busy(self, seconds: float = 0.0) -> None:
        """Let thirty tasks of each process send."""
        for limiter in self.limiters:
            self.spawn_senders(limiter, 30, None, DELAYS["5 to 150 ms"])
        self.run(seconds)


@pytest.mark.parametrize("outage", [0.0, 0.3, 1.7, 3.5, 6.0, 11.0])
@pytest.mark.parametrize("emptied", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.25])
def test_outage_causes_no_excess(outage: float, emptied: bool, share: float) -> None:
    """An outage of any length, with or without loss of state, causes no excess while processes use their share."""
    world = World(share=share)
    world.busy()
    back = 0.0
    for n in range(3):
        world.run(12.3 + n * 0.7)
        world.stop(emptied=emptied or not outage)
        world.run(outage)
        back = world.start()
    world.run(20)
    assert max_in_window(world.times(), 2.0) == 20
    # After a pause of one quiet period the whole limit is used: six windows of 20 fit into the rest.
    assert len(world.times(back + RECONNECT_INTERVAL + QUIET + 2.0)) >= 6 * 20


def test_the_shares_are_used_after_one_quiet_period(caplog: pytest.LogCaptureFixture) -> None:
    """If the server never returns, four shares of a quarter make the whole limit, and two calls a second try it."""
    world = World()
    world.busy(10)
    dead = world.stop()
    world.server.calls = 0
    world.run(30)
    assert 30 <= world.server.calls / 4 <= 30 / RECONNECT_INTERVAL + 1
    assert max_in_window(world.times(), 2.0) == 20
    assert not [at for at in world.times(dead + 0.8) if at < dead + QUIET]
    assert len(world.times(dead)) >= 0.95 * (30 - QUIET - 1) * 20 / 2.09
    assert world.limiters[0].status().limit == 5
    expected = "Redis at redis://somewhere:6379 is unavailable, 25% of the limit is used: Connection refused"
    assert [record.getMessage() for record in caplog.records] == [f"the rate limiter's {expected}"] * 4


def test_without_a_fallback_errors_come_soon(caplog: pytest.LogCaptureFixture) -> None:
    """Without a fallback, waiters get an error within a poll interval and later callers at once; nothing is sent.

    Two calls a second wait for the server's timeout.
    """
    world = World(share=0.0)
    world.busy(10)
    dead = world.stop()
    world.run(0.5)
    before = len(world.unsent)
    assert before >= 4 * 10
    world.server.calls = 0
    world.run(5)
    assert 5 <= world.server.calls / 4 <= 5 / RECONNECT_INTERVAL + 1
    assert max(end - begun for begun, end in world.unsent[before + 120 :]) < 0.1
    assert not world.times(dead + 0.2)
    back = world.start()
    world.run(10)
    assert min(world.times(back)) - back < RECONNECT_INTERVAL + 2.0
    assert max_in_window(world.times(), 2.0) == 20
    assert "is available again" in caplog.text


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_permanent_error_is_raised_at_once(share: float) -> None:
    """An error that waiting cannot fix is raised at once, and never leads to the fallback, even during an outage."""
    world = World(1, share)
    world.busy(10)
    world.server.failure = LimiterUnavailableError("NOPERM")
    rejected = world.now
    world.run(5)
    assert len(world.unsent) > 30
    world.stop()
    world.run(1)
    world.server.failure = LimiterUnavailableError("READONLY")
    world.run(10)
    assert not world.times(rejected + 0.2)


@pytest.mark.parametrize("failure", [StoreBusyError("reset"), LimiterUnavailableError("NOPERM")])
def test_responses_during_an_outage_are_released_later(failure: Exception) -> None:
    """A server that was unavailable or refused learns of responses later, so no slot is in use until its lease ends."""
    world = World(1, share=0.0)
    [limiter] = world.limiters
    permits = world.take(limiter, 20, 60.0)
    world.server.failure = failure
    for permit in permits:
        world.run_flow(permit.release_after_response())
    world.run(3)
    begun = world.start()
    world.run_flow(limiter.acquire(60.0))
    assert world.now - begun < 0.1
    assert limiter.status().in_use == 1


def test_last_release_reaches_a_server_that_returned() -> None:
    """The last release of a process is sent to a server that returned meanwhile, even without further requests."""
    world = World(1, share=1.0)
    [limiter] = world.limiters
    world.stop(emptied=True)
    permit = world.run_flow(limiter.acquire(5.0))
    world.start()
    world.run(RECONNECT_INTERVAL)
    world.run_flow(permit.release_after_response())
    assert world.server.ledger is not None
    assert world.server.ledger.usage(world.now, LIMIT) == (20, 1)
    assert world.server.ledger.blocked_until == pytest.approx(world.now + QUIET, abs=0.01)


def test_fallback_requests_are_in_use_on_a_server_that_returned() -> None:
    """A long request that was sent in the fallback is in use on the server once that returns."""
    world = World(1)
    [limiter] = world.limiters
    world.stop()
    slow = world.run_flow(limiter.acquire(60.0))
    world.start()
    world.run(RECONNECT_INTERVAL)
    world.run_flow(limiter.acquire(60.0))
    assert limiter.status().in_use == 2
    world.run_flow(slow.release_after_response())
    world.run(2.1)
    world.run_flow(limiter.acquire(60.0))
    assert limiter.status().in_use == 2


def test_a_share_waits_after_a_pause_in_an_outage() -> None:
    """A process that was idle while the server was back uses no share of the next outage before one quiet period."""
    world = World(2, share=0.5)
    idle, busy = world.limiters
    world.stop()
    world.run_flow(world.send(idle))
    world.start()
    world.run(10)
    for _ in range(20):
        world.run_flow(world.send(busy))
    dead = world.stop()
    world.run_flow(world.send(idle))
    assert dead + QUIET <= world.now < dead + QUIET + 1.0


def test_a_share_is_whole_in_each_outage() -> None:
    """Requests of an earlier outage, which the server knows of by now, take nothing from the share of the next one."""
    world = World(1)
    [limiter] = world.limiters
    world.stop()
    permits = world.take(limiter, 5, 60.0)
    world.start()
    world.run(RECONNECT_INTERVAL)
    for permit in permits:
        world.run_flow(permit.release_after_response())
    world.run_flow(world.send(limiter))
    dead = world.stop()
    world.take(limiter, 5, 60.0)
    assert dead + QUIET <= world.now < dead + QUIET + 1.0


@pytest.mark.parametrize(("idle", "outage", "pause"), [(0.0, 0.3, 0.0), (0.0, 2.0, QUIET), (9.0, 0.3, QUIET)])
def test_the_first_process_waits_for_the_shares_of_others(idle: float, outage: float, pause: float) -> None:
    """After an outage in which others may have used their share, the first process to return sends nothing either.

    A process that was idle cannot know when the outage began.
    """
    world = World(1)
    [limiter] = world.limiters
    world.run_flow(world.send(limiter))
    world.stop()
    world.run(idle)
    world.spawn_senders(limiter, 1)
    world.run(outage)
    back = world.start()
    world.run(1.0 + pause)
    assert not [at for at in world.times(back) if at < back + pause]
    assert world.times(back + pause)


def test_a_reduction_reaches_the_server_with_the_next_request() -> None:
    """A reduction reaches the server with the next request, without a call of its own."""
    world = World(2)
    one, two = world.limiters
    world.run_flow(one.acquire(1.0))
    calls = world.server.calls
    one.throttle()
    assert world.server.calls == calls
    assert one.status().limit == 14
    # Another limiter of this process with a limit of its own, on the same queue, is the next to call.
    small = RateLimiter(one._queue, RateLimit(5, 2.0), None)
    for limiter in (small, two):
        world.run_flow(limiter.acquire(1.0))
    assert two.status().limit == 14
