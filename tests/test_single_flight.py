"""Once: a value that the first asker fetches, and what becomes of the others when that one fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk.effects import Flow, Sleep, sleep
from okx_maxloan_sdk.exceptions import RequestNotSentError
from okx_maxloan_sdk.single_flight import SingleFlight

if TYPE_CHECKING:
    from collections.abc import Generator


class Steps:
    """Fetches by hand: what `Once` asks for is seen effect by effect."""

    def __init__(self) -> None:
        self.fetches = 0

    def fetch(self) -> Flow[str]:
        self.fetches += 1
        number = self.fetches
        yield from sleep(1.0)
        return f"value {number}"


def finish(flow: Generator[Any, Any, Any], result: object = True) -> Any:
    """Drive a flow to its end, giving the same result to each effect."""
    try:
        while True:
            flow.send(result)
    except StopIteration as done:
        return done.value


def waits(flow: Flow[Any]) -> Sleep:
    """Begin a flow that is expected to sleep until it is woken."""
    effect = next(flow)
    assert isinstance(effect, Sleep)
    assert effect.wake is not None
    return effect


def woken(sleeper: Sleep) -> bool:
    """Tell whether a sleeper was woken."""
    return sleeper.wake is not None and sleeper.wake.done()


def test_once_fetches_once() -> None:
    """The first asker fetches, the others wait to be woken, and all get the same; later ones need not wait."""
    steps, once = Steps(), SingleFlight[str]()
    first, second = once.get(steps.fetch, 9.0), once.get(steps.fetch, 9.0)
    next(first)
    waiting = waits(second)
    assert waiting.seconds == 9.0
    assert not woken(waiting)
    assert finish(first) == "value 1"
    assert woken(waiting)
    assert finish(second) == "value 1"
    assert finish(once.get(steps.fetch, 9.0), None) == "value 1"
    assert steps.fetches == 1


def test_once_fetches_what_is_stale() -> None:
    """A value that an asker holds stale is fetched anew, and only if nobody did meanwhile."""
    steps, once = Steps(), SingleFlight("old")
    old = once.value
    flow = once.get(steps.fetch, 9.0, old)
    next(flow)
    assert finish(flow) == once.value == "value 1"
    flow = once.get(steps.fetch, 9.0, old)
    with pytest.raises(StopIteration):
        next(flow)
    assert steps.fetches == 1


@pytest.mark.parametrize("failure", [RequestNotSentError("no"), GeneratorExit(), asyncio.CancelledError()])
def test_once_passes_the_turn_on(failure: BaseException) -> None:
    """When the first asker fails or is cancelled, one of those who wait fetches in its place."""
    steps, once = Steps(), SingleFlight[str]()
    first, second = once.get(steps.fetch, 9.0), once.get(steps.fetch, 9.0)
    next(first)
    waiting = waits(second)
    with pytest.raises(type(failure)):
        first.throw(failure)
    assert woken(waiting)
    second.send(True)
    assert steps.fetches == 2
    assert finish(second) == "value 2"


def test_once_does_not_wait_for_the_dead() -> None:
    """Who waited in vain for an asker that never comes back fetches in its place; a late one spoils nothing."""
    steps, once = Steps(), SingleFlight[str]()
    dead, second = once.get(steps.fetch, 9.0), once.get(steps.fetch, 9.0)
    next(dead)
    next(second)
    second.send(False)
    third = once.get(steps.fetch, 9.0)
    waiting = waits(third)
    assert finish(dead) == "value 1"
    assert not woken(waiting)
    assert finish(second) == "value 2"
    assert woken(waiting)
    assert finish(third) == "value 2"
