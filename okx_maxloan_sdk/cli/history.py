"""History of maximum loans in a SQLite file, which `watch --record` writes and `chart` reads; history.sql says more."""

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from attrs import frozen

from okx_maxloan_sdk import MaxLoan

from .errors import CliError, ExitCode

# As in the schema.
APPLICATION_ID, SCHEMA_VERSION = 0x4F4B584D, 2


class SeriesKey(NamedTuple):
    """What identifies a row from one poll to the next."""

    profile: str
    inst_id: str
    mgn_mode: str
    mgn_ccy: str
    side: str
    ccy: str


# Times in milliseconds since 1970 UTC, and amounts; a segment has no outage inside.
Segment = list[tuple[int, float]]


def series_key(loan: MaxLoan, profile: str = "") -> SeriesKey:
    """Return the key of a row."""
    return SeriesKey(profile, *(getattr(loan, name) for name in SeriesKey._fields[1:]))


@contextmanager
def open_history(path: Path, *, write: bool) -> Iterator["History"]:
    """Open a history; with `write` it is created where it does not exist. Errors of SQLite name the file."""
    if not write and not path.exists():
        raise CliError("no_history", path=path)
    place = path if write else f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(place, uri=not write)) as database:
            if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                database.executescript(Path(__file__).with_name("history.sql").read_text("utf-8"))
            marks = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
            if marks != [APPLICATION_ID, SCHEMA_VERSION]:
                message = f"application_id {marks[0]}, user_version {marks[1]}"
                raise sqlite3.DatabaseError(message)
            yield History(database)
    except sqlite3.Error as error:
        raise CliError("history", code=ExitCode.FAILURE, path=path, reason=error) from None


@frozen
class History:
    """An open history."""

    _database: sqlite3.Connection

    def add(self, at: float, rows: Iterable[tuple[SeriesKey, MaxLoan]] = ()) -> None:
        """Write one poll in one transaction: rows with their keys, at a time in seconds since 1970 UTC."""
        at_ms = int(at * 1000)
        values = [(at_ms, *key, loan.max_loan) for key, loan in rows]
        with self._database:
            self._database.execute("INSERT OR IGNORE INTO polls VALUES (?)", (at_ms,))
            self._database.executemany("INSERT OR REPLACE INTO loans VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def list_names(self) -> list[str]:
        """List the pairs, and the currencies that were queried as such."""
        names = self._database.execute("SELECT DISTINCT CASE inst_id WHEN '' THEN ccy ELSE inst_id END FROM loans")
        return sorted(name for (name,) in names)

    def read_series(self, name: str, since_ms: int = 0) -> dict[SeriesKey, list[Segment]]:
        """Read the series of a pair or currency, divided where a poll has no amount."""
        polls = [at for (at,) in self._database.execute("SELECT at FROM polls ORDER BY at")]
        rows = self._database.execute(
            "SELECT profile, inst_id, mgn_mode, mgn_ccy, side, ccy, at, max_loan FROM loans"
            " WHERE ? IN (inst_id, CASE inst_id WHEN '' THEN ccy END) AND at >= ? ORDER BY at",
            (name, since_ms),
        )
        series: dict[SeriesKey, list[Segment]] = {}
        for *key, at, amount in rows:
            segments = series.setdefault(SeriesKey(*key), [])
            if amount:
                next_poll = polls[bisect_right(polls, segments[-1][-1][0])] if segments else at
                if not segments or next_poll != at:
                    segments.append([])
                segments[-1].append((at, float(amount)))
        return {key: segments for key, segments in series.items() if segments}

    def last_timestamp(self) -> int:
        """Return the time of the last row in milliseconds."""
        at: int = self._database.execute("SELECT coalesce(max(at), 0) FROM loans").fetchone()[0]
        return at
