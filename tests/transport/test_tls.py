"""TLS: certificates are checked, and there is no way around it."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.errors import NotSent
from okx_maxloan_sdk.transport import httpcore_
from tests.support.carrier import GET
from tests.support.raw import ROWS, RawServer, say

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.support.carrier import Carrier

PEM = Path(__file__).with_name("loopback.pem")


class TlsServer(RawServer):
    """The server that follows a script, behind TLS."""

    def _serve(self, connection: socket.socket, number: int) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PEM)
        try:
            secured = context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        self._sockets.append(secured)
        super()._serve(secured, number)


@contextmanager
def trusting(monkeypatch: pytest.MonkeyPatch, path: Path | None) -> Iterator[None]:
    """Trust the certificates of a file, or certifi's."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    if path:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    httpcore_.certificates.cache_clear()
    yield
    httpcore_.certificates.cache_clear()


def test_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates and host names are checked, against certifi's, and the context is made once."""
    with trusting(monkeypatch, None):
        context = httpcore_.certificates()
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.cert_store_stats()["x509_ca"] > 50
        assert httpcore_.certificates() is context


def test_untrusted_server(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that the machine does not trust gets no request."""
    with trusting(monkeypatch, None), TlsServer(say()) as server:
        with pytest.raises(NotSent, match="certificate"):
            carrier.to(server.url.replace("http:", "https:")).send()
        assert server.heads == []
        carrier.close()


def test_trusted_server(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of one's own is trusted by naming its certificate in the environment; connections are kept."""
    with trusting(monkeypatch, PEM), TlsServer(say()) as server:
        carrier.to(server.url.replace("http:", "https:"))
        assert [carrier.send().body for _ in range(2)] == [ROWS, ROWS]
        assert server.on == [1, 1]
        carrier.close()


def test_another_name(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trusted certificate of another name is refused."""
    with trusting(monkeypatch, PEM), TlsServer(say()) as server:
        with pytest.raises(NotSent, match=r"certificate|mismatch"):
            carrier.to(server.url.replace("http://127.0.0.1", "https://localhost")).send()
        assert server.heads == []
        carrier.close()


def test_no_tls_at_all(carrier: Carrier) -> None:
    """A server that answers in plain text gets no request."""
    with RawServer(say()) as server:
        with pytest.raises(NotSent):
            carrier.to(server.url.replace("http:", "https:")).send(GET, 0.3)
        assert server.heads == []
        assert threading.active_count() < 50
        carrier.close()
