"""Daemon threads, for what blocks.

The threads of an executor keep a process alive after Ctrl-C, and asyncio's own may be busy with the program's jobs.
"""

from __future__ import annotations

import sys
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread, current_thread, main_thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_CLEANUP_SECONDS = 1.0


def start_thread(function: Callable[[], T], future: Future[T] | None = None) -> Future[T]:
    """Call a function on a daemon thread, and return the future of its result; raise `OSError` if there can be none."""
    result: Future[T] = Future() if future is None else future

    def call() -> None:
        if not result.set_running_or_notify_cancel():
            return
        try:
            value = function()
        except BaseException as error:  # noqa: BLE001 -- it is raised where the result is awaited
            result.set_exception(error)
        else:
            result.set_result(value)

    handled = sys.exception()
    try:
        Thread(target=call, name="okx-maxloan", daemon=True).start()
    except RuntimeError as error:
        if error.__context__ not in (None, handled):  # a signal's, while `start` waited with a lock in Python code
            raise error.__context__ from None
        raise OSError(str(error)) from None  # there are too many, or the interpreter is about to end
    return result


def wait(future: Future[Any], seconds: float) -> bool:
    """Wait for a future, and return whether it is done.

    Its own `result` waits with a lock in Python code: a signal can end that in the middle, and another error comes out.
    """
    done: SimpleQueue[Future[Any]] = SimpleQueue()
    future.add_done_callback(done.put)
    try:
        done.get(timeout=seconds)
    except Empty:
        return future.done()
    return True


def call_to_end(function: Callable[[], T]) -> T:
    """Call a function; what a signal raises meanwhile is raised after its end, or a second later.

    It runs on another thread: Python raises a signal's exception on the main one, at any step of what runs there. No
    future is used, as such an exception could leave its lock locked.
    """
    if current_thread() is not main_thread():
        return function()
    unbegun, done = [function], SimpleQueue[None]()
    values: list[T] = []
    errors: list[BaseException] = []

    def call() -> None:
        with suppress(IndexError):  # the caller has given up
            begun = unbegun.pop()
            try:
                values.append(begun())
            except BaseException as error:  # noqa: BLE001 -- it is raised where the result is awaited
                errors.append(error)
            done.put(None)

    try:
        start_thread(call)
        done.get()
    except BaseException:
        try:
            unbegun.pop()
        except IndexError:  # it has begun
            with suppress(Empty):
                if not values and not errors:
                    done.get(timeout=MAX_CLEANUP_SECONDS)
        raise
    for error in errors:
        raise error
    return values[0]
