"""How far a long question has come: one line on stderr, there only while nothing else is written."""

from __future__ import annotations

import contextlib
import shutil
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

BAR = 24


class Progress:
    """A bar on stderr; there is none where stderr is no terminal."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._failed = total, 0, 0
        self._on = sys.stderr.isatty()
        self._drawn = 0

    def advance(self, done: int, failed: int) -> None:
        """Count pairs that are done, and those of them that failed."""
        self._done += done
        self._failed += failed

    @contextlib.contextmanager
    def hidden(self) -> Iterator[None]:
        """Make room for other output."""
        self._erase()
        yield
        self._draw()

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        self._erase()

    def _draw(self) -> None:
        if not self._on:
            return
        full = BAR * self._done // max(self._total, 1)
        failed = f"  ✗ {self._failed}" if self._failed else ""
        text = f"{'█' * full}{'░' * (BAR - full)} {self._done}/{self._total}{failed}"
        text = text[: shutil.get_terminal_size().columns - 1]
        self._drawn = len(text)
        print(text, end="", file=sys.stderr, flush=True)

    def _erase(self) -> None:
        if self._drawn:
            print("\r" + " " * self._drawn + "\r", end="", file=sys.stderr, flush=True)
        self._drawn = 0
