"""Response body: decoded while it arrives, up to one megabyte."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator
from itertools import islice

import pytest

from okx_maxloan_sdk.exceptions import InvalidResponseError
from okx_maxloan_sdk.transport.body import MAX_BODY_BYTES, BodyDecoder

TEXT = b'{"code":"0"}' * 50


def read(chunks: list[bytes], encoding: str = "") -> bytes:
    """Feed chunks and return the body."""
    body = BodyDecoder(200, encoding)
    for chunk in chunks:
        body.feed(chunk)
    return body.finish()


def split(data: bytes, size: int) -> list[bytes]:
    """Split bytes into chunks."""
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 7, 65536])
@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        (" GZip ", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
    ],
)
def test_decoded(encoding: str, data: bytes, size: int) -> None:
    """A body is decoded completely, whatever its encoding and chunks."""
    assert read(split(data, size), encoding) == TEXT


@pytest.mark.parametrize(
    ("encoding", "data", "reason"),
    [
        ("br", b"", "content-encoding 'br'"),
        ("gzip, deflate", b"", "content-encoding"),
        ("gzip", TEXT, "compressed body is invalid"),
        ("gzip", zlib.compress(TEXT), "compressed body is invalid"),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-9], "ends early"),
        ("gzip", b"", "ends early"),
        ("deflate", zlib.compress(TEXT)[:-1], "ends early"),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"more", "continues after"),
        ("gzip", gzip.compress(TEXT, mtime=0) * 2, "continues after"),
    ],
)
@pytest.mark.parametrize("size", [1, 65536])
def test_broken(encoding: str, data: bytes, reason: str, size: int) -> None:
    """A body that cannot be decoded, or differs from its length, is rejected with the status."""
    with pytest.raises(InvalidResponseError, match=reason) as caught:
        read(split(data, size), encoding)
    assert caught.value.http_status == 200
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("more", [0, 1])
def test_limit(encoding: str, more: int) -> None:
    """A body of exactly the limit is accepted, and one byte more is not."""
    data = b"x" * (MAX_BODY_BYTES + more)
    chunks = split(gzip.compress(data) if encoding else data, 65536)
    if more:
        with pytest.raises(InvalidResponseError, match="longer than 1048576 bytes"):
            read(chunks, encoding)
    else:
        assert read(chunks, encoding) == data


def endless(zipped: bool) -> Iterator[bytes]:
    """Generate zeros without end."""
    packer = zlib.compressobj(9, wbits=31)
    while True:
        yield packer.compress(bytes(1 << 20)) if zipped else bytes(1 << 16)


@pytest.mark.parametrize("zipped", [False, True])
def test_endless(zipped: bool) -> None:
    """A body without end is rejected after a megabyte, within a few megabytes of memory."""
    feed = [*islice(endless(zipped), 64)]
    tracemalloc.start()
    try:
        with pytest.raises(InvalidResponseError, match="longer"):
            read(feed, "gzip" if zipped else "")
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()
