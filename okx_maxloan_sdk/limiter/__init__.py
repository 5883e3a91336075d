"""The rate limit, kept so that the exchange never has to refuse: `limiter("memory")`, "file:///...", "redis://..."."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from .memory import MemoryLimiter
from .queue import Snapshot
from .slot import Slot, Window
from .window import Key, Limit

if TYPE_CHECKING:
    from okx_maxloan_sdk.clock import Clock

    from .file import FileLimiter
    from .redis import RedisLimiter

__all__ = [
    "FileLimiter",
    "Key",
    "Limit",
    "Limiter",
    "MemoryLimiter",
    "RedisLimiter",
    "Slot",
    "Snapshot",
    "Window",
    "limiter",
]


class Limiter(Protocol):
    """Whatever gives out slots: `MemoryLimiter`, `FileLimiter`, `RedisLimiter`, or a user's own."""

    def window(self, key: Key, limit: Limit, clock: Clock) -> Window:
        """Give the window for a key; the same one each time."""
        ...


_made: dict[str, Limiter] = {}


def limiter(spec: Limiter | str | None = None) -> Limiter:
    """Make a limiter from "memory" (or None), "file:///folder", "redis://host:port/0" or "rediss://..."; once each.

    Raises `ValueError` for another string, `ImportError` for Redis without the extra `redis`.
    """
    if spec is not None and not isinstance(spec, str):
        return spec
    spec = "memory" if spec is None else spec
    return _made.get(spec) or _made.setdefault(spec, _make(spec))


def _make(spec: str) -> Limiter:
    scheme = spec.partition(":")[0]
    if spec == "memory":
        return MemoryLimiter()
    if scheme == "file":
        parts = urlsplit(spec)
        path = unquote(parts.path)
        if parts.netloc in ("", "localhost") and path:
            from .file import FileLimiter  # noqa: PLC0415 -- loads where it is used

            # On Windows, file:///C:/folder has the path /C:/folder.
            return FileLimiter(path[1:] if path[2:3] == ":" else path)
    if scheme in ("redis", "rediss"):
        from .redis import RedisLimiter  # noqa: PLC0415 -- loads where it is used

        return RedisLimiter(spec)
    message = (
        f'limiter must be "memory", "file:///folder", "redis://..." or "rediss://...", not one of scheme {scheme!r}'
    )
    raise ValueError(message)


_HOME = {"FileLimiter": "file", "RedisLimiter": "redis"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
