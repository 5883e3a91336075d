"""An exchange that only counts, in a process of its own: strictly, in a sliding window, after a delay on the way."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections import deque
from typing import TYPE_CHECKING, Self

from attrs import Factory, define

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection

CHANCE = random.Random(7)  # noqa: S311 -- delays are no secrets
# How long a request takes to the counter and how long its answer takes back, in seconds.
DELAYS: dict[str, Callable[[float], tuple[float, float]]] = {
    "none": lambda _: (0.0, 0.0),
    "5 to 150 ms": lambda _: (CHANCE.uniform(0, 0.075), CHANCE.uniform(0.005, 0.075)),
    "150 and 10 ms": lambda now: (0.149, 0.001) if int(now) % 2 else (0.009, 0.001),
}


def max_in_window(moments: Iterable[float], period: float) -> int:
    """Count the most moments that lie in any window shorter than the period."""
    window: deque[float] = deque()
    found = 0
    for moment in sorted(moments):
        window.append(moment)
        while moment - window[0] >= period:
            window.popleft()
        found = max(found, len(window))
    return found


@define
class Counts:
    """What arrived: (when, from whom, whether it was served)."""

    period: float
    arrived: list[tuple[float, str, bool]] = Factory(list)

    @property
    def served(self) -> list[tuple[float, str]]:
        return [(moment, who) for moment, who, served in self.arrived if served]

    @property
    def refused(self) -> int:
        return len(self.arrived) - len(self.served)

    @property
    def worst(self) -> int:
        return max_in_window((moment for moment, *_ in self.arrived), self.period)

    def by_sender(self) -> dict[str, int]:
        senders = sorted({who for _, who, _ in self.arrived})
        return {who: sum(each == who for _, each in self.served) for who in senders}


class CountingServer:
    """Answer "ok" or "no" to each line, which names its sender: `with CountingServer(20, 2.0, "none") as exchange`."""

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
        """Say what arrived so far."""
        self._pipe.send("counts")
        return Counts(self.period, self._pipe.recv())


def serve(requests: int, period: float, delay: str, pipe: Connection) -> None:
    """Be the exchange, in its own process."""
    asyncio.run(_serve(requests, period, delay, pipe))


async def _serve(requests: int, period: float, delay: str, pipe: Connection) -> None:
    arrived: list[tuple[float, str, bool]] = []
    window: deque[float] = deque()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            up, down = DELAYS[delay](time.monotonic())
            if up:
                await asyncio.sleep(up)
            now = time.monotonic()
            while window and now - window[0] >= period:
                window.popleft()
            served = len(window) < requests
            if served:
                window.append(now)
            arrived.append((now, line.decode().strip(), served))
            if down:
                await asyncio.sleep(down)
            writer.write(b"ok\n" if served else b"no\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    loop = asyncio.get_running_loop()

    def report() -> None:
        pipe.recv()
        pipe.send(arrived)

    loop.add_reader(pipe.fileno(), report)
    async with server:
        await server.serve_forever()
