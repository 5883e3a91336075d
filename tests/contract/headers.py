"""Signed requests with one or two invalid headers."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from . import accounts
from .comparison import mismatches
from .raw_request import (
    DEMO,
    KEY,
    NOW,
    PASSPHRASE,
    SIGN,
    STAMP,
    ManualClock,
    RawRequest,
    format_timestamp,
    signature,
    signed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from okx_maxloan_sdk.mock import ApiKey

PAIR = b"mgnMode=cross&instId=BTC-USDT"


def header_changes(key: ApiKey, raw: RawRequest) -> list[tuple[str, dict[str, str | None]]]:
    """List every change that makes one header invalid, or unusual and still valid."""
    target = RawRequest(raw.query, raw.path)
    valid = signature(key.secret, format_timestamp(NOW), target)
    comma = signature(key.secret, format_timestamp(NOW), RawRequest(raw.query.replace(b",", b"%2C"), raw.path))
    bare, lower = (
        signature(key.secret, format_timestamp(NOW), variant)
        for variant in (RawRequest(b""), RawRequest(raw.query, raw.path, "get"))
    )
    late = [NOW + off for off in (-30.001, 30.001, -31, 31, -3600, 3600, 86400 * 365, -30, 30, -29.999, 1)]
    forms = ["2026-08-22T16:20:00Z", "2026-08-22T16:20:00.0Z", "2026-08-22T16:20:00.000000Z", "2026-08-22T16:20:00.000"]
    forms += ["2026-08-22T16:20:00.000+00:00", "2026-08-22 16:20:00.000Z", "2026-08-22t16:20:00.000z", "1787415600"]
    forms += [
        "1787415600.000",
        "1787415600000",
        "2026-02-30T16:20:00.000Z",
        "2026-08-22T24:00:00.000Z",
        "now",
        "-",
        "Z",
    ]
    forms += [
        "2026-08-22T16:20:60.000Z",
        "20260822T162000.000Z",
        "２０２６-08-22T16:20:00.000Z".encode().decode("latin-1"),
    ]
    other = "00000002-0000-0000-0000-000000000000"
    keys = [
        None,
        "",
        "x",
        other,
        key.key.upper() + "A",
        key.key[:-1],
        key.key + "0",
        "f" * 36,
        key.key.replace("-", ""),
    ]
    keys += [
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        " ",
        f"{key.key}, {key.key}",
    ]
    signs = [
        None,
        "",
        "x",
        valid[:-1],
        valid.swapcase(),
        valid.replace("=", ""),
        comma,
        bare,
        lower,
        valid + "=",
        "A" * 44,
    ]
    signs += [
        signature("other", format_timestamp(NOW), target),
        signature(key.secret, format_timestamp(NOW + 1), target),
    ]
    phrases = [None, "", "x", key.passphrase.upper(), key.passphrase + "x", key.passphrase[:-1], key.secret]
    odd = {KEY: keys, SIGN: signs, STAMP: [None, "", *forms], PASSPHRASE: phrases, DEMO: [None, "0", "1", "true", "11"]}
    ways = [(name, {name: value}) for name, values in odd.items() for value in values]
    return ways + [
        (STAMP, {STAMP: format_timestamp(timestamp), SIGN: signature(key.secret, format_timestamp(timestamp), target)})
        for timestamp in late
    ]


def auth(mock: ModuleType) -> Iterator[str]:
    """Send requests with one invalid header, with two, and with unusual bodies, addresses and repeated headers."""
    opened = accounts.exchange(mock, ManualClock())
    raw = RawRequest(b"mgnMode=cross&instId=BTC-USDT,ETH-USDT")
    for key in opened.users["spot"].keys:
        valid = signed(key, raw)
        ways = header_changes(key, raw)
        yield from mismatches(opened, [valid, *(valid.with_headers(change) for _, change in ways)])
        few = ways[:: 3 if key.demo else 2]
        both = (one | two for (first, one), (second, two) in combinations(few, 2) if first != second)
        yield from mismatches(opened, (valid.with_headers(change) for change in both))
    for address in ("203.0.113.7", "203.0.113.70", "127.0.0.1", "::1", ""):
        bound = RawRequest(b"mgnMode=isolated&instId=BTC-USDT", address=address)
        valid = signed(opened.users["bound"].keys[0], bound)
        changes: list[dict[str, str | None]] = [{}, {PASSPHRASE: "x"}, {SIGN: "x"}, {PASSPHRASE: "x", SIGN: "x"}]
        yield from mismatches(opened, (valid.with_headers(change) for change in changes))
    yield from mismatches(opened, _odd(opened.users["spot"].keys[0]))


def _odd(key: ApiKey) -> Iterator[RawRequest]:
    valid = signed(key, RawRequest(PAIR))
    yield RawRequest(PAIR, headers=valid.headers, body=b"{}")
    yield signed(key, RawRequest(PAIR, body=b"{}"))
    yield RawRequest(PAIR + b"&x=1", headers=valid.headers)
    yield RawRequest(b"instId=BTC-USDT&mgnMode=cross", headers=valid.headers)
    yield RawRequest(PAIR, headers=(*valid.headers, *valid.headers))
    yield RawRequest(PAIR, headers=(*valid.headers, (b"Ok-Access-Sign", b"x")))
    yield RawRequest(PAIR, headers=tuple((name.upper(), b" " + value + b" ") for name, value in valid.headers))
