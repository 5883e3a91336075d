"""A page in SQLite, for machines without flock."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Seconds that a process waits for the others to let the database go.
TIMEOUT = 0.25
# Nothing in it outlives a boot, so nothing is forced to the disk.
SCHEMA = """
PRAGMA synchronous = OFF;
PRAGMA journal_mode = TRUNCATE;
CREATE TABLE IF NOT EXISTS page (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
"""


class DatabaseFile:
    """A page in a database of its own, held by a transaction."""

    def __init__(self, path: Path) -> None:
        self.lost: bool = False
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection] = []
        self._identity = 0
        self._used = False

    def lock(self) -> bytes:
        """Wait for the page and read it; a new one is empty."""
        try:
            try:
                page = self._begin()
            except sqlite3.Error as failure:
                if failure.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                    raise
                # Somebody deleted, replaced, emptied or overwrote it: once more, with what is there now.
                self._close()
                self.lost = self._used
                if not isinstance(failure, sqlite3.OperationalError) and self._in_place():
                    self._path.unlink()
                    self.lost = True
                page = self._begin()
        except sqlite3.Error as failure:
            self._close()
            raise OSError(str(failure)) from failure
        self.lost |= self._used and not page
        self._used = True
        return page

    def write(self, page: bytes) -> None:
        """Replace the page, which is locked."""
        self._execute("REPLACE INTO page VALUES (0, ?)", page)

    def unlock(self) -> None:
        """Let the others have it."""
        self._execute("COMMIT")

    def forked(self) -> None:
        """Let go of what belongs to the parent."""
        if self._db:
            # SQLite asks that a child neither uses nor closes its parent's connection.
            self._inherited.append(self._db)
            self._db = None

    def _begin(self) -> bytes:
        db = self._db or self._open()
        db.execute("BEGIN IMMEDIATE")
        if not self._in_place():
            self._close()
            self.lost = self._used
            return self._begin()
        found = db.execute("SELECT bytes FROM page").fetchone()
        return found[0] if found else b""

    def _in_place(self) -> bool:
        return self._path.exists() and self._path.stat().st_ino == self._identity

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        self._identity = os.fstat(fd).st_ino
        os.close(fd)
        self._db = sqlite3.connect(self._path, TIMEOUT, isolation_level=None, check_same_thread=False)
        self._db.executescript(SCHEMA)
        return self._db

    def _close(self) -> None:
        if self._db:
            self._db.close()
            self._db = None

    def _execute(self, statement: str, *values: bytes) -> None:
        if self._db:  # else a failure has let the page go, and that failure is what is told
            try:
                self._db.execute(statement, values)
            except sqlite3.Error as failure:
                self._close()
                raise OSError(str(failure)) from failure
