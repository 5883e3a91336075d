"""TCP connections: names resolved on threads of our own, addresses raced as in RFC 8305; and their TLS context."""

from __future__ import annotations

import os
import select
import selectors
import socket
import ssl
import sys
import time
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from okx_maxloan_sdk.threads import start_thread, wait

from .base import not_sent

if TYPE_CHECKING:
    from collections.abc import Callable

# RFC 8305, 8: "Connection Attempt Delay", in seconds.
ATTEMPT_DELAY = 0.25
# Seconds after which a cancelled request has ended.
CANCEL_DELAY = 0.25
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
# Lookups under way, by process, host and port: a thread does not survive a fork.
_lookups: dict[tuple[int, str, int], Future[list[Any]]] = {}


def seconds_until(deadline: float, message: str = "the deadline has passed") -> float:
    """Return the seconds until a point on the monotonic clock; raise `TimeoutError` if it has passed."""
    if (seconds := deadline - time.monotonic()) <= 0:
        raise TimeoutError(message)
    return seconds


def read_poll(sock: socket.socket) -> Callable[[float], list[Any]]:
    """Return a function that waits for input from a socket, its end included, for some milliseconds.

    It returns an empty list when there is none; `recv` would raise an exception.
    """
    if sys.platform == "win32":
        return lambda timeout: select.select([sock], [], [], timeout / 1000)[0]
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return poll.poll


def resolve(host: str, port: int, deadline: float, is_cancelled: Callable[[], bool] = lambda: False) -> list[Any]:
    """Look up the addresses of a host, once for all who need them at the same time, families in turns (RFC 8305, 4)."""
    try:
        return [(FAMILIES[ip_address(host).version], socket.SOCK_STREAM, 0, "", (host, port))]
    except ValueError:  # it is a name
        pass
    families: dict[int, list[Any]] = {}
    for address in dict.fromkeys(_look_up(host, port, deadline, is_cancelled)):
        families.setdefault(address[0], []).append(address)
    return [each for turn in zip_longest(*families.values()) for each in turn if each]


def _look_up(host: str, port: int, deadline: float, is_cancelled: Callable[[], bool]) -> list[Any]:
    lookup, key = Future[list[Any]](), (os.getpid(), host, port)
    lookup.add_done_callback(lambda _: _lookups.pop(key, None))
    try:
        if (running := _lookups.setdefault(key, lookup)) is lookup:
            start_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), lookup)
    except BaseException:
        lookup.cancel()
        raise
    while not wait(running, min(seconds_until(deadline, f"{host} was not resolved in time"), CANCEL_DELAY)):
        if is_cancelled():
            raise ConnectionError("the request was cancelled, or its client closed")
    try:
        return running.result()
    except (Exception, CancelledError) as error:  # noqa: BLE001 -- the error of a lookup belongs to all who wait for it
        raise OSError(f"{host} cannot be resolved: {error}") from None


def connect(host: str, port: int, deadline: float, is_cancelled: Callable[[], bool]) -> socket.socket:
    """Return a socket to the first address that connects, non-blocking; raise `OSError`.

    An attempt starts 250 ms after the one before it, or as soon as that one fails; the others are closed.
    """
    waiting, failure = resolve(host, port, deadline, is_cancelled)[::-1], OSError(f"{host} has no address")
    next_start = 0.0
    with selectors.DefaultSelector() as attempts:
        try:
            while waiting or attempts.get_map():
                remaining = seconds_until(deadline)
                if is_cancelled():
                    raise ConnectionError("the request was cancelled, or its client closed")
                delay = next_start - time.monotonic()
                if waiting and delay <= 0:
                    next_start, delay = time.monotonic() + ATTEMPT_DELAY, ATTEMPT_DELAY
                    try:
                        started = _start(*waiting.pop())
                    except OSError as error:
                        failure, next_start = error, 0.0
                        continue
                    attempts.register(started, selectors.EVENT_WRITE, started)
                for key, _ in attempts.select(min(remaining, delay if waiting else CANCEL_DELAY)):
                    attempt: socket.socket = key.data
                    attempts.unregister(attempt)
                    if not (code := attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                        return attempt
                    attempt.close()
                    failure, next_start = OSError(code, os.strerror(code)), 0.0
            raise failure
        finally:
            for key in attempts.get_map().values():
                key.data.close()


def _start(family: int, kind: int, protocol: int, _: str, address: Any) -> socket.socket:
    attempt = socket.socket(family, kind, protocol)
    try:
        attempt.setblocking(False)
        attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(BlockingIOError):  # it is connected once it is writable
            attempt.connect(address)
    except BaseException:
        attempt.close()
        raise
    return attempt


@cache
def client_context() -> ssl.SSLContext:
    """Make the one TLS context of the process, which checks certificates and host names; it takes 30 ms.

    SSL_CERT_FILE and SSL_CERT_DIR replace certifi's certificates; an empty one counts as unset.
    """
    import certifi  # noqa: PLC0415 -- plain HTTP to a mock needs no certificates

    file, folder = os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None
    for name, path in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folder)):
        if path and not Path(path).exists():
            raise not_sent(f"{name} is {path!r}, which does not exist; correct or unset it")
    try:
        context = ssl.create_default_context(cafile=file if file or folder else certifi.where(), capath=folder)
    except OSError as error:
        raise not_sent(f"the certificates of SSL_CERT_FILE {file!r} cannot be read: {error}") from None
    context.set_alpn_protocols(["http/1.1"])
    return context
