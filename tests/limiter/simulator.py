"""Simulation in virtual time: it runs many flows concurrently without threads or real sleeps."""

import heapq
import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

from okx_maxloan_sdk.effects import Flow, RunBlocking, Sleep
from okx_maxloan_sdk.limiter import Permit, RateLimiter
from tests.limiter.runner import Traffic, send
from tests.support.clock import FakeClock


class Task:
    """A running flow; `result` or `error` is set once it is `done`."""

    def __init__(self, flow: Flow[Any]) -> None:
        self.flow = flow
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.turn = 0

    def kill(self) -> None:
        """Never resume the flow, as if its process were gone."""
        self.turn += 1


class Simulation(FakeClock, Traffic):
    """Clock and scheduler in one: events happen in order, and time advances from one to the next.

    `latency` is the duration of a `RunBlocking`; its function is called in the middle of it.
    """

    def __init__(self, latency: float = 0.0) -> None:
        FakeClock.__init__(self)
        Traffic.__init__(self)
        self.latency = latency
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()

    def at(self, when: float, action: Callable[[], object]) -> None:
        heapq.heappush(self._events, (max(when, self.now), next(self._order), action))

    def spawn(self, flow: Flow[Any], after: float = 0.0) -> Task:
        task = Task(flow)
        self.at(self.now + after, partial(self._step, task, partial(next, flow)))
        return task

    def cancel(self, task: Task, error: BaseException) -> None:
        """Raise `error` at the effect that the flow waits for."""
        if not task.done:
            self._step(task, partial(task.flow.throw, error))

    def run(self, seconds: float) -> None:
        """Advance the time and run the events that are due."""
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            self._run_next()
        self.now = max(self.now, end)

    def run_flow(self, flow: Flow[Any]) -> Any:
        """Run one flow to its end and return its result."""
        task = self.spawn(flow)
        while not task.done:
            self._run_next()
        if task.error is not None:
            raise task.error
        return task.result

    def take(self, limiter: RateLimiter, count: int = 1, timeout: float = 1.0) -> list[Permit]:
        """Acquire permits one after the other."""
        return [self.run_flow(limiter.acquire(timeout)) for _ in range(count)]

    def send(self, limiter: RateLimiter, *arguments: Any) -> Flow[None]:
        """Send one request; the arguments are those of `send` after its `traffic`."""
        return send(limiter, self, self, *arguments)

    def spawn_senders(self, limiter: RateLimiter, count: int, *arguments: Any) -> list[Task]:
        """Start tasks that send one request after the other."""

        def loop() -> Flow[None]:
            while True:
                yield from self.send(limiter, *arguments)

        return [self.spawn(loop()) for _ in range(count)]

    def _run_next(self) -> None:
        when, _, action = heapq.heappop(self._events)
        self.now = max(self.now, when)  # a test may have advanced it, as a machine that was suspended
        action()

    def _step(self, task: Task, advance: Callable[[], Any]) -> None:
        task.turn += 1
        try:
            effect = advance()
        except StopIteration as stop:
            task.done, task.result = True, stop.value
        except BaseException as error:  # noqa: BLE001 -- stored, as an asyncio task does
            task.done, task.error = True, error
        else:
            resume = partial(self._resume, task, task.turn)
            match effect:
                case Sleep(seconds, wake):
                    assert seconds >= 0
                    self.at(self.now + seconds, partial(resume, partial(task.flow.send, False)))
                    if wake is not None:
                        woken = partial(resume, partial(task.flow.send, True))
                        wake.add_done_callback(lambda _: self.at(self.now, woken))
                case RunBlocking(function):
                    self.at(self.now + self.latency / 2, partial(self._call, task.flow, function, resume))
                case _:
                    raise AssertionError(effect)

    def _resume(self, task: Task, turn: int, advance: Callable[[], Any]) -> None:
        if task.turn == turn:
            self._step(task, advance)

    def _call(self, flow: Flow[Any], function: Callable[[], Any], resume: Callable[..., None]) -> None:
        # Like a thread, the function runs to its end even if its task was cancelled meanwhile.
        try:
            advance = partial(flow.send, function())
        except Exception as error:  # noqa: BLE001 -- raised in the flow
            advance = partial(flow.throw, error)
        self.at(self.now + self.latency / 2, partial(resume, advance))
