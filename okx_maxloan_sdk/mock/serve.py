"""The mock exchange on a loopback port."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

from .asgi import HEADER_LIMIT, app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .exchange import MockExchange

HOST = "127.0.0.1"


def _server(exchange: MockExchange) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app(exchange),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            h11_max_incomplete_event_size=2 * HEADER_LIMIT,
            timeout_graceful_shutdown=1,
        )
    )


def _listen(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every response takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


@contextlib.contextmanager
def serve(exchange: MockExchange, port: int = 0) -> Iterator[str]:
    """Serve an exchange from a thread while the block runs, and yield its base URL; port 0 takes a free one."""
    server = _server(exchange)
    with _listen(port) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), name="okx-mock", daemon=True)
        thread.start()
        try:
            yield _url(listener)
        finally:
            server.should_exit = True
            thread.join(5)


def serve_forever(exchange: MockExchange, port: int, ready: Callable[[str], object]) -> None:
    """Serve an exchange until SIGINT or SIGTERM; `ready` receives the base URL once the port is open."""
    with _listen(port) as listener:
        ready(_url(listener))
        _server(exchange).run([listener])
