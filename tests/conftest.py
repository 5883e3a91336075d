"""What the tests of the clients share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.mock import demo
from okx_maxloan_sdk.mock.serve import serve
from tests.support.doors import Door
from tests.support.driver import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk.mock.exchange import Exchange


@pytest.fixture(params=["sync", "async"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """Run a test twice: with the client that blocks, and with the one that awaits."""
    door = Door(request.param)
    yield door
    door.close()


@pytest.fixture(params=["sync", "async"])
def driver(request: pytest.FixtureRequest) -> Driver:
    """Run a test with each driver."""
    return Driver(request.param)


@pytest.fixture
def exchange() -> Iterator[tuple[str, Exchange]]:
    """Serve an exchange."""
    served = demo()
    with serve(served) as url:
        yield url, served
