"""A running mock exchange, and clients of it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from attrs import define, field

from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials, MaxLoanClient

from .scenario import default_exchange
from .serve import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .exchange import MockExchange
    from .user import ApiKey


@define
class MockServer:
    """A mock exchange on a loopback port: change `exchange` while it runs, send requests to `url`."""

    exchange: MockExchange
    url: str
    _opened: contextlib.ExitStack = field(factory=contextlib.ExitStack, repr=False)

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
        return environment(self.key(user, number), self.url)


def environment(key: ApiKey, url: str) -> dict[str, str]:
    """Return the variables that point a program at `url` with this key."""
    return {
        "OKX_BASE_URL": url,
        "OKX_API_KEY": key.key,
        "OKX_API_SECRET": key.secret,
        "OKX_API_PASSPHRASE": key.passphrase,
        "OKX_DEMO": str(int(key.demo)),
    }


@contextlib.contextmanager
def run_mock_server(exchange: MockExchange | None = None) -> Iterator[MockServer]:
    """Run an exchange while the block runs, by default `default_exchange()`."""
    exchange = exchange or default_exchange()
    with serve(exchange) as url, contextlib.ExitStack() as opened:
        yield MockServer(exchange, url, opened)
