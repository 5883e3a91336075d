"""A window in a file: all processes of a machine share it."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from okx_maxloan_sdk.errors import NotSent

from .page import OtherBoot, WrongPage, boot, decode, encode
from .queue import Queue, queue, warn
from .slot import BaseLimiter
from .window import GRACE, Answer, Key, Ledger, Rule, Token

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from okx_maxloan_sdk.clock import Clock

    from .queue import Snapshot

T = TypeVar("T")

BACKEND = "flock" if find_spec("fcntl") else "sqlite"


class Page(Protocol):
    """A few kilobytes that one process at a time reads and writes; each call may raise `OSError`."""

    lost: bool
    """Whether what this process wrote has vanished; the reader takes note and sets it back."""

    def lock(self) -> bytes:
        """Wait for the page and read it; a new one is empty."""
        ...

    def write(self, page: bytes) -> None:
        """Replace the page, which is locked."""
        ...

    def unlock(self) -> None:
        """Let the others have it."""
        ...

    def forked(self) -> None:
        """Let go of what belongs to the parent."""
        ...


class FileStore:
    """A ledger in a page, in this machine's monotonic time."""

    blocking = False
    shared = True

    def __init__(self, page: Page, name: str, now: Callable[[], float] = time.monotonic) -> None:
        self._page, self._name, self._now = page, name, now
        self._boot = boot()
        self._period = 0.0
        # What this process wrote last: as long as the page begins so, nobody else wrote since.
        self._seen, self._ledger = b"", Ledger()

    def reserve(self, token: Token, lease: float, demand: int, rule: Rule) -> Answer:
        """Raise `NotSent` when the file cannot be used."""
        self._period = rule.period
        try:
            return self._with(lambda ledger, now: ledger.reserve(now, token, lease, demand, rule))
        except OSError as failure:
            message = f"the rate limiter's file {self._name} cannot be used: {failure}"
            raise NotSent(message) from failure

    def commit(self, token: Token, hold: float) -> None:
        """Hold a slot for `hold` more seconds."""
        try:
            self._with(lambda ledger, now: ledger.commit(now, token, hold))
        except OSError as failure:
            warn("the rate limiter's file %s cannot be used, a slot stays taken: %s", self._name, failure)

    def penalize(self, rule: Rule) -> bool:
        """Take slots away, and tell whether this refusal counts."""
        with suppress(OSError):
            return self._with(lambda ledger, now: ledger.penalize(now, rule))
        return False

    def inspect(self, rule: Rule) -> tuple[int, int]:
        """Count the slots there are and those held."""
        with suppress(OSError):
            return self._with(lambda ledger, now: ledger.inspect(now, rule))
        return rule.requests, 0

    def forked(self) -> None:
        """Open the file anew."""
        self._page.forked()

    def _with(self, change: Callable[[Ledger, float], T]) -> T:
        page = self._page.lock()
        try:
            now = self._now()
            ledger = self._read(page, now)
            self._seen = b""
            result = change(ledger, now)
            written = encode(ledger, now, self._boot)
            self._page.write(written)
            self._seen = written
        finally:
            self._page.unlock()
        return result

    def _read(self, page: bytes, now: float) -> Ledger:
        if self._seen and page.startswith(self._seen):
            return self._ledger
        try:
            self._ledger = decode(page, now, self._boot) if page else Ledger()
        except OtherBoot:
            # The clock counts from the boot: what was sent before it is as old as that.
            self._ledger = Ledger(quiet=self._period + GRACE)
        except WrongPage as fault:
            warn("the rate limiter's file %s starts anew: %s", self._name, fault)
            self._ledger, self._page.lost = Ledger(), True
        if self._page.lost:
            self._page.lost = False
            self._ledger.quiet = max(self._ledger.quiet, now + self._period + GRACE)
        return self._ledger


class FileLimiter(BaseLimiter):
    """Counts over all processes of this machine that name the same folder, on a local disk.

    `path` is a folder, made when it is missing; it gets a small file for each user and operation, readable by this
    system user only. `backend` is "flock", or "sqlite" where there is none (Windows); all must use the same.
    Raises `ValueError` for a path that is no folder.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        limit: int | None = None,
        period: float | None = None,
        burst: int | None = None,
        on_cut: Callable[[Snapshot], object] | None = None,
        *,
        backend: Literal["flock", "sqlite"] | None = None,
    ) -> None:
        super().__init__(limit, period, burst, on_cut)
        self._path = Path(path).absolute()
        self._backend = backend or BACKEND
        if self._path.exists() and not self._path.is_dir():
            message = f"FileLimiter needs a folder to keep its files in, and {self._path} is none"
            raise ValueError(message)
        if self._backend not in ("sqlite", BACKEND):
            message = f'backend must be "sqlite" here, not {backend!r}'
            raise ValueError(message)

    def __repr__(self) -> str:
        return f"FileLimiter({str(self._path)!r})"

    def _queue(self, key: Key, clock: Clock) -> Queue:
        digest = hashlib.sha256(repr((key.host, key.user, key.operation)).encode()).hexdigest()
        path = self._path / f"{digest[:24]}.slots"
        return queue((self._backend, path), clock, lambda: FileStore(self._page(path), str(path)))

    def _page(self, path: Path) -> Page:
        if self._backend == "flock":
            from .flocked import FlockedFile  # noqa: PLC0415 -- there is no fcntl on Windows

            return FlockedFile(path)
        from .database import DatabaseFile  # noqa: PLC0415 -- sqlite3 loads only where it is used

        return DatabaseFile(path)
