"""Redis clients of the limiter: errors, URLs, and real servers that fail, move or refuse."""

import logging
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import redis
import redis.asyncio
from redis import exceptions
from redis.exceptions import ConnectionError, RedisError, ResponseError, TimeoutError  # noqa: A004 -- redis-py's names

from okx_maxloan_sdk.exceptions import LimiterUnavailableError, RateLimitTimeoutError
from okx_maxloan_sdk.limiter import LimitKey, RateLimit, RedisLimiter, queue
from okx_maxloan_sdk.limiter.ledger import RECOVERY_MARGIN
from okx_maxloan_sdk.limiter.queue import StoreBusyError
from okx_maxloan_sdk.limiter.redis_client import LuaScript
from tests.limiter.runner import CLOCK, KEY, run
from tests.limiter.valkey import Valkey, binary
from tests.support.resolver import hanging_resolver

LIMIT = RateLimit(2, 2.0)


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """Start one server for this module."""
    with Valkey() as server:
        yield server


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while True:
        with suppress(RedisError):
            if condition():
                return
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


class FakeClient:
    """A Redis client that fails as scripted, and counts how often its connections were dropped."""

    def __init__(self, failures: list[Exception]) -> None:
        self.failures = failures[:]
        self.dropped = 0
        self.connection_pool = self

    def evalsha(self, *_: object) -> list[int]:
        if self.failures:
            raise self.failures.pop(0)
        return [1, 0, 0, 20, 1]

    def disconnect(self, *, inuse_connections: bool) -> None:
        assert not inuse_connections
        self.dropped += 1


def caused_by(cause: OSError) -> ConnectionError:
    """Return redis-py's error for a TLS connection that failed."""
    error = ConnectionError("Error 1 connecting")
    error.__context__ = cause
    return error


READ_ONLY = exceptions.ReadOnlyError("You can't write against a read only replica.")
# Redis 6 wraps the error of a command in a script.
READ_ONLY_6 = ResponseError(
    "Error running script (call to f_0): @user_script:60: @user_script: 60: -READONLY You can't write against a read"
    " only replica."
)
RESET = ConnectionError("reset")
# Failures of the calls to the server, and what the script raises in the end.
OUTCOMES: list[tuple[type[Exception] | None, list[Exception]]] = [
    # A server that closed an idle connection, or became a replica, is looked up again once.
    (None, [RESET]),
    (None, [READ_ONLY]),
    (None, [READ_ONLY_6]),
    (StoreBusyError, [RESET, RESET]),
    (StoreBusyError, [TimeoutError("slow")]),
    (StoreBusyError, [exceptions.BusyLoadingError("loading"), RESET]),
    (StoreBusyError, [exceptions.ClusterDownError("CLUSTERDOWN The cluster is down")]),
    (StoreBusyError, [exceptions.MasterDownError("Link with MASTER is down")]),
    (StoreBusyError, [exceptions.SlotNotCoveredError("no node")]),
    (StoreBusyError, [ResponseError("NOREPLICAS Not enough good replicas to write.")]),
    (StoreBusyError, [ResponseError("BUSY Redis is busy running a script.")]),
    (StoreBusyError, [OSError("no route")]),
    (StoreBusyError, [caused_by(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"))] * 2),
    (StoreBusyError, [caused_by(ssl.SSLZeroReturnError(6, "TLS/SSL connection has been closed"))] * 2),
    (StoreBusyError, [caused_by(ConnectionResetError(104, "Connection reset by peer"))] * 2),
    (LimiterUnavailableError, [READ_ONLY, READ_ONLY]),
    (LimiterUnavailableError, [READ_ONLY_6, READ_ONLY_6]),
    (LimiterUnavailableError, [exceptions.AuthenticationError("invalid username-password pair")]),
    (LimiterUnavailableError, [exceptions.NoPermissionError("User app has no permissions to run 'evalsha'")]),
    (LimiterUnavailableError, [exceptions.MovedError("3999 127.0.0.1:6381")]),
    (LimiterUnavailableError, [ResponseError("DB index is out of range")]),
    # redis-py reports a certificate error as a lost connection.
    (LimiterUnavailableError, [caused_by(ssl.SSLCertVerificationError("self-signed"))]),
    (LimiterUnavailableError, [caused_by(ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED]"))]),
]


@pytest.mark.parametrize(("expected", "failures"), OUTCOMES)
def test_errors_of_the_server(expected: type[Exception] | None, failures: list[Exception]) -> None:
    """An outage drops the connections, so that the next call may find another server; a refusal names the reason."""
    client = FakeClient(failures)
    script = LuaScript(client, "here")
    if expected is None:
        assert script("key", "reserve") == [1, 0, 0, 20, 1]
    else:
        with pytest.raises(expected, match=re.escape(str(failures[-1]))) as caught:
            script("key", "reserve")
        is_refusal = bool(re.search("Redis at here refuses: .*correct the", str(caught.value)))
        assert is_refusal == (expected is LimiterUnavailableError)
    assert not client.failures
    is_dropped = expected is not LimiterUnavailableError or failures[0] in (READ_ONLY, READ_ONLY_6)
    assert client.dropped == len(failures) * is_dropped


@pytest.mark.parametrize("on_unavailable", ["raise", "fallback"])
def test_real_errors(on_unavailable: Any) -> None:
    """Wrong password, missing permission, wrong type, unknown database, no memory and a replica fail at once."""
    with Valkey("--requirepass", "right") as server, redis.Redis.from_url(server.url, password="right") as admin:

        def error_of(user: str, database: int = 0, prefix: str = "okx-maxloan") -> str:
            url = f"redis://{user}@127.0.0.1:{server.port}/{database}"
            limiter = RedisLimiter(url, prefix=prefix, on_unavailable=on_unavailable, fallback_share=1.0)
            begun = time.monotonic()
            with pytest.raises(LimiterUnavailableError) as caught:
                run(limiter.for_key(KEY, LIMIT, CLOCK).acquire(1.0))
            assert time.monotonic() - begun < 1.0
            assert user not in str(caught.value)
            return str(caught.value)

        admin.execute_command("ACL", "SETUSER", "app", "on", ">p/w@", "~okx-maxloan:*", "+@read", "+@write")
        admin.lpush("typed:{42/max_loan}", "text")
        assert "WRONGPASS" in error_of(":wrong")
        assert "permissions" in error_of("app:p%2Fw%40")
        assert "WRONGTYPE" in error_of(":right", prefix="typed")
        assert "DB index" in error_of(":right", 99)
        admin.config_set("maxmemory", "1")
        assert "maxmemory" in error_of(":right")
        admin.config_set("maxmemory", "0")
        admin.execute_command("REPLICAOF", "127.0.0.1", "1")
        assert "READONLY" in error_of(":right", prefix="replica")


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[Any]:
    """Start a Sentinel that monitors a master with one replica, and wait until it knows both."""
    with ExitStack() as stack:
        master = stack.enter_context(Valkey())
        stack.enter_context(Valkey("--replicaof", "127.0.0.1", str(master.port)))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        settings = tmp_path / "sentinel.conf"
        settings.write_text(f"port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {master.port} 1\n")
        process = subprocess.Popen([binary(), str(settings), "--sentinel"], cwd=tmp_path, stdout=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.kill)
        client: Any = redis.Sentinel([("127.0.0.1", port)], socket_timeout=1.0)  # type: ignore[no-untyped-call]
        replicas = client.sentinels[0].sentinel_slaves
        wait_for(
            lambda: [(each["flags"], each["master-link-status"]) for each in replicas("main")] == [("slave", "ok")]
        )
        yield client


def test_a_client_of_a_sentinel_follows_a_failover(sentinel: Any) -> None:
    """After a failover of real servers, slots of the old master are in use at the new one and can be released there."""
    with sentinel.master_for("main", socket_timeout=1.0) as client:
        limiter = RedisLimiter.from_client(client, period=0.2).for_key(KEY, LIMIT, CLOCK)
        permits = [run(limiter.acquire(60.0)) for _ in range(2)]
        before = sentinel.discover_master("main")
        sentinel.sentinels[0].sentinel_failover("main")
        wait_for(lambda: sentinel.discover_master("main") != before)

        def is_granted_after_a_release() -> bool:
            with suppress(LimiterUnavailableError):  # while the old master becomes a replica
                run(permits[0].release_unsent())
                run(limiter.acquire(60.0, CLOCK.monotonic() + 0.5))
                return True
            return False

        with pytest.raises((RateLimitTimeoutError, LimiterUnavailableError)):
            run(limiter.acquire(60.0, CLOCK.monotonic() + 0.5))
        wait_for(is_granted_after_a_release)
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
            nodes: list[Any] = [first, second]
            wait_for(lambda: all(node.execute_command("CLUSTER INFO")["cluster_state"] == "ok" for node in nodes))
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


def test_real_empty_server_grants_nothing(valkey: Valkey) -> None:
    """A new or emptied server grants nothing for one quiet period; in wall time, by the server's clock."""
    limiter = RedisLimiter(valkey.url, period=0.2, prefix="quiet").for_key(KEY, LIMIT, CLOCK)
    with redis.Redis.from_url(valkey.url) as client:
        for _ in range(2):
            begun = time.monotonic()
            permits = [run(limiter.acquire(1.0)) for _ in range(2)]
            assert 0.2 + RECOVERY_MARGIN - 0.01 <= time.monotonic() - begun < 0.2 + RECOVERY_MARGIN + 0.5
            for permit in permits:
                client.script_flush()  # changes nothing
                run(permit.release_unsent())
            assert client.keys("quiet:*") == [b"quiet:{42/max_loan}"]
            client.flushall()


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
            run(limiter.acquire(1.0))
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
    assert "s3cret" not in str((queue._registry, limiter._script.identity))


@pytest.mark.parametrize("name", ["ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    """A missing certificate file is an error at construction, in a URL and in a client."""
    url, settings = "rediss://127.0.0.1:1", {name: str(tmp_path / "missing")}
    client = redis.Redis.from_url(url, socket_timeout=0.3, **settings)
    for create in (partial(RedisLimiter, f"{url}?{urlencode(settings)}"), partial(RedisLimiter.from_client, client)):
        with pytest.raises(ValueError, match=f"{name} names a file that does not exist"):
            create()


def test_unsuitable_client_is_rejected() -> None:
    """An asyncio client cannot be used in a thread, and one without a timeout could block every request."""
    with pytest.raises(TypeError, match=r"needs a redis\.Redis or redis\.RedisCluster that blocks"):
        RedisLimiter.from_client(redis.asyncio.Redis())
    with pytest.raises(TypeError, match="not str"):
        RedisLimiter.from_client("redis://localhost")
    with pytest.raises(ValueError, match="socket_timeout"):
        RedisLimiter.from_client(redis.Redis(socket_timeout=None))


def test_limiters_with_one_server_are_one_owner() -> None:
    """Limiters with the same client, or the same URL, have one queue for a key."""
    client = redis.Redis(host="cache", socket_timeout=0.3, password="s3cret")
    assert repr(RedisLimiter.from_client(client)) == "RedisLimiter('cache:6379')"
    for create in (partial(RedisLimiter.from_client, client), partial(RedisLimiter, "redis://:s3cret@cache")):
        assert create().for_key(KEY, LIMIT, CLOCK)._queue is create().for_key(KEY, LIMIT, CLOCK)._queue


@pytest.mark.parametrize("settings", [{"fallback_share": 0.0}, {"fallback_share": 1.5}, {"on_unavailable": "hope"}])
def test_invalid_settings_are_rejected(settings: dict[str, Any]) -> None:
    """The error names the setting and the expected value."""
    with pytest.raises(ValueError, match=f"{next(iter(settings))} must be"):
        RedisLimiter("redis://localhost", **settings)


def test_without_the_package_the_error_names_the_extra() -> None:
    """Without the redis package the error names the extra to install."""
    code = "import sys; sys.modules['redis'] = None; from okx_maxloan_sdk import RedisLimiter as R; R('redis://h')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    expected = 'ImportError: RedisLimiter needs the package redis: pip install "okx-maxloan-sdk[redis]"'
    assert done.stderr.strip().endswith(expected)


def test_a_constructor_that_failed_can_be_shown() -> None:
    """A traceback that shows the objects of its frames shows the limiter of a wrong setting too."""
    with pytest.raises(ValueError, match="fallback_share must be") as caught:
        RedisLimiter("redis://host", fallback_share=2.0)
    assert [repr(each.locals["self"]) for each in caught.traceback if "self" in each.locals] == ["RedisLimiter()"]
