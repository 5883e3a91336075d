"""Connecting: one deadline, one race of the addresses, and one lookup per host at a time."""

import contextlib
import errno
import itertools
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from okx_maxloan_sdk.exceptions import RequestNotSentError
from okx_maxloan_sdk.transport.connect import connect, resolve
from tests.support.raw import respond
from tests.support.resolver import hanging_resolver
from tests.support.transports import GET, TransportHarness

# Real time is the subject here; a short deadline keeps the tests fast.
SOON = 0.3
numbers = itertools.count()
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux swallows connections to a full backlog")


@pytest.fixture
def port() -> Iterator[int]:
    """Listen on one address of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def name(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[int, str]) -> None:
    """Resolve every name to these addresses."""

    def getaddrinfo(_: str, port: int, **__: Any) -> Any:
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def v4(*addresses: str) -> list[tuple[int, str]]:
    """Return the arguments of `name` for IPv4 addresses."""
    return [(socket.AF_INET, each) for each in addresses]


@contextlib.contextmanager
def black_hole(port: int, *addresses: str) -> Iterator[None]:
    """Listen with full backlogs: on Linux a further connection is neither accepted nor rejected."""
    with contextlib.ExitStack() as stack:
        for address in addresses:
            listener = stack.enter_context(socket.socket())
            listener.bind((address, port))
            listener.listen(0)
            for _ in range(4):
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex((address, port))
        yield


def connect_to(port: int, seconds: float = 5.0) -> tuple[str, float]:
    """Connect; return the address and the seconds that it took."""
    began = time.monotonic()
    with connect("several.test", port, began + seconds, lambda: False) as connection:
        return connection.getpeername()[0], time.monotonic() - began


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_socket(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An IP address needs no resolver; its socket does not block, and sends small requests without delay."""
    monkeypatch.delattr(socket, "getaddrinfo")
    try:
        listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError:
        pytest.skip("this machine has no IPv6 on loopback")
    with listener, connect(host, listener.getsockname()[1], time.monotonic() + 5, lambda: False) as connection:
        assert connection.getpeername()[0] == host
        assert not connection.getblocking()
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@LINUX
def test_first_address_swallows_packets(monkeypatch: pytest.MonkeyPatch, transport: TransportHarness) -> None:
    """An address that drops packets costs 250 ms and none of the deadline, for every client."""
    name(monkeypatch, *v4("127.0.0.2", "127.0.0.1"))
    server = transport.serve(respond())
    with black_hole(int(server.url.rpartition(":")[2]), "127.0.0.2"):
        began = time.monotonic()
        assert transport.connect(server.url.replace("127.0.0.1", "localhost")).send().status == 200
        assert 0.24 < time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "failing",
    [(socket.AF_INET, "127.0.0.9"), (9999, "::1"), (socket.AF_INET, "255.255.255.255")],
    ids=["refused", "no such family", "unreachable"],
)
@pytest.mark.parametrize("selector", [selectors.DefaultSelector, selectors.SelectSelector])
def test_first_address_fails(
    port: int, monkeypatch: pytest.MonkeyPatch, failing: tuple[int, str], selector: type[selectors.BaseSelector]
) -> None:
    """After an address fails, for whatever reason, the next one is tried at once; Windows has only select()."""
    monkeypatch.setattr(selectors, "DefaultSelector", selector)
    name(monkeypatch, failing, *v4("127.0.0.1"))
    address, seconds = connect_to(port)
    assert address == "127.0.0.1"
    assert seconds < 0.2


def test_no_address_connects(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """If each address fails, the last error is raised."""
    name(monkeypatch, *v4("127.0.0.8", "127.0.0.9"))
    with pytest.raises(OSError, match="refused") as caught:
        connect_to(port)
    assert caught.value.errno == errno.ECONNREFUSED


@LINUX
def test_every_address_swallows_packets(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several addresses that drop packets take no longer than the deadline and leave no socket open."""
    name(monkeypatch, *v4("127.0.0.2", "127.0.0.3"))
    before = len(list(Path("/proc/self/fd").iterdir()))
    with black_hole(port, "127.0.0.2", "127.0.0.3"):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            connect_to(port, 2 * SOON)
        assert time.monotonic() - began < 2 * SOON + 1
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@LINUX
def test_cancelled(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancelled attempt ends within 250 ms."""
    name(monkeypatch, *v4("127.0.0.2"))
    cancelled = threading.Event()
    threading.Timer(0.05, cancelled.set).start()
    with black_hole(port, "127.0.0.2"):
        began = time.monotonic()
        with pytest.raises(ConnectionError, match="cancelled"):
            connect("several.test", port, began + 30, cancelled.is_set)
        assert time.monotonic() - began < 1.0


def test_families_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The addresses of both families alternate, without duplicates."""
    six = [(socket.AF_INET6, f"::{number}") for number in (1, 2, 3)]
    name(monkeypatch, *six, *v4("127.0.0.1", "127.0.0.2", "127.0.0.1"))
    addresses = [address[-1][0] for address in resolve("several.test", 1, time.monotonic() + 5)]
    assert addresses == ["::1", "127.0.0.1", "::2", "127.0.0.2", "::3"]


def test_one_lookup_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that need one host share a lookup on a daemon thread, or its error; a later one starts a new lookup."""
    begun, release, threads = threading.Event(), threading.Event(), list[threading.Thread]()

    def getaddrinfo(*_: Any, **__: Any) -> Any:
        threads.append(threading.current_thread())
        begun.set()
        release.wait(5)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    def failure() -> BaseException | None:
        with pytest.raises(OSError, match=r"nowhere\.test cannot be resolved: .*unknown") as caught:
            resolve("nowhere.test", 1, time.monotonic() + 5)
        return caught.value

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(failure) for _ in range(8)]
        begun.wait(5)
        time.sleep(0.05)  # real: the others must wait for it
        release.set()
        failures = [each.result() for each in futures]
    assert [(each.name, each.daemon) for each in threads] == [("okx-maxloan", True)]
    assert len({id(each) for each in failures}) == 8
    failure()
    assert len(threads) == 2


def test_slow_lookup(monkeypatch: pytest.MonkeyPatch, transport: TransportHarness) -> None:
    """A resolver that does not respond delays no request beyond its deadline, and nothing is sent."""
    with hanging_resolver(monkeypatch):
        began = time.monotonic()
        with pytest.raises(RequestNotSentError, match=r"not resolved in time|deadline"):
            transport.connect(f"https://slow-{next(numbers)}.test").send(GET, SOON)
        assert time.monotonic() - began < SOON + 1


def test_no_thread_or_address(monkeypatch: pytest.MonkeyPatch, transport: TransportHarness) -> None:
    """If no thread can be started, or a name has no address, the request is not sent; the next lookup works."""

    def start(_: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    name(monkeypatch)
    transport.connect("https://several.test")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(RequestNotSentError, match="can't start new thread"):
            transport.send()
    with pytest.raises(RequestNotSentError, match=r"several\.test has no address"):
        transport.send()


CHILD = """
import os, socket, sys, threading, time
from okx_maxloan_sdk.transport.connect import resolve

real, begun = socket.getaddrinfo, threading.Event()
def slow(*args, **more):
    begun.set()
    time.sleep(60)
socket.getaddrinfo = slow
threading.Thread(target=lambda: resolve("localhost", 1, time.monotonic() + 60), daemon=True).start()
begun.wait(5)
if child := os.fork():
    sys.exit(os.waitpid(child, 0)[1] != 0)
socket.getaddrinfo = real
os._exit(not resolve("localhost", 1, time.monotonic() + 5))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_during_a_lookup() -> None:
    """A child that is forked during a lookup starts its own, since the parent's thread does not exist in it."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", CHILD], check=True, timeout=30)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such descriptors")
def test_high_descriptors(transport: TransportHarness) -> None:
    """Descriptors above the limit of select() work, for a new connection and a reused one."""
    import resource  # noqa: PLC0415 -- Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("this system allows too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    server = transport.serve(respond())
    with contextlib.ExitStack() as stack:
        while stack.enter_context(open(os.devnull, "rb")).fileno() < 1100:  # noqa: PTH123 -- a descriptor, not a path
            pass
        assert [transport.send().status for _ in range(2)] == [200, 200]
        assert server.connection_ids == [1, 1]
        transport.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
