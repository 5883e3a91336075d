"""pyreqwest's transport: what it needs of its own, and the extra that brings it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from okx_maxloan_sdk import Credentials, MaxLoanClient
from okx_maxloan_sdk.errors import NotSent, OutcomeUnknown
from okx_maxloan_sdk.sites import origin
from okx_maxloan_sdk.transport import Request, choice
from tests.support.carrier import GET
from tests.support.raw import ROWS, RawServer, hang, say
from tests.transport import test_tls

# rustls takes no authority for a server; httpcore's tests need one.
LEAF = Path(__file__).with_name("leaf.pem")

pytest.importorskip("pyreqwest")
reqwest = pytest.importorskip("okx_maxloan_sdk.transport.reqwest")


@pytest.mark.parametrize("target", ["/a b", "/é", "/a/../b", "/a#b", "/a?b='", '/a?b="'])
def test_target_that_would_travel_differently(target: str) -> None:
    """Where Rust would write another request line than was signed, nothing is sent."""
    with RawServer(say()) as server:
        transport = reqwest.ReqwestTransport(origin(server.url), None)
        with pytest.raises(NotSent, match="as it was signed"):
            transport.send(Request("GET", target, {}), 1.0)
        transport.close()
        assert server.heads == []


def test_first_threads_share_a_client() -> None:
    """Threads that send their first request at the same moment share connections."""
    with RawServer(say()) as server:
        transport = reqwest.ReqwestTransport(origin(server.url), None)
        barrier, clients = threading.Barrier(8), []

        def first() -> None:
            barrier.wait(5)
            transport.send(GET, 5.0)
            clients.append(transport._client)

        threads = [threading.Thread(target=first) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len({id(each) for each in clients}) == 1
        assert len(clients) == 8
        transport.close()


def test_event_loops_share_connections() -> None:
    """One transport is used from one event loop after the other, over the same connection."""
    with RawServer(say()) as server:
        transport = reqwest.AsyncReqwestTransport(origin(server.url), None)
        for _ in range(2):
            assert asyncio.run(transport.send(GET, 5.0)).status == 200
        assert server.on == [1, 1]
        asyncio.run(transport.close())


def arrival(server: RawServer) -> None:
    """Wait until a request has arrived."""
    while not server.heads:
        server.stopped.wait(0.005)


def test_closed_under_a_request() -> None:
    """A request that is in flight when its transport is closed has an unknown outcome."""

    async def main() -> None:
        transport = reqwest.AsyncReqwestTransport(origin(server.url), None)
        sending = asyncio.ensure_future(transport.send(GET, 5.0))
        await asyncio.to_thread(arrival, server)
        await transport.close()
        with pytest.raises(OutcomeUnknown):
            await sending

    with RawServer(hang()) as server:
        asyncio.run(main())


def test_cancelled_task() -> None:
    """A cancelled task ends at once, and the next request is served."""

    async def main() -> None:
        transport = reqwest.AsyncReqwestTransport(origin(server.url), None)
        sending = asyncio.ensure_future(transport.send(GET, 1.0))
        await asyncio.to_thread(arrival, server)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert (await transport.send(GET, 5.0)).status == 200
        await transport.close()

    with RawServer(hang(), say()) as server:
        asyncio.run(main())


def test_connecting_ends_before_the_hold() -> None:
    """Who connects has given up before the limiter stops counting a request whose end nobody knows."""
    from okx_maxloan_sdk.limiter.window import LINGER  # noqa: PLC0415 -- only this test looks inside

    assert reqwest.CONNECT.total_seconds() < LINGER


@pytest.mark.parametrize("trusted", [True, False])
def test_certificates(trusted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server gets a request only if its certificate is trusted; SSL_CERT_FILE names further ones."""
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(LEAF))
    monkeypatch.setattr(test_tls, "PEM", LEAF)
    with test_tls.TlsServer(say()) as server:
        transport = reqwest.ReqwestTransport(origin(server.url.replace("http:", "https:")), None)
        if trusted:
            assert transport.send(GET, 5.0).body == ROWS
        else:
            with pytest.raises(NotSent, match="certificate"):
                transport.send(GET, 5.0)
            assert server.heads == []
        transport.close()


@pytest.mark.parametrize("auth", ["", "user:p%40ss@"])
def test_proxy(auth: str) -> None:
    """A request goes through the proxy that it was told of, with its credentials."""
    with RawServer(say()) as proxy:
        url = proxy.url.replace("http://", f"http://{auth}")
        transport = reqwest.ReqwestTransport(origin("http://127.0.0.1:1"), url)
        assert transport.send(GET, 5.0).status == 200
        transport.close()
        assert proxy.heads[0].startswith(f"GET http://127.0.0.1:1{GET.target} HTTP/1.1\r\n".encode())
        # base64 of user:p@ss
        assert (b"proxy-authorization: basic dxnlcjpwqhnz" in proxy.heads[0].lower()) == bool(auth)


CHILD = """
import os, sys
from okx_maxloan_sdk.sites import origin
from okx_maxloan_sdk.transport import Request
from okx_maxloan_sdk.transport.reqwest import ReqwestTransport

get = Request("GET", "/x", {})
before, after = (ReqwestTransport(origin(sys.argv[1]), None) for _ in range(2))
assert before.send(get, 5.0).status == 200
if child := os.fork():
    assert os.waitpid(child, 0)[1] == 0
    assert before.send(get, 5.0).status == 200
else:
    statuses = [each.send(get, 5.0).status for each in (before, after)]
    before.close()
    after.close()
    os._exit(statuses != [200, 200])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork() -> None:
    """A forked child, where Rust's threads are missing, sends by other means; the parent's connection goes on."""
    with RawServer(say()) as server:
        subprocess.run([sys.executable, "-c", CHILD, server.url], check=True, timeout=30)
        assert server.on == [1, 2, 3, 1]


INTERRUPTED = """
import os, signal, sys, threading
from okx_maxloan_sdk.sites import origin
from okx_maxloan_sdk.transport import Request
from okx_maxloan_sdk.transport.reqwest import ReqwestTransport

transport = ReqwestTransport(origin(sys.argv[1]), None)
threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    transport.send(Request("GET", "/x", {}), 0.5)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to oneself ends the process there")
def test_ctrl_c() -> None:
    """Ctrl-C during a process's first request is an exception as ever, once the request has ended."""
    with RawServer(hang()) as server:
        command = [sys.executable, "-c", INTERRUPTED, server.url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "interrupted\n"


ENDING = """
import asyncio, atexit, sys, time

atexit.register(lambda: print(time.monotonic() - over))
from okx_maxloan_sdk.sites import origin
from okx_maxloan_sdk.transport import Request
from okx_maxloan_sdk.transport.reqwest import AsyncReqwestTransport

async def main():
    transport = AsyncReqwestTransport(origin(sys.argv[1]), None)
    await transport.send(Request("GET", "/x", {}), 5.0)

asyncio.run(main())
over = time.monotonic()
"""


def test_process_ends_after_an_answer() -> None:
    """A process that ends right after an answer gives Rust's threads time to let go: wall time, for they live in it."""
    with RawServer(say()) as server:
        command = [sys.executable, "-c", ENDING, server.url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert float(done.stdout) >= reqwest.PAUSE
    assert done.stderr == ""


def test_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyreqwest, the choice of it names the extra when the client is made."""

    def missing(name: str) -> Any:
        return None if name == "pyreqwest" else find_spec(name)

    monkeypatch.setattr(choice, "find_spec", missing)
    with pytest.raises(ImportError, match=r'pip install "okx-maxloan-sdk\[fast\]"'):
        MaxLoanClient(Credentials("k", "s", "p"), transport="reqwest")


def test_unknown_transport() -> None:
    """Another word is refused, with the words that there are."""
    with pytest.raises(ValueError, match='"httpx" or "reqwest"'):
        MaxLoanClient(Credentials("k", "s", "p"), transport="curl")  # type: ignore[arg-type]
