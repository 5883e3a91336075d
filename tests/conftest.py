"""Fixtures of all tests."""

import asyncio
import gc
import inspect
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from tests.support.clients import ClientFactory
from tests.support.transports import KINDS, LOOPS, runner

# A shell without job control starts `make test &` with SIGINT ignored, and child processes inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test on the event loops of the fixture `run`."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    run: Any = pyfuncitem.funcargs["run"]
    run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Remove every setting of the user from the environment."""
    prefixes, suffixes = ("OKX_", "LC_", "SSL_CERT_"), ("_COLOR", "_PROXY", "COLUMNS")
    for name in [name for name in os.environ if name.upper().startswith(prefixes) or name.upper().endswith(suffixes)]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture(params=KINDS)
def client_factory(request: pytest.FixtureRequest) -> Iterator[ClientFactory]:
    """Run a test with a blocking client, and with an asyncio client on asyncio's and on uvloop's event loop."""
    client_factory = ClientFactory(*reversed(request.param.split()))
    yield client_factory
    client_factory.close()


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Coroutine[Any, Any, None]], None]]:
    """Run a test on an event loop of asyncio and of uvloop, and fail if the loop reports an error."""
    loop_errors: list[Any] = []
    with runner(request.param) or asyncio.Runner() as own:
        own.get_loop().set_exception_handler(lambda _, context: loop_errors.append(context))
        yield own.run
        gc.collect()
    assert loop_errors == []
