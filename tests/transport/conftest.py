"""What the tests of the transports share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.carrier import Carrier

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["sync", "async"])
def carrier(request: pytest.FixtureRequest) -> Iterator[Carrier]:
    """Run a test with each transport."""
    carrier = Carrier(request.param)
    yield carrier
    carrier.close()
    if carrier.runner:
        carrier.runner.close()
