"""What the tests of the faults share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.carrier import POOLED
from tests.support.doors import Door

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=POOLED)
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """Run a test with both clients over each transport: most faults are the transport's to notice."""
    transport, _, kind = request.param.partition(" ")
    door = Door(kind, transport)
    yield door
    door.close()
