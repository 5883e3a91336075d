"""Signed requests with one or two invalid headers, and with unusual bodies, addresses and repeated headers."""

from collections.abc import Iterator
from itertools import combinations

from okx_maxloan_sdk.mock import ApiKey

from .raw_request import DEMO, KEY, NOW, PASSPHRASE, SIGN, STAMP, RawRequest, format_timestamp, signature, signed

Change = dict[str, str | None]
PAIR = b"mgnMode=cross&instId=BTC-USDT"
PAIRS = RawRequest(b"mgnMode=cross&instId=BTC-USDT,ETH-USDT")
# Seconds from the exchange's time, with a signature that fits.
OFFSETS = (-30.001, 30.001, -31, 31, -3600, 3600, 86400 * 365, -30, 30, -29.999, 1)
INVALID_TIMES = ["T16:20:00Z", "T16:20:00.0Z", "T16:20:00.000000Z", "T16:20:00.000", "T16:20:00.000+00:00"]
INVALID_TIMES += ["t16:20:00.000z", " 16:20:00.000Z", "T24:00:00.000Z", "T16:20:60.000Z"]
INVALID_TIMESTAMPS = [*(f"2026-08-22{each}" for each in INVALID_TIMES), "2026-02-30T16:20:00.000Z"]
INVALID_TIMESTAMPS += ["20260822T162000.000Z", "1787415600", "1787415600.000", "1787415600000", "now", "-", "Z"]
INVALID_TIMESTAMPS += ["２０２６-08-22T16:20:00.000Z".encode().decode("latin-1")]


def _header_changes(key: ApiKey) -> list[tuple[str, Change]]:
    """List every change that makes one header invalid, or unusual and still valid."""
    now = format_timestamp(NOW)
    valid = signature(key.secret, now, PAIRS)
    others = [RawRequest(b""), RawRequest(PAIRS.query.replace(b",", b"%2C")), RawRequest(PAIRS.query, method="get")]
    values: dict[str, list[str | None]] = {
        KEY: ["x", " ", key.key[:-1], key.key + "0", key.key.upper() + "A", key.key.replace("-", "")],
        SIGN: ["x", valid[:-1], valid + "=", valid.swapcase(), valid.replace("=", ""), "A" * 44],
        STAMP: [*INVALID_TIMESTAMPS],
        PASSPHRASE: ["x", key.passphrase.upper(), key.passphrase + "x", key.passphrase[:-1], key.secret],
        DEMO: ["0", "1", "true", "11"],
    }
    unknown = "ffffffff-ffff-ffff-ffff-ffffffffffff"
    values[KEY] += ["00000002-0000-0000-0000-000000000000", unknown, unknown.upper(), "f" * 36, f"{key.key}, {key.key}"]
    values[SIGN] += [signature(key.secret, now, other) for other in others]
    values[SIGN] += [signature("other", now, PAIRS), signature(key.secret, format_timestamp(NOW + 1), PAIRS)]
    changes: list[tuple[str, Change]] = [
        (name, {name: value}) for name in values for value in (None, "", *values[name]) if (name, value) != (DEMO, "")
    ]
    timestamps = [format_timestamp(NOW + offset) for offset in OFFSETS]
    return changes + [(STAMP, {STAMP: each, SIGN: signature(key.secret, each, PAIRS)}) for each in timestamps]


def requests_with_changed_headers(key: ApiKey) -> Iterator[RawRequest]:
    """Yield a valid request, each change of one header, and a sample of changes of two headers."""
    valid, changes = signed(key, PAIRS), _header_changes(key)
    yield valid
    yield from (valid.with_headers(change) for _, change in changes)
    sample = changes[:: 3 if key.demo else 2]
    for (first, one), (second, two) in combinations(sample, 2):
        if first != second:
            yield valid.with_headers(one | two)


def requests_from_addresses(key: ApiKey) -> Iterator[RawRequest]:
    """Yield requests from addresses on and off the key's list, with one or two invalid headers besides."""
    changes: list[Change] = [{}, {PASSPHRASE: "x"}, {SIGN: "x"}, {PASSPHRASE: "x", SIGN: "x"}]
    for address in ("203.0.113.7", "203.0.113.70", "127.0.0.1", "::1", ""):
        valid = signed(key, RawRequest(b"mgnMode=isolated&instId=BTC-USDT", address=address))
        yield from (valid.with_headers(change) for change in changes)


def unusual_requests(key: ApiKey) -> Iterator[RawRequest]:
    """Yield requests with a body, with the signature of another request, and with repeated or padded headers."""
    headers = signed(key, RawRequest(PAIR)).headers
    yield RawRequest(PAIR, headers=headers, body=b"{}")
    yield signed(key, RawRequest(PAIR, body=b"{}"))
    yield RawRequest(PAIR + b"&x=1", headers=headers)
    yield RawRequest(b"instId=BTC-USDT&mgnMode=cross", headers=headers)
    yield RawRequest(PAIR, headers=(*headers, *headers))
    yield RawRequest(PAIR, headers=(*headers, (b"Ok-Access-Sign", b"x")))
    yield RawRequest(PAIR, headers=tuple((name.upper(), b" " + value + b" ") for name, value in headers))
