"""What watch saw, in a SQLite file: one row for each amount and moment, amounts as the exact text that came."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from .troubles import FAILED, Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Self

    from okx_maxloan_sdk import MaxLoan

# "OKXM": tells a record from any other database.
APPLICATION = 0x4F4B584D
VERSION = 1
SCHEMA = f"""
BEGIN;
CREATE TABLE loans (
    at INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
    inst_id TEXT NOT NULL,
    mgn_mode TEXT NOT NULL,
    mgn_ccy TEXT NOT NULL,
    side TEXT NOT NULL,
    ccy TEXT NOT NULL,
    max_loan TEXT NOT NULL, -- '' when OKX gave none
    PRIMARY KEY (inst_id, mgn_mode, mgn_ccy, side, ccy, at)
) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""


class Key(NamedTuple):
    """What stays the same from one round to the next."""

    inst_id: str
    mgn_mode: str
    mgn_ccy: str
    side: str
    ccy: str


Points = list[tuple[int, str]]


def key(loan: MaxLoan) -> Key:
    """Give the key of a row."""
    return Key(*(getattr(loan, name) for name in Key._fields))


class Record:
    """An open file; it is made when it is to be written and is not there."""

    def __init__(self, path: Path, *, write: bool) -> None:
        if not write and not path.exists():
            raise Trouble("record_missing", path=path)
        self._path = path
        try:
            self._file = sqlite3.connect(path if write else f"{path.resolve().as_uri()}?mode=ro", uri=not write)
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        try:
            self._check()
        except BaseException:
            self._file.close()
            raise

    def _check(self) -> None:
        try:
            tables = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if not tables:
                self._file.executescript(SCHEMA)
            marks = [self._file.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        if marks != [APPLICATION, VERSION]:
            raise self._trouble(f"application_id {marks[0]}, version {marks[1]}")

    def _trouble(self, reason: object) -> Trouble:
        return Trouble("record", code=FAILED, path=self._path, reason=reason)

    def add(self, at: float, loans: Sequence[MaxLoan]) -> None:
        """Write one round, whole or not at all; `at` is in seconds since 1970 UTC."""
        rows = [(int(at * 1000), *key(loan), loan.max_loan) for loan in loans]
        try:
            with self._file:
                self._file.executemany("INSERT OR REPLACE INTO loans VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise self._trouble(error) from None

    def names(self) -> list[str]:
        """List the pairs that there are; a currency stands for itself."""
        found = self._file.execute("SELECT DISTINCT CASE inst_id WHEN '' THEN ccy ELSE inst_id END FROM loans")
        return sorted(name for (name,) in found)

    def points(self, name: str, since: int = 0) -> dict[Key, Points]:
        """Read the moments and amounts of a pair, or of a currency, from `since` on in milliseconds."""
        found = self._file.execute(
            "SELECT inst_id, mgn_mode, mgn_ccy, side, ccy, at, max_loan FROM loans"
            " WHERE ? IN (inst_id, CASE inst_id WHEN '' THEN ccy END) AND at >= ? ORDER BY at",
            (name, since),
        )
        points: dict[Key, Points] = {}
        for *names, at, amount in found:
            points.setdefault(Key(*names), []).append((at, amount))
        return points

    def last(self) -> int:
        """Tell when the last row was written, in milliseconds."""
        moment: int = self._file.execute("SELECT coalesce(max(at), 0) FROM loans").fetchone()[0]
        return moment

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
