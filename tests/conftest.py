"""What the tests of the clients share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.mock import demo
from okx_maxloan_sdk.mock.serve import serve
from tests.support.doors import Door

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk.mock.exchange import Exchange


@pytest.fixture(params=["sync", "async"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """Run a test twice: with the client that blocks, and with the one that awaits."""
    door = Door(request.param)
    yield door
    door.close()


@pytest.fixture
def exchange() -> Iterator[tuple[str, Exchange]]:
    """Serve an exchange."""
    served = demo()
    with serve(served) as url:
        yield url, served
