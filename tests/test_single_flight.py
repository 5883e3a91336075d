"""SingleFlight: the first caller fetches a value, and the others wait for it or fetch after a failure."""

import asyncio
from typing import Any

import pytest

from okx_maxloan_sdk.effects import Flow, Sleep
from okx_maxloan_sdk.exceptions import RequestNotSentError
from okx_maxloan_sdk.state import SingleFlight


class Harness:
    """A single flight whose fetches the test performs effect by effect."""

    def __init__(self, value: str | None = None) -> None:
        self.fetches = 0
        self.flight = SingleFlight[str](value)

    def fetch(self) -> Flow[str]:
        self.fetches += 1
        number = self.fetches
        yield Sleep(1.0)
        return f"value {number}"

    def get(self, *invalid: Any) -> Flow[str]:
        return self.flight.get(self.fetch, 9.0, *invalid)


def run_flow(flow: Flow[Any], result: object = True) -> Any:
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
    assert not is_woken(effect)
    return effect


def is_woken(sleeper: Sleep) -> bool:
    """Return whether a sleeper was woken."""
    assert sleeper.wake is not None
    return sleeper.wake.done()


def test_concurrent_callers_fetch_once() -> None:
    """The first caller fetches, concurrent ones wait for its value, and later ones return it at once."""
    harness = Harness()
    first, second = harness.get(), harness.get()
    next(first)
    waiting = start_sleeper(second)
    assert waiting.seconds == 9.0
    assert run_flow(first) == "value 1"
    assert is_woken(waiting)
    assert run_flow(second) == "value 1"
    assert run_flow(harness.get(), None) == "value 1"
    assert harness.fetches == 1


def test_outdated_value_is_fetched_again() -> None:
    """A caller with an outdated value fetches a new one, unless another caller did meanwhile."""
    harness = Harness("old")
    old = harness.flight.value
    flow = harness.get(old)
    next(flow)
    assert run_flow(flow) == harness.flight.value == "value 1"
    with pytest.raises(StopIteration):
        next(harness.get(old))
    assert harness.fetches == 1


@pytest.mark.parametrize("failure", [RequestNotSentError("no"), GeneratorExit(), asyncio.CancelledError()])
def test_waiting_caller_fetches_after_a_failure(failure: BaseException) -> None:
    """If the first caller fails or is cancelled, one of the waiting callers fetches."""
    harness = Harness()
    first, second = harness.get(), harness.get()
    next(first)
    waiting = start_sleeper(second)
    with pytest.raises(type(failure)):
        first.throw(failure)
    assert is_woken(waiting)
    second.send(True)
    assert harness.fetches == 2
    assert run_flow(second) == "value 2"


def test_waiting_caller_fetches_after_the_timeout() -> None:
    """A caller that waited for the timeout fetches itself, and the late first caller changes nothing."""
    harness = Harness()
    dead, second, third = harness.get(), harness.get(), harness.get()
    next(dead)
    next(second)
    second.send(False)
    waiting = start_sleeper(third)
    assert run_flow(dead) == "value 1"
    assert not is_woken(waiting)
    assert run_flow(second) == "value 2"
    assert is_woken(waiting)
    assert run_flow(third) == "value 2"
