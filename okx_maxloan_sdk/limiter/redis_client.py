"""Redis clients, and the ledger's script that they run."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path
from socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET
from ssl import SSLEOFError, SSLError, SSLZeroReturnError
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from redis import Redis, exceptions
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.retry import Retry

from okx_maxloan_sdk.exceptions import LimiterUnavailableError
from okx_maxloan_sdk.sites import split_url
from okx_maxloan_sdk.transport.connect import connect

from .queue import StoreBusyError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from socket import socket

SOCKET_TIMEOUT = 0.3
"""Seconds that one reply may take."""
ERRORS = exceptions.RedisError, exceptions.RedisClusterException, OSError
# Error replies that time may mend; the others need a change of settings.
TRANSIENT_REPLIES = re.compile(r"\b(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|NOREPLICAS|TRYAGAIN)\b")
# Redis 6 wraps the error of a command that a script calls: "ERR Error running script (...): -READONLY You can't ...".
READ_ONLY = re.compile(r"READONLY|read[- ]only replica", re.IGNORECASE)
# Settings of redis-py that name a file or folder, which it reads at each connection.
FILE_SETTINGS = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")


class BoundedConnection(Connection):
    """A connection with our bounded lookup of the host: redis-py's own waits for the resolver."""

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
    """The same over TLS."""


class LuaScript:
    """The ledger in Lua, and the Redis client that runs it; `identity` is equal for the same server and user."""

    def __init__(self, client: Any, server: str, identity: Hashable = None) -> None:
        self._client = client
        self.server: str = server
        self.identity: Hashable = identity
        self._text = files("okx_maxloan_sdk.limiter").joinpath("redis.lua").read_text()
        self._sha = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, key: str, *arguments: Any, is_retry: bool = False) -> list[int]:
        """Run an operation.

        Raises `StoreBusyError` within twice the client's timeout while the server is unavailable, and
        `LimiterUnavailableError` for what waiting does not mend.
        """
        try:
            return self._run(key, arguments)
        except ERRORS as error:
            is_outage, is_demoted = _may_recover(error), bool(READ_ONLY.search(_reply(error)))
            if is_outage or is_demoted:
                self._drop_idle_connections()
            # A server that was restarted has closed the connection, and one that was demoted has a successor.
            is_moved = is_demoted or (is_outage and isinstance(error, exceptions.ConnectionError))
            if is_retry or not is_moved:
                if is_outage:
                    raise StoreBusyError(_reply(error)) from error
                raise LimiterUnavailableError(
                    f"the rate limiter's Redis at {self.server} refuses: {_reply(error)}. Nothing is sent: correct the"
                    " server's or the limiter's settings (address of the master, password, certificates, permissions"
                    " for EVALSHA, EVAL, TIME, GET and SET, database, memory; for a cluster RedisLimiter.from_client)"
                ) from error
        return self(key, *arguments, is_retry=True)

    def _run(self, key: str, arguments: tuple[Any, ...]) -> list[int]:
        try:
            reply: list[int] = self._client.evalsha(self._sha, 1, key, *arguments)
        except exceptions.NoScriptError:
            reply = self._client.eval(self._text, 1, key, *arguments)
        return reply

    def _drop_idle_connections(self) -> None:
        """Let the next call find the server that is at the address then."""
        nodes = self._client.get_nodes() if hasattr(self._client, "get_nodes") else ()
        for client in [node.redis_connection for node in nodes if node.redis_connection] or [self._client]:
            if pool := getattr(client, "connection_pool", None):
                pool.disconnect(inuse_connections=False)


def _reply(error: Exception) -> str:
    """Return the server's words with their code, which redis-py takes off."""
    code = getattr(error, "status_code", None)
    return f"{code} {error}" if code and not str(error).startswith(code) else str(error)


def _may_recover(error: Exception) -> bool:
    """Return whether the same call may succeed later with the same settings."""
    if isinstance(error, exceptions.ResponseError):
        kinds = exceptions.ClusterDownError, exceptions.TryAgainError
        return isinstance(error, kinds) or bool(TRANSIENT_REPLIES.search(_reply(error)))
    is_refused = isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError)
    # TLS that fails while the connection stands: one of the two sides rejects the other's certificate or protocol.
    cause = error.__context__
    return not is_refused and (not isinstance(cause, SSLError) or isinstance(cause, SSLEOFError | SSLZeroReturnError))


def script_for_url(url: str) -> LuaScript:
    """Return the script for the server of a URL; raise `ValueError` without repeating what may be a password."""
    server = _redact_url(url)
    scheme, _, rest = url.partition(":")
    try:
        client = Redis.from_url(
            f"{scheme.lower()}:{rest}",
            connection_class=BoundedTlsConnection if scheme.lower() == "rediss" else BoundedConnection,
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=SOCKET_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
        client.connection_pool.make_connection()
    except (exceptions.RedisError, TypeError, ValueError):
        client = None  # redis-py's error, which may repeat a password, must not become the context of another
    if client is None:
        message = f"the Redis URL of {server} has an option after ? that redis-py does not take"
        raise ValueError(message)
    _check_files(client.get_connection_kwargs())
    return LuaScript(client, server, hashlib.sha256(url.encode()).hexdigest())


def script_for_client(client: Any) -> LuaScript:
    """Return the script for a client; raise `TypeError` or `ValueError` for one that could block every request."""
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
    return LuaScript(client, f"{host}:{settings.get('port', 6379)}" if host else type(client).__name__, client)


def _check_files(settings: Mapping[str, Any]) -> None:
    """Raise `ValueError` for certificates that are not there: later it would look as if the server were not."""
    for name in FILE_SETTINGS:
        if (path := settings.get(name)) and not Path(path).exists():
            message = f"the Redis setting {name} names a file that does not exist: correct its path"
            raise ValueError(message)


def _redact_url(url: str) -> str:
    """Return a URL without user, password and options."""
    parts, host, port = split_url(url) or (urlsplit(""), "", None)
    database = unquote(parts.path).strip("/")
    is_split_wrongly = "#" in url or "@" in parts.path + parts.query or not (database or "0").isdecimal()
    if parts.scheme not in ("redis", "rediss") or not host or is_split_wrongly:
        raise ValueError(
            "a Redis URL is redis://[user:password@]host[:port][/database], or rediss:// for TLS;"
            " percent-encode / # ? @ in a password as %2F %23 %3F %40"
        )
    return f"{parts.scheme}://{host}:{port or 6379}" + (f"/{database}" if database else "")
