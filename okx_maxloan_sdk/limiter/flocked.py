"""A page in a file, held with flock.

The file is read and written, not mapped: that costs no more, and a file that somebody cuts short is then a short read,
where a mapped one kills the process.
"""

from __future__ import annotations

import os
import time
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Seconds that a process waits for the others to let the file go; each has it for microseconds.
TIMEOUT, PAUSE = 0.25, 0.0002


class FlockedFile:
    """A page in a file of its own, held with flock."""

    def __init__(self, path: Path) -> None:
        self.lost: bool = False
        self._path = path
        self._fd = -1
        self._size = 0
        self._used = False

    def lock(self) -> bytes:
        """Wait for the page and read it; a new one is empty."""
        while True:
            if self._fd < 0:
                self._open()
            self._wait()
            status = os.fstat(self._fd)
            if status.st_nlink:
                break
            self.forked()  # somebody deleted or replaced it
            self.lost = self._used
        self._size = status.st_size
        page = os.pread(self._fd, self._size, 0)
        self.lost |= self._used and not page
        self._used = True
        return page

    def write(self, page: bytes) -> None:
        """Replace the page, which is locked."""
        # Padded, a page never grows shorter than the last one.
        os.pwrite(self._fd, page.ljust(self._size, b"\0"), 0)

    def unlock(self) -> None:
        """Let the others have it."""
        flock(self._fd, LOCK_UN)

    def forked(self) -> None:
        """Let go of what belongs to the parent."""
        # The parent's descriptor carries the parent's lock: it excludes nobody, and would outlive the parent here.
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def _wait(self) -> None:
        # Not by blocking: a process that is stopped while it holds the file must not stop the others' event loops.
        end = 0.0
        while True:
            try:
                return flock(self._fd, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                end = end or time.monotonic() + TIMEOUT
                if time.monotonic() > end:
                    message = f"another process has held it for {TIMEOUT} s; is one stopped in a debugger?"
                    raise TimeoutError(message) from None
                time.sleep(PAUSE)
