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


def _settle(future: Future[T], function: Callable[[], T]) -> None:
    try:
        value = function()
    except BaseException as error:  # noqa: BLE001 -- it is raised where the result is awaited
        future.set_exception(error)
    else:
        future.set_result(value)


def start_thread(function: Callable[[], T], future: Future[T] | None = None) -> Future[T]:
    """Call a function on a daemon thread, and return the future of its result; raise `OSError` if there can be none."""
    result: Future[T] = Future() if future is None else future

    def call() -> None:
        if result.set_running_or_notify_cancel():
            _settle(result, function)

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

    It runs on another thread: Python raises a signal's exception on the main one, at any step of what runs there. That
    thread has the future to itself until its end, as such an exception could leave its lock locked.
    """
    if current_thread() is not main_thread():
        return function()
    unbegun, ended, done = [function], list[Future[T]](), SimpleQueue[None]()

    def call() -> None:
        with suppress(IndexError):  # the caller has given up
            future = Future[T]()
            _settle(future, unbegun.pop())
            ended.append(future)
            done.put(None)

    try:
        start_thread(call)
        done.get()
    except BaseException:
        try:
            unbegun.pop()
        except IndexError:  # it has begun
            with suppress(Empty):
                if not ended:
                    done.get(timeout=MAX_CLEANUP_SECONDS)
        raise
    return ended[0].result()
