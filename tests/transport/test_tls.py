"""TLS: certificates are always checked."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from okx_maxloan_sdk.exceptions import RequestNotSentError
from okx_maxloan_sdk.transport.connect import client_context
from tests.support.raw import (
    PEM,
    ROWS,
    Behavior,
    HandshakeServer,
    HttpsServer,
    Push,
    RawServer,
    TlsServer,
    head,
    reset,
    respond,
    send_bytes,
)
from tests.support.transports import GET, OWN, TransportHarness


@pytest.fixture(autouse=True)
def _new_context(environment: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001 -- it unsets them
    """Trust certifi's certificates until the test sets a variable."""
    client_context.cache_clear()
    yield
    client_context.cache_clear()


def test_context() -> None:
    """Certificates and host names are checked, against certifi's, and the context is created once."""
    context = client_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509_ca"] > 50
    assert client_context() is context


@pytest.mark.parametrize(
    ("name", "place", "reason"),
    [
        ("SSL_CERT_FILE", "/missing", "SSL_CERT_FILE is '/missing', which does not exist; correct or unset it"),
        ("SSL_CERT_DIR", "/missing", "SSL_CERT_DIR is '/missing', which does not exist; correct or unset it"),
        ("SSL_CERT_FILE", __file__, r"the certificates of SSL_CERT_FILE '.*\.py' cannot be read"),
    ],
)
def test_variable(environment: pytest.MonkeyPatch, name: str, place: str, reason: str) -> None:
    """An empty variable counts as unset; for one without certificates the error names it, and nothing is sent."""
    environment.setenv(name, "")
    assert client_context().cert_store_stats()["x509_ca"] > 50
    client_context.cache_clear()
    environment.setenv(name, place)
    with pytest.raises(RequestNotSentError, match=reason):
        client_context()


@pytest.mark.parametrize(
    ("trusted", "host", "server", "message"),
    [
        (None, "127.0.0.1", TlsServer, "certificate"),
        (PEM, "localhost", TlsServer, "certificate|mismatch"),
        (None, "127.0.0.1", HttpsServer, "not sent"),
    ],
    ids=["untrusted", "another name", "no TLS"],
)
def test_no_request_without_trust(
    transport: TransportHarness,
    environment: pytest.MonkeyPatch,
    trusted: Path | None,
    host: str,
    server: type[RawServer],
    message: str,
) -> None:
    """A server that is untrusted, has another name or no TLS receives no request."""
    if trusted:
        environment.setenv("SSL_CERT_FILE", str(trusted))
    started = transport.serve(respond(), server=server)
    with pytest.raises(RequestNotSentError, match=message):
        transport.connect(started.url.replace("127.0.0.1", host)).send(GET, 0.3 if server is HttpsServer else 5.0)
    assert started.requests == []


def test_trusted_server(transport: TransportHarness, environment: pytest.MonkeyPatch) -> None:
    """A private server is trusted by its certificate, and its connection reused, unless a TLS record has more bytes."""
    environment.setenv("SSL_CERT_FILE", str(PEM))
    both = head(len(ROWS)) + ROWS + head(2) + b"no"
    server = transport.serve(respond(), send_bytes(both, keep_alive=True), respond(b"3rd"), server=TlsServer)
    assert [transport.send().body for _ in range(3)] == [ROWS, ROWS, b"3rd"]
    assert server.connection_ids == [1, 1, 2]


def test_unsolicited_record(transport: TransportHarness, environment: pytest.MonkeyPatch) -> None:
    """A TLS record that arrives while the connection is idle closes it."""
    environment.setenv("SSL_CERT_FILE", str(PEM))
    push = Push()
    server = transport.serve(push, respond(b"2nd"), server=TlsServer)
    assert transport.send().body == ROWS
    push.send()
    assert transport.send().body == b"2nd"
    assert server.connection_ids == [1, 2]


PLAIN_TEXT = send_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("end", [send_bytes(b""), reset(), PLAIN_TEXT], ids=["closed", "reset", "plain text"])
def test_handshake_that_fails(transport: TransportHarness, end: Behavior) -> None:
    """A server that ends the handshake receives no request, and the error is immediate."""
    transport.serve(end, server=HandshakeServer)
    began = time.monotonic()
    with pytest.raises(RequestNotSentError):
        transport.send(GET, 30.0)
    assert time.monotonic() - began < 5.0


def read_to_the_end(_: RawServer, connection: socket.socket) -> bool:
    """Read until the client closes the connection, and write nothing."""
    while connection.recv(1024):
        pass
    return False


@pytest.mark.parametrize("way", ["cancelled", "too late"])
@pytest.mark.parametrize("transport", OWN[1:], indirect=True)
def test_abandoned_handshake(transport: TransportHarness, way: str) -> None:
    """A handshake that hangs leaves no connection after a cancelled task or a timeout."""
    server = transport.serve(read_to_the_end, server=HandshakeServer)

    async def main() -> None:
        task = asyncio.ensure_future(transport.raw.send(GET, 0.2 if way == "too late" else 30.0))
        await asyncio.to_thread(server.wait, 1)
        if way == "cancelled":
            task.cancel()
        with pytest.raises(asyncio.CancelledError if way == "cancelled" else RequestNotSentError):
            await task
        await asyncio.to_thread(server.wait_until_closed)

    began = time.monotonic()
    transport.run(main())
    assert time.monotonic() - began < 5.0
