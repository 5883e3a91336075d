"""File limiter: one limit for all processes of a machine, in an SQLite database per key."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import sqlite3
import stat
import time
from contextlib import suppress
from dataclasses import astuple
from logging import Logger, getLogger
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from okx_maxloan_sdk.exceptions import LimiterUnavailableError

from .base import BaseLimiter
from .fairness import FairShares, OwnerShare
from .ledger import RECOVERY_MARGIN, Ledger, LimitKey, PermitId, RateLimit, Reservation
from .queue import AcquireQueue, StoreBusyError, shared_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.clock import Clock

    from .base import RateLimitStatus

logger: Logger = getLogger(__name__)
T = TypeVar("T")

# A ledger has a few kilobytes, and SQLite starts its log (WAL) anew at 4 MB unless a reader holds it open.
MAX_FILE_BYTES = 64 << 20
MAX_STATE_BYTES = 1 << 20
# Seconds from now: no time in a ledger is later, as the longest one is a request's timeout and a few seconds.
MAX_AHEAD = 86_400.0
WARNING_INTERVAL = 60.0
# Nothing in the database outlives a boot, so nothing is forced to the disk. WAL: readers and the writer do not block
# each other, so `sqlite3 FILE 'SELECT * FROM ledger'` delays no reservation.
SCHEMA = """
PRAGMA synchronous = OFF;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS ledger (id INTEGER PRIMARY KEY CHECK (id = 0), boot_id TEXT, written_at REAL, state TEXT);
"""
# Prefixes of https://www.sqlite.org/rescode.html.
BUSY = "SQLITE_BUSY", "SQLITE_LOCKED"
# No database, damaged, another schema, too long a value, a log that was deleted.
DAMAGED = "SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR", "SQLITE_TOOBIG", "SQLITE_IOERR_SHORT_READ"


class DamagedFileError(sqlite3.DatabaseError):
    """The file does not hold a ledger."""

    sqlite_errorname: str = "SQLITE_CORRUPT"


class ReplacedFileError(StoreBusyError):
    """Another file is at the path now."""


def boot_id() -> str:
    """Return the identifier of this machine's boot where there is one: the monotonic clock starts again with each."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def encode(ledger: Ledger) -> str:
    """Return a ledger as JSON."""
    return json.dumps(
        {
            "in_flight": [[*permit_id, *times] for permit_id, times in ledger.in_flight.items()],
            "held": ledger.held,
            "shares": [[owner, *astuple(share)] for owner, share in ledger.shares.items()],
            "blocked_until": ledger.blocked_until,
            "reduction": ledger.reduction,
            "reduced_at": ledger.reduced_at,
        }
    )


def decode(text: str, now: float) -> Ledger:
    """Read a ledger from JSON; raise `DamagedFileError` for values that no ledger has."""
    limits: dict[type, float] = {int: (1 << 53) - 1, float: now + MAX_AHEAD}

    def checked(values: list[Any], *kinds: Any) -> list[Any]:
        for value, kind in zip(values, kinds, strict=True):
            if type(value) is not kind or not 0 <= value <= limits[kind]:
                raise DamagedFileError("a number is out of range")
        return values

    try:
        state = json.loads(text)
        in_flight = [checked(row, int, int, float, float) for row in state["in_flight"]]
        shares = [checked(row, int, int, int, float) for row in state["shares"]]
        numbers = checked([state[name] for name in ("blocked_until", "reduction", "reduced_at")], float, int, float)
        return Ledger(
            {(owner, number): (start, end) for owner, number, start, end in in_flight},
            sorted(tuple(checked(row, float, int, int, float)) for row in state["held"]),
            FairShares({owner: OwnerShare(*share) for owner, *share in shares}),
            *numbers,
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise DamagedFileError("its state is no ledger") from None


def folder_error(folder: Path) -> str | None:
    """Return why another user could replace files in an existing folder, or None."""
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        return f"{folder} is a symbolic link; pass the folder that it points to"
    if not stat.S_ISDIR(status.st_mode):
        return f"{folder} is no folder; FileLimiter needs one to keep its files in"
    if hasattr(os, "geteuid"):
        if status.st_uid not in (0, os.geteuid()):
            return f"{folder} belongs to another user; pass a folder of this user"
        if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
            return f"every user may replace files in {folder}; pass a new folder inside it, or chmod it to 700"
    return None


class FileStore:
    """A ledger in a database with one row, in this machine's monotonic time."""

    is_blocking = False
    is_shared = True

    def __init__(self, path: Path, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        # The database, its log and the log's index; writers share all three or none.
        self._paths = [path, *(path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", "-shm"))]
        self.lock: RLock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: list[tuple[int, int]] = []
        # Another file than that of the last transaction may not know every request in flight.
        self._is_replaced = False
        self._boot_id = boot_id()
        self._limit = RateLimit(1, 1.0)
        self._ledger = Ledger()
        self._written_at = 0.0
        # The limit that the exchange refused to grant, until the file has the reduction.
        self._throttled: RateLimit | None = None
        self._warned_at = -WARNING_INTERVAL
        _stores.add(self)

    def reserve(self, permit_id: PermitId, lease: float, queued: int, limit: RateLimit) -> Reservation:
        """Raise `LimiterUnavailableError` when the file cannot be used."""
        self._limit = limit
        return self._transaction(lambda ledger, now: ledger.reserve(now, permit_id, lease, queued, limit))

    def release(self, permit_id: PermitId, hold: float) -> None:
        """Hold a slot for `hold` more seconds."""
        try:
            self._transaction(lambda ledger, now: ledger.release(now, permit_id, hold))
        except LimiterUnavailableError as error:
            logger.warning("%s; a slot stays in use until its lease ends", error)

    def throttle(self, limit: RateLimit) -> bool:
        """Reduce the capacity in the next transaction; return whether this rejection counts."""
        with self.lock:
            is_counted = self._ledger.throttle(self._now(), limit)
            if is_counted:
                self._throttled = limit
        return is_counted

    def usage(self, limit: RateLimit) -> tuple[int, int]:
        """Return the capacity and the number of slots in use, as last read where the file cannot be."""
        try:
            return self._transaction(lambda ledger, now: ledger.usage(now, limit))
        except (StoreBusyError, LimiterUnavailableError):
            return self._ledger.usage(self._now(), limit)

    def after_fork(self) -> None:
        """Keep all: the connection was closed before the fork."""

    def close(self) -> None:
        """Close the connection; the next transaction opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _transaction(self, change: Callable[[Ledger, float], T]) -> T:
        """Change the ledger in the file, and return the result of `change`.

        Raises `StoreBusyError` while another process does so, `LimiterUnavailableError` when the file cannot be used.
        """
        with self.lock:
            if self._connection is not None and self._connection.in_transaction:
                # The garbage collector closed a flow in the middle of this thread's transaction.
                raise StoreBusyError(f"the rate limiter's file {self._paths[0]} is in use")
            try:
                try:
                    return self._change_row(change)
                except ReplacedFileError as error:
                    self._start_anew(error)
                except sqlite3.Error as error:
                    if not _name(error).startswith(DAMAGED):
                        raise
                    self._start_anew(error)
                    for path in self._paths:
                        path.unlink(missing_ok=True)
                return self._change_row(change)
            except (sqlite3.Error, OSError) as error:
                message = f"the rate limiter's file {self._paths[0]}"
                if _name(error).startswith(BUSY):
                    raise StoreBusyError(f"{message} is locked by another process") from None
                self.close()
                raise LimiterUnavailableError(f"{message} cannot be used: {error}") from error
            except BaseException:
                self.close()
                raise

    def _change_row(self, change: Callable[[Ledger, float], T]) -> T:
        if self._connection is not None:
            self._check_identity()
        connection = self._connection or self._open()
        connection.execute("BEGIN IMMEDIATE")
        row, now = connection.execute("SELECT boot_id, written_at, state FROM ledger").fetchone(), self._now()
        self._ledger = ledger = self._read(row, now)
        if self._throttled:
            ledger.throttle(now, self._throttled)
        result = change(ledger, now)
        connection.execute("REPLACE INTO ledger VALUES (0, ?, ?, ?)", (self._boot_id, now, encode(ledger)))
        self._check_identity()
        connection.execute("COMMIT")
        self._written_at = now
        self._is_replaced, self._throttled = False, None
        return result

    def _read(self, row: tuple[str, float, str] | None, now: float) -> Ledger:
        """Return the ledger of a row; where it may not know every request in flight, nothing is granted for a while."""
        ledger, is_complete, quiet_period = Ledger(), False, self._limit.period + RECOVERY_MARGIN
        if row is not None:
            writer, written_at, text = row
            if not isinstance(written_at, float):
                raise DamagedFileError("its time is no number")
            # Transactions follow each other, so that their times ascend on one clock.
            if writer == self._boot_id and self._written_at <= written_at <= now:
                ledger, is_complete = decode(text, now), not self._is_replaced
            elif now > self._warned_at + WARNING_INTERVAL:
                self._warned_at = now
                logger.warning(
                    "the rate limiter's file %s was written before this machine's start, by another machine or with"
                    " another clock; nothing is sent for %g s. A folder serves one machine; use Redis for several.",
                    self._paths[0],
                    quiet_period,
                )
        if not is_complete:
            ledger.blocked_until = max(ledger.blocked_until, now + quiet_period)
        return ledger

    def _open(self) -> sqlite3.Connection:
        path, folder = self._paths[0], self._paths[0].parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if error := folder_error(folder):
            raise OSError(error)
        with suppress(FileExistsError):
            path.touch(0o600, exist_ok=False)
        identity = self._identify()
        # No timeout: SQLite would stop the event loop while it waits. The queue tries again.
        url = f"{path.as_uri()}?mode=rw"
        connection = sqlite3.connect(url, timeout=0.0, isolation_level=None, check_same_thread=False, uri=True)
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_STATE_BYTES)
            connection.executescript(SCHEMA)
            self._identity = self._identify()
            if self._identity[:1] != identity[:1]:
                raise ReplacedFileError(f"the rate limiter's file {path} is being replaced")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _check_identity(self) -> None:
        if self._identity != self._identify():
            raise ReplacedFileError("it was moved, deleted or replaced")

    def _identify(self) -> list[tuple[int, int]]:
        """Return device and inode of each file; raise `OSError` when another user could write one.

        By `os.lstat` alone: closing any descriptor of a file drops the locks that this process has on it.
        """
        identity, size = [], 0
        for path in self._paths:
            with suppress(FileNotFoundError, NotADirectoryError):
                status = path.lstat()
                if not stat.S_ISREG(status.st_mode) or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
                    message = f"{path.name} is a symbolic link, no regular file or another user's"
                    raise OSError(f"{message}; remove it, or pass another folder")
                identity.append((status.st_dev, status.st_ino))
                size += status.st_size
        if size > MAX_FILE_BYTES:
            message = f"it has grown to {size >> 20} MB, more than {MAX_FILE_BYTES >> 20}"
            raise DamagedFileError(message)
        return identity

    def _start_anew(self, error: Exception) -> None:
        self.close()
        self._is_replaced = True
        logger.warning("the rate limiter's file %s starts anew: %s", self._paths[0], error)


_stores: WeakSet[FileStore] = WeakSet()
_locked: list[FileStore] = []


def _name(error: Exception) -> str:
    return getattr(error, "sqlite_errorname", "")  # sqlite3's own errors have none


def _before_fork() -> None:
    """Close all files: SQLite forbids a child to use, or even close, its parent's connections."""
    for store in list(_stores):
        # A thread holds the lock for less than a millisecond.
        if store.lock.acquire(timeout=1.0):
            _locked.append(store)
            store.close()


def _after_fork() -> None:
    while _locked:
        _locked.pop().lock.release()


def _close_all() -> None:
    for store in list(_stores):
        store.close()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


class FileLimiter(BaseLimiter):
    """Limit the requests of all processes of this machine that name the same folder, on a local disk.

    `path` is a folder, created when it is missing; it gets an SQLite database for each user and operation, readable by
    this system user only. Nothing is sent for one period and a second after such a file was created or replaced.
    Raises `ValueError` for a path that cannot be such a folder.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        max_requests: int | None = None,
        period: float | None = None,
        burst: int | None = None,
        on_throttle: Callable[[RateLimitStatus], object] | None = None,
    ) -> None:
        super().__init__(max_requests, period, burst, on_throttle)
        self._path = Path(path).absolute()
        if os.path.lexists(self._path) and (error := folder_error(self._path)):
            raise ValueError(error)

    def __repr__(self) -> str:
        return f"FileLimiter({str(self._path)!r})"

    def _shared_queue(self, key: LimitKey, clock: Clock) -> AcquireQueue:
        digest = hashlib.sha256(repr(tuple(key)).encode()).hexdigest()
        path = self._path / f"{digest[:24]}.sqlite"
        return shared_queue(path, clock, lambda: FileStore(path, clock.monotonic))
