"""A resolver of host names that does not respond."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest


@contextlib.contextmanager
def hanging_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let every lookup hang while the block runs, and fail then; the event is set once one has begun."""
    begun, release = threading.Event(), threading.Event()

    def getaddrinfo(*_: Any, **__: Any) -> Any:
        begun.set()
        release.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    try:
        yield begun
    finally:
        release.set()
