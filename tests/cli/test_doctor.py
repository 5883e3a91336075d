"""Command okx-maxloan doctor: TLS, proxies, narrow terminals, several accounts; cases.toml has the mistakes."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from okx_maxloan_sdk.mock.server import MockServer
from okx_maxloan_sdk.transport.connect import client_context

from .conftest import Run

PEM = Path(__file__).resolve().parent.parent / "transport" / "loopback.pem"


@pytest.fixture
def port(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Listen on a port, with TLS if the parameter is a certificate, and reject every request."""
    monkeypatch.setattr("okx_maxloan_sdk.clock.SystemClock.sleep", lambda *_: False)
    wrap: Callable[[socket.socket], contextlib.AbstractContextManager[socket.socket]] = contextlib.nullcontext
    if request.param:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(request.param)
        wrap = partial(context.wrap_socket, server_side=True)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(1)
            with contextlib.suppress(OSError), connection, wrap(connection) as stream:
                stream.recv(100)
                stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize(
    ("port", "trusted", "message"),
    [
        (None, "", r"FAIL +TLS +No TLS connection"),
        (PEM, "", r"FAIL +TLS +The certificate is not trusted"),
        (PEM, str(PEM), r"ok +TLS +TLSv1.3, trusted certificate"),
    ],
    indirect=["port"],
)
def test_tls(run: Run, monkeypatch: pytest.MonkeyPatch, port: int, trusted: str, message: str) -> None:
    """A port without TLS is not OKX; a certificate is trusted or not, as for requests."""
    monkeypatch.setenv("OKX_BASE_URL", f"https://127.0.0.1:{port}")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
    client_context.cache_clear()
    out = run("doctor").out
    client_context.cache_clear()
    assert re.search(message, out), out
    assert re.search(r"ok +DNS ", out)


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize("port", [None], indirect=True)
def test_proxy(run: Run, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """With a proxy, the connection goes to the proxy, which resolves the name."""
    monkeypatch.setenv("OKX_BASE_URL", "https://openapi.okx.com")
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    out = run("doctor").out
    assert f"the proxy 127.0.0.1:{port} accepts connections" in out
    assert "checked by the next request, through the proxy" in out
    assert "DNS" not in out


def test_several_profiles(run: Run, profiles: MockServer) -> None:
    """Each profile is checked; one that fails hides no other."""
    profiles.exchange.fail_next(1, code="50113", path="/api/v5/account/config")
    code, out, _ = run("doctor", "--profile", "futures", "--profile", "spot")
    assert code == 1
    assert out.index("[futures]") < out.index("FAIL") < out.index("[spot]") < out.index("Spot mode")
    assert run("doctor", "--profile", "futures", "--profile", "spot").code == 0
