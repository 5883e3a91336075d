"""Connection pool: most recently used first, no stale connection, and none left open."""

import time

import pytest

from okx_maxloan_sdk.exceptions import NoResponseError
from okx_maxloan_sdk.transport import pool as module
from okx_maxloan_sdk.transport.http1 import ResponseParser
from okx_maxloan_sdk.transport.pool import Connection, ConnectionPool


class FakeConnection(Connection):
    """A connection without a socket."""

    readable = closed = False

    def has_input(self) -> bool:
        return self.readable

    def interrupt(self) -> None:
        self.must_close = True

    def close(self) -> None:
        self.closed = True


Pool = ConnectionPool[FakeConnection]


def acquire_and_release(pool: Pool, count: int) -> list[FakeConnection]:
    """Acquire connections concurrently, and release them after an exchange."""
    connections = [pool.take() for _ in range(count)]
    for each in connections:
        each.is_reusable = True
        pool.release(each)
    return connections


def test_a_request_has_a_connection_to_itself() -> None:
    """A connection in use is not shared, and the most recently used one comes first."""
    pool = ConnectionPool(FakeConnection)
    one, two = acquire_and_release(pool, 2)
    assert one is not two
    assert one.is_reused
    taken = [pool.take() for _ in range(3)]
    assert taken[:2] == [two, one]
    assert not taken[2].is_reused


def test_connection_idle_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that were idle for too long are closed, even if a younger one is used."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pool = ConnectionPool(FakeConnection)
    one, two, three = acquire_and_release(pool, 3)
    now += module.KEEP_ALIVE
    assert pool.take() is three
    pool.release(three)
    now += 0.1
    assert pool.take() is three
    assert (one.closed, two.closed, three.closed) == (True, True, False)


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), TimeoutError("too late")], ids=["reset", "silent"])
def test_stale_connections(error: OSError) -> None:
    """A reused connection that fails closes all that were idle as long, but not those used since."""
    pool = ConnectionPool(FakeConnection)
    old, used_since, failed = acquire_and_release(pool, 3)
    assert pool.take() is failed
    failed.is_reusable = False
    used_since.idle_since = time.monotonic()
    assert isinstance(pool.failure(failed, error, ResponseParser()), NoResponseError)
    assert (old.closed, used_since.closed) == (True, False)
    pool.release(failed)
    assert pool.take() is used_since


def test_failure_of_one_connection() -> None:
    """A failure of a new connection, or within a response, closes no other connection."""
    pool, received = ConnectionPool(FakeConnection), ResponseParser()
    received.received = 1
    idle, failed = acquire_and_release(pool, 2)
    assert pool.take() is failed
    pool.failure(failed, ConnectionResetError("reset"), received)
    pool.failure(FakeConnection(), ConnectionResetError("reset"), ResponseParser())
    assert not idle.closed


def test_released_as_the_pool_closes() -> None:
    """A connection that is released while the pool closes is closed, and a later one fails."""
    pool = ConnectionPool(FakeConnection)
    connection = pool.take()
    pool.close()
    connection.is_reusable, connection.must_close = True, False
    pool.release(connection)
    assert connection.closed
    assert pool.take().must_close


def test_discarded_connection() -> None:
    """A discarded connection is closed: at once if it is idle, else after its request; twice is no error."""
    pool = ConnectionPool(FakeConnection)
    idle, busy = acquire_and_release(pool, 2)
    assert pool.take() is busy
    for each in (idle, busy, idle, busy):
        pool.discard(each)
    assert (idle.closed, busy.closed) == (True, False)
    pool.release(busy)
    assert busy.closed
