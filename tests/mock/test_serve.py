"""The mock on a real socket: found at its URL, fast, and gone afterwards."""

import http.client
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.serve import serve
from okx_maxloan_sdk.mock.server import run_mock_server


def get(url: str, path: str = "/api/v5/public/time") -> tuple[int, bytes]:
    """Ask once, on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_serves_and_stops() -> None:
    """While the block runs the exchange answers, on a free port and on loopback only; then port and thread are free."""
    with serve(default_exchange()) as url:
        assert url.startswith("http://127.0.0.1:")
        assert get(url)[0] == 200
    with pytest.raises(ConnectionRefusedError):
        get(url)
    assert "okx-mock" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:{port}", 200), ("localhost:{port}", 200), ("www.okx.com", 421), ("127.0.0.1:1", 421), ("", 421)],
)
def test_host_header(host: str, status: int) -> None:
    """A request whose Host header names another server is refused, as a client that sends one would be by OKX."""
    with serve(default_exchange()) as url:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        connection.request("GET", "/api/v5/public/time", headers={"Host": host.format(port=parts.port)})
        assert connection.getresponse().status == status
        connection.close()


def test_a_port_of_choice_can_be_taken_again() -> None:
    """The same port serves again at once, and a port that is taken is an error."""
    with serve(default_exchange()) as first:
        port = urlsplit(first).port or 0
        with pytest.raises(OSError, match=r"(?i)in use|only one usage"), serve(default_exchange(), port):
            pass
    with serve(default_exchange(), port) as second:
        assert first == second
        assert get(second)[0] == 200


def test_ends_though_a_client_hangs_on() -> None:
    """Kept connections and an answer still to come do not hold up the end."""
    exchange = default_exchange()
    exchange.fail_next(delay=60)
    with serve(exchange) as url:
        address = (urlsplit(url).hostname or "", urlsplit(url).port or 0)
        with socket.create_connection(address) as idle, socket.create_connection(address) as waiting:
            waiting.sendall(f"GET /api/v5/public/time HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n".encode())
            while not exchange.log:
                time.sleep(0.01)  # the request travels on a real socket
            started = time.monotonic()
            idle.sendall(b"GET ")
    assert time.monotonic() - started < 4


def test_a_kept_connection_answers_at_once() -> None:
    """Forty requests on one connection take no forty delayed acknowledgements of 40 ms each."""
    exchange = default_exchange()
    exchange.enforce_rate_limit = False
    with serve(exchange) as url:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        started = time.monotonic()
        for _ in range(40):
            connection.request("GET", "/api/v5/public/time")
            connection.getresponse().read()
        connection.close()
    assert time.monotonic() - started < 1


def test_bytes_that_are_no_http_are_refused() -> None:
    """Noise gets a 400 from the server, and the exchange goes on."""
    with serve(default_exchange()) as url:
        address = (urlsplit(url).hostname or "", urlsplit(url).port or 0)
        with socket.create_connection(address, timeout=5) as noise:
            noise.sendall(b"\x16\x03\x01 hello\r\n\r\n")
            assert noise.recv(100).startswith(b"HTTP/1.1 400")
        assert get(url)[0] == 200


def test_a_running_exchange_makes_clients() -> None:
    """Clients are pointed at the exchange as the user that was named, in the key's environment."""
    with run_mock_server() as exchange:
        live, demo_trading = exchange.client("spot"), exchange.client("spot", 1)
        assert [loan.side for loan in live.get_max_loan("BTC-USDT", mgn_mode="cross")] == ["sell", "buy"]
        assert demo_trading.get_account().uid == live.get_account().uid == exchange.exchange.users["spot"].uid
        with pytest.raises(KeyError, match=r"no user 'nobody'.*spot, "):
            exchange.client("nobody")
        assert exchange.environment("spot", 1)["OKX_DEMO"] == "1"
