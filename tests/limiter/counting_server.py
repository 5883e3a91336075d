"""A server in a process of its own that counts requests in a strict sliding window, after a network delay."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections import deque
from typing import TYPE_CHECKING, Self

from attrs import Factory, define

from tests.limiter.runner import max_in_window

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

CHANCE = random.Random(7)  # noqa: S311 -- delays are no secrets
# Seconds that a request takes to the server and that its response takes back.
DELAYS: dict[str, Callable[[float], tuple[float, float]]] = {
    "none": lambda _: (0.0, 0.0),
    "5 to 150 ms": lambda _: (CHANCE.uniform(0, 0.075), CHANCE.uniform(0.005, 0.075)),
    "150 and 10 ms": lambda now: (0.149, 0.001) if int(now) % 2 else (0.009, 0.001),
}


@define
class Counts:
    """The requests that arrived: (time, sender, whether the server accepted it)."""

    period: float
    arrived: list[tuple[float, str, bool]] = Factory(list)

    @property
    def accepted(self) -> list[tuple[float, str]]:
        return [(timestamp, sender) for timestamp, sender, accepted in self.arrived if accepted]

    @property
    def rejected(self) -> int:
        return len(self.arrived) - len(self.accepted)

    @property
    def worst(self) -> int:
        return max_in_window((timestamp for timestamp, *_ in self.arrived), self.period)

    def by_sender(self) -> dict[str, int]:
        senders = sorted({sender for _, sender, _ in self.arrived})
        return {sender: sum(other == sender for _, other in self.accepted) for sender in senders}


class CountingServer:
    """Respond "ok" or "no" to each line, which names its sender: `with CountingServer(20, 2.0, "none") as server`."""

    def __init__(self, requests: int, period: float, delay: str) -> None:
        self.period = period
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(requests, period, delay, theirs), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self.port: int = self._pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()

    def counts(self) -> Counts:
        """Return the requests that arrived so far."""
        self._pipe.send("counts")
        return Counts(self.period, self._pipe.recv()[1])


def serve(requests: int, period: float, delay: str, pipe: Connection) -> None:
    """Run the server in its own process."""
    asyncio.run(_serve(requests, period, delay, pipe))


async def _serve(requests: int, period: float, delay: str, pipe: Connection) -> None:
    arrived: list[tuple[float, str, bool]] = []
    window: deque[float] = deque()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            up, down = DELAYS[delay](time.monotonic())
            if up:
                await asyncio.sleep(up)
            now = time.monotonic()
            while window and now - window[0] >= period:
                window.popleft()
            accepted = len(window) < requests
            if accepted:
                window.append(now)
            arrived.append((now, line.decode().strip(), accepted))
            if down:
                await asyncio.sleep(down)
            writer.write(b"ok\n" if accepted else b"no\n")
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    asyncio.get_running_loop().add_reader(pipe.fileno(), lambda: pipe.send((pipe.recv(), arrived)))
    async with server:
        await server.serve_forever()
