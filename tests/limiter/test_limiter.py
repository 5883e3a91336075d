"""The `limiter=` argument: strings and objects."""

import os
import pickle
from pathlib import Path

import pytest

from okx_maxloan_sdk import limiter as package
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.limiter import LimitKey, MemoryLimiter, RateLimit, RateLimitStatus, create_limiter


def test_a_string_names_one_limiter() -> None:
    """The same string gives the same limiter, so that clients share it; an object is used unchanged."""
    assert create_limiter() is create_limiter(None) is create_limiter("memory")
    assert isinstance(create_limiter(), MemoryLimiter)
    mine = MemoryLimiter()
    assert create_limiter(mine) is mine
    assert create_limiter("rediss://cache") is create_limiter("rediss://cache")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("file:///var/two%20words", "FileLimiter('/var/two words')"),
        ("redis://user:pass@cache:6380/2", "RedisLimiter('redis://cache:6380/2')"),
        ("rediss://cache", "RedisLimiter('rediss://cache:6379')"),
        ("file:///C:/limits", f"FileLimiter('{Path.cwd()}/C:/limits')"),  # on Windows, the folder of a drive
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="there, a path may begin with a drive")
def test_places(spec: str, expected: str) -> None:
    """A string names the folder or the server, and what shows the limiter has no password."""
    assert repr(create_limiter(spec)) == expected


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        *(
            (spec, 'must be "memory", "file:///folder"')
            for spec in ("", "disk", "s3cret", "http://user:s3cret@cache/0")
        ),
        ("file://", "names no folder"),
        ("file:///", "names no folder"),
        ("file://var/tmp/x", r"three slashes: file:///var/tmp/x"),
        ("file://user:s3cret@host/tmp/x", r"names the host 'host'"),
    ],
)
def test_invalid_string_is_rejected(spec: str, message: str) -> None:
    """The error shows the valid forms and repeats nothing that may be secret."""
    with pytest.raises(ValueError, match=message) as caught:
        create_limiter(spec)
    assert "s3cret" not in str(caught.value)


def test_public_names_can_be_imported() -> None:
    """Each public name can be imported; the error for an unknown name contains it."""
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        package.nothing  # noqa: B018 -- the access is the test


def test_keys_and_limits_are_values() -> None:
    """Keys, limits and statuses compare, hash and pickle."""
    key, limit = LimitKey("u", "o"), RateLimit(20, 2.0)
    assert pickle.loads(pickle.dumps((key, limit))) == (key, limit)  # noqa: S301 -- its own bytes
    assert create_limiter().for_key(key, limit, SystemClock()).status() == RateLimitStatus(20, 0, 0, 0)
