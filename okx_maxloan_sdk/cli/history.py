"""History of maximum loans in a SQLite file, which `watch --record` writes and `chart` reads.

polls(at)                          one row for each poll, with or without an answer, and for each start of watch
loans(at, profile, inst_id, …)     one row for each row of a response, `max_loan` as the text that OKX sent

`at` is in milliseconds since 1970-01-01 UTC. A poll without a row of a series is an outage of that series. `profile` is
empty unless --profile was repeated; `inst_id` is empty where a currency was queried; `max_loan` is empty where OKX gave
no amount.
"""

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from okx_maxloan_sdk import MaxLoan

from .errors import CliError, ExitCode

# "OKXM" tells a history from any other database.
APPLICATION_ID = 0x4F4B584D
SCHEMA_VERSION = 2
SCHEMA = f"""
BEGIN;
CREATE TABLE polls (at INTEGER PRIMARY KEY);
CREATE TABLE loans (
    at INTEGER NOT NULL REFERENCES polls,
    profile TEXT NOT NULL,
    inst_id TEXT NOT NULL,
    mgn_mode TEXT NOT NULL,
    mgn_ccy TEXT NOT NULL,
    side TEXT NOT NULL,
    ccy TEXT NOT NULL,
    max_loan TEXT NOT NULL,
    PRIMARY KEY (profile, inst_id, mgn_mode, mgn_ccy, side, ccy, at)
) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


class SeriesKey(NamedTuple):
    """What identifies a row from one poll to the next."""

    profile: str
    inst_id: str
    mgn_mode: str
    mgn_ccy: str
    side: str
    ccy: str


# Times in milliseconds and amounts; a segment has no outage inside.
Segment = list[tuple[int, str]]


def series_key(loan: MaxLoan, profile: str = "") -> SeriesKey:
    """Return the key of a row."""
    return SeriesKey(profile, *(getattr(loan, name) for name in SeriesKey._fields[1:]))


class HistoryFile:
    """An open history; with `write` it is created where it does not exist."""

    def __init__(self, path: Path, *, write: bool) -> None:
        if not write and not path.exists():
            raise CliError("no_history", path=path)
        self._path = path
        with self._named_errors(), ExitStack() as on_error:
            self._database = sqlite3.connect(path if write else f"{path.resolve().as_uri()}?mode=ro", uri=not write)
            on_error.callback(self._database.close)
            if not self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                self._database.executescript(SCHEMA)
            pragmas = ("application_id", "user_version")
            marks = [self._database.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
            if marks != [APPLICATION_ID, SCHEMA_VERSION]:
                message = f"application_id {marks[0]}, user_version {marks[1]}"
                raise sqlite3.DatabaseError(message)
            on_error.pop_all()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CliError("history", code=ExitCode.FAILURE, path=self._path, reason=error) from None

    def add(self, at: float, rows: Iterable[tuple[str, MaxLoan]] = ()) -> None:
        """Write one poll in one transaction: profiles and their rows, at a time in seconds since 1970 UTC."""
        at_ms = int(at * 1000)
        values = [(at_ms, *series_key(loan, profile), loan.max_loan) for profile, loan in rows]
        with self._named_errors(), self._database:
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
                segments[-1].append((at, amount))
        return {key: segments for key, segments in series.items() if segments}

    def last_timestamp(self) -> int:
        """Return the time of the last row in milliseconds."""
        at: int = self._database.execute("SELECT coalesce(max(at), 0) FROM loans").fetchone()[0]
        return at

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
