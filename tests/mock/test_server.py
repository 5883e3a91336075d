"""The mock exchange on a socket."""

import socket
import threading
import time
from contextlib import ExitStack

import httpx
import pytest

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.server import run_mock_server, serve

PATH = "/api/v5/public/time"


def get(url: str, host: str | None = None) -> int:
    """Send a request, and return the status of the response."""
    return httpx.get(url + PATH, headers={} if host is None else {"Host": host}, trust_env=False).status_code


def test_serves_and_stops() -> None:
    """The exchange listens on a free loopback port during the block, and then frees port and thread."""
    with serve(default_exchange()) as url:
        address = httpx.URL(url)
        assert (address.host, get(url)) == ("127.0.0.1", 200)
        with pytest.raises(OSError, match=r"(?i)in use|only one usage"), serve(default_exchange(), address.port or 0):
            pass
    with pytest.raises(httpx.ConnectError):
        get(url)
    assert "okx-mock" not in {thread.name for thread in threading.enumerate()}
    with serve(default_exchange(), address.port or 0) as again:
        assert (again, get(again)) == (url, 200)


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:{port}", 200), ("localhost:{port}", 200), ("www.okx.com", 421), ("127.0.0.1:1", 421), ("", 421)],
)
def test_host_header(host: str, status: int) -> None:
    """A request with the Host header of another server is rejected, as OKX does."""
    with serve(default_exchange()) as url:
        assert get(url, host.format(port=httpx.URL(url).port)) == status


def test_shutdown_with_open_connections() -> None:
    """Idle connections and a delayed response do not delay the shutdown."""
    exchange = default_exchange()
    exchange.fail_next(delay=60)
    with ExitStack() as connections:
        with serve(exchange) as url:
            host, _, port = url.removeprefix("http://").partition(":")
            idle, waiting = (connections.enter_context(socket.create_connection((host, int(port)))) for _ in range(2))
            waiting.sendall(f"GET {PATH} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            while not exchange.log:
                time.sleep(0.01)  # the request travels on a real socket
            started = time.monotonic()
            idle.sendall(b"GET ")
        assert time.monotonic() - started < 4


def test_reused_connection_is_fast() -> None:
    """Forty requests on one connection have no delayed acknowledgements of 40 ms each."""
    exchange = default_exchange()
    exchange.enforce_rate_limit = False
    with serve(exchange) as url, httpx.Client(trust_env=False) as client:
        started = time.monotonic()
        assert {client.get(url + PATH).status_code for _ in range(40)} == {200}
    assert time.monotonic() - started < 1.5


def test_server_creates_clients() -> None:
    """The server creates clients for a user, in the environment of the user's key."""
    with run_mock_server() as exchange:
        live, demo_trading = exchange.client("spot"), exchange.client("spot", 1)
        assert [loan.side for loan in live.get_max_loan("BTC-USDT", mgn_mode="cross")] == ["sell", "buy"]
        assert demo_trading.get_account().uid == live.get_account().uid == exchange.exchange.users["spot"].uid
        with pytest.raises(KeyError, match=r"no user 'nobody'.*spot, "):
            exchange.client("nobody")
        assert exchange.environment("spot", 1)["OKX_DEMO"] == "1"
