"""A mock exchange on a loopback port, and clients of it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import uvicorn
from attrs import define, field

from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials, MaxLoanClient

from .asgi import HEADER_LIMIT, app
from .exchange import MockExchange
from .scenario import default_exchange
from .user import ApiKey

HOST = "127.0.0.1"


@define
class MockServer:
    """A mock exchange on a loopback port: change `exchange` while it runs, send requests to `url`."""

    exchange: MockExchange
    url: str
    _opened: ExitStack = field(factory=ExitStack, repr=False)

    def key(self, user: str, number: int = 0) -> ApiKey:
        """Return an API key of the user with this name; raise `KeyError` that lists the names there are."""
        if user not in self.exchange.users:
            message = f"no user {user!r}; this exchange has {', '.join(self.exchange.users)}"
            raise KeyError(message)
        return self.exchange.users[user].keys[number]

    def credentials(self, user: str = "spot", number: int = 0) -> Credentials:
        """Return the credentials of one of the user's keys."""
        key = self.key(user, number)
        return Credentials(key.key, key.secret, key.passphrase)

    def client(self, user: str = "spot", number: int = 0, **settings: Any) -> MaxLoanClient:
        """Return a client for one of the user's keys; it is closed when the exchange stops."""
        settings = {"base_url": self.url, "demo": self.key(user, number).demo, **settings}
        return self._opened.enter_context(MaxLoanClient(self.credentials(user, number), **settings))

    def async_client(self, user: str = "spot", number: int = 0, **settings: Any) -> AsyncMaxLoanClient:
        """Return an asyncio client for one of the user's keys; close it, or use it as a context manager."""
        settings = {"base_url": self.url, "demo": self.key(user, number).demo, **settings}
        return AsyncMaxLoanClient(self.credentials(user, number), **settings)

    def environment(self, user: str = "spot", number: int = 0) -> dict[str, str]:
        """Return the variables that `MaxLoanClient.from_env()` and the command line read."""
        key = self.key(user, number)
        return {
            "OKX_BASE_URL": self.url,
            "OKX_API_KEY": key.key,
            "OKX_API_SECRET": key.secret,
            "OKX_API_PASSPHRASE": key.passphrase,
            "OKX_DEMO": str(int(key.demo)),
        }


@contextmanager
def run_mock_server(exchange: MockExchange | None = None) -> Iterator[MockServer]:
    """Run an exchange while the block runs, by default `default_exchange()`."""
    exchange = exchange or default_exchange()
    with serve(exchange) as url, ExitStack() as opened:
        yield MockServer(exchange, url, opened)


@contextmanager
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
    listener = socket.create_server((HOST, port))
    # Inherited by the connections, for which asyncio does not set it; without it every response takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"
