"""A ledger as bytes, for stores that keep it in a file."""

from __future__ import annotations

from pathlib import Path
from struct import Struct, error
from zlib import crc32

from .window import Ledger, Turn

MAGIC = b"okxslot"
VERSION = 1
# Magic, version, checksum of the rest; boot, when written, quiet until, slots lost and when, numbers of rows. Then come
# the columns of `flying` and of `held`, and the turns.
PREFIX, HEADER, TURN = Struct("=7sBI"), Struct("=5d3I"), Struct("=4d")


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
    header = HEADER.pack(booted, now, ledger.quiet, ledger.lost, ledger.lost_at, len(flying), len(held), len(turns))
    waiting = [TURN.pack(owner, turn.tag, turn.demand, turn.until) for owner, turn in turns.items()]
    columns = [column.tobytes() for column in flying.columns + held.columns]
    body = b"".join([header, *columns, *waiting])
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
    if crc32(page[PREFIX.size : first + sum(counts) * TURN.size]) != checksum:
        raise WrongPage("its checksum is wrong")
    if boot_then != booted or then > now:
        raise OtherBoot("it is of an earlier boot")
    ledger = Ledger(quiet=quiet, lost=int(lost), lost_at=lost_at)
    for rows, count in zip((ledger.flying, ledger.held), counts, strict=False):
        for column in rows.columns:
            column.frombytes(page[first : first + count * column.itemsize])
            first += count * column.itemsize
    for owner, tag, demand, until in TURN.iter_unpack(page[first : first + counts[2] * TURN.size]):
        ledger.turns[owner] = Turn(tag, demand, until)
    return ledger
