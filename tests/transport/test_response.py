"""Responses: put together as they arrive, with a body of at most one megabyte when decoded."""

import gzip
import tracemalloc
import zlib

import pytest

from okx_maxloan_sdk.exceptions import InvalidResponseError
from okx_maxloan_sdk.transport.response import MAX_BODY_BYTES, ResponseBuilder

TEXT = b'{"code":"0"}' * 50
GZIPPED = gzip.compress(TEXT, mtime=0)


def decode(data: bytes, encoding: str, size: int = 65536) -> bytes:
    """Feed a body in chunks of this size, and decode it."""
    response = ResponseBuilder(200, {"content-encoding": encoding, "content-length": ""})
    for start in range(0, len(data), size):
        response.feed(data[start : start + size])
    return response.finish().body


@pytest.mark.parametrize("size", [1, 7, 65536])
@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", GZIPPED),
        ("x-gzip", GZIPPED),
        (" GZip ", GZIPPED),
        ("deflate", zlib.compress(TEXT)),
    ],
)
def test_decoded(encoding: str, data: bytes, size: int) -> None:
    """A body is decoded completely, whatever its encoding and chunks."""
    assert decode(data, encoding, size) == TEXT


@pytest.mark.parametrize(
    ("encoding", "data", "reason"),
    [
        ("br", b"", "content-encoding 'br'"),
        ("gzip, deflate", b"", "content-encoding"),
        ("gzip", TEXT, "compressed body is invalid"),
        ("gzip", zlib.compress(TEXT), "compressed body is invalid"),
        ("gzip", GZIPPED[:-9], "ends early"),
        ("gzip", b"", "ends early"),
        ("deflate", zlib.compress(TEXT)[:-1], "ends early"),
        ("gzip", GZIPPED + b"more", "continues after"),
        ("gzip", GZIPPED * 2, "continues after"),
    ],
)
@pytest.mark.parametrize("size", [1, 65536])
def test_broken(encoding: str, data: bytes, reason: str, size: int) -> None:
    """A body that cannot be decoded, or differs from its length, is rejected with the status."""
    with pytest.raises(InvalidResponseError, match=reason) as caught:
        decode(data, encoding, size)
    assert caught.value.http_status == 200
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("more", [0, 1])
def test_limit(encoding: str, more: int) -> None:
    """A body of exactly the limit is accepted, and one byte more is not."""
    data = b"x" * (MAX_BODY_BYTES + more)
    sent = gzip.compress(data) if encoding else data
    if more:
        with pytest.raises(InvalidResponseError, match="longer than 1048576 bytes"):
            decode(sent, encoding)
    else:
        assert decode(sent, encoding) == data


@pytest.mark.parametrize("megabytes", [10, 100])
def test_bomb(megabytes: int) -> None:
    """A decompression bomb of any size takes a few megabytes of memory."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(megabytes)), packer.flush()])
    tracemalloc.start()
    try:
        with pytest.raises(InvalidResponseError, match="longer than 1048576 bytes"):
            decode(bomb, "gzip")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
