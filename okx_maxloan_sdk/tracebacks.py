"""Tracebacks without the frames that may hold secrets."""

from __future__ import annotations

from .exceptions import OkxError


def hide_frames(error: BaseException, handled: BaseException | None) -> BaseException:
    """Remove every frame from an error, its context and its cause, and return it.

    The locals of those frames hold signed headers and request bytes, and a traceback may be rendered with its locals.
    `handled` is what the caller was handling before: it keeps its traceback.
    """
    if isinstance(error, Exception) and not isinstance(error, OkxError) and (traceback := error.__traceback__):
        while traceback.tb_next:
            traceback = traceback.tb_next
        error.add_note(f"raised at {traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}")
    seen: list[BaseException | None] = [None, handled]
    todo: list[BaseException | None] = [error]
    while todo:
        each = todo.pop()
        if not any(each is other for other in seen) and each is not None:
            seen.append(each)
            each.__traceback__ = None
            todo += [each.__context__, each.__cause__]
            todo += each.exceptions if isinstance(each, BaseExceptionGroup) else []
    return error
