"""Blocking transport: one deadline for writing and reading, threads, closing, forks and open descriptors."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.exceptions import ClientClosedError, NoResponseError, OkxError, RequestNotSentError
from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.transport import Request, blocking
from okx_maxloan_sdk.transport.blocking import BlockingTransport
from tests.support.raw import ROWS, RawServer, hang, head, respond, send_bytes
from tests.support.transports import GET, in_use

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.transports import TransportHarness


def wait_until_closed(server: RawServer) -> None:
    """Wait, in wall time, until the server has seen every connection end."""
    end = time.monotonic() + 5
    while server.open and time.monotonic() < end:
        time.sleep(0.005)
    assert server.open == 0


def test_request_that_is_not_read(transport: TransportHarness) -> None:
    """A request that the server does not read ends by its deadline."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport.connect(f"http://127.0.0.1:{listener.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(NoResponseError, match="Timeout"):
            transport.send(Request("GET", "/" + "x" * (16 << 20), {}), 1.0)
        assert 0.9 < time.monotonic() - began < 5.0
        transport.close()


def test_large_request(transport: TransportHarness) -> None:
    """A request larger than the send buffer arrives completely."""
    target = "/" + "x" * (8 << 20)
    with RawServer(respond()) as server:
        assert transport.connect(server.url).send(Request("GET", target, {}), 30.0).status == 200
        assert server.requests[0].startswith(f"GET {target} HTTP/1.1\r\n".encode())
        transport.close()


def test_closed(transport: TransportHarness) -> None:
    """close() closes every connection, idle ones included."""
    with RawServer(respond()) as server:
        transport.connect(server.url).send()
        transport.close()
        wait_until_closed(server)


def test_closed_unused(transport: TransportHarness) -> None:
    """An unused transport can be closed."""
    transport.connect("http://127.0.0.1:1").close()
    with pytest.raises(ClientClosedError):
        transport.send()


@pytest.mark.parametrize("phase", ["response", "connecting"])
def test_closed_under_a_request(phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the transport from another thread ends a request long before its timeout, even while it connects."""
    waiting = threading.Event()
    if phase == "connecting":

        def connect(_: str, __: int, ___: float, is_cancelled: Callable[[], bool]) -> socket.socket:
            waiting.set()
            while not is_cancelled():
                time.sleep(0.005)
            message = "cancelled"
            raise ConnectionError(message)

        monkeypatch.setattr(blocking, "connect", connect)
    with RawServer(hang(head(100))) as server:
        transport = BlockingTransport(parse_origin(server.url))

        def close() -> None:
            if phase == "connecting":
                waiting.wait(5)
            else:
                server.wait(1)
            transport.close()

        thread = threading.Thread(target=close)
        thread.start()
        began = time.monotonic()
        with pytest.raises(RequestNotSentError if phase == "connecting" else NoResponseError):
            transport.send(GET, 30.0)
        assert time.monotonic() - began < 5.0
        thread.join()
        with pytest.raises(ClientClosedError):
            transport.send(GET, 1.0)


def test_unsolicited_bytes(transport: TransportHarness) -> None:
    """Bytes that arrive separately after a response close the connection before the next request."""
    late = threading.Event()

    def twice(_: RawServer, connection: socket.socket) -> bool:
        connection.sendall(head(len(ROWS)) + ROWS)
        late.wait(5)
        connection.sendall(head(2) + b"no")
        late.clear()
        return True

    with RawServer(twice, respond(b"2nd")) as server:
        assert transport.connect(server.url).send().body == ROWS
        late.set()
        while late.is_set():
            time.sleep(0.002)
        assert transport.send().body == b"2nd"
        assert server.connection_ids == [1, 2]
        transport.close()


def test_first_requests_of_threads_share_a_pool() -> None:
    """Threads that send their first request concurrently use one pool."""
    transport, barrier, pools = BlockingTransport(parse_origin("http://127.0.0.1:1")), threading.Barrier(8), []

    def first() -> None:
        barrier.wait(5)
        pools.append(transport._pool())

    threads = [threading.Thread(target=first) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in pools}) == 1
    transport.close()


class EchoServer(RawServer):
    """A server that responds with the target of each request."""

    def _serve(self, connection: socket.socket, number: int) -> None:  # noqa: ARG002 -- the base class has it
        with connection:
            while request := self._read(connection):
                target = request.split()[1]
                connection.sendall(head(len(target)) + target)


def test_many_threads() -> None:
    """Requests of many concurrent threads get their own responses over no more connections than threads."""
    others: list[bytes] = []
    with EchoServer() as server:
        transport = BlockingTransport(parse_origin(server.url))

        def work(thread: int) -> None:
            for number in range(50):
                target = f"/{thread}/{number}"
                body = transport.send(Request("GET", target, {}), 30.0).body
                others.extend([body] if body != target.encode() else [])

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert others == []
        assert server.connections <= len(threads)
        assert in_use(transport) == []
        transport.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signal to a thread")
def test_interrupted_request() -> None:
    """Ctrl-C closes the connection of the interrupted request, and the next request uses another one."""
    with RawServer(respond(), hang(head(100)), respond()) as server:
        transport = BlockingTransport(parse_origin(server.url))
        transport.send(GET, 5.0)

        def interrupt() -> None:
            server.wait(2)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            transport.send(GET, 30.0)
        thread.join()
        assert in_use(transport) == []
        assert transport.send(GET, 5.0).status == 200
        assert server.connection_ids == [1, 1, 2]
        transport.close()


def test_forgotten_transport() -> None:
    """A transport that is garbage-collected without close() closes its connections."""
    with RawServer(respond()) as server:
        transport = BlockingTransport(parse_origin(server.url))
        transport.send(GET, 5.0)
        del transport
        gc.collect()
        wait_until_closed(server)


def test_response_is_in_no_cycle() -> None:
    """A response that was read forms no reference cycle."""
    with RawServer(respond()) as server:
        transport = BlockingTransport(parse_origin(server.url))
        transport.send(GET, 5.0)
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                transport.send(GET, 5.0)
            assert gc.collect() == 0
        finally:
            gc.enable()
        transport.close()


CHILD = """
import os, sys
from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.transport import Request
from okx_maxloan_sdk.transport.blocking import BlockingTransport

transport = BlockingTransport(parse_origin(sys.argv[1]))
send = lambda: transport.send(Request("GET", "/x", {}), 5.0).status
assert send() == 200
inherited = next(iter(transport._pool()._open.values()))._socket.fileno()
if child := os.fork():
    assert os.waitpid(child, 0)[1] == 0
    assert send() == 200
    transport.close()
else:
    status = 1
    try:
        transport._pool()
        try:
            os.fstat(inherited)
        except OSError:
            status = send() != 200
        transport.close()
    finally:
        os._exit(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork() -> None:
    """After a fork the child closes its copies and reconnects, and the parent's connection still works."""
    with RawServer(respond()) as server:
        subprocess.run([sys.executable, "-c", CHILD, server.url], check=True, timeout=30)
        assert server.connection_ids == [1, 2, 1]


def test_error_is_ours(transport: TransportHarness) -> None:
    """A network error becomes one of our errors, without the frames that wrote the request."""
    with RawServer(send_bytes(b"")) as server:
        with pytest.raises(OkxError) as caught:
            transport.connect(server.url).send()
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        transport.close()
