"""Tracebacks without the frames that may hold secrets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .exceptions import OkxError

if TYPE_CHECKING:
    from types import TracebackType


class HiddenFrames:
    """Remove every frame inside the block from what it raises.

    The locals of those frames hold signed headers and request bytes, and a traceback may be rendered with its locals.
    What the caller was handling before the block keeps its traceback.
    """

    __slots__ = ("_outer",)

    def __enter__(self) -> None:
        self._outer = sys.exception()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        if error is None or traceback is None:
            return
        if isinstance(error, Exception) and not isinstance(error, OkxError):
            while traceback.tb_next:
                traceback = traceback.tb_next
            error.add_note(f"raised at {traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}")
        seen: list[BaseException | None] = [None, self._outer]
        todo: list[BaseException | None] = [error]
        while todo:
            each = todo.pop()
            if not any(each is other for other in seen) and each is not None:
                seen.append(each)
                each.__traceback__ = None
                todo += [each.__context__, each.__cause__]
                todo += each.exceptions if isinstance(each, BaseExceptionGroup) else []
