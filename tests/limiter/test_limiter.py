"""The `limiter=` argument: strings and objects."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from okx_maxloan_sdk import limiter as package
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.limiter import (
    FileLimiter,
    LimitKey,
    MemoryLimiter,
    RateLimit,
    RateLimitStatus,
    RedisLimiter,
    create_limiter,
)
from tests.support import clean_env


def test_default_is_the_limiter_of_the_process() -> None:
    """None and "memory" are the same limiter of the process."""
    assert isinstance(create_limiter(), MemoryLimiter)
    assert create_limiter(None) is create_limiter("memory")


def test_a_limiter_is_used_as_it_is() -> None:
    """A limiter object is used unchanged."""
    mine = MemoryLimiter()
    assert create_limiter(mine) is mine


def test_a_string_names_one_limiter(tmp_path: Path) -> None:
    """The same string gives the same limiter, so that clients share it."""
    one = create_limiter(f"file://{tmp_path}/two%20words")
    assert isinstance(one, FileLimiter)
    assert repr(one) == f"FileLimiter({str(tmp_path / 'two words')!r})"
    assert create_limiter(f"file://{tmp_path}/two%20words") is one
    for url in ("redis://user:pass@cache:6380/2", "rediss://cache"):
        limiters = create_limiter(url)
        assert isinstance(limiters, RedisLimiter)
        assert "pass" not in repr(limiters)
    assert repr(create_limiter("rediss://cache")) == "RedisLimiter('rediss://cache:6379')"


@pytest.mark.skipif(os.name == "nt", reason="there, a path may begin with a drive")
def test_windows_drive() -> None:
    """On Windows, file:///C:/limits is the folder C:/limits."""
    assert repr(create_limiter("file:///C:/limits")).endswith("C:/limits')")
    assert not repr(create_limiter("file:///C:/limits")).endswith("/C:/limits/C:/limits')")


@pytest.mark.parametrize("spec", ["", "disk", "s3cret", "http://user:s3cret@cache/0"])
def test_unknown_string_is_rejected(spec: str) -> None:
    """The error lists the valid forms and repeats nothing that may be secret."""
    with pytest.raises(ValueError, match='must be "memory", "file:///folder"') as caught:
        create_limiter(spec)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file://", "names no folder"),
        ("file:///", "names no folder"),
        ("file://var/tmp/x", r"three slashes: file:///var/tmp/x"),
        ("file://user:s3cret@host/tmp/x", r"names the host 'host'"),
    ],
)
def test_file_url_without_a_folder_is_rejected(url: str, message: str) -> None:
    """The error shows the valid form."""
    with pytest.raises(ValueError, match=message) as caught:
        create_limiter(url)
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


def test_the_import_is_cheap() -> None:
    """Importing the limiters loads no Redis client and no event loop."""
    code = "import sys, okx_maxloan_sdk.limiter;print([m for m in ('redis', 'asyncio') if m in sys.modules])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=clean_env.clean_env(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
