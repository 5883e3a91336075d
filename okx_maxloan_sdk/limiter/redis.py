"""Redis limiter: one limit for all machines that use one Redis or Valkey.

Times are the server's own: a clock there that is set back is harmless, one that is set forward by a second frees slots
a second early. The machines' clocks are never compared.
"""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from importlib.util import find_spec
from logging import Logger, getLogger
from pathlib import Path
from socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET
from ssl import SSLEOFError, SSLError, SSLZeroReturnError
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from attrs import evolve

from okx_maxloan_sdk.exceptions import LimiterUnavailableError
from okx_maxloan_sdk.sites import split_url
from okx_maxloan_sdk.transport.connect import connect

from .base import BaseLimiter
from .ledger import RECOVERY_QUIET_PERIOD, Ledger, LimitKey, LimitPolicy, PermitId, Reservation
from .queue import AcquireQueue, StoreBusyError, shared_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from socket import socket
    from typing import Self

    from okx_maxloan_sdk.clock import Clock

    from .queue import RateLimitStatus

logger: Logger = getLogger(__name__)
# Seconds: how long one reply may take; how often the first waiter calls, so that a lost server is noticed; how often a
# lost server is tried. The last bounds how long after its return a process still sends on its share, so it is well
# below RECOVERY_QUIET_PERIOD.
SOCKET_TIMEOUT, POLL_INTERVAL, RECONNECT_INTERVAL = 0.3, 0.25, 0.5
MICROSECONDS = 1e-6
# Error replies that time may mend; the others need a change of settings.
TRANSIENT_REPLIES = re.compile(r"\b(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|NOREPLICAS|TRYAGAIN)\b")
# Redis 6 wraps the error of a command that a script calls: "ERR Error running script (...): -READONLY You can't ...".
READ_ONLY = re.compile(r"READONLY|read[- ]only replica", re.IGNORECASE)
# Settings of redis-py that name a file or folder, which it reads at each connection.
FILE_SETTINGS = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")


class RedisUnavailableError(Exception):
    """The server cannot be used now, and may be later."""


class LuaScript:
    """The ledger in Lua, and the Redis client that runs it."""

    __slots__ = ("_client", "_sha", "_text", "server")
    server: str

    def __init__(self, client: Any, server: str) -> None:
        self._client, self.server = client, server
        self._text = files("okx_maxloan_sdk.limiter").joinpath("redis.lua").read_text()
        self._sha = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, key: str, *arguments: Any) -> list[int]:
        """Run an operation.

        Raises `RedisUnavailableError` within twice the client's timeout, and `LimiterUnavailableError` for what
        waiting does not mend.
        """
        from redis import exceptions  # noqa: PLC0415 -- an extra

        errors = exceptions.RedisError, exceptions.RedisClusterException, OSError
        try:
            return self._run(key, arguments)
        except errors as error:
            self._drop_connections(error)
            # A server that was restarted has closed the connection, and one that was demoted has a successor.
            is_closed = isinstance(error, exceptions.ConnectionError) and _may_recover(error)
            if not is_closed and not READ_ONLY.search(_reply(error)):
                raise self._failure(error) from error
        try:
            return self._run(key, arguments)
        except errors as error:
            self._drop_connections(error)
            raise self._failure(error) from error

    def _run(self, key: str, arguments: tuple[Any, ...]) -> list[int]:
        from redis.exceptions import NoScriptError  # noqa: PLC0415 -- an extra

        try:
            reply: list[int] = self._client.evalsha(self._sha, 1, key, *arguments)
        except NoScriptError:
            reply = self._client.eval(self._text, 1, key, *arguments)
        return reply

    def _drop_connections(self, error: Exception) -> None:
        """Disconnect the idle connections: the next call may find another server at the address."""
        if not _may_recover(error) and not READ_ONLY.search(_reply(error)):
            return
        nodes = self._client.get_nodes() if hasattr(self._client, "get_nodes") else ()
        for client in [node.redis_connection for node in nodes if node.redis_connection] or [self._client]:
            if pool := getattr(client, "connection_pool", None):
                pool.disconnect(inuse_connections=False)

    def _failure(self, error: Exception) -> Exception:
        if _may_recover(error):
            return RedisUnavailableError(_reply(error))
        return LimiterUnavailableError(
            f"the rate limiter's Redis at {self.server} refuses: {_reply(error)}. Nothing is sent: correct the server's"
            " or the limiter's settings (address of the master, password, certificates, permissions for EVALSHA, EVAL,"
            " TIME, GET and SET, database, memory; for a cluster RedisLimiter.from_client)"
        )


def _reply(error: Exception) -> str:
    """Return the server's words with their code, which redis-py takes off."""
    code = getattr(error, "status_code", None)
    return f"{code} {error}" if code and not str(error).startswith(code) else str(error)


def _may_recover(error: Exception) -> bool:
    """Return whether the same call may succeed later with the same settings."""
    from redis import exceptions  # noqa: PLC0415 -- an extra

    if isinstance(error, exceptions.ResponseError):
        kinds = exceptions.ClusterDownError, exceptions.TryAgainError
        return isinstance(error, kinds) or bool(TRANSIENT_REPLIES.search(_reply(error)))
    is_refused = isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError)
    # TLS that fails while the connection stands: one of the two sides rejects the other's certificate or protocol.
    cause = error.__context__
    return not is_refused and (not isinstance(cause, SSLError) or isinstance(cause, SSLEOFError | SSLZeroReturnError))


class RedisStore:
    """A ledger at a server; while the server is unavailable, errors or this process's share of the limit.

    The share is used after one quiet period: then no request is in flight that the server granted. When the server is
    back it grants nothing for one quiet period if anything was sent on a share, because other processes may still do
    so until they notice.
    """

    is_blocking = True
    is_shared = True

    def __init__(
        self, script: Callable[..., list[int]], key: str, server: str, fallback_share: float, now: Callable[[], float]
    ) -> None:
        self._script, self._key, self._server, self._now = script, key, server, now
        self._fallback_share = fallback_share
        self.after_fork()

    def after_fork(self) -> None:
        """Forget what is known of the server."""
        self._policy = LimitPolicy(1, 1.0)
        self._usage = 0, 0
        # The share while the server is unavailable; at other times only what rejections cost.
        self._local = Ledger()
        self._unavailable_reason = ""
        self._reconnect_at = 0.0
        self._is_throttle_pending = self._has_used_share = False

    def reserve(self, permit_id: PermitId, lease: float, queued: int, policy: LimitPolicy) -> Reservation:
        """Raise `LimiterUnavailableError` when the server refuses, or is unavailable and there is no fallback."""
        self._policy = policy
        try:
            granted, wait, earliest, *usage = self._call("reserve", _name(permit_id), lease, queued)
        except RedisUnavailableError as error:
            if self._fallback_share:
                return self._reserve_share(permit_id, lease, queued)
            message = (
                f"the rate limiter's Redis at {self._server} is unavailable ({error}), and nothing is sent without it;"
                ' start it, or pass on_unavailable="fallback"'
            )
            raise LimiterUnavailableError(message) from error
        self._usage = usage[0], usage[1]
        seconds = wait * MICROSECONDS if granted else min(wait * MICROSECONDS, POLL_INTERVAL)
        return Reservation(bool(granted), seconds, earliest * MICROSECONDS, *self._usage)

    def release(self, permit_id: PermitId, hold: float) -> None:
        """Hold a slot for `hold` more seconds; raise `StoreBusyError` while the server does not know of it."""
        if self._unavailable_reason:
            self._local.release(self._now(), permit_id, hold)
        try:
            self._call("release", _name(permit_id), hold)
        except (RedisUnavailableError, LimiterUnavailableError) as error:
            raise StoreBusyError(str(error)) from error

    def throttle(self, policy: LimitPolicy) -> bool:
        """Reduce the capacity, at the server with the next call; return whether this rejection counts."""
        is_counted = self._local.throttle(self._now(), policy)
        self._is_throttle_pending |= is_counted
        return is_counted

    def usage(self, policy: LimitPolicy) -> tuple[int, int]:
        """Return the capacity and the number of slots in use, as the server said last."""
        # Another thread may be using the ledger: here it is only read.
        now, local = self._now(), self._local
        if self._unavailable_reason:
            in_use = len(local.in_flight) + sum(release > now for release, *_ in local.held)
            return local.capacity(now, self._share_policy(policy)), in_use
        capacity, in_use = self._usage
        return min(local.capacity(now, policy), capacity or policy.max_requests), in_use

    def _call(self, operation: str, *arguments: Any) -> list[int]:
        """Run an operation; while the server is unavailable, try it once per `RECONNECT_INTERVAL`."""
        if self._unavailable_reason and self._now() < self._reconnect_at:
            raise RedisUnavailableError(self._unavailable_reason)
        try:
            if self._unavailable_reason:
                self._resynchronize()
            if self._is_throttle_pending:
                self._run("throttle")
                self._is_throttle_pending = False
            return self._run(operation, *arguments)
        except RedisUnavailableError as error:
            self._enter_fallback(error)
            raise

    def _run(self, operation: str, *arguments: Any) -> list[int]:
        policy = self._policy
        settings = policy.period, policy.max_requests, policy.burst or 0, policy.reserve_ahead, RECOVERY_QUIET_PERIOD
        return self._script(self._key, operation, *settings, *arguments)

    def _enter_fallback(self, error: RedisUnavailableError) -> None:
        now = self._now()
        self._reconnect_at = now + RECONNECT_INTERVAL
        if not self._unavailable_reason:
            self._local.in_flight.clear()
            self._local.held.clear()
            self._local.blocked_until = now + self._policy.period + RECOVERY_QUIET_PERIOD
            self._has_used_share = False
            action = f"{self._fallback_share:.0%} of the limit is used" if self._fallback_share else "nothing is sent"
            logger.warning("the rate limiter's Redis at %s is unavailable, %s: %s", self._server, action, error)
        self._unavailable_reason = str(error) or "no reply"

    def _resynchronize(self) -> None:
        """Report to the server the requests that were sent without it; a call that may be repeated comes first."""
        self._run("block" if self._has_used_share else "usage")
        for permit_id, (_, end) in self._local.in_flight.items():
            self._run("release", _name(permit_id), max(0.0, end - self._now()))
        self._unavailable_reason = ""
        logger.warning("the rate limiter's Redis at %s is available again", self._server)

    def _reserve_share(self, permit_id: PermitId, lease: float, queued: int) -> Reservation:
        policy = self._share_policy(self._policy)
        reservation = self._local.reserve(self._now(), permit_id, lease, queued, policy)
        self._has_used_share |= reservation.granted
        return reservation if reservation.granted else reservation._replace(wait=min(reservation.wait, POLL_INTERVAL))

    def _share_policy(self, policy: LimitPolicy) -> LimitPolicy:
        return evolve(policy, max_requests=max(1, int(policy.max_requests * self._fallback_share)))


def _name(permit_id: PermitId) -> str:
    # All owners' names are of one length, so that Lua orders them as numbers.
    return f"{permit_id[0]:015d}:{permit_id[1]}"


class RedisLimiter(BaseLimiter):
    """Limit the requests of all machines that use one Redis (6 or later) or Valkey; needs the extra `redis`.

    While the server is unavailable, every request raises `LimiterUnavailableError` (`on_unavailable="raise"`), or each
    process sends on `fallback_share` of the limit after one quiet period (`"fallback"`); choose it so that the shares
    of all processes make at most 1. Shares are for a server that all have lost: a process that alone cannot reach it
    would send its share on top of what the others send, so choose "raise" where that may happen. Nothing is sent for
    one period and a second when the server is new, was emptied, or is back after a share was used.
    Raises `ImportError` without the package redis, `ValueError` for a wrong URL or setting.
    """

    def __init__(
        self,
        url: str,
        max_requests: int | None = None,
        period: float | None = None,
        burst: int | None = None,
        on_throttle: Callable[[RateLimitStatus], object] | None = None,
        *,
        on_unavailable: Literal["raise", "fallback"] = "raise",
        fallback_share: float = 0.25,
        prefix: str = "okx-maxloan",
    ) -> None:
        super().__init__(max_requests, period, burst, on_throttle)
        if find_spec("redis") is None:
            raise ImportError('RedisLimiter needs the package redis: pip install "okx-maxloan-sdk[redis]"')
        self._configure(_script_for_url(url), on_unavailable, fallback_share, prefix)

    @classmethod
    def from_client(
        cls,
        client: Any,
        max_requests: int | None = None,
        period: float | None = None,
        burst: int | None = None,
        on_throttle: Callable[[RateLimitStatus], object] | None = None,
        *,
        on_unavailable: Literal["raise", "fallback"] = "raise",
        fallback_share: float = 0.25,
        prefix: str = "okx-maxloan",
    ) -> Self:
        """Create a limiter that uses a `redis.Redis` or `redis.RedisCluster` with settings of the caller's own.

        The client needs a `socket_timeout`, which bounds how long a request waits for a server that hangs; its own
        retries add to that. Raises `TypeError` for an asyncio client, `ValueError` for one without a timeout.
        """
        self = cls.__new__(cls)
        BaseLimiter.__init__(self, max_requests, period, burst, on_throttle)
        self._configure(_script_for_client(client), on_unavailable, fallback_share, prefix)
        return self

    def __repr__(self) -> str:
        script = getattr(self, "_script", None)  # not in the traceback of a constructor that failed
        return f"RedisLimiter({script.server!r})" if script else "RedisLimiter()"

    def _configure(self, script: LuaScript, on_unavailable: str, fallback_share: float, prefix: str) -> None:
        if on_unavailable not in ("raise", "fallback"):
            message = f'on_unavailable must be "raise" or "fallback", not {on_unavailable!r}'
            raise ValueError(message)
        if not 0 < fallback_share <= 1:
            message = f"fallback_share must be a part of the limit, more than 0 and at most 1, not {fallback_share!r}"
            raise ValueError(message)
        self._script, self._prefix = script, prefix
        self._fallback_share = fallback_share if on_unavailable == "fallback" else 0.0

    def _shared_queue(self, key: LimitKey, clock: Clock) -> AcquireQueue:
        # Braces: a cluster keeps a key where the text inside them belongs.
        name = f"{self._prefix}:{{{'/'.join(filter(None, key))}}}"
        script, share = self._script, self._fallback_share
        return shared_queue(
            (script, name), clock, lambda: RedisStore(script, name, script.server, share, clock.monotonic)
        )


# One per server and client, so that limiters with the same one are one owner. By a hash of the URL, which may have a
# password in it.
_scripts: dict[Hashable, LuaScript] = {}


def _script_for_url(url: str) -> LuaScript:
    server = _redact_url(url)
    digest = hashlib.sha256(url.encode()).hexdigest()
    if digest not in _scripts:
        if (client := _make_client(url)) is None:
            message = f"the Redis URL of {server} has an option after ? that redis-py does not take"
            raise ValueError(message)
        _check_files(client.get_connection_kwargs())
        _scripts.setdefault(digest, LuaScript(client, server))
    return _scripts[digest]


def _make_client(url: str) -> Any:
    """Return the client for a URL; None where redis-py rejects an option, as its words may repeat a password."""
    from redis import Redis  # noqa: PLC0415 -- an extra
    from redis.backoff import NoBackoff  # noqa: PLC0415 -- an extra
    from redis.exceptions import RedisError  # noqa: PLC0415 -- an extra
    from redis.retry import Retry  # noqa: PLC0415 -- an extra

    scheme, _, rest = url.partition(":")
    try:
        client = Redis.from_url(
            f"{scheme.lower()}:{rest}",
            connection_class=_connection_class(scheme.lower()),
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=SOCKET_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
        client.connection_pool.make_connection()
    except (RedisError, TypeError, ValueError):
        return None
    return client


def _connection_class(scheme: str) -> type[Any]:
    """Return redis-py's connection with our bounded lookup of the host: redis-py's own waits for the resolver."""
    from redis.connection import Connection, SSLConnection  # noqa: PLC0415 -- an extra

    class BoundedConnection(Connection):
        def _connect(self) -> socket:
            timeout = self.socket_connect_timeout or SOCKET_TIMEOUT
            connected = connect(self.host, self.port, monotonic() + timeout, lambda: False)
            if self.socket_keepalive:
                connected.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
                options: Any = self.socket_keepalive_options
                for name, value in options.items():
                    connected.setsockopt(IPPROTO_TCP, name, value)
            connected.settimeout(self.socket_timeout)
            return connected

    class BoundedTlsConnection(SSLConnection, BoundedConnection):
        pass

    return BoundedTlsConnection if scheme == "rediss" else BoundedConnection


def _script_for_client(client: Any) -> LuaScript:
    if type(client).__module__.startswith("redis.asyncio") or not hasattr(client, "get_connection_kwargs"):
        message = f"from_client needs a redis.Redis or redis.RedisCluster that blocks, not {type(client).__name__}"
        raise TypeError(message)
    settings = client.get_connection_kwargs()
    if settings.get("socket_timeout") is None:
        raise ValueError(
            "the Redis client needs socket_timeout=0.3 or so: a server that hangs would stop every request"
        )
    _check_files(settings)
    host = settings.get("host")
    server = f"{host}:{settings.get('port', 6379)}" if host else type(client).__name__
    return _scripts.get(client) or _scripts.setdefault(client, LuaScript(client, server))


def _check_files(settings: Mapping[str, Any]) -> None:
    """Raise `ValueError` for certificates that are not there: later it would look as if the server were not."""
    for name in FILE_SETTINGS:
        if (path := settings.get(name)) and not Path(path).exists():
            message = f"the Redis setting {name} names a file that does not exist: correct its path"
            raise ValueError(message)


def _redact_url(url: str) -> str:
    """Return a URL without user, password and options; raise `ValueError` without repeating what may be a password."""
    message = (
        "a Redis URL is redis://[user:password@]host[:port][/database], or rediss:// for TLS;"
        " percent-encode / # ? @ in a password as %2F %23 %3F %40"
    )
    if (split := split_url(url)) is None:
        raise ValueError(message)
    parts, _, port = split
    is_split_wrongly = "#" in url or "@" in parts.path + parts.query
    database = unquote(parts.path).strip("/")
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or is_split_wrongly:
        raise ValueError(message)
    if database and not database.isdecimal():
        raise ValueError(message)
    return f"{parts.scheme}://{parts.hostname}:{port or 6379}" + (f"/{database}" if database else "")
