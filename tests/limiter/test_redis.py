"""The Redis limiter: the server's ledger equals ours, and an outage causes neither excess nor a stall."""

import asyncio
import logging
import random
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import redis
import redis.asyncio
from redis import exceptions
from redis.exceptions import ConnectionError, RedisError, ResponseError, TimeoutError  # noqa: A004 -- redis-py's names

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.drivers import run_async, run_sync
from okx_maxloan_sdk.effects import Flow, Sleep
from okx_maxloan_sdk.exceptions import LimiterUnavailableError, RateLimitTimeoutError
from okx_maxloan_sdk.limiter import LimitKey, Permit, RateLimit, RateLimiter, RedisLimiter, queue
from okx_maxloan_sdk.limiter.ledger import RECOVERY_QUIET_PERIOD, Ledger, LimitPolicy, PermitId
from okx_maxloan_sdk.limiter.queue import AcquireQueue, StoreBusyError
from okx_maxloan_sdk.limiter.redis import RECONNECT_INTERVAL, RedisStore
from okx_maxloan_sdk.limiter.redis_client import LuaScript
from tests.limiter.counting_server import CountingServer, max_in_window
from tests.limiter.load_generator import NO_TRANSPORT, Workload, run_all
from tests.limiter.simulator import Simulation
from tests.limiter.valkey import Valkey, binary
from tests.support.resolver import hanging_resolver

CLOCK = SystemClock()
KEY = LimitKey("42", "max_loan")
LIMIT = RateLimit(2, 2.0)
POLICY = LimitPolicy(20, 2.0, None, 0.5)
QUIET = POLICY.period + RECOVERY_QUIET_PERIOD
NO_CLIENT: Any = None


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """Start one server for this module."""
    with Valkey() as server:
        yield server


def run(flow: Flow[Any]) -> Any:
    """Run a flow, blocking."""
    return run_sync(flow, NO_TRANSPORT, CLOCK)


def lua_at(client: redis.Redis, key: str) -> Callable[..., list[int]]:
    """Load the script with a clock that the test sets."""
    text = LuaScript(NO_CLIENT, "")._text
    lua = text.replace("redis.call('TIME')", "{KEYS[2], KEYS[3]}")
    assert lua != text

    def call(now: float, operation: str, policy: LimitPolicy, *arguments: str | float) -> list[int]:
        settings = policy.period, policy.max_requests, policy.burst or 0, policy.reserve_ahead, RECOVERY_QUIET_PERIOD
        reply: Any = client.eval(lua, 3, key, int(now), round(now % 1 * 1e6), operation, *settings, *arguments)
        return list(reply)

    return call


@pytest.mark.parametrize("seed", range(12))
def test_server_and_ledger_decide_the_same(valkey: Valkey, seed: int) -> None:
    """For random operations at random times, Lua and Python make the same decisions, to the microsecond."""
    chance = random.Random(seed)  # noqa: S311 -- test data is no secret
    now = 1_700_000_000.0
    ledger = Ledger(blocked_until=now + QUIET)
    policy = LimitPolicy(chance.choice([1, 3, 7]), 2.0, chance.choice([None, 1, 2]), 0.5)
    permits: list[PermitId] = []
    with redis.Redis.from_url(valkey.url) as client:
        lua = lua_at(client, f"differential {seed}")
        lua(now, "usage", policy)
        for number in range(300):
            now += chance.choice([0, 0, 0, 0.001, 0.25, 0.5, 1.0, 3.0])
            if not permits or chance.random() < 0.6:
                permit = (chance.randint(1, 4), chance.choice([number, number, number - 1]))
                queued = chance.randint(1, 9)
                ours = ledger.reserve(now, permit, 9.0, queued, policy)
                theirs = lua(now, "reserve", policy, f"{permit[0]:015d}:{permit[1]}", 9.0, queued)
                assert (bool(theirs[0]), *theirs[3:]) == (ours.granted, ours.capacity, ours.in_use), number
                assert theirs[1] / 1e6 == pytest.approx(ours.wait, abs=3e-6), number
                assert theirs[2] / 1e6 == pytest.approx(ours.earliest, abs=3e-6), number
                permits += [permit] * ours.granted
            elif chance.random() < 0.95:
                permit = permits.pop(chance.randrange(len(permits)))
                hold = chance.choice([0.0, 2.01, 2.01, 5.0])
                ledger.release(now, permit, hold)
                lua(now, "release", policy, f"{permit[0]:015d}:{permit[1]}", hold)
            elif chance.random() < 0.8:
                assert lua(now, "throttle", policy)[0] == ledger.throttle(now, policy)
            else:
                ledger.blocked_until = max(ledger.blocked_until, now + QUIET)
                lua(now, "block", policy)


def test_a_server_whose_clock_is_set_back_frees_nothing_early(valkey: Valkey) -> None:
    """While the server's clock is set back, no time passes and no slot is freed early."""
    policy = LimitPolicy(1, 2.0, None, 0.5)
    with redis.Redis.from_url(valkey.url) as client:
        lua = lua_at(client, "back")

        def reserve(now: int, number: int) -> list[int]:
            return lua(now, "reserve", policy, f"1:{number}", 9.0, 1)

        assert reserve(1_000_000, 0)[:2] == [0, 2_500_000]
        assert reserve(1_000_003, 1)[:2] == [1, 0]
        assert [reserve(now, number)[0] for number, now in enumerate((999_000, 999_008, 999_009), 2)] == [0, 0, 1]


class Server:
    """A Redis server in virtual time, which may be unavailable or reject a call."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.ledger: Ledger | None = None
        self.failure: Exception | None = None
        self.calls = 0

    def __call__(self, _: str, operation: str, *arguments: Any) -> list[int]:
        self.calls += 1
        now = self.simulation.now
        period, max_requests, burst, reserve_ahead, quiet_period, *rest = arguments
        policy = LimitPolicy(max_requests, period, burst or None, reserve_ahead)
        if self.failure:
            raise self.failure
        if self.ledger is None:
            self.ledger = Ledger(blocked_until=now + period + quiet_period)
        result: list[float] = [1, 0.0, 0.0]
        if operation == "reserve":
            result = list(self.ledger.reserve(now, self.permit(rest[0]), rest[1], rest[2], policy)[:3])
        elif operation == "release":
            self.ledger.release(now, self.permit(rest[0]), rest[1])
        elif operation == "throttle":
            self.ledger.throttle(now, policy)
        elif operation == "block":
            self.ledger.blocked_until = max(self.ledger.blocked_until, now + period + quiet_period)
        usage = self.ledger.usage(now, policy)
        return [int(result[0]), int(result[1] * 1e6) + 1, int(result[2] * 1e6) + 1, *usage]

    @staticmethod
    def permit(name: str) -> PermitId:
        owner, number = name.split(":")
        return int(owner), int(number)


class World:
    """Processes with thirty tasks each, a counting exchange and a Redis server."""

    def __init__(self, processes: int = 4, share: float = 0.25) -> None:
        self.simulation = Simulation(latency=0.002)
        self.chance = random.Random(3)  # noqa: S311 -- as above
        self.server = Server(self.simulation)
        self.counted: list[float] = []
        self.rejected: list[float] = []
        self.limiters: list[RateLimiter] = []
        for _ in range(processes):
            store = RedisStore(self.server, "key", "redis://somewhere:6379", share, self.simulation.monotonic)
            self.limiters.append(RateLimiter(AcquireQueue(store, self.simulation), POLICY, None))

    def stop(self, reason: str = "Connection refused", *, emptied: bool = False) -> float:
        """Make the server unavailable; return the current time."""
        self.server.failure = StoreBusyError(reason)
        if emptied:
            self.server.ledger = None
        return self.simulation.now

    def start(self) -> float:
        """Make the server available again; return the current time."""
        self.server.failure = None
        return self.simulation.now

    def loop(self, limiter: RateLimiter) -> Flow[None]:
        while True:
            begun = self.simulation.now
            try:
                permit = yield from limiter.acquire(5.0)
            except LimiterUnavailableError:
                self.rejected.append(self.simulation.now - begun)
                yield Sleep(0.2)
                continue
            yield Sleep(self.chance.uniform(0, 0.075))
            self.counted.append(self.simulation.now)
            yield Sleep(self.chance.uniform(0.005, 0.075))
            yield from permit.release_after_response()

    def busy(self) -> None:
        for limiter in self.limiters:
            for _ in range(30):
                self.simulation.spawn(self.loop(limiter))

    def since(self, at: float) -> list[float]:
        return [counted for counted in self.counted if counted > at]


@pytest.mark.parametrize("outage", [0.0, 0.3, 1.7, 3.5, 6.0, 11.0])
@pytest.mark.parametrize("emptied", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.25])
def test_outage_causes_no_excess(outage: float, emptied: bool, share: float) -> None:
    """An outage of any length, with or without loss of state, causes no excess while processes use their share."""
    world = World(share=share)
    world.busy()
    simulation, back = world.simulation, 0.0
    for n in range(3):
        simulation.run(12.3 + n * 0.7)
        world.stop("no reply", emptied=emptied or not outage)
        simulation.run(outage)
        back = world.start()
    simulation.run(20)
    simulation.close()
    assert max_in_window(world.counted, 2.0) == 20
    # After a pause of one quiet period the whole limit is used: six windows of 20 fit into the rest.
    assert len(world.since(back + RECONNECT_INTERVAL + QUIET + 2.0)) >= 6 * 20


def test_the_shares_are_used_after_one_quiet_period(caplog: pytest.LogCaptureFixture) -> None:
    """If the server never returns, four shares of a quarter make the whole limit."""
    world = World()
    world.busy()
    world.simulation.run(10)
    with caplog.at_level(logging.WARNING, "okx_maxloan_sdk.limiter"):
        dead = world.stop()
        world.simulation.run(30)
    world.simulation.close()
    assert max_in_window(world.counted, 2.0) == 20
    assert not [at for at in world.since(dead + 0.8) if at < dead + QUIET]
    assert len(world.since(dead)) >= 0.95 * (30 - QUIET - 1) * 20 / 2.09
    assert world.limiters[0].status()[0] == 5
    expected = "Redis at redis://somewhere:6379 is unavailable, 25% of the limit is used: Connection refused"
    assert [record.getMessage() for record in caplog.records] == [f"the rate limiter's {expected}"] * 4


def test_without_a_fallback_errors_come_soon(caplog: pytest.LogCaptureFixture) -> None:
    """Without a fallback, waiters get an error within a poll interval and later callers at once; nothing is sent."""
    world = World(share=0.0)
    world.busy()
    world.simulation.run(10)
    dead = world.stop()
    world.simulation.run(0.5)
    assert len(world.rejected) >= 4 * 10
    before = len(world.rejected)
    world.simulation.run(5)
    assert max(world.rejected[before + 120 :]) < 0.1
    assert not world.since(dead + 0.2)
    with caplog.at_level(logging.WARNING, "okx_maxloan_sdk.limiter"):
        back = world.start()
        world.simulation.run(10)
    world.simulation.close()
    assert min(world.since(back)) - back < RECONNECT_INTERVAL + 2.0
    assert max_in_window(world.counted, 2.0) == 20
    assert "is available again" in caplog.text


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_permanent_error_is_raised_at_once(share: float) -> None:
    """An error that waiting cannot fix is raised at once, and never leads to the fallback, even during an outage."""
    world = World(1, share)
    world.busy()
    world.simulation.run(10)
    world.server.failure = LimiterUnavailableError("NOPERM")
    rejected = world.simulation.now
    world.simulation.run(5)
    assert len(world.rejected) > 30
    world.stop()
    world.simulation.run(1)
    world.server.failure = LimiterUnavailableError("READONLY")
    world.simulation.run(10)
    world.simulation.close()
    assert not world.since(rejected + 0.2)


def test_responses_during_an_outage_are_released_later() -> None:
    """The server learns of responses during an outage later, so slots are not blocked until their leases end."""
    world = World(1, share=0.0)
    simulation, (limiter,) = world.simulation, world.limiters
    permits = [simulation.run_flow(limiter.acquire(60.0)) for _ in range(20)]
    world.stop()
    for permit in permits:
        simulation.run_flow(permit.release_after_response())
    simulation.run(3)
    begun = world.start()
    simulation.run_flow(limiter.acquire(60.0))
    assert simulation.now - begun < 0.1
    assert limiter.status().in_use == 1


def test_last_release_reaches_a_server_that_returned() -> None:
    """The last release of a process is sent to a server that returned meanwhile, even without further requests."""
    world = World(1, share=1.0)
    simulation, (limiter,) = world.simulation, world.limiters
    world.stop(emptied=True)
    permit = simulation.run_flow(limiter.acquire(5.0))
    world.start()
    simulation.run(RECONNECT_INTERVAL)
    simulation.run_flow(permit.release_after_response())
    assert world.server.ledger is not None
    assert world.server.ledger.usage(simulation.now, POLICY) == (20, 1)
    assert world.server.ledger.blocked_until == pytest.approx(simulation.now + QUIET, abs=0.01)


def test_fallback_requests_are_in_use_on_a_server_that_returned() -> None:
    """A long request that was sent in the fallback is in use on the server once that returns."""
    world = World(1)
    simulation, (limiter,) = world.simulation, world.limiters
    world.stop()
    slow = simulation.run_flow(limiter.acquire(60.0))
    world.start()
    simulation.run(RECONNECT_INTERVAL)
    simulation.run_flow(limiter.acquire(60.0))
    assert limiter.status().in_use == 2
    simulation.run_flow(slow.release_after_response())
    simulation.run(2.1)
    simulation.run_flow(limiter.acquire(60.0))
    assert limiter.status().in_use == 2


@pytest.mark.parametrize("seed", range(60))
def test_no_excess_with_random_demand_and_a_killed_server(seed: int) -> None:
    """Whatever the demand, and whenever the server dies and returns empty, the limit is never exceeded."""
    world = World(share=0.25)
    chance = world.chance = random.Random(seed)  # noqa: S311 -- as above
    simulation = world.simulation

    def sometimes(limiter: RateLimiter) -> Flow[None]:
        while True:
            yield Sleep(chance.choice([0, 0, 0.1, 1.0, 4.0]))
            for _ in range(chance.randint(1, 6)):
                permit = yield from limiter.acquire(5.0)
                yield Sleep(chance.uniform(0, 0.075))
                world.counted.append(simulation.now)
                yield Sleep(chance.uniform(0.005, 0.075))
                yield from permit.release_after_response()

    for limiter in world.limiters:
        for _ in range(chance.choice([1, 3, 12])):
            simulation.spawn(sometimes(limiter))
    for _ in range(4):
        simulation.run(chance.uniform(4, 9))
        world.stop(emptied=True)
        simulation.run(chance.choice([0.05, 0.4, 1.0, 2.5, 3.2, 8.0]))
        world.start()
    simulation.run(8)
    simulation.close()
    assert max_in_window(world.counted, 2.0) <= 20
    assert len(world.counted) > 50


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_a_server_that_is_unavailable_is_tried_twice_a_second(share: float) -> None:
    """While the server is unavailable, at most two calls a second wait for its timeout."""
    world = World(1, share)
    world.busy()
    world.simulation.run(10)
    world.stop()
    world.server.calls = 0
    world.simulation.run(30)
    world.simulation.close()
    assert 30 <= world.server.calls <= 30 / RECONNECT_INTERVAL + 1


def test_a_reduction_reaches_the_server_with_the_next_request() -> None:
    """A reduction reaches the server with the next request, without a call of its own."""
    world = World(2)
    one, two = world.limiters
    world.simulation.run_flow(one.acquire(1.0))
    calls = world.server.calls
    one.throttle()
    assert world.server.calls == calls
    assert one.status().limit == 14
    world.simulation.run_flow(one.acquire(1.0))
    world.simulation.run_flow(two.acquire(1.0))
    assert two.status().limit == 14


class FakeClient:
    """A Redis client that fails as scripted, and counts how often its connections were dropped."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.dropped = 0
        self.connection_pool = self

    def evalsha(self, *_: object) -> list[int]:
        if self.failures:
            raise self.failures.pop(0)
        return [1, 0, 0, 20, 1]

    def disconnect(self, *, inuse_connections: bool) -> None:
        assert not inuse_connections
        self.dropped += 1


READ_ONLY = exceptions.ReadOnlyError("You can't write against a read only replica.")
# Redis 6 wraps the error of a command in a script.
READ_ONLY_6 = ResponseError(
    "Error running script (call to f_0): @user_script:60: @user_script: 60: -READONLY You can't write against a read"
    " only replica."
)
RESET, SLOW = ConnectionError("reset"), TimeoutError("slow")


@pytest.mark.parametrize("failures", [[RESET], [READ_ONLY], [READ_ONLY_6]])
def test_closed_connection_or_demoted_master_is_replaced_once(failures: list[RedisError]) -> None:
    """A server that closed an idle connection, or became a replica, is looked up again once."""
    client = FakeClient(*failures)
    assert LuaScript(client, "here")("key", "reserve") == [1, 0, 0, 20, 1]
    assert client.dropped == 1


UNAVAILABLE: list[list[Exception]] = [
    [RESET, RESET],
    [SLOW],
    [exceptions.BusyLoadingError("loading"), RESET],
    [exceptions.ClusterDownError("CLUSTERDOWN The cluster is down")],
    [exceptions.MasterDownError("Link with MASTER is down")],
    [exceptions.SlotNotCoveredError("no node")],
    [ResponseError("NOREPLICAS Not enough good replicas to write.")],
    [ResponseError("BUSY Redis is busy running a script.")],
    [OSError("no route")],
]


@pytest.mark.parametrize("failures", UNAVAILABLE)
def test_a_server_that_may_come_back_is_unavailable(failures: list[Exception]) -> None:
    """On an outage the connections are dropped, so that the next call may find another server."""
    client = FakeClient(*failures)
    with pytest.raises(StoreBusyError):
        LuaScript(client, "here")("key", "reserve")
    assert client.dropped == len(failures)


REFUSALS: list[list[Exception]] = [
    [READ_ONLY, READ_ONLY],
    [READ_ONLY_6, READ_ONLY_6],
    [exceptions.AuthenticationError("invalid username-password pair")],
    [exceptions.NoPermissionError("User app has no permissions to run the 'evalsha' command")],
    [exceptions.MovedError("3999 127.0.0.1:6381")],
    [exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")],
    [ResponseError("DB index is out of range")],
    [ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value")],
]


@pytest.mark.parametrize("failures", REFUSALS)
def test_error_of_the_server_is_raised(failures: list[Exception]) -> None:
    """The error has the server's message and says that the settings need a change."""
    client = FakeClient(*failures)
    with pytest.raises(LimiterUnavailableError, match=r"Redis at here refuses: .*correct the") as caught:
        LuaScript(client, "here")("key", "reserve")
    assert str(failures[0]) in str(caught.value)
    assert not client.failures


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (ssl.SSLCertVerificationError("self-signed"), LimiterUnavailableError),
        (ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED]"), LimiterUnavailableError),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), StoreBusyError),
        (ssl.SSLZeroReturnError(6, "TLS/SSL connection has been closed"), StoreBusyError),
        (ConnectionResetError(104, "Connection reset by peer"), StoreBusyError),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, OSError) else "",
)
def test_a_wrong_certificate_is_no_outage(cause: OSError, expected: type[Exception]) -> None:
    """A certificate error is no outage, although redis-py reports both as a lost connection."""

    def fail(*_: object) -> None:
        try:
            raise cause
        except OSError:
            raise ConnectionError("Error 1 connecting")  # noqa: B904 -- as redis-py does

    client = FakeClient()
    client.evalsha = fail  # type: ignore[method-assign,assignment] # only this test's
    with pytest.raises(expected):
        LuaScript(client, "here")("key", "reserve")


@pytest.mark.parametrize("name", ["ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    """A missing certificate file is an error at construction, in a URL and in a client."""
    url, settings = "rediss://127.0.0.1:1", {name: str(tmp_path / "missing")}
    with pytest.raises(ValueError, match=f"{name} names a file that does not exist"):
        RedisLimiter(f"{url}?{urlencode(settings)}")
    client = redis.Redis.from_url(url, socket_timeout=0.3, **settings)
    with pytest.raises(ValueError, match=f"{name} names a file that does not exist"):
        RedisLimiter.from_client(client)


@pytest.mark.parametrize("on_unavailable", ["raise", "fallback"])
def test_real_errors(on_unavailable: Any) -> None:
    """Wrong password, missing permission, wrong type, unknown database, no memory and a replica fail at once."""
    with Valkey("--requirepass", "right") as server, redis.Redis.from_url(server.url, password="right") as admin:
        settings: dict[str, Any] = {"on_unavailable": on_unavailable, "fallback_share": 1.0}

        def error_code(user: str, database: int = 0, prefix: str = "okx-maxloan") -> str:
            url = f"redis://{user}@127.0.0.1:{server.port}/{database}"
            limiter = RedisLimiter(url, prefix=prefix, **settings)
            begun = time.monotonic()
            with pytest.raises(LimiterUnavailableError) as caught:
                run(limiter.for_key(KEY, LIMIT, CLOCK).acquire(1.0))
            assert time.monotonic() - begun < 1.0
            assert user not in str(caught.value)
            return str(caught.value)

        admin.execute_command("ACL", "SETUSER", "app", "on", ">p/w@", "~okx-maxloan:*", "+@read", "+@write")
        admin.set("typed:{42/max_loan}", "text")
        admin.delete("typed:{42/max_loan}")
        admin.lpush("typed:{42/max_loan}", "text")
        assert "WRONGPASS" in error_code(":wrong")
        assert "permissions" in error_code("app:p%2Fw%40")
        assert "WRONGTYPE" in error_code(":right", prefix="typed")
        assert "DB index" in error_code(":right", 99)
        admin.config_set("maxmemory", "1")
        assert "maxmemory" in error_code(":right")
        admin.config_set("maxmemory", "0")
        admin.execute_command("REPLICAOF", "127.0.0.1", "1")
        assert "READONLY" in error_code(":right", prefix="replica")


def test_after_a_failover_the_new_master_is_found(valkey: Valkey) -> None:
    """A client that looks up the master for each connection continues at once, with the same slots in use."""
    with Valkey() as old, redis.Redis.from_url(old.url) as admin:
        masters = [old.port]

        class ManagedConnection(redis.Connection):
            """Look up the master when connecting, as a Sentinel's client does."""

            def connect(self) -> None:
                self.port = masters[-1]
                super().connect()  # type: ignore[no-untyped-call] # redis-py has no type here

        pool = redis.ConnectionPool(connection_class=ManagedConnection, host="127.0.0.1", socket_timeout=0.3)
        limiter = RedisLimiter.from_client(redis.Redis(connection_pool=pool), period=0.2, prefix="failover")
        limiter_for_key = limiter.for_key(KEY, LIMIT, CLOCK)
        permit = run(limiter_for_key.acquire(1.0))
        key = "failover:{42/max_loan}"
        dumped: Any = admin.dump(key)
        with redis.Redis.from_url(valkey.url) as successor:
            successor.restore(key, 0, dumped)
        admin.execute_command("REPLICAOF", "127.0.0.1", valkey.port)
        masters.append(valkey.port)
        run(permit.release_after_response())
        begun = time.monotonic()
        permits = [run(limiter_for_key.acquire(1.0)) for _ in range(2)]
        assert 0.1 < time.monotonic() - begun < 0.5  # the second waits for the slot that the old master granted
        for permit in permits:
            run(permit.release_unsent())


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[redis.Redis]:
    """Start a Sentinel that monitors a master with one replica, and wait until it knows both."""
    with (
        Valkey() as master,
        Valkey("--replicaof", "127.0.0.1", str(master.port)),
        socket.create_server(("127.0.0.1", 0)) as probe,
    ):
        port = probe.getsockname()[1]
        probe.close()
        settings = tmp_path / "sentinel.conf"
        settings.write_text(f"port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {master.port} 1\n")
        process = subprocess.Popen([binary(), str(settings), "--sentinel"], cwd=tmp_path, stdout=subprocess.DEVNULL)
        try:
            with redis.Redis(port=port, socket_timeout=1.0) as client:
                wait_for(lambda: [each["flags"] for each in replicas(client)] == ["slave"])
                yield client
        finally:
            process.kill()
            process.wait()


def replicas(sentinel: redis.Redis) -> list[dict[str, Any]]:
    """List the replicas that a Sentinel knows of and that follow their master."""
    replicas_found: Any = sentinel.sentinel_slaves("main")
    return [each for each in replicas_found if each["master-link-status"] == "ok"]


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except RedisError:
            pass
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def test_a_client_of_a_sentinel_follows_a_failover(sentinel: redis.Redis) -> None:
    """After a failover of real servers, slots of the old master are in use at the new one and can be released there."""
    pool = sentinel.connection_pool.connection_kwargs
    watcher: Any = redis.Sentinel(  # type: ignore[no-untyped-call] # redis-py has no type here
        [("127.0.0.1", pool["port"])], socket_timeout=1.0
    )
    with watcher.master_for("main", socket_timeout=1.0) as client:
        limiter = RedisLimiter.from_client(client, period=0.2).for_key(KEY, LIMIT, CLOCK)
        permits = [run(limiter.acquire(60.0)) for _ in range(2)]
        before = watcher.discover_master("main")
        sentinel.sentinel_failover("main")
        wait_for(lambda: watcher.discover_master("main") != before)

        def is_unsent(permit: Permit) -> bool:
            with suppress(LimiterUnavailableError):  # while the old master becomes a replica
                run(permit.release_unsent())
                run(limiter.acquire(60.0, CLOCK.monotonic() + 0.5))
                return True
            return False

        with pytest.raises((RateLimitTimeoutError, LimiterUnavailableError)):
            run(limiter.acquire(60.0, CLOCK.monotonic() + 0.5))
        wait_for(lambda: is_unsent(permits[0]))
        with pytest.raises(RateLimitTimeoutError):
            run(limiter.acquire(60.0, CLOCK.monotonic() + 0.5))
        assert limiter.status().in_use == 2


def test_a_cluster_needs_its_own_client() -> None:
    """A URL names one node of a cluster, which redirects; a cluster's client finds the node of the key."""
    options = ("--cluster-enabled", "yes", "--cluster-config-file")
    with Valkey(*options, "one.conf") as one, Valkey(*options, "two.conf") as two:
        with redis.Redis.from_url(one.url) as first, redis.Redis.from_url(two.url) as second:
            first.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
            second.execute_command("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
            first.execute_command("CLUSTER", "MEET", "127.0.0.1", two.port)
            end = time.monotonic() + 20
            states: set[Any] = {"fail"}
            while time.monotonic() < end and states != {"ok"}:
                time.sleep(0.1)
                infos: list[Any] = [node.execute_command("CLUSTER INFO") for node in (first, second)]
                states = {info["cluster_state"] for info in infos}
        moved = 0
        for server in (one, two):
            limiter = RedisLimiter(server.url, period=0.1)
            try:
                run(limiter.for_key(KEY, LIMIT, CLOCK).acquire(1.0))
            except LimiterUnavailableError as error:
                moved += "MOVED" in str(error) and "from_client" in str(error)
        assert moved == 1
        with redis.RedisCluster(host="127.0.0.1", port=one.port, socket_timeout=1.0) as client:
            limiter = RedisLimiter.from_client(client, period=0.1)
            for user in ("42", "43", "44", "45"):
                run(run(limiter.for_key(LimitKey(user, "x"), LIMIT, CLOCK).acquire(1.0)).release_unsent())
        assert "127.0.0.1" in repr(limiter) or "RedisCluster" in repr(limiter)


def test_unsuitable_client_is_rejected() -> None:
    """An asyncio client cannot be used in a thread, and one without a timeout could block every request."""
    with pytest.raises(TypeError, match=r"needs a redis\.Redis or redis\.RedisCluster that blocks"):
        RedisLimiter.from_client(redis.asyncio.Redis())
    with pytest.raises(TypeError, match="not str"):
        RedisLimiter.from_client("redis://localhost")
    with pytest.raises(ValueError, match="socket_timeout"):
        RedisLimiter.from_client(redis.Redis(socket_timeout=None))
    client = redis.Redis(host="cache", socket_timeout=0.3, password="s3cret")
    limiter = RedisLimiter.from_client(client)
    assert repr(limiter) == "RedisLimiter('cache:6379')"
    queues = [each.for_key(KEY, LIMIT, CLOCK)._queue for each in (limiter, RedisLimiter.from_client(client))]
    assert queues[0] is queues[1]


def test_real_empty_server_grants_nothing(valkey: Valkey) -> None:
    """A new or emptied server grants nothing for one quiet period; in wall time, by the server's clock."""
    limiter = RedisLimiter(valkey.url, period=0.2, prefix="quiet").for_key(KEY, LIMIT, CLOCK)
    for _ in range(2):
        begun = time.monotonic()
        permits = [run(limiter.acquire(1.0)) for _ in range(2)]
        assert 0.2 + RECOVERY_QUIET_PERIOD - 0.01 <= time.monotonic() - begun < 0.2 + RECOVERY_QUIET_PERIOD + 0.5
        for permit in permits:
            run(permit.release_unsent())
        with redis.Redis.from_url(valkey.url) as client:
            assert client.keys("quiet:*") == [b"quiet:{42/max_loan}"]
            client.flushall()


def test_script_flush_is_harmless(valkey: Valkey) -> None:
    """SCRIPT FLUSH between any two requests changes nothing."""
    limiter = RedisLimiter(valkey.url, period=0.05, prefix="flush").for_key(KEY, LIMIT, CLOCK)
    with redis.Redis.from_url(valkey.url) as client:
        for _ in range(5):
            permit = run(limiter.acquire(1.0))
            client.script_flush()
            run(permit.release_after_response())
            client.script_flush()


def test_real_processes_keep_the_limit(valkey: Valkey) -> None:
    """Two processes with clocks 5 s apart are never rejected by a counting server; in wall time."""
    limiter = RedisLimiter(valkey.url).for_key(KEY, RateLimit(10, 0.4), CLOCK)
    run(run(limiter.acquire(1.0)).release_unsent())
    with CountingServer(10, 0.4, "5 to 150 ms") as exchange:
        store = f"redis {valkey.url}"
        workloads = [Workload(f"p{n}", exchange.port, store, 10, 0.4, 1.2, 10, ahead=5.0 * n) for n in range(2)]
        run_all(workloads)
        counts = exchange.counts()
    assert counts.rejected == 0
    assert counts.worst <= 10
    assert len(counts.accepted) >= 25


@pytest.mark.parametrize("stop", ["kill", "hang"])
def test_a_server_that_dies_or_hangs_is_noticed_within_700_ms(stop: str) -> None:
    """A server that rejects connections, or accepts them and never replies, is noticed within 700 ms of wall time."""
    with Valkey() as server:
        limiter = RedisLimiter(server.url, period=0.1).for_key(KEY, LIMIT, CLOCK)
        run(run(limiter.acquire(1.0)).release_unsent())
        getattr(server, stop)()
        begun = time.monotonic()
        with pytest.raises(LimiterUnavailableError, match=r"redis://127\.0\.0\.1:\d+/0 is unavailable .*on_una"):
            run(limiter.acquire(1.0))
        assert time.monotonic() - begun < 0.7


def test_tasks_cancelled_at_any_time_leak_no_slot(valkey: Valkey) -> None:
    """Tasks cancelled at any time leak no slot, in a real event loop with a full executor; in wall time."""

    async def tasks() -> None:
        busy = threading.Event()
        executor = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(executor)
        executor.submit(busy.wait, 20)
        limiter = RedisLimiter(valkey.url, period=0.2, prefix="cancel").for_key(KEY, RateLimit(3, 2.0), CLOCK)
        go = partial(run_async, transport=NO_TRANSPORT, clock=CLOCK)
        await go((await go(limiter.acquire(1.0))).release_unsent())

        async def send() -> None:
            permit = await go(limiter.acquire(1.0))
            await go(permit.release_after_response())

        running, chance = [], random.Random(3)  # noqa: S311 -- as above
        for _ in range(40):
            running.append(asyncio.ensure_future(send()))
            await asyncio.sleep(chance.uniform(0, 0.003))
            chance.choice(running).cancel()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0.25)
        assert limiter.status().queued == 0
        assert len([await go(limiter.acquire(1.0)) for _ in range(3)]) == 3
        busy.set()

    begun = time.monotonic()
    asyncio.run(tasks())
    assert time.monotonic() - begun < 0.2 + RECOVERY_QUIET_PERIOD + 2.0


INVALID_URLS = [
    "redis://bot:p4ssw0rd/with#signs@somewhere",
    "redis://bot:p4ssw0rd#@somewhere",
    "redis://bot:p4ss/w0rd@somewhere:6379",
    "redis://bot:12/p4ssw0rd@somewhere:6379",
    "redis://bot:12?p4ssw0rd@somewhere:6379",
    "redis://somewhere/p4ssw0rd",
    "redis://somewhere:p4ssw0rd",
    "redis://",
    "http://bot:p4ssw0rd@somewhere",
    "redis://somewhere?p4ssw0rd=1",
    "redis://somewhere?socket_timeout=p4ssw0rd",
    "rediss://somewhere?ssl_cert_reqs=p4ssw0rd",
]


@pytest.mark.parametrize("url", INVALID_URLS)
def test_invalid_url_is_rejected_without_repeating_it(url: str) -> None:
    """The error shows the expected form, and how to escape characters in a password."""
    with pytest.raises(ValueError, match=r"percent-encode / # \? @|option after \?") as caught:
        RedisLimiter(url)
    assert "p4ss" not in repr(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None, "an error of urlsplit or redis-py repeats it"


def test_options_of_the_url(valkey: Valkey) -> None:
    """Timeouts and keep-alive in the URL are those of its connections."""
    limiter = RedisLimiter(f"{valkey.url}?socket_timeout=1.5&socket_connect_timeout=2.5&socket_keepalive=true")
    connection = limiter._script._client.connection_pool.make_connection()
    connection.connect()
    with connection._sock as connected:
        assert connected.gettimeout() == 1.5
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_slow_lookup(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """A resolver that hangs makes the server unavailable within the limiter's timeout; that time is real."""
    with hanging_resolver(monkeypatch):
        limiter = RedisLimiter(f"{scheme}://cache-{scheme}.test").for_key(KEY, RateLimit(3, 2.0), CLOCK)
        begun = time.monotonic()
        with pytest.raises(LimiterUnavailableError):
            run_sync(limiter.acquire(1.0), NO_TRANSPORT, CLOCK)
        assert time.monotonic() - begun < 3


def test_password_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The password appears neither in the limiter's repr nor in errors and logs of an outage."""
    limiter = RedisLimiter("REDIS://bot:s3cret@127.0.0.1:1/0?socket_timeout=0.2")
    with caplog.at_level(logging.DEBUG), pytest.raises(LimiterUnavailableError) as caught:
        run(limiter.for_key(KEY, LIMIT, CLOCK).acquire(1.0))
    store = limiter.for_key(KEY, LIMIT, CLOCK)._queue.store
    for text in (repr(limiter), str(caught.value), repr(caught.value), caplog.text, vars(limiter), vars(store)):
        assert "s3cret" not in str(text)
        assert "bot" not in str(text)
    for registry in (queue._registry, vars(limiter._script)):
        assert "s3cret" not in str(registry)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"fallback_share": 0.0}, "fallback_share"),
        ({"fallback_share": 1.5}, "fallback_share"),
        ({"on_unavailable": "hope"}, "on_unavailable"),
    ],
)
def test_invalid_settings_are_rejected(settings: dict[str, Any], name: str) -> None:
    """The error names the setting and the expected value."""
    with pytest.raises(ValueError, match=f"{name} must be"):
        RedisLimiter("redis://localhost", **settings)


def test_without_the_package_the_error_names_the_extra() -> None:
    """Without the redis package the error names the extra to install."""
    code = "import sys; sys.modules['redis'] = None; from okx_maxloan_sdk import RedisLimiter as R; R('redis://h')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    expected = 'ImportError: RedisLimiter needs the package redis: pip install "okx-maxloan-sdk[redis]"'
    assert done.stderr.strip().endswith(expected)
