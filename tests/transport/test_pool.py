"""Connection pool: most recently used first, no stale connection, and none left open; threads, garbage collection."""

import gc
import socket
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import Any

import pytest

from okx_maxloan_sdk.exceptions import ClientClosedError, NoResponseError
from okx_maxloan_sdk.sites import Origin, parse_origin
from okx_maxloan_sdk.transport import Request
from okx_maxloan_sdk.transport import pool as module
from okx_maxloan_sdk.transport.http1 import ResponseParser
from okx_maxloan_sdk.transport.pool import BlockingTransport, Connection, ConnectionPool
from tests.support.raw import RawServer, head, respond
from tests.support.transports import GET, in_use


class FakeConnection(Connection):
    """A connection without a socket."""

    readable = closed = False

    def has_input(self) -> bool:
        return self.readable

    def interrupt(self) -> None:
        self.must_close = True

    def close(self) -> None:
        self.closed = True


def make_pool() -> Any:
    """Make a pool with one owner."""
    return ConnectionPool(Origin("http", "127.0.0.1", 1), FakeConnection, lambda: 1, lambda _: False)


def acquire_and_release(pool: Any, count: int) -> list[FakeConnection]:
    """Acquire connections concurrently, and release them after an exchange."""
    connections = [pool._take() for _ in range(count)]
    for each in connections:
        pool._release(each, is_reusable=True)
    return connections


def test_connection_idle_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that were idle for too long are closed, even if a younger one is used."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pool = make_pool()
    one, two, three = acquire_and_release(pool, 3)
    now += module.KEEP_ALIVE
    assert pool._take() is three
    pool._release(three, is_reusable=True)
    now += 0.1
    assert pool._take() is three
    assert (one.closed, two.closed, three.closed) == (True, True, False)


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), TimeoutError("too late")], ids=["reset", "silent"])
def test_stale_connections(error: OSError) -> None:
    """A reused connection that fails before any byte closes all that were idle as long, but not those used since."""
    pool, received = make_pool(), ResponseParser()
    received.received = 1
    old, used_since, failed = acquire_and_release(pool, 3)
    assert pool._take() is failed
    used_since.idle_since = time.monotonic()
    for connection, parser in ((failed, received), (FakeConnection(1), ResponseParser())):
        assert isinstance(pool._to_error(connection, error, parser), NoResponseError)
    assert not old.closed
    assert isinstance(pool._to_error(failed, error, ResponseParser()), NoResponseError)
    assert (old.closed, used_since.closed) == (True, False)


def test_released_as_the_pool_closes() -> None:
    """A connection that is released while the pool closes is closed, and a later one fails."""
    pool = make_pool()
    connection = pool._take()
    pool.interrupt()
    connection.must_close = False
    pool._release(connection, is_reusable=True)
    assert connection.closed
    with pytest.raises(ClientClosedError):
        pool._take()


def test_discarded_connection() -> None:
    """A discarded connection is closed: at once if it is idle, else after its request; twice is no error."""
    pool = make_pool()
    idle, busy = acquire_and_release(pool, 2)
    assert pool._take() is busy
    for each in (idle, busy, idle, busy):
        pool._retire(each)
    assert (idle.closed, busy.closed) == (True, False)
    pool._release(busy, is_reusable=True)
    assert busy.closed


def test_closed_while_another_thread_takes_connections() -> None:
    """Closing is safe while another thread takes connections."""
    pool, ended, taken = make_pool(), Event(), deque[Any](maxlen=200)

    def take() -> None:
        while not ended.is_set():
            pool._is_closed = False
            with suppress(ClientClosedError):
                taken.append(pool._take())

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(take)
        try:
            for _ in range(2000):
                pool.interrupt()
        finally:
            ended.set()
            sys.setswitchinterval(interval)


class EchoServer(RawServer):
    """A server that responds with the target of each request."""

    def _serve(self, connection: socket.socket, number: int) -> None:  # noqa: ARG002 -- the base class has it
        with connection:
            while request := self._read(connection):
                target = request.split()[1]
                connection.sendall(head(len(target)) + target)


def test_many_threads() -> None:
    """Requests of many concurrent threads get their own responses over no more connections than threads."""
    with EchoServer() as server:
        transport = BlockingTransport(parse_origin(server.url))

        def work(thread: int) -> list[bytes]:
            targets = [f"/{thread}/{number}" for number in range(50)]
            return [transport.send(Request("GET", target, {}), 30.0).body for target in targets]

        with ThreadPoolExecutor(6) as pool:
            for thread, bodies in enumerate(pool.map(work, range(6))):
                assert bodies == [f"/{thread}/{number}".encode() for number in range(50)]
        assert server.connections <= 6
        assert in_use(transport) == []
        transport.close()


def test_forgotten_transport() -> None:
    """A transport that is garbage-collected without close() closes its connections."""
    with RawServer(respond()) as server:
        transport = BlockingTransport(parse_origin(server.url))
        transport.send(GET, 5.0)
        del transport
        gc.collect()
        server.wait_until_closed()


def test_response_is_in_no_cycle() -> None:
    """A response that was read forms no reference cycle."""
    with RawServer(respond()) as server:
        transport = BlockingTransport(parse_origin(server.url))
        transport.send(GET, 5.0)
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                transport.send(GET, 5.0)
            assert gc.collect() == 0
        finally:
            gc.enable()
        transport.close()
