"""asyncio transport: closing, cancellation, and a second response, in one turn of the event loop."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from okx_maxloan_sdk.exceptions import ClientClosedError, NoResponseError
from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.transport.asynchronous import AsyncioTransport
from tests.support.raw import ROWS, Behavior, HandshakeServer, RawServer, hang, head, respond
from tests.support.transports import GET, in_use

pytestmark = pytest.mark.usefixtures("run")


@asynccontextmanager
async def serve(*behaviors: Behavior) -> AsyncIterator[tuple[RawServer, AsyncioTransport]]:
    """Run a server and a transport for it until the block ends."""
    with RawServer(*behaviors) as server:
        transport = AsyncioTransport(parse_origin(server.url))
        yield server, transport
        await transport.close()


async def test_closed_under_requests() -> None:
    """Closing the transport fails its requests, and close() returns once their sockets are closed."""
    async with serve(hang(head(10))) as (server, transport):
        tasks = [asyncio.ensure_future(transport.send(GET, 30.0)) for _ in range(3)]
        await asyncio.to_thread(server.wait, 3)
        connections = list(transport._connections.values())
        async with asyncio.timeout(5):
            await transport.close()
        assert [each._socket.fileno() for each in connections] == [-1, -1, -1]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(each) for each in results} == {NoResponseError}
        assert "the client was closed" in str(results[0])
        with pytest.raises(ClientClosedError):
            await transport.send(GET, 1.0)


async def test_second_response_before_the_task_resumes() -> None:
    """A second response that arrives before the task of the first resumes closes the connection."""
    async with serve(respond(), hang(), respond(b"3rd")) as (server, transport):
        (await transport.send(GET, 5.0)).discard()
        task = asyncio.ensure_future(transport.send(GET, 5.0))
        await asyncio.to_thread(server.wait, 2)
        (connection,) = in_use(transport)
        connection.data_received(head(len(ROWS)) + ROWS)
        connection.data_received(head(2) + b"no")
        assert (await task).body == ROWS
        assert (await transport.send(GET, 5.0)).body == b"3rd"
        assert server.connection_ids == [1, 2, 3]


async def test_cancelled_as_the_response_fails() -> None:
    """A task that is cancelled in the same loop iteration as its response fails is cancelled, and nothing is logged."""
    async with serve(hang()) as (server, transport):
        task = asyncio.ensure_future(transport.send(GET, 5.0))
        await asyncio.to_thread(server.wait, 1)
        in_use(transport)[0].connection_lost(ConnectionResetError("reset"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("turns", range(6))
async def test_cancelled_while_tls_starts(turns: int) -> None:
    """A request that is cancelled at any turn of the start of TLS closes its own descriptor, and once."""
    with HandshakeServer(hang()) as server:
        transport = AsyncioTransport(parse_origin(server.url))
        task = asyncio.ensure_future(transport.send(GET, 5.0))
        while not any(hasattr(each, "_socket") for each in list(transport._connections.values())):  # noqa: ASYNC110 -- turns are what is counted
            await asyncio.sleep(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        del task
        others = [os.open(os.devnull, os.O_RDONLY) for _ in range(9)]
        await transport.close()
        gc.collect()
        await asyncio.sleep(0)
        for each in others:
            os.close(each)
