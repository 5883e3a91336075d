"""TLS: certificates are always checked."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.exceptions import RequestNotSentError
from okx_maxloan_sdk.transport.tls import client_context
from tests.support.raw import ROWS, RawServer, head, respond, send_bytes
from tests.support.transports import GET, OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.transports import TransportHarness

PEM = Path(__file__).with_name("loopback.pem")


class TlsServer(RawServer):
    """A scripted server behind TLS."""

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
    client_context.cache_clear()
    yield
    client_context.cache_clear()


def test_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates and host names are checked, against certifi's, and the context is created once."""
    with trusting(monkeypatch, None):
        context = client_context()
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.cert_store_stats()["x509_ca"] > 50
        assert client_context() is context


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """An empty variable counts as unset; one with a missing file is an error that names it, and nothing is sent."""
    with trusting(monkeypatch, None):
        monkeypatch.setenv(name, "")
        assert client_context().cert_store_stats()["x509_ca"] > 50
        client_context.cache_clear()
        monkeypatch.setenv(name, str(tmp_path / "missing"))
        with pytest.raises(
            RequestNotSentError, match=f"{name} is '.*missing', which does not exist; correct or unset it"
        ):
            client_context()


def test_file_without_certificates(
    transport: TransportHarness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file without a certificate is an error that names it, and nothing is sent."""
    path = tmp_path / "empty.pem"
    path.write_text("nothing", encoding="ascii")
    with trusting(monkeypatch, path), RawServer(respond()) as server:
        with pytest.raises(
            RequestNotSentError, match=r"the certificates of SSL_CERT_FILE '.*empty\.pem' cannot be read"
        ):
            transport.connect(server.url.replace("http:", "https:")).send()
        assert server.requests == []
        transport.close()


def test_untrusted_server(transport: TransportHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """An untrusted server receives no request."""
    with trusting(monkeypatch, None), TlsServer(respond()) as server:
        with pytest.raises(RequestNotSentError, match="certificate"):
            transport.connect(server.url.replace("http:", "https:")).send()
        assert server.requests == []
        transport.close()


def test_trusted_server(transport: TransportHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A private server is trusted by its certificate in the environment, and its connections are reused."""
    with trusting(monkeypatch, PEM), TlsServer(respond()) as server:
        transport.connect(server.url.replace("http:", "https:"))
        assert [transport.send().body for _ in range(2)] == [ROWS, ROWS]
        assert server.connection_ids == [1, 1]
        transport.close()


def test_another_name(transport: TransportHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trusted certificate for another name is rejected."""
    with trusting(monkeypatch, PEM), TlsServer(respond()) as server:
        with pytest.raises(RequestNotSentError, match=r"certificate|mismatch"):
            transport.connect(server.url.replace("http://127.0.0.1", "https://localhost")).send()
        assert server.requests == []
        transport.close()


def test_no_tls_at_all(transport: TransportHarness) -> None:
    """A server that responds in plain text receives no request."""
    with RawServer(respond()) as server:
        with pytest.raises(RequestNotSentError):
            transport.connect(server.url.replace("http:", "https:")).send(GET, 0.3)
        assert server.requests == []
        assert threading.active_count() < 50
        transport.close()


def test_second_response_in_one_record(transport: TransportHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second response in the TLS record of the first is not read as the next response."""
    both = head(len(ROWS)) + ROWS + head(2) + b"no"
    with trusting(monkeypatch, PEM), TlsServer(send_bytes(both, keep_alive=True), respond(b"2nd")) as server:
        transport.connect(server.url.replace("http:", "https:"))
        assert [transport.send().body for _ in range(2)] == [ROWS, b"2nd"]
        assert server.connection_ids == [1, 2]
        transport.close()


def test_unsolicited_record(transport: TransportHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TLS record that arrives while the connection is idle closes it."""
    more = threading.Event()

    def twice(_: RawServer, connection: socket.socket) -> bool:
        connection.sendall(head(len(ROWS)) + ROWS)
        more.wait(5)
        connection.sendall(head(2) + b"no")
        more.clear()
        return True

    with trusting(monkeypatch, PEM), TlsServer(twice, respond(b"2nd")) as server:
        assert transport.connect(server.url.replace("http:", "https:")).send().body == ROWS
        more.set()
        while more.is_set():
            time.sleep(0.002)
        assert transport.send().body == b"2nd"
        assert server.connection_ids == [1, 2]
        transport.close()


@contextmanager
def handshakes(end: Callable[[socket.socket], object]) -> Iterator[str]:
    """Listen, read the beginning of each TLS handshake, and call `end`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        connection.recv(9)
                        end(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    "end",
    [
        lambda _: None,
        lambda connection: connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),
        lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ],
    ids=["closed", "reset", "plain text"],
)
def test_handshake_that_fails(transport: TransportHarness, end: Callable[[socket.socket], object]) -> None:
    """A server that ends the handshake receives no request, and the error is immediate."""
    with handshakes(end) as url:
        began = time.monotonic()
        with pytest.raises(RequestNotSentError):
            transport.connect(url).send(GET, 30.0)
        assert time.monotonic() - began < 5.0
        transport.close()


@pytest.mark.parametrize("way", ["cancelled", "closed", "too late"])
@pytest.mark.parametrize("transport", OWN[1:], indirect=True)
def test_abandoned_handshake(transport: TransportHarness, way: str) -> None:
    """A handshake that hangs leaves no connection after a cancelled task, a closed transport or a timeout."""
    ended, begun = threading.Event(), threading.Event()

    def hang(connection: socket.socket) -> None:
        begun.set()
        connection.settimeout(5)
        while connection.recv(1024):
            pass
        ended.set()

    async def main() -> None:
        task = asyncio.ensure_future(transport.raw.send(GET, 0.2 if way == "too late" else 30.0))
        await asyncio.to_thread(begun.wait, 5)
        if way == "cancelled":
            task.cancel()
        elif way == "closed":
            await transport.raw.close()
        with pytest.raises(asyncio.CancelledError if way == "cancelled" else RequestNotSentError):
            await task
        assert await asyncio.to_thread(ended.wait, 5)

    with handshakes(hang) as url:
        transport.connect(url).run(main())
        transport.close()


@pytest.mark.parametrize("transport", OWN[:1], indirect=True)
def test_handshake_that_another_thread_ends(transport: TransportHarness) -> None:
    """Closing the transport from another thread ends a handshake that hangs."""
    begun = threading.Event()

    def hang(connection: socket.socket) -> None:
        begun.set()
        while connection.recv(1024):
            pass

    def close() -> None:
        begun.wait(5)
        transport.raw.close()

    with handshakes(hang) as url:
        transport.connect(url)
        thread = threading.Thread(target=close)
        thread.start()
        began = time.monotonic()
        with pytest.raises(RequestNotSentError):
            transport.send(GET, 30.0)
        assert time.monotonic() - began < 5.0
        thread.join()
