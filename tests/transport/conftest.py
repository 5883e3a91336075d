"""What the tests of the transports share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.carrier import POOLED, Carrier

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=POOLED)
def carrier(request: pytest.FixtureRequest) -> Iterator[Carrier]:
    """Run a test with each transport that keeps connections of its own."""
    carrier = Carrier(request.param)
    yield carrier
    carrier.end()
