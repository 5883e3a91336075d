"""The Redis limiter: the server's ledger is ours to the letter, and its absence means neither excess nor a stall."""

import asyncio
import itertools
import logging
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError, RedisError, TimeoutError  # noqa: A004 -- redis-py's own names

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.errors import NotSent
from okx_maxloan_sdk.flow import Flow, Sleep, adrive, drive
from okx_maxloan_sdk.limiter import LimitKey, RateLimit, RateLimiter, RedisLimiter
from okx_maxloan_sdk.limiter.ledger import RECOVERY_QUIET_PERIOD, Ledger, LimitPolicy
from okx_maxloan_sdk.limiter.queue import AcquireQueue
from okx_maxloan_sdk.limiter.redis import PROBE, Away, RedisStore, Script
from tests.limiter.counting_server import CountingServer, max_in_window
from tests.limiter.load_generator import NO_TRANSPORT, Workload, run_all
from tests.limiter.simulator import Simulation
from tests.limiter.valkey import Valkey

CLOCK = SystemClock()
KEY = LimitKey("127.0.0.1", "42", "max_loan")
POLICY = LimitPolicy(20, 2.0, None, 0.5)


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """Start one server for this module."""
    with Valkey() as server:
        yield server


def run(flow: Flow[Any]) -> Any:
    """Carry out a flow, blocking."""
    return drive(flow, NO_TRANSPORT, CLOCK)


@pytest.mark.parametrize("seed", range(12))
def test_the_server_decides_as_the_ledger_does(valkey: Valkey, seed: int) -> None:
    """A few hundred random operations at random times: Lua and Python answer the same, to the microsecond."""
    chance = random.Random(seed)  # noqa: S311 -- a test's chance is no secret
    # The script's clock is replaced by one that this test turns.
    text = Script(valkey.url)._text
    lua = text.replace("redis.call('TIME')", "{KEYS[2], KEYS[3]}")
    assert lua != text
    ledger, now, key = (
        Ledger(quiet=1_700_000_000 + 2.0 + RECOVERY_QUIET_PERIOD),
        1_700_000_000.0,
        f"differential {seed}",
    )
    rule = LimitPolicy(chance.choice([1, 3, 7]), 2.0, chance.choice([None, 1, 2]), 0.5)
    tokens: list[tuple[int, int]] = []
    with Redis.from_url(valkey.url) as client:

        def ask(operation: str, *arguments: str | float) -> list[int]:
            settings = rule.period, rule.requests, rule.burst or 0, rule.ahead, RECOVERY_QUIET_PERIOD
            moment = int(now), round(now % 1 * 1e6)
            answer: Any = client.eval(lua, 3, key, *moment, operation, *settings, *arguments)
            return list(answer)

        ask("commit", "0:0", 0.0)
        for number in range(300):
            now += chance.choice([0, 0, 0, 0.001, 0.25, 0.5, 1.0, 3.0])
            if not tokens or chance.random() < 0.6:
                token = (chance.randint(1, 4), chance.choice([number, number, number - 1]))
                demand = chance.randint(1, 9)
                wanted = ledger.reserve(now, token, 9.0, demand, rule)
                found = ask("reserve", f"{token[0]:015d}:{token[1]}", 9.0, demand)
                assert (bool(found[0]), *found[3:]) == (wanted.granted, wanted.slots, wanted.held), number
                assert found[1] / 1e6 == pytest.approx(wanted.wait, abs=3e-6), number
                assert found[2] / 1e6 == pytest.approx(wanted.soonest, abs=3e-6), number
                tokens += [token] * wanted.granted
            elif chance.random() < 0.95:
                token = tokens.pop(chance.randrange(len(tokens)))
                hold = chance.choice([0.0, 2.01, 2.01, 5.0])
                ledger.release(now, token, hold)
                ask("commit", f"{token[0]:015d}:{token[1]}", hold)
            else:
                assert ask("penalize")[0] == ledger.throttle(now, rule)


def test_a_server_whose_clock_is_set_back_frees_nothing_early(valkey: Valkey) -> None:
    """Time that ran backwards counts as no time at all."""
    lua = Script(valkey.url)._text.replace("redis.call('TIME')", "{KEYS[2], KEYS[3]}")
    with Redis.from_url(valkey.url) as client:

        def ask(now: int, number: int) -> list[int]:
            answer: Any = client.eval(
                lua, 3, "back", now, 0, "reserve", 2.0, 1, 0, 0.5, RECOVERY_QUIET_PERIOD, f"1:{number}", 9.0, 1
            )
            return list(answer)

        assert ask(1_000_000, 0)[:2] == [0, 2_500_000]
        assert ask(1_000_003, 1)[:2] == [1, 0]
        assert ask(999_000, 2)[0] == 0
        assert ask(999_008, 3)[0] == 0
        assert ask(999_009, 4)[0] == 1


class Server:
    """A Redis in virtual time, which may be away."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.ledger: Ledger | None = None
        self.away = ""
        self.asked = 0

    def __call__(self, _: str, operation: str, *arguments: Any) -> list[int]:
        self.asked += 1
        now = self.simulation.now
        period, requests, burst, ahead, grace, *rest = arguments
        rule = LimitPolicy(requests, period, burst or None, ahead)
        if self.away:
            raise Away(self.away)
        if self.ledger is None:
            self.ledger = Ledger(quiet=now + period + grace)
        answer: list[float] = [1, 0.0, 0.0]
        if operation == "reserve":
            answer = list(self.ledger.reserve(now, self.token(rest[0]), rest[1], rest[2], rule)[:3])
        elif operation == "commit":
            self.ledger.release(now, self.token(rest[0]), rest[1])
        elif operation == "penalize":
            self.ledger.throttle(now, rule)
        else:
            assert operation == "hush"
            self.ledger.quiet = max(self.ledger.quiet, now + period + grace)
        slots, held = self.ledger.usage(now, rule)
        return [int(answer[0]), int(answer[1] * 1e6) + 1, int(answer[2] * 1e6) + 1, slots, held]

    @staticmethod
    def token(name: str) -> tuple[float, float]:
        owner, number = name.split(":")
        return float(owner), float(number)


class World:
    """Processes with thirty tasks each, an exchange that counts, and a server."""

    def __init__(self, processes: int = 4, share: float = 0.25) -> None:
        self.simulation = Simulation(latency=0.002)
        self.chance = random.Random(3)  # noqa: S311 -- as above
        self.server = Server(self.simulation)
        self.counted: list[float] = []
        self.refused: list[float] = []
        self.windows: list[RateLimiter] = []
        for _ in range(processes):
            store = RedisStore(self.server, "key", "redis://somewhere:6379", share, self.simulation.monotonic)
            self.windows.append(RateLimiter(AcquireQueue(store, self.simulation), POLICY, None))

    def loop(self, window: RateLimiter) -> Flow[None]:
        while True:
            asked = self.simulation.now
            try:
                slot = yield from window.acquire(5.0)
            except NotSent:
                self.refused.append(self.simulation.now - asked)
                yield Sleep(0.2)
                continue
            yield Sleep(self.chance.uniform(0, 0.075))
            self.counted.append(self.simulation.now)
            yield Sleep(self.chance.uniform(0.005, 0.075))
            yield from slot.release_after_response()

    def busy(self) -> None:
        for window in self.windows:
            for _ in range(30):
                self.simulation.spawn(self.loop(window))

    def since(self, moment: float) -> list[float]:
        return [each for each in self.counted if each > moment]


@pytest.mark.parametrize("outage", [0.0, 0.3, 1.7, 3.5, 6.0, 11.0])
@pytest.mark.parametrize("emptied", [True, False])
def test_a_server_that_goes_and_comes_back_means_no_excess(outage: float, emptied: bool) -> None:
    """However long it was away, with or without its memory, and whoever still sends on a share when it returns."""
    world = World()
    world.busy()
    simulation = world.simulation
    for n in range(3):
        simulation.run(12.3 + n * 0.7)
        world.server.away = "no answer"
        if emptied:
            world.server.ledger = None
        simulation.run(outage)
        world.server.away = ""
        if not outage:
            world.server.ledger = None
    back = simulation.now
    simulation.run(20)
    simulation.close()
    assert max_in_window(world.counted, 2.0) == 20
    assert len(world.since(back + 10)) >= 80


def test_the_service_goes_on_with_its_shares(caplog: pytest.LogCaptureFixture) -> None:
    """With the server gone for good, four shares of a quarter make the whole, without a pause."""
    world = World()
    world.busy()
    world.simulation.run(10)
    before = len(world.since(world.simulation.now - 4))
    world.server.away, dead = "Connection refused", world.simulation.now
    with caplog.at_level(logging.WARNING, "okx_maxloan_sdk.limiter"):
        world.simulation.run(30)
    world.simulation.close()
    after = world.since(dead)
    assert max_in_window(world.counted, 2.0) == 20
    assert len([moment for moment in after if moment < dead + 4]) >= 0.6 * before
    assert len(after) >= 0.95 * (30 - 1) * 20 / 2.09
    said = "Redis at redis://somewhere:6379 is away, on 25% of the limit: Connection refused"
    assert [record.getMessage() for record in caplog.records] == [f"the rate limiter's {said}"] * 4


def test_who_held_nothing_when_the_server_went_waits_until_nothing_is_held() -> None:
    """One process used the whole limit: it shrinks to its share at once, and the others come after a quiet period."""
    world = World()
    one, *others = world.windows
    slots = [world.simulation.finish(one.acquire(5.0)) for _ in range(20)]
    for slot in slots:
        world.simulation.finish(slot.release_after_response())
    world.server.away, dead = "Connection refused", world.simulation.now
    first = world.simulation.spawn(one.acquire(5.0))
    second = world.simulation.spawn(others[0].acquire(5.0))
    world.simulation.run(2.0 + 0.02)
    assert (first.done, second.done) == (True, False)
    assert one.status().slots == 5
    world.simulation.run(dead + 2.0 + RECOVERY_QUIET_PERIOD + 0.02 - world.simulation.now)
    assert second.done


def test_the_last_request_of_a_process_is_told_to_a_server_that_came_back_meanwhile() -> None:
    """Who has nothing more to send does not ask again, so its last answer is its last word."""
    world = World(1, share=1.0)
    simulation, (window,) = world.simulation, world.windows
    simulation.finish(simulation.finish(window.acquire(5.0)).release_after_response())
    world.server.away, world.server.ledger = "Connection refused", None
    slot = simulation.finish(window.acquire(5.0))
    world.server.away = ""
    simulation.finish(slot.release_after_response())
    assert world.server.ledger is not None
    assert world.server.ledger.usage(simulation.now, POLICY) == (20, 1)


def test_slots_freed_before_the_loss_was_noticed_may_be_another_ones() -> None:
    """A process goes on only with slots that the server cannot have granted to anybody else."""
    world = World(2, share=0.5)
    one, two = world.windows
    world.simulation.finish(world.simulation.finish(one.acquire(5.0)).release_after_response())
    world.simulation.run(1.2)
    kept = world.simulation.finish(one.acquire(5.0))
    world.simulation.finish(kept.release_after_response())
    world.simulation.run(0.7)  # the first slot comes free in 0.1 s, and may be reserved by now
    world.server.away = "Connection refused"
    world.simulation.spawn(one.acquire(5.0))
    world.simulation.spawn(two.acquire(5.0))
    world.simulation.run(0.5)
    assert one.status().slots == 1
    assert two.status().slots == 10
    world.simulation.run(2.0 + RECOVERY_QUIET_PERIOD)
    assert one.status().slots == 10


@pytest.mark.parametrize("seed", range(60))
def test_no_excess_however_the_demand_goes_when_a_server_is_killed(seed: int) -> None:
    """Processes start and stop to send at random, and the server dies, and starts empty at once, later or never."""
    world = World(share=0.25)
    chance = world.chance = random.Random(seed)  # noqa: S311 -- as above
    simulation = world.simulation

    def sometimes(window: RateLimiter) -> Flow[None]:
        while True:
            yield Sleep(chance.choice([0, 0, 0.1, 1.0, 4.0]))
            for _ in range(chance.randint(1, 6)):
                slot = yield from window.acquire(5.0)
                yield Sleep(chance.uniform(0, 0.075))
                world.counted.append(simulation.now)
                yield Sleep(chance.uniform(0.005, 0.075))
                yield from slot.release_after_response()

    for window in world.windows:
        for _ in range(chance.choice([1, 3, 12])):
            simulation.spawn(sometimes(window))
    for _ in range(4):
        simulation.run(chance.uniform(4, 9))
        world.server.away, world.server.ledger = "Connection refused", None
        simulation.run(chance.choice([0.05, 0.4, 1.0, 2.5, 3.2, 8.0]))
        world.server.away = ""
    simulation.run(8)
    simulation.close()
    assert max_in_window(world.counted, 2.0) <= 20
    assert len(world.counted) > 100


def test_a_server_that_is_away_is_tried_once_a_second() -> None:
    """Nobody waits for its time-out more often than that."""
    world = World(1)
    world.busy()
    world.simulation.run(10)
    world.server.away, world.server.asked = "timeout", 0
    world.simulation.run(30)
    world.simulation.close()
    assert world.server.asked <= 30 / PROBE + 1


def test_who_would_rather_send_nothing_is_told_soon() -> None:
    """`refuse`: all who wait are told within a heartbeat, and who comes later is told at once."""
    world = World(share=0.0)
    world.busy()
    world.simulation.run(10)
    world.server.away, dead = "Connection refused", world.simulation.now
    world.simulation.run(0.5)
    assert len(world.refused) >= 4 * 10
    before = len(world.refused)
    world.simulation.run(5)
    assert max(world.refused[before + 120 :]) < 0.1
    assert not world.since(dead + 0.2)
    world.server.away, back = "", world.simulation.now
    world.simulation.run(10)
    world.simulation.close()
    assert min(world.since(back)) - back < PROBE + 2.0
    assert max_in_window(world.counted, 2.0) == 20


def test_answers_during_an_outage_are_told_to_the_server_later() -> None:
    """Slots of requests that were under way when the server went are not blocked for the length of their leases."""
    world = World(1, share=0.0)
    simulation, (window,) = world.simulation, world.windows
    slots = [simulation.finish(window.acquire(60.0)) for _ in range(20)]
    world.server.away = "no answer"
    for slot in slots:
        simulation.finish(slot.release_after_response())
    simulation.run(3)
    world.server.away = ""
    begun = simulation.now
    simulation.finish(window.acquire(60.0))
    assert simulation.now - begun < 0.1
    assert window.status().held == 1


def test_requests_under_way_on_a_share_are_told_to_the_server_when_it_is_back() -> None:
    """One that takes long is held there, too, from then on."""
    world = World(1)
    simulation, (window,) = world.simulation, world.windows
    simulation.finish(simulation.finish(window.acquire(60.0)).release_unsent())
    world.server.away = "no answer"
    slow = simulation.finish(window.acquire(60.0))
    world.server.away = ""
    simulation.run(PROBE)
    simulation.finish(window.acquire(60.0))
    assert window.status().held == 2
    simulation.finish(slow.release_after_response())
    simulation.run(2.1)
    simulation.finish(window.acquire(60.0))
    assert window.status().held == 2


@pytest.mark.parametrize(
    ("failures", "answers"),
    [([ConnectionError], True), ([ConnectionError, ConnectionError], False), ([TimeoutError], False)],
)
def test_a_connection_found_closed_is_made_anew_once(
    failures: list[type[RedisError]],
    answers: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that dropped an idle connection is not away; one that takes too long is."""
    script, left = Script("redis://127.0.0.1:1/0"), list(failures)

    def run(*_: object) -> list[int]:
        if left:
            raise left.pop()("broken")
        return [1, 0, 0, 20, 1]

    monkeypatch.setattr(script, "_run", run)
    if answers:
        assert script("key", "reserve") == [1, 0, 0, 20, 1]
    else:
        with pytest.raises(Away, match="broken"):
            script("key", "reserve")


def test_a_cut_reaches_the_server_with_the_next_request() -> None:
    """A 50011 that one process met slows the others down, without a word of its own on the network."""
    world = World(2)
    one, two = world.windows
    world.simulation.finish(one.acquire(1.0))
    asked = world.server.asked
    one.throttle()
    assert world.server.asked == asked
    assert one.status().slots == 14
    world.simulation.finish(one.acquire(1.0))
    world.simulation.finish(two.acquire(1.0))
    assert two.status().slots == 14


def test_a_real_server_is_quiet_when_it_knows_nothing(valkey: Valkey) -> None:
    """A new or emptied server lets nobody start for one period and the grace; in wall time, by the server's clock."""
    limiter = RedisLimiter(valkey.url, period=0.2, prefix="quiet")
    window = limiter.for_key(KEY, RateLimit(2, 2.0), CLOCK)
    for _ in range(2):
        begun = time.monotonic()
        slots = [run(window.acquire(1.0)) for _ in range(2)]
        assert 0.2 + RECOVERY_QUIET_PERIOD - 0.01 <= time.monotonic() - begun < 0.2 + RECOVERY_QUIET_PERIOD + 0.5
        for slot in slots:
            run(slot.release_unsent())
        with Redis.from_url(valkey.url) as client:
            assert client.keys("quiet:*") == [b"quiet:{127.0.0.1/42/max_loan}"]
            client.flushall()


def test_a_real_server_forgets_its_scripts_without_harm(valkey: Valkey) -> None:
    """SCRIPT FLUSH between any two requests changes nothing."""
    window = RedisLimiter(valkey.url, period=0.05, prefix="flush").for_key(KEY, RateLimit(2, 2.0), CLOCK)
    with Redis.from_url(valkey.url) as client:
        for _ in range(5):
            slot = run(window.acquire(1.0))
            client.script_flush()
            run(slot.release_after_response())
            client.script_flush()


def test_real_processes_keep_the_limit(valkey: Valkey) -> None:
    """Two processes, their clocks 5 s apart, against an exchange that counts: no refusal. It takes wall time."""
    window = RedisLimiter(valkey.url).for_key(KEY, RateLimit(10, 0.4), CLOCK)
    run(run(window.acquire(1.0)).release_unsent())
    with CountingServer(10, 0.4, "5 to 150 ms") as exchange:
        store = f"redis {valkey.url}"
        plans = [Workload(f"p{n}", exchange.port, store, 10, 0.4, 1.2, 10, ahead=5.0 * n) for n in range(2)]
        run_all(plans)
        counts = exchange.counts()
    assert counts.refused == 0
    assert counts.worst <= 10
    assert len(counts.served) >= 25


@pytest.mark.parametrize("stop", ["kill", "hang"])
def test_a_server_that_dies_or_hangs_is_noticed_within_600_ms(stop: str) -> None:
    """Whether it refuses connections or takes them and never answers; in wall time, for that is the point."""
    with Valkey() as server:
        limiter = RedisLimiter(server.url, period=0.1, without_redis="refuse")
        window = limiter.for_key(KEY, RateLimit(2, 2.0), CLOCK)
        run(run(window.acquire(1.0)).release_unsent())
        getattr(server, stop)()
        begun = time.monotonic()
        with pytest.raises(NotSent, match=r"Redis at redis://127\.0\.0\.1:\d+/0 is away .* without_redis"):
            run(window.acquire(1.0))
        assert time.monotonic() - begun < 0.6


def test_tasks_cancelled_at_any_moment_leak_no_slot(valkey: Valkey) -> None:
    """In a real event loop, with the store asked in threads; wall time, for the threads are real."""

    async def tasks() -> None:
        limiter = RedisLimiter(valkey.url, period=0.2, prefix="cancel")
        window = limiter.for_key(KEY, RateLimit(3, 2.0), CLOCK)
        slot = await adrive(window.acquire(1.0), NO_TRANSPORT, CLOCK)
        await adrive(slot.release_unsent(), NO_TRANSPORT, CLOCK)

        async def send() -> None:
            slot = await adrive(window.acquire(1.0), NO_TRANSPORT, CLOCK)
            await adrive(slot.release_after_response(), NO_TRANSPORT, CLOCK)

        running, chance = [], random.Random(3)  # noqa: S311 -- as above
        for _ in range(40):
            running.append(asyncio.ensure_future(send()))
            await asyncio.sleep(chance.uniform(0, 0.003))
            chance.choice(running).cancel()
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0.25)
        assert window.status().waiting == 0
        slots = [await adrive(window.acquire(1.0), NO_TRANSPORT, CLOCK) for _ in range(3)]
        assert len(slots) == 3

    begun = time.monotonic()
    asyncio.run(tasks())
    assert time.monotonic() - begun < 0.2 + RECOVERY_QUIET_PERIOD + 2.0


SECRET = "p4ssw0rd/with#signs"


def test_a_password_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Neither in what the limiter says of itself, nor in errors and logs when the server is away."""
    limiter = RedisLimiter("redis://bot:s3cret@127.0.0.1:1/0", without_redis="refuse")
    window = limiter.for_key(KEY, RateLimit(2, 2.0), CLOCK)
    with caplog.at_level(logging.DEBUG), pytest.raises(NotSent) as caught:
        run(window.acquire(1.0))
    for said in (repr(limiter), str(caught.value), repr(caught.value), caplog.text):
        assert "s3cret" not in said
        assert "bot" not in said
    for url in (f"redis://bot:{SECRET}@somewhere", "redis://", "http://bot:s3cret@somewhere", "redis://h:p4ssw0rd"):
        with pytest.raises(ValueError, match="a Redis URL is") as wrong:
            RedisLimiter(url)
        assert "4ssw0rd" not in repr(wrong.value)
        assert wrong.value.__cause__ is None
        assert wrong.value.__suppress_context__


def test_a_wrong_password_is_an_absence_with_a_reason() -> None:
    """The server's own words about it are passed on."""
    with Valkey("--requirepass", "right") as server:
        url = server.url.replace("//", "//:wrong@")
        window = RedisLimiter(url, without_redis="refuse").for_key(KEY, RateLimit(2, 2.0), CLOCK)
        with pytest.raises(NotSent, match=r"is away \(.*invalid") as caught:
            run(window.acquire(1.0))
        assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"share": 0.0}, "share"), ({"share": 1.5}, "share"), ({"without_redis": "hope"}, "without_redis")],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], complaint: str) -> None:
    """What is wrong, and what would be right."""
    with pytest.raises(ValueError, match=f"{complaint} must be"):
        RedisLimiter("redis://localhost", **settings)


def test_without_the_package_the_error_names_the_extra() -> None:
    """Who has not installed redis hears how to."""
    code = (
        "import sys; sys.modules['redis'] = None; from okx_maxloan_sdk.limiter import limiter; limiter('redis://h/0')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith(
        'ImportError: RedisLimiter needs the package redis: pip install "okx-maxloan-sdk[redis]"'
    )


def test_limiters_for_one_server_count_together(valkey: Valkey) -> None:
    """Two clients of a process are one owner with one share, not two."""
    windows = [RedisLimiter(valkey.url).for_key(KEY, RateLimit(2, 2.0), CLOCK) for _ in range(2)]
    assert windows[0]._queue is windows[1]._queue
    assert list(itertools.islice({id(window) for window in windows}, 3))
