"""Pooled transports: what failures mean, connections closed and cancelled, forks and event loops."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpcore
import pytest

from okx_maxloan_sdk.errors import BadAnswer, ClientClosed, NotSent, OkxError, OutcomeUnknown
from okx_maxloan_sdk.sites import origin
from okx_maxloan_sdk.transport import Dropped, pooled
from okx_maxloan_sdk.transport.choice import CLASSES, make
from okx_maxloan_sdk.transport.line import Lost
from tests.support.carrier import GET
from tests.support.raw import RawServer, hang, head, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.carrier import Carrier

    Open = Callable[..., Any]


@pytest.fixture(params=CLASSES)
def transport(request: pytest.FixtureRequest) -> Open:
    """Open each of the transports, to an address, blocking or not."""
    return lambda url, prefix="": make(origin(url), request.param, None, None, prefix)


MEANINGS = [
    (httpcore.ConnectError("x"), NotSent),
    (httpcore.ConnectTimeout("x"), NotSent),
    (httpcore.ProxyError("x"), NotSent),
    (httpcore.LocalProtocolError("x"), NotSent),
    (httpcore.UnsupportedProtocol("x"), NotSent),
    (httpcore.RemoteProtocolError("x"), BadAnswer),
    (Lost("x"), Dropped),
    (httpcore.ReadError("x"), OutcomeUnknown),
    (httpcore.ReadTimeout("x"), OutcomeUnknown),
    (httpcore.WriteError("x"), OutcomeUnknown),
    (httpcore.WriteTimeout("x"), OutcomeUnknown),
]


@pytest.mark.parametrize(("failure", "kind"), MEANINGS, ids=[type(each).__name__ for each, _ in MEANINGS])
def test_meaning(carrier: Carrier, failure: Exception, kind: type[OkxError], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each failure of httpcore is one of ours, named, and keeps no trace of the request in it."""

    def fail(*_: Any) -> Any:
        raise failure

    carrier.to("http://127.0.0.1:1")
    monkeypatch.setattr(type(carrier.raw), "_carry", fail)
    with pytest.raises(OkxError) as caught:
        carrier.send()
    assert type(caught.value) is kind
    assert f"{type(failure).__name__} x" in str(caught.value)
    assert caught.value.__context__ is None


def test_meanings_are_total() -> None:
    """Every failure that httpcore can raise for a request is caught."""
    kinds = {
        each
        for each in vars(httpcore).values()
        if isinstance(each, type) and issubclass(each, Exception) and not each.__subclasses__()
    }
    # Raised where two requests share a connection, and here none do.
    kinds -= {httpcore.ConnectionNotAvailable}
    assert httpcore.WriteTimeout in kinds
    assert [each for each in kinds if not issubclass(each, pooled.FAILURES)] == []


def test_first_threads_share_connections(transport: Open) -> None:
    """Threads that send their first request at the same moment end up with the same connections."""
    carrier, barrier, found = transport("http://127.0.0.1:1"), threading.Barrier(8), []

    def first() -> None:
        barrier.wait(5)
        found.append(carrier._connections())

    threads = [threading.Thread(target=first) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in found}) == 1
    carrier.close()


def gone(server: RawServer) -> None:
    """Wait, in wall time, until the server has seen every connection end."""
    end = time.monotonic() + 5
    while server.open and time.monotonic() < end:
        time.sleep(0.005)
    assert server.open == 0


def test_closed(carrier: Carrier) -> None:
    """After close() every connection is gone."""
    with RawServer(say()) as server:
        carrier.to(server.url).send()
        carrier.close()
        gone(server)


def test_closed_unused(carrier: Carrier) -> None:
    """A transport that never sent anything can be closed."""
    carrier.to("http://127.0.0.1:1").close()
    with pytest.raises(ClientClosed):
        carrier.send()


def test_closed_under_a_request(transport: Open) -> None:
    """A request whose connection is closed from another thread ends by its timeout, as one of our errors."""
    with RawServer(hang(head(100))) as server:
        carrier = transport(server.url)
        threading.Timer(0.1, carrier.close).start()
        with pytest.raises(OkxError):
            carrier.send(GET, 0.4)


def test_cancelled_requests_leave_nothing_open(transport: Open) -> None:
    """The connection of a cancelled task is closed, wherever in the answer it was."""

    async def main() -> None:
        carrier = transport(server.url, "Async")
        for _ in range(3):
            tasks = [asyncio.ensure_future(carrier.send(GET, 5.0)) for _ in range(3)]
            await asyncio.sleep(0.05)  # real: the requests are to be on their way
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in results)
            assert carrier._connections().all() == []
        assert (await carrier.send(GET, 5.0)).status == 200
        await carrier.close()

    moves = [*([hang()] * 3), *([hang(head(10))] * 3), *([hang(head(10) + b"12345")] * 3), say()]
    with RawServer(*moves) as server:
        asyncio.run(main())


def test_cancelled_at_any_moment(transport: Open) -> None:
    """Whatever a task is doing when it is cancelled, its connection is free afterwards, or closed."""

    async def main() -> None:
        for turns in range(80):
            carrier = transport(server.url, "Async")
            for _ in range(2):  # on a fresh connection, and on what is left of it
                task = asyncio.ensure_future(carrier.send(GET, 5.0))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
                assert all(each.is_available() for each in carrier._connections().all()), turns
            assert (await carrier.send(GET, 5.0)).status == 200, turns
            await carrier.close()

    with RawServer(say()) as server:
        asyncio.run(main())
        gone(server)


def test_second_event_loop(transport: Open) -> None:
    """A transport is used from one event loop after the other, with connections of its own in each."""
    with RawServer(say()) as server:
        carrier = transport(server.url, "Async")

        async def twice() -> None:
            for _ in range(2):
                assert (await carrier.send(GET, 5.0)).status == 200
            for each in carrier._connections().all():
                await each.aclose()  # a loop that ends with connections open complains of them

        asyncio.run(twice())
        asyncio.run(twice())
        assert server.on == [1, 1, 2, 2]
        asyncio.run(carrier.close())


CHILD = """
import os, sys
from okx_maxloan_sdk.sites import origin
from okx_maxloan_sdk.transport import Request
from okx_maxloan_sdk.transport.choice import make

transport = make(origin(sys.argv[1]), sys.argv[2], None, None, "")
send = lambda: transport.send(Request("GET", "/x", {}), 5.0).status
assert send() == 200
if child := os.fork():
    assert os.waitpid(child, 0)[1] == 0
    assert send() == 200
    transport.close()
else:
    status = send()
    transport.close()
    os._exit(status != 200)
"""


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork(name: str) -> None:
    """After a fork the child has a connection of its own, and the parent's goes on."""
    with RawServer(say()) as server:
        subprocess.run([sys.executable, "-c", CHILD, server.url, name], check=True, timeout=30)
        assert server.on == [1, 2, 1]
