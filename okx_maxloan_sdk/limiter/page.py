"""A ledger as bytes, for stores that keep it in a file."""

from __future__ import annotations

from pathlib import Path
from struct import Struct, error
from zlib import crc32

from .window import Ledger, Turn

MAGIC = b"okxslot"
VERSION = 1
# Magic, version, checksum of the rest; boot, when written, quiet until, slots lost and when, numbers of rows. Then come
# the columns of `held`, the rows of `flying`, and the turns.
PREFIX, HEADER, ROW = Struct("=7sBI"), Struct("=5d3I"), Struct("=4d")


class WrongPage(ValueError):
    """The bytes are no page."""


class OtherBoot(WrongPage):
    """The page was written before this machine was started."""


def boot() -> float:
    """Name the running boot of this machine, as far as it says: the monotonic clock starts again with each."""
    try:
        return float(crc32(Path("/proc/sys/kernel/random/boot_id").read_bytes()))
    except OSError:
        return 0.0


def encode(ledger: Ledger, now: float, booted: float) -> bytes:
    """Write a ledger down."""
    flying, held, turns = ledger.flying, ledger.held, ledger.turns
    state = booted, now, ledger.quiet, ledger.lost, ledger.lost_at
    header = HEADER.pack(*state, len(flying), len(held.release), len(turns))
    columns = [column.tobytes() for column in held.columns]
    rows = [ROW.pack(*token, *times) for token, times in flying.items()]
    rows += [ROW.pack(owner, turn.tag, turn.demand, turn.until) for owner, turn in turns.items()]
    body = b"".join([header, *columns, *rows])
    return PREFIX.pack(MAGIC, VERSION, crc32(body)) + body


def decode(page: bytes, now: float, booted: float) -> Ledger:
    """Read a ledger; raises `WrongPage` for bytes that are none, `OtherBoot` for a page with other times than ours."""
    try:
        magic, version, checksum = PREFIX.unpack_from(page)
        boot_then, then, quiet, lost, lost_at, *counts = HEADER.unpack_from(page, PREFIX.size)
    except error:
        raise WrongPage("it is too short") from None
    if (magic, version) != (MAGIC, VERSION):
        raise WrongPage("it begins otherwise")
    first = PREFIX.size + HEADER.size
    last = first + sum(counts) * ROW.size
    if crc32(page[PREFIX.size : last]) != checksum:
        raise WrongPage("its checksum is wrong")
    if boot_then != booted or then > now:
        raise OtherBoot("it is of an earlier boot")
    ledger = Ledger(quiet=quiet, lost=int(lost), lost_at=lost_at)
    flying, held, _ = counts
    for column in ledger.held.columns:
        column.frombytes(page[first : first + held * column.itemsize])
        first += held * column.itemsize
    rows = list(ROW.iter_unpack(page[first:last]))
    ledger.flying |= {(owner, number): (start, end) for owner, number, start, end in rows[:flying]}
    ledger.turns |= {owner: Turn(tag, demand, until) for owner, tag, demand, until in rows[flying:]}
    return ledger
