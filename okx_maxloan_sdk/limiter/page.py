"""A ledger as bytes, for stores that keep it in a file."""

from __future__ import annotations

from functools import cache
from itertools import chain
from pathlib import Path
from struct import Struct, error
from typing import TYPE_CHECKING
from zlib import crc32

from .window import Ledger, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"okxslot"
VERSION = 1
# Magic, version, checksum of the rest; boot, when written, quiet until, slots lost and when; rows of each kind.
PREFIX, HEADER, ROW = Struct("<7sBI"), Struct("<5d3I"), Struct("<4d")


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


@cache
def _packer(numbers: int) -> Callable[..., bytes]:
    return Struct(f"{HEADER.format}{numbers}d").pack


def encode(ledger: Ledger, now: float, booted: float) -> bytes:
    """Write a ledger down."""
    flying, held, turns = ledger.flying, ledger.held, ledger.turns
    rows: list[float] = []
    for token, times in flying.items():
        rows += token
        rows += times
    rows += chain.from_iterable(held)
    for owner, turn in turns.items():
        rows += owner, turn.tag, turn.demand, turn.until
    state = booted, now, ledger.quiet, ledger.lost, ledger.lost_at
    body = _packer(len(rows))(*state, len(flying), len(held), len(turns), *rows)
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
    end = first + sum(counts) * ROW.size
    if crc32(page[PREFIX.size : end]) != checksum:
        raise WrongPage("its checksum is wrong")
    if boot_then != booted or then > now:
        raise OtherBoot("it is of an earlier boot")
    rows = list(ROW.iter_unpack(page[first:end]))
    answered, waiting = counts[0], counts[0] + counts[1]
    return Ledger(
        {(owner, number): (start, lease) for owner, number, start, lease in rows[:answered]},
        rows[answered:waiting],
        {owner: Turn(tag, demand, until) for owner, tag, demand, until in rows[waiting:]},
        quiet,
        int(lost),
        lost_at,
    )
