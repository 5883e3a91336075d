"""Simulation in virtual time: it runs many flows concurrently without threads or real sleeps."""

import heapq
import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

from okx_maxloan_sdk.clock import WakeEvent
from okx_maxloan_sdk.effects import Flow, RunBlocking, Sleep


class Task:
    """A running flow; `result` or `error` is set once it is `done`."""

    def __init__(self, flow: Flow[Any]) -> None:
        self.flow = flow
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.turn = 0


class Simulation:
    """Clock and scheduler in one: events happen in order, and time advances from one to the next.

    `latency` is the duration of a `RunBlocking`; its function is called in the middle of it.
    """

    def __init__(self, latency: float = 0.0) -> None:
        self.now = 1000.0
        self.latency = latency
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._tasks: list[Task] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_700_000_000 + self.now

    def sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        raise AssertionError("a flow in a simulation yields its sleeps", seconds, wake)

    async def async_sleep(self, seconds: float, wake: WakeEvent | None = None) -> bool:
        return self.sleep(seconds, wake)

    def at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(when, self.now), next(self._order), action))

    def spawn(self, flow: Flow[Any], after: float = 0.0) -> Task:
        task = Task(flow)
        self._tasks.append(task)
        self.at(self.now + after, lambda: self._step(task, lambda: next(flow)))
        return task

    def cancel(self, task: Task, error: BaseException) -> None:
        """Raise `error` at the effect that the flow waits for."""
        if not task.done:
            self._step(task, lambda: task.flow.throw(error))

    def run(self, seconds: float) -> None:
        """Advance the time and run the events that are due."""
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            self.now, _, action = heapq.heappop(self._events)
            action()
        self.now = end

    def close(self) -> None:
        """Close all flows, finished or not."""
        for task in self._tasks:
            task.turn += 1
            task.flow.close()

    def run_flow(self, flow: Flow[Any]) -> Any:
        """Run one flow to its end and return its result."""
        task = self.spawn(flow)
        while not task.done:
            self.now, _, action = heapq.heappop(self._events)
            action()
        if task.error is not None:
            raise task.error
        return task.result

    def _step(self, task: Task, advance: Callable[[], Any]) -> None:
        task.turn += 1
        turn = task.turn
        try:
            effect = advance()
        except StopIteration as stop:
            task.done, task.result = True, stop.value
            return
        except BaseException as error:  # noqa: BLE001 -- stored, as an asyncio task does
            task.done, task.error = True, error
            return

        def resume(value: Any) -> None:
            if task.turn == turn:
                self._step(task, lambda: task.flow.send(value))

        match effect:
            case Sleep(seconds, wake):
                self.at(self.now + seconds, lambda: resume(False))
                if wake is not None:
                    wake.add_done_callback(lambda _: self.at(self.now, lambda: resume(True)))
            case RunBlocking(function):
                self.at(self.now + self.latency / 2, lambda: self._call(task, turn, function))
            case _:
                raise AssertionError(effect)

    def _call(self, task: Task, turn: int, function: Callable[[], Any]) -> None:
        # Like a thread, the function runs to its end even if its task was cancelled meanwhile.
        try:
            advance = partial(task.flow.send, function())
        except Exception as error:  # noqa: BLE001 -- raised in the flow
            advance = partial(task.flow.throw, error)

        def back() -> None:
            if task.turn == turn:
                self._step(task, advance)

        self.at(self.now + self.latency / 2, back)
