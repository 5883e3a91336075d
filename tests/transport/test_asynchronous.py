"""asyncio transport: cancellation and closing at any time, several event loops, and unsolicited bytes."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.drivers import run_async
from okx_maxloan_sdk.effects import send
from okx_maxloan_sdk.exceptions import ClientClosedError, NoResponseError, OkxError, RequestNotSentError
from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.transport import Request, asynchronous
from okx_maxloan_sdk.transport.asynchronous import AsyncioTransport
from tests.support.clock import FakeClock
from tests.support.raw import ROWS, RawServer, hang, head, respond
from tests.support.transports import GET, in_use

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.conftest import Run


def wait_until_closed(server: RawServer) -> None:
    """Wait, in wall time, until the server has seen every connection end."""
    end = time.monotonic() + 5
    while server.open and time.monotonic() < end:
        time.sleep(0.005)
    assert server.open == 0


def test_cancelled_requests_leave_nothing_open(run: Run) -> None:
    """The connection of a cancelled task is closed, wherever in the response the task was."""

    async def main() -> None:
        transport = AsyncioTransport(parse_origin(server.url))
        for number in range(3):
            tasks = [asyncio.ensure_future(transport.send(GET, 5.0)) for _ in range(3)]
            await asyncio.to_thread(server.wait, 3 * number + 3)
            await asyncio.sleep(0.01)  # real: the server's bytes must arrive
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in results)
            assert in_use(transport) == []
        assert (await transport.send(GET, 5.0)).status == 200
        await transport.close()

    with RawServer(*([hang()] * 3), *([hang(head(10))] * 3), *([hang(head(10) + b"12345")] * 3), respond()) as server:
        run(main())


def test_cancelled_at_any_time(run: Run) -> None:
    """A task may be cancelled at any time; its connection is then idle or closed."""

    async def main() -> None:
        for turns in range(60):
            transport = AsyncioTransport(parse_origin(server.url))
            for _ in range(2):  # on a new connection, and on a reused one
                task = asyncio.ensure_future(transport.send(GET, 5.0))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
                assert in_use(transport) == [], turns
            assert (await transport.send(GET, 5.0)).status == 200, turns
            await transport.close()

    with RawServer(respond()) as server:
        run(main())
        wait_until_closed(server)


@pytest.mark.parametrize("seconds", [0.0, 0.0005, 0.002, 0.01])
def test_cancelled_while_it_connects(run: Run, seconds: float) -> None:
    """A socket that connects after its task was cancelled is closed."""

    async def main() -> None:
        transport = AsyncioTransport(parse_origin(server.url))
        for _ in range(20):
            task = asyncio.ensure_future(transport.send(GET, 5.0))
            await asyncio.sleep(seconds)
            task.cancel()
            await asyncio.wait([task])
        await transport.close()
        await asyncio.sleep(0.05)  # real: the threads must end

    with RawServer(respond()) as server:
        run(main())
        wait_until_closed(server)


def test_cancelled_task_shows_no_request(run: Run) -> None:
    """The traceback of a task that is cancelled with its request in flight has no frame of the transport."""

    async def main() -> None:
        transport = AsyncioTransport(parse_origin(server.url))
        task = asyncio.ensure_future(run_async(send(GET, 5.0), transport, FakeClock()))
        await asyncio.to_thread(server.wait, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
        assert not any("/transport/" in frame.filename or "the-key" in f"{frame.locals}" for frame in stack[1:])
        await transport.close()

    with RawServer(hang()) as server:
        run(main())


def test_closed_under_requests(run: Run) -> None:
    """Closing the transport fails its requests, and close() returns once their sockets are closed."""

    async def main() -> None:
        transport = AsyncioTransport(parse_origin(server.url))
        tasks = [asyncio.ensure_future(transport.send(GET, 30.0)) for _ in range(3)]
        await asyncio.to_thread(server.wait, 3)
        connections = list(transport._pool()._open.values())
        await transport.close()
        assert [each._socket.fileno() for each in connections] == [-1, -1, -1]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(each) for each in results} == {NoResponseError}
        assert "the client was closed" in str(results[0])
        with pytest.raises(ClientClosedError):
            await transport.send(GET, 1.0)

    with RawServer(hang(head(10))) as server:
        began = time.monotonic()
        run(main())
        assert time.monotonic() - began < 5.0


def test_closed_while_it_connects(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the transport fails a connecting request at once, and its thread ends."""
    begun, ended = threading.Event(), threading.Event()

    def connect(_: str, __: int, ___: float, is_cancelled: Callable[[], bool]) -> socket.socket:
        begun.set()
        while not is_cancelled():
            time.sleep(0.005)
        ended.set()
        message = "cancelled"
        raise ConnectionError(message)

    async def main() -> None:
        transport = AsyncioTransport(parse_origin("http://127.0.0.1:1"))
        task = asyncio.ensure_future(transport.send(GET, 30.0))
        await asyncio.to_thread(begun.wait, 5)
        await transport.close()
        with pytest.raises(RequestNotSentError, match="the client was closed"):
            await task

    monkeypatch.setattr(asynchronous, "connect", connect)
    run(main())
    assert ended.wait(5)


def test_closed_from_another_event_loop(run: Run) -> None:
    """close() ends the requests of another event loop, and ignores a loop that has ended."""

    async def main() -> None:
        transport = AsyncioTransport(parse_origin(server.url))
        errors: list[BaseException] = []

        async def request() -> None:
            with pytest.raises(OkxError) as caught:
                await transport.send(GET, 30.0)
            errors.append(caught.value)
            await asyncio.sleep(0.01)  # real: the loop must close the socket

        async def nothing() -> None:
            transport._pool()

        await asyncio.to_thread(asyncio.run, nothing())
        thread = threading.Thread(target=asyncio.run, args=(request(),))
        thread.start()
        await asyncio.to_thread(server.wait, 1)
        await transport.close()
        await asyncio.to_thread(thread.join, 5)
        assert len(errors) == 1

    with RawServer(hang()) as server:
        run(main())


def test_second_event_loop(run: Run) -> None:
    """A transport works on one event loop after the other and forgets ended loops."""
    with RawServer(respond()) as server:
        transport = AsyncioTransport(parse_origin(server.url))

        async def twice() -> None:
            for _ in range(2):
                assert (await transport.send(GET, 5.0)).status == 200
            # asyncio complains of connections that are open at the end of their loop.
            transport._pool().close()
            await asyncio.sleep(0.01)

        for _ in range(3):
            asyncio.run(twice())
        run(twice())
        assert server.connection_ids == [1, 1, 2, 2, 3, 3, 4, 4]
        assert len(transport._pools) == 1
        asyncio.run(transport.close())


def test_unsolicited_bytes(run: Run) -> None:
    """Unsolicited bytes close an idle connection, before or after the event loop has read them."""

    def twice(server: RawServer, connection: socket.socket) -> bool:
        connection.sendall(head(len(ROWS)) + ROWS)
        more.acquire(timeout=5)
        connection.sendall(head(2) + b"no")
        sent.release()
        server.stopped.wait()
        return False

    async def main() -> None:
        transport = AsyncioTransport(parse_origin(server.url))
        assert (await transport.send(GET, 5.0)).body == ROWS
        more.release()
        await asyncio.to_thread(sent.acquire, timeout=5)
        await asyncio.sleep(0.01)  # real: the event loop must read
        assert (await transport.send(GET, 5.0)).body == ROWS
        more.release()
        sent.acquire(timeout=5)  # the event loop does not read
        assert (await transport.send(GET, 5.0)).body == b"3rd"
        assert server.connection_ids == [1, 2, 3]
        await transport.close()

    more, sent = threading.Semaphore(0), threading.Semaphore(0)
    with RawServer(twice, twice, respond(b"3rd")) as server:
        run(main())


def test_second_response_before_the_task_resumes(run: Run) -> None:
    """A second response that arrives before the task of the first resumes closes the connection."""

    async def main() -> None:
        transport = AsyncioTransport(parse_origin(server.url))
        (await transport.send(GET, 5.0)).discard()
        task = asyncio.ensure_future(transport.send(GET, 5.0))
        await asyncio.to_thread(server.wait, 2)
        (connection,) = in_use(transport)
        connection.data_received(head(len(ROWS)) + ROWS)
        connection.data_received(head(2) + b"no")
        assert (await task).body == ROWS
        assert (await transport.send(GET, 5.0)).body == b"3rd"
        assert server.connection_ids == [1, 2, 3]
        await transport.close()

    with RawServer(respond(), hang(), respond(b"3rd")) as server:
        run(main())


def test_many_tasks(run: Run) -> None:
    """Requests of many concurrent tasks use no more connections than tasks."""

    async def main() -> None:
        transport = AsyncioTransport(parse_origin(server.url))

        async def work() -> None:
            for _ in range(10):
                assert (await transport.send(GET, 30.0)).status == 200

        await asyncio.gather(*(work() for _ in range(20)))
        assert in_use(transport) == []
        assert server.connections <= 20
        await transport.close()

    with RawServer(respond()) as server:
        run(main())


def test_response_that_ends_with_the_connection(run: Run) -> None:
    """A response without Content-Length ends with its connection, which is not reused."""

    def until_closed(_: RawServer, connection: socket.socket) -> bool:
        connection.sendall(head(None) + ROWS)
        return False

    async def main() -> None:
        transport = AsyncioTransport(parse_origin(server.url))
        assert [(await transport.send(GET, 5.0)).body for _ in range(2)] == [ROWS, ROWS]
        assert server.connection_ids == [1, 2]
        await transport.close()

    with RawServer(until_closed) as server:
        run(main())


def test_cancelled_as_the_response_fails(run: Run) -> None:
    """A task that is cancelled in the same loop iteration as its response fails is cancelled, and nothing is logged."""

    async def main() -> None:
        transport = AsyncioTransport(parse_origin(server.url))
        task = asyncio.ensure_future(transport.send(Request("GET", "/x", {}), 5.0))
        await asyncio.to_thread(server.wait, 1)
        in_use(transport)[0].connection_lost(ConnectionResetError("reset"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await transport.close()

    with RawServer(hang()) as server:
        run(main())
