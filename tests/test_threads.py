"""Threads: results, errors, and signals in the main thread."""

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from okx_maxloan_sdk import threads
from okx_maxloan_sdk.threads import call_to_end, start_thread

SIGNALS = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no interval timer")


@pytest.fixture
def alarm() -> Iterator[None]:
    """Raise KeyboardInterrupt after 50 ms of wall time, as signals are real."""
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, old)


def test_result_and_error() -> None:
    """A function's result is returned and its error raised, from the main thread and from another."""
    assert call_to_end(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        call_to_end(lambda: 1 / 0)
    assert start_thread(lambda: call_to_end(lambda: 8)).result(5) == 8


@SIGNALS
@pytest.mark.usefixtures("alarm")
def test_a_signal_waits_for_the_end() -> None:
    """The error of a signal is raised after the function has ended."""
    steps: list[int] = []

    def work() -> None:
        for step in range(10):
            time.sleep(0.02)
            steps.append(step)

    with pytest.raises(KeyboardInterrupt):
        call_to_end(work)
    assert steps == list(range(10))


@SIGNALS
@pytest.mark.usefixtures("alarm")
def test_a_signal_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that does not end keeps its thread busy, and does not block the program."""
    monkeypatch.setattr(threads, "MAX_CLEANUP_SECONDS", 0.1)
    end = threading.Event()
    with pytest.raises(KeyboardInterrupt):
        call_to_end(lambda: end.wait(20))
    end.set()


def test_a_signal_before_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that is interrupted before its thread runs is never called."""
    calls: list[int] = []
    delayed: list[threading.Thread] = []

    def interrupted(thread: threading.Thread) -> None:
        delayed.append(thread)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            call_to_end(lambda: calls.append(1))
    delayed[0].start()
    delayed[0].join(5)
    assert calls == []


def test_start_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without threads the error is an `OSError`; an error of a signal during `start` is raised unchanged."""

    def full(_: object) -> None:
        raise RuntimeError("can't start new thread")

    def interrupted(_: object) -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("cannot release un-acquired lock")  # as threading does

    monkeypatch.setattr(threading.Thread, "start", full)
    with pytest.raises(OSError, match="can't start"):
        start_thread(lambda: None)
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start_thread(lambda: None)
