"""Pages in, spec and lock out."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from .facts import PageParseError

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST = 16 * 1024 * 1024
TIMEOUT = 30.0
DEADLINE = 120.0
REDIRECTS = 5
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def fetch(address: str) -> bytes:
    """Get a page over https, or over http from this machine; redirects are followed under the same terms."""
    url, end = httpx.URL(address), time.monotonic() + DEADLINE
    # The page may be a gigabyte when it is unpacked: it is asked for unpacked.
    with httpx.Client(timeout=TIMEOUT, headers={"Accept-Encoding": "identity"}) as client:
        for _ in range(REDIRECTS + 1):
            if url.scheme != "https" and url.host not in LOOPBACK:
                raise PageParseError(f"{url.scheme}://{url.host}: pages are read over https only")
            with client.stream("GET", url) as answer:
                if answer.has_redirect_location:
                    url = url.join(answer.headers["Location"])
                    continue
                if not answer.is_success:
                    raise PageParseError(f"HTTP {answer.status_code}")
                data = bytearray()
                for chunk in answer.iter_raw():
                    data += chunk
                    if len(data) > LARGEST or time.monotonic() > end:
                        raise PageParseError("larger than 16 MiB, or slower than two minutes")
                return bytes(data)
    raise PageParseError(f"more than {REDIRECTS} redirects")


def load(source: str) -> bytes:
    """Read a page from a file or an address."""
    try:
        if source.startswith(("http://", "https://")):
            return fetch(source)
        with Path(source).open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:  # a name that is no name: ValueError
        raise PageParseError(f"cannot be read: {type(error).__name__}: {error}") from error
    if len(data) > LARGEST:
        raise PageParseError("larger than 16 MiB")
    return data


def write_temp(path: Path, text: str) -> Path:
    """Write a temporary file next to a path."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(number)
    return Path(name)


def replace_atomically(texts: Mapping[Path, str]) -> None:
    """Replace several files together, or none of them.

    Only a process that is killed between two renames leaves one new and one old; the same command then ends it.
    """
    made: dict[Path, Path] = {}
    before: dict[Path, Path | None] = {}
    try:
        for path, text in texts.items():
            made[path] = write_temp(path, text)
            before[path] = write_temp(path, path.read_text("utf-8")) if path.exists() else None
            made[path].chmod(path.stat().st_mode if path.exists() else 0o644)
        for path, new in made.items():
            new.replace(path)
    except BaseException:
        for path, old in before.items():
            if old:
                old.replace(path)
        raise
    finally:
        for leftover in [*made.values(), *filter(None, before.values())]:
            leftover.unlink(missing_ok=True)
