"""The mock exchange on a socket."""

import socket
import threading
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.server import run_mock_server, serve


def address(url: str) -> tuple[str, int]:
    """Return the host and the port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def get(url: str, host: str | None = None, count: int = 1) -> set[int]:
    """Send requests on one connection, and return the statuses of the responses."""
    statuses = set()
    with closing(HTTPConnection(*address(url), timeout=5)) as connection:
        for _ in range(count):
            connection.request("GET", "/api/v5/public/time", headers={} if host is None else {"Host": host})
            response = connection.getresponse()
            response.read()
            statuses.add(response.status)
    return statuses


def test_serves_and_stops() -> None:
    """The exchange listens on a free loopback port during the block, and then frees port and thread."""
    with serve(default_exchange()) as url:
        assert url.startswith("http://127.0.0.1:")
        assert get(url) == {200}
        with pytest.raises(OSError, match=r"(?i)in use|only one usage"), serve(default_exchange(), address(url)[1]):
            pass
    with pytest.raises(ConnectionRefusedError):
        get(url)
    assert "okx-mock" not in {thread.name for thread in threading.enumerate()}
    with serve(default_exchange(), address(url)[1]) as again:
        assert again == url
        assert get(url) == {200}


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:{port}", 200), ("localhost:{port}", 200), ("www.okx.com", 421), ("127.0.0.1:1", 421), ("", 421)],
)
def test_host_header(host: str, status: int) -> None:
    """A request with the Host header of another server is rejected, as OKX does."""
    with serve(default_exchange()) as url:
        assert get(url, host.format(port=address(url)[1])) == {status}


def test_shutdown_with_open_connections() -> None:
    """Idle connections and a delayed response do not delay the shutdown."""
    exchange = default_exchange()
    exchange.fail_next(delay=60)
    with ExitStack() as connections:
        with serve(exchange) as url:
            idle, waiting = (connections.enter_context(socket.create_connection(address(url))) for _ in range(2))
            waiting.sendall(f"GET /api/v5/public/time HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n".encode())
            while not exchange.log:
                time.sleep(0.01)  # the request travels on a real socket
            started = time.monotonic()
            idle.sendall(b"GET ")
        assert time.monotonic() - started < 4


def test_reused_connection_is_fast() -> None:
    """Forty requests on one connection have no delayed acknowledgements of 40 ms each."""
    exchange = default_exchange()
    exchange.enforce_rate_limit = False
    with serve(exchange) as url:
        started = time.monotonic()
        assert get(url, count=40) == {200}
    assert time.monotonic() - started < 1.5


def test_bytes_that_are_no_http() -> None:
    """Bytes that are no HTTP get a 400, and the exchange goes on."""
    with serve(default_exchange()) as url:
        with socket.create_connection(address(url), timeout=5) as noise:
            noise.sendall(b"\x16\x03\x01 hello\r\n\r\n")
            assert noise.recv(100).startswith(b"HTTP/1.1 400")
        assert get(url) == {200}


def test_server_creates_clients() -> None:
    """The server creates clients for a user, in the environment of the user's key."""
    with run_mock_server() as exchange:
        live, demo_trading = exchange.client("spot"), exchange.client("spot", 1)
        assert [loan.side for loan in live.get_max_loan("BTC-USDT", mgn_mode="cross")] == ["sell", "buy"]
        assert demo_trading.get_account().uid == live.get_account().uid == exchange.exchange.users["spot"].uid
        with pytest.raises(KeyError, match=r"no user 'nobody'.*spot, "):
            exchange.client("nobody")
        assert exchange.environment("spot", 1)["OKX_DEMO"] == "1"
