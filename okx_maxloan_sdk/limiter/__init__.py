"""Rate limiters that keep OKX from refusing a request: in memory, in a file, in Redis."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from .base import Limiter, RateLimiter, RateLimitStatus
from .ledger import LimitKey, RateLimit
from .memory import MemoryLimiter
from .queue import Permit

if TYPE_CHECKING:
    from .file import FileLimiter
    from .redis import RedisLimiter

__all__ = [
    "FileLimiter",
    "LimitKey",
    "Limiter",
    "MemoryLimiter",
    "Permit",
    "RateLimit",
    "RateLimitStatus",
    "RateLimiter",
    "RedisLimiter",
    "create_limiter",
]

# By a hash of the string, which may have a password in it.
_instances: dict[str, Limiter] = {}


def create_limiter(spec: Limiter | str | None = None) -> Limiter:
    """Return the limiter for "memory" (or None), "file:///folder", "redis://host:port/0" or "rediss://..."; one each.

    Raises `ValueError` for any other string, `ImportError` for Redis without the extra `redis`.
    """
    spec = "memory" if spec is None else spec
    if not isinstance(spec, str):
        return spec
    digest = hashlib.sha256(spec.encode()).hexdigest()
    return _instances.get(digest) or _instances.setdefault(digest, _create(spec))


def _create(spec: str) -> Limiter:
    scheme, separator, _ = spec.partition(":")
    scheme = scheme.lower()
    if spec == "memory":
        return MemoryLimiter()
    if scheme == "file":
        from .file import FileLimiter  # noqa: PLC0415 -- sqlite3 loads only where it is used

        return FileLimiter(_folder(spec))
    if scheme in ("redis", "rediss"):
        from .redis import RedisLimiter  # noqa: PLC0415 -- an extra

        return RedisLimiter(spec)
    expected = '"memory", "file:///folder", "redis://..." or "rediss://..."'
    given = f"one of scheme {scheme[:20]!r}" if separator else "a text without a scheme"
    message = f"limiter must be {expected}, not {given}"
    raise ValueError(message)


def _folder(url: str) -> str:
    parts = urlsplit(url)
    path, host = unquote(parts.path), parts.netloc.rpartition("@")[2]
    if parts.netloc not in ("", "localhost"):
        message = (
            f"the limiter's URL names the host {host!r}; a folder of this machine has three slashes:"
            f" file:///{host}{parts.path}"
        )
        raise ValueError(message)
    if not path.strip("/"):
        raise ValueError('the limiter\'s URL names no folder; expected one such as "file:///var/tmp/okx-limit"')
    # On Windows, file:///C:/folder has the path /C:/folder.
    return path[1:] if path[2:3] == ":" else path


_MODULES = {"FileLimiter": "file", "RedisLimiter": "redis"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
