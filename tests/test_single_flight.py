"""SingleFlight: the first caller fetches a value, and the others wait for it or fetch after a failure."""

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from okx_maxloan_sdk.effects import Flow, Sleep, sleep
from okx_maxloan_sdk.exceptions import RequestNotSentError
from okx_maxloan_sdk.single_flight import SingleFlight


class Steps:
    """Fetch functions whose effects the test performs one by one."""

    def __init__(self) -> None:
        self.fetches = 0

    def fetch(self) -> Flow[str]:
        self.fetches += 1
        number = self.fetches
        yield from sleep(1.0)
        return f"value {number}"


def run_flow(flow: Generator[Any, Any, Any], result: object = True) -> Any:
    """Run a flow to its end, with the same result for each effect."""
    try:
        while True:
            flow.send(result)
    except StopIteration as done:
        return done.value


def start_sleeper(flow: Flow[Any]) -> Sleep:
    """Start a flow that must sleep until it is woken."""
    effect = next(flow)
    assert isinstance(effect, Sleep)
    assert effect.wake is not None
    return effect


def is_woken(sleeper: Sleep) -> bool:
    """Return whether a sleeper was woken."""
    return sleeper.wake is not None and sleeper.wake.done()


def test_concurrent_callers_fetch_once() -> None:
    """The first caller fetches, concurrent ones wait for its value, and later ones return it at once."""
    steps, once = Steps(), SingleFlight[str]()
    first, second = once.get(steps.fetch, 9.0), once.get(steps.fetch, 9.0)
    next(first)
    waiting = start_sleeper(second)
    assert waiting.seconds == 9.0
    assert not is_woken(waiting)
    assert run_flow(first) == "value 1"
    assert is_woken(waiting)
    assert run_flow(second) == "value 1"
    assert run_flow(once.get(steps.fetch, 9.0), None) == "value 1"
    assert steps.fetches == 1


def test_outdated_value_is_fetched_again() -> None:
    """A caller with an outdated value fetches a new one, unless another caller did meanwhile."""
    steps, once = Steps(), SingleFlight("old")
    old = once.value
    flow = once.get(steps.fetch, 9.0, old)
    next(flow)
    assert run_flow(flow) == once.value == "value 1"
    flow = once.get(steps.fetch, 9.0, old)
    with pytest.raises(StopIteration):
        next(flow)
    assert steps.fetches == 1


@pytest.mark.parametrize("failure", [RequestNotSentError("no"), GeneratorExit(), asyncio.CancelledError()])
def test_waiting_caller_fetches_after_a_failure(failure: BaseException) -> None:
    """If the first caller fails or is cancelled, one of the waiting callers fetches."""
    steps, once = Steps(), SingleFlight[str]()
    first, second = once.get(steps.fetch, 9.0), once.get(steps.fetch, 9.0)
    next(first)
    waiting = start_sleeper(second)
    with pytest.raises(type(failure)):
        first.throw(failure)
    assert is_woken(waiting)
    second.send(True)
    assert steps.fetches == 2
    assert run_flow(second) == "value 2"


def test_waiting_caller_fetches_after_the_timeout() -> None:
    """A caller that waited for the timeout fetches itself, and the late first caller changes nothing."""
    steps, once = Steps(), SingleFlight[str]()
    dead, second = once.get(steps.fetch, 9.0), once.get(steps.fetch, 9.0)
    next(dead)
    next(second)
    second.send(False)
    third = once.get(steps.fetch, 9.0)
    waiting = start_sleeper(third)
    assert run_flow(dead) == "value 1"
    assert not is_woken(waiting)
    assert run_flow(second) == "value 2"
    assert is_woken(waiting)
    assert run_flow(third) == "value 2"
