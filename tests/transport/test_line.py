"""Line: one moment bounds connecting, writing and reading, and a kept connection that goes away is known as such."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import httpcore
import pytest

from okx_maxloan_sdk.transport import line
from okx_maxloan_sdk.transport.line import AsyncBackend, Backend, Lost

if TYPE_CHECKING:
    from collections.abc import Iterator

# Real time is the subject here: a moment this near is over soon, and nothing waits longer.
SOON = 0.2


class Wires:
    """Opens a connection, blocking or awaiting, and uses it as httpcore does."""

    def __init__(self, kind: str) -> None:
        self._runner = asyncio.Runner() if kind == "async" else None
        self._stream: Any = None

    def connect(self, host: str, port: int, moment: float | None) -> None:
        backend: Any = AsyncBackend() if self._runner else Backend()
        self._stream = self._run(backend.connect_tcp(host, port, moment))

    def read(self, moment: float | None = None) -> bytes:
        found = self._run(self._stream.read(100, moment))
        assert isinstance(found, bytes)
        return found

    def write(self, data: bytes, moment: float | None = None) -> None:
        self._run(self._stream.write(data, moment))

    def close(self) -> None:
        if self._stream is not None:
            self._run(self._stream.aclose() if self._runner else self._stream.close())
        if self._runner:
            self._runner.close()

    def _run(self, result: Any) -> Any:
        return self._runner.run(result) if self._runner else result


@pytest.fixture(params=["sync", "async"])
def wires(request: pytest.FixtureRequest) -> Iterator[Wires]:
    """Use the network as each client does."""
    wires = Wires(request.param)
    yield wires
    wires.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Listen on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def peer(wires: Wires, listener: socket.socket) -> Iterator[socket.socket]:
    """Connect, and give the other end; what has no moment of its own ends soon."""
    wires.connect("127.0.0.1", listener.getsockname()[1], time.monotonic() + SOON)
    peer, _ = listener.accept()
    with peer:
        yield peer


def test_moment_bounds_every_read(wires: Wires, peer: socket.socket) -> None:
    """Reads that each succeed end at the moment all the same: a drip gains no time."""
    began = time.monotonic()

    def drip() -> None:
        while True:
            peer.sendall(b"x")
            wires.read(began + SOON)

    with pytest.raises(httpcore.ReadTimeout):
        drip()
    assert SOON * 0.9 < time.monotonic() - began < SOON + 2


def test_moment_bounds_a_silence(wires: Wires, peer: socket.socket) -> None:
    """A read of nothing ends at the moment."""
    assert peer
    began = time.monotonic()
    with pytest.raises(httpcore.ReadTimeout):
        wires.read(began + SOON)
    assert SOON * 0.9 < time.monotonic() - began < SOON + 2


def test_moment_bounds_writing(wires: Wires, peer: socket.socket) -> None:
    """Writing to one who does not read ends at the moment."""
    assert peer
    began = time.monotonic()
    with pytest.raises(httpcore.WriteTimeout):
        wires.write(bytes(64 << 20), began + SOON)
    assert time.monotonic() - began < SOON + 2


def test_moment_of_connecting_bounds_the_rest(wires: Wires, peer: socket.socket) -> None:
    """A read without a moment, as in a SOCKS handshake, ends at the moment of connecting."""
    assert peer
    with pytest.raises(httpcore.ReadTimeout):
        wires.read()


@pytest.mark.parametrize(
    ("ask", "late"), [("read", httpcore.ReadTimeout), ("write", httpcore.WriteTimeout)], ids=["read", "write"]
)
def test_moment_that_is_over(wires: Wires, peer: socket.socket, ask: str, late: type[Exception]) -> None:
    """Nothing is read or written when the moment has passed."""
    peer.sendall(b"x")
    with pytest.raises(late, match="is over"):
        wires.read(time.monotonic()) if ask == "read" else wires.write(b"x", time.monotonic())


def test_moment_that_is_over_before_connecting(wires: Wires, listener: socket.socket) -> None:
    """No connection is opened when the moment has passed."""
    with pytest.raises(httpcore.ConnectTimeout):
        wires.connect("127.0.0.1", listener.getsockname()[1], time.monotonic())
    listener.settimeout(0.05)
    with pytest.raises(TimeoutError):
        listener.accept()


@contextlib.contextmanager
def black_hole(host: str) -> Iterator[int]:
    """Listen with a full backlog: on Linux a further connection is neither accepted nor refused."""
    with socket.socket() as listener, contextlib.ExitStack() as held:
        listener.bind((host, 0))
        listener.listen(0)
        for _ in range(3):
            filler = held.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def resolve(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Let a name stand for several addresses."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        names = hosts if host in ("several.test", b"several.test") else [host]
        return [found for name in names for found in real(name, port, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_addresses_share_the_time(wires: Wires, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of several addresses that swallow connections costs the time of one, not of each."""
    resolve(monkeypatch, "127.0.0.1", "127.0.0.2", "127.0.0.3")
    with black_hole("0.0.0.0") as port:  # noqa: S104 -- all of loopback, for a moment
        began = time.monotonic()
        with pytest.raises((httpcore.ConnectTimeout, httpcore.ConnectError)):
            wires.connect("several.test", port, began + 3 * SOON)
    assert time.monotonic() - began < 3 * SOON + 1


def test_one_address_of_several_is_enough(
    wires: Wires, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one address refuses, the next is tried."""
    resolve(monkeypatch, "127.0.0.9", "127.0.0.1")
    wires.connect("several.test", listener.getsockname()[1], time.monotonic() + 5)
    listener.accept()[0].close()


def test_unknown_host(wires: Wires, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not resolve is a failure to connect."""

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(httpcore.ConnectError):
        wires.connect("nowhere.test", 1, time.monotonic() + 5)


def test_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without an address is a failure to connect."""
    monkeypatch.setattr(line, "addresses", lambda *_: [])
    with pytest.raises(httpcore.ConnectError, match="nowhere has no address"):
        Backend().connect_tcp("nowhere", 1)


def test_closed_before_any_answer(wires: Wires, peer: socket.socket) -> None:
    """A fresh connection that is closed in answer to a request is a failed read, and no more than that."""
    wires.write(b"request", time.monotonic() + 5)
    peer.close()
    with pytest.raises(httpcore.ReadError) as caught:
        wires.read(time.monotonic() + 5)
    assert type(caught.value) is httpcore.ReadError


def served(wires: Wires, peer: socket.socket) -> None:
    """Exchange a request and an answer."""
    wires.write(b"request", time.monotonic() + 5)
    peer.recv(100)
    peer.sendall(b"answer")
    assert wires.read(time.monotonic() + 5) == b"answer"


def test_kept_connection_goes_away(wires: Wires, peer: socket.socket) -> None:
    """A connection that had served and is closed without an answer to the next request is lost."""
    served(wires, peer)
    wires.write(b"request", time.monotonic() + 5)
    peer.recv(100)
    peer.close()
    with pytest.raises(Lost):
        wires.read(time.monotonic() + 5)


def test_kept_connection_is_reset(wires: Wires, peer: socket.socket) -> None:
    """A connection that had served and is reset is lost, whether the read or a write finds out."""
    served(wires, peer)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    peer.close()

    def insist() -> None:
        for _ in range(20):
            wires.write(b"request", time.monotonic() + 5)
            time.sleep(0.01)  # real: the reset is to arrive

    with pytest.raises(Lost):
        insist()


def test_answer_ends_early(wires: Wires, peer: socket.socket) -> None:
    """A close after the beginning of an answer is its end, and httpcore judges it."""
    served(wires, peer)
    wires.write(b"request", time.monotonic() + 5)
    peer.recv(100)
    peer.sendall(b"ans")
    peer.close()
    assert wires.read(time.monotonic() + 5) == b"ans"
    assert wires.read(time.monotonic() + 5) == b""


def test_reset_after_the_beginning_of_an_answer(wires: Wires, peer: socket.socket) -> None:
    """A reset in the middle of an answer is no lost connection: the request was served in part."""
    served(wires, peer)
    wires.write(b"request", time.monotonic() + 5)
    peer.recv(100)
    peer.sendall(b"ans")
    assert wires.read(time.monotonic() + 5) == b"ans"
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    peer.close()
    with pytest.raises(httpcore.ReadError) as caught:
        wires.read(time.monotonic() + 5)
    assert type(caught.value) is httpcore.ReadError


def test_left() -> None:
    """No moment is no bound."""
    assert line.left(None, httpcore.ReadTimeout) is None
    assert line.left(time.monotonic() + 9, httpcore.ReadTimeout) == pytest.approx(9, abs=1)


class Layered(httpcore.NetworkStream):
    """What httpcore makes of a second layer of TLS: no socket of its own, but a failure when it is over."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.answers = [b"answer"]

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 -- the protocol has it
        if not self.answers:
            raise httpcore.ReadError("reset")
        return self.answers.pop()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 -- the protocol has it
        if not self.answers:
            raise httpcore.WriteError("reset")
        self.written.append(buffer)

    def start_tls(self, *_: object, **__: object) -> httpcore.NetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return {"ssl_object": self}.get(info)


def test_tls_within_tls() -> None:
    """To a host behind a proxy that speaks TLS, bytes go through both layers, and failures mean the same."""
    layered = Layered()
    stream = line._Stream(layered, None).start_tls(ssl.create_default_context(), "host", time.monotonic() + 5)
    stream.write(b"request", time.monotonic() + 5)
    assert layered.written == [b"request"]
    assert stream.read(100, time.monotonic() + 5) == b"answer"
    with pytest.raises(Lost):
        stream.write(b"request", time.monotonic() + 5)
    with pytest.raises(Lost):
        stream.read(100, time.monotonic() + 5)
