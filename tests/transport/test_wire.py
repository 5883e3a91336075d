"""Wire: asyncio's sockets under httpcore, where a request is not taken at once, and after their end."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpcore
import pytest

from okx_maxloan_sdk.transport.wire import AsyncioBackend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# More than the system takes at once on loopback.
MUCH = bytes(16 << 20)


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[httpcore.AsyncNetworkStream, socket.socket]]:
    """Give both ends of a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = await AsyncioBackend().connect_tcp("127.0.0.1", listener.getsockname()[1], 5.0)
        peer, _ = listener.accept()
    with peer:
        yield wire, peer
        await wire.aclose()
        await asyncio.sleep(0)  # the loop closes the socket in its next turn


def test_request_that_is_taken_slowly() -> None:
    """What the other side cannot take at once is written when it can."""

    def read(peer: socket.socket) -> int:
        total = 0
        while total < len(MUCH):
            total += len(peer.recv(1 << 20))
        return total

    async def main() -> None:
        async with connected() as (wire, peer):
            reading = asyncio.ensure_future(asyncio.to_thread(read, peer))
            await wire.write(MUCH, 5.0)
            assert await reading == len(MUCH)

    asyncio.run(main())


def test_request_that_is_not_taken() -> None:
    """A request that the other side does not take ends in time."""

    async def main() -> None:
        async with connected() as (wire, _):
            with pytest.raises(httpcore.WriteTimeout, match="not taken in time"):
                await wire.write(MUCH, 0.05)

    asyncio.run(main())


def test_connection_that_breaks_while_it_is_written_to() -> None:
    """A connection that is reset under a request says so, and so does every later request on it."""

    async def main() -> None:
        async with connected() as (wire, peer):
            writing = asyncio.ensure_future(wire.write(MUCH, 5.0))
            await asyncio.sleep(0)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
            with pytest.raises(httpcore.WriteError):
                await writing
            with pytest.raises(httpcore.WriteError):
                await wire.write(b"x", 5.0)

    asyncio.run(main())


def test_closed() -> None:
    """A connection that was closed takes nothing, and nobody takes it for an idle one."""

    async def main() -> None:
        async with connected() as (wire, _):
            assert not wire.get_extra_info("is_readable")
            await wire.write(b"", 5.0)
            await wire.aclose()
            await asyncio.sleep(0)
            with pytest.raises(httpcore.WriteError, match="is closed"):
                await wire.write(b"x", 5.0)
            assert wire.get_extra_info("is_readable")

    asyncio.run(main())


def test_answer_nobody_waited_for() -> None:
    """What comes before it is asked for is noticed, and read when somebody asks."""

    async def main() -> None:
        async with connected() as (wire, peer):
            peer.sendall(b"early")
            assert wire.get_extra_info("is_readable")
            assert await wire.read(3, 5.0) == b"ear"
            assert await wire.read(9, 5.0) == b"ly"

    asyncio.run(main())
