"""Compares the limiter with the fastest exact schedule, against an exchange that rejects the 21st request."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from http.client import HTTPConnection
from itertools import count
from math import ceil
from typing import Any, NamedTuple

from .rounds import line, program

LIMIT, PERIOD = 20, 2.0
SIZE = 5
numbers = count()


class Case(NamedTuple):
    """Client, call pattern and round-trip time of one measurement."""

    name: str
    awaits: bool = False
    rtt: float = 0.0
    pairs: int = 500
    calls: int = 120
    threads: int = 1
    clients: int = 1
    processes: int = 1

    @property
    def requests(self) -> int:
        """Count the requests that it takes."""
        return self.calls if self.threads > 1 else ceil(self.pairs / SIZE)

    @property
    def ideal(self) -> float:
        """Return the least time if it is known when the exchange counts a request: one period between two windows."""
        return (ceil(self.requests / LIMIT) - 1) * PERIOD + self.rtt

    @property
    def answered(self) -> float:
        """Return the least time if all that is known is that a request was counted before its response came."""
        return (ceil(self.requests / LIMIT) - 1) * (PERIOD + self.rtt) + self.rtt


class Span(NamedTuple):
    """The result of one case."""

    case: Case
    wall: float
    cpu: float
    rejected: int

    @property
    def over_ideal(self) -> float:
        """Compare with the ideal."""
        return self.wall / self.case.ideal - 1

    @property
    def over_answered(self) -> float:
        """Compare with the best that is safe without knowing delays."""
        return self.wall / self.case.answered - 1


def cases(quick: bool) -> list[Case]:
    """List what is tried."""
    pairs = [
        Case(f"500 pairs, {'async' if awaits else 'sync'}, RTT {rtt * 1000:.0f} ms", awaits, rtt)
        for rtt in (0.0, 0.030, 0.150)
        for awaits in (False, True)
    ]
    shared = [
        Case("120 calls, 8 threads", threads=8),
        Case("120 calls, 4 clients", threads=4, clients=4),
        Case("120 calls, 4 processes", threads=2, processes=4),
    ]
    return [pairs[1], shared[-1]] if quick else pairs + shared


def room(url: str, question: str) -> Any:
    """Open a room of the exchange, or ask what it saw."""
    connection = HTTPConnection(url.removeprefix("http://"))
    connection.request("GET", f"/bench?{question}")
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


def run(url: str, case: Case) -> Span:
    """Try one case."""
    key = f"window-{next(numbers)}"
    room(url, f"key={key}&rtt={case.rtt}&limit={LIMIT}")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        asked = {
            **case._asdict(),
            "way": "many" if case.threads > 1 else "pairs",
            "base_url": url,
            "key": key,
            "calls": case.calls // case.processes,
            "limiter": f"file://{folder}" if case.processes > 1 else None,
        }
        started = [stack.enter_context(program("sdk", "window.py", json.dumps(asked))) for _ in range(case.processes)]
        for process in started:
            line(process)
        for process in started:
            print(file=process.stdin, flush=True)
        took = [json.loads(line(process)) for process in started]
    seen = room(url, f"key={key}")
    if seen["requests"] != case.requests + seen["rejected"]:
        message = f"{case.name}: {seen['requests']} requests arrived, {case.requests} were expected"
        raise RuntimeError(message)
    return Span(case, max(each["wall"] for each in took), sum(each["cpu"] for each in took), seen["rejected"])
