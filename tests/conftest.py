"""What the tests of the clients share."""

from __future__ import annotations

import asyncio
import gc
import signal
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.serve import serve
from tests.support.clients import ClientFactory
from tests.support.flow_runner import FlowRunner
from tests.support.transports import KINDS, LOOPS, runner

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from okx_maxloan_sdk.mock.exchange import MockExchange

    Run = Callable[[Coroutine[Any, Any, None]], None]

# A shell without job control starts `make test &` with Ctrl-C ignored, and processes inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=KINDS)
def client_factory(request: pytest.FixtureRequest) -> Iterator[ClientFactory]:
    """Run a test with the client that blocks, and with the one that awaits, on asyncio's event loop and on uvloop's."""
    client_factory = ClientFactory(*reversed(request.param.split()))
    yield client_factory
    client_factory.close()


@pytest.fixture(params=["sync", "async"])
def driver(request: pytest.FixtureRequest) -> FlowRunner:
    """Run a test with each driver."""
    return FlowRunner(request.param)


@pytest.fixture
def exchange() -> Iterator[tuple[str, MockExchange]]:
    """Serve an exchange."""
    served = default_exchange()
    with serve(served) as url:
        yield url, served


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Run a test on an event loop of asyncio and of uvloop; what one of them complains of is a failure."""
    complaints: list[Any] = []
    with runner(request.param) or asyncio.Runner() as own:
        own.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
        yield own.run
        gc.collect()
    assert complaints == []
