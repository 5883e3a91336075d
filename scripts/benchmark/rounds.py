"""Interleaved rounds: every client waits in a process of its own while another one makes its calls."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from . import venvs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).resolve().parent
# Certificate and key of 127.0.0.1, which the clients trust.
LOOPBACK = venvs.ROOT / "tests" / "transport" / "loopback.pem"
# One process may be faster than the next by a tenth, as its memory is laid out by chance.
STARTS = 5


class Spread(NamedTuple):
    """A median, and what it lies between."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise measurements."""
        return cls(median(values), min(values), max(values))


class Course(NamedTuple):
    """One way to make calls: which client, from how many tasks, how often in a round, to which exchange."""

    client: str
    width: int
    calls: int
    url: str

    @property
    def name(self) -> str:
        """Name it as the table does."""
        tasks = f", {self.width} tasks" if self.width > 1 else ""
        return f"{self.client}{tasks}{', TLS' if self.url.startswith('https') else ''}"


def home(client: str) -> str:
    """Return the venv that a client needs."""
    if client.startswith("okx-maxloan-sdk") or client == "http.client":
        return "sdk"
    return client.removesuffix(" async")


@contextmanager
def program(venv: str, script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run one of our programs until the block ends; it stops when its input does."""
    command = [venvs.python(venv), "-P", str(HERE / script), *arguments]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL  # ccxt and aiohttp complain that nobody closed them
    quiet = null if venv in ("ccxt", "aiohttp") else None
    env = {**venvs.environment(), "SSL_CERT_FILE": str(LOOPBACK)}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=quiet, text=True, env=env) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None  # noqa: S101 -- for the type checker
            process.stdin.close()
            process.wait(60)


def line(process: subprocess.Popen[str], question: str = "") -> str:
    """Return the next line of a program's output."""
    assert process.stdin is not None  # noqa: S101 -- for the type checker
    assert process.stdout is not None  # noqa: S101 -- for the type checker
    if question:
        print(question, file=process.stdin, flush=True)
    answer = process.stdout.readline()
    if not answer:
        message = f"{process.args!r} ended without an answer"
        raise RuntimeError(message)
    return answer


@contextmanager
def exchange(scheme: str = "http") -> Iterator[str]:
    """Serve the exchange from a process of its own, and give its address."""
    with program("sdk", "exchange.py", *([str(LOOPBACK)] if scheme == "https" else [])) as process:
        yield f"{scheme}://127.0.0.1:{int(line(process))}"


def run(courses: Sequence[Course], rounds: int) -> Mapping[str, list[float]]:
    """Measure the CPU time of a call in microseconds, round by round; each client is started `STARTS` times."""
    found: dict[str, list[float]] = {course.name: [] for course in courses}
    for _ in range(STARTS):
        with ExitStack() as stack:
            clients = dict.fromkeys((course.client, course.url) for course in courses)
            running = {each: stack.enter_context(program(home(each[0]), "contender.py", *each)) for each in clients}
            for turn in range(1 + max(1, rounds // STARTS)):
                for course in courses:
                    answer = line(running[course.client, course.url], f"{course.calls} {course.width}")
                    if turn:  # the first one warms it
                        found[course.name].append(json.loads(answer)[0] / course.calls * 1e6)
    return found


def ratio(found: Mapping[str, list[float]], name: str, other: str) -> Spread:
    """Compare two courses within each round, so that what else the machine does weighs on both."""
    return Spread.of([mine / theirs for mine, theirs in zip(found[name], found[other], strict=True)])


def say(script: str, *arguments: str) -> str:
    """Run one of our programs in the SDK's venv, and give its one line."""
    with program("sdk", script, *arguments) as process:
        return line(process)
