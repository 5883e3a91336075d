"""Fixtures of the transport tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.transports import OWN, TransportHarness

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=OWN)
def transport(request: pytest.FixtureRequest) -> Iterator[TransportHarness]:
    """Run a test with each of our transports: blocking, on asyncio and on uvloop."""
    transport = TransportHarness(request.param)
    yield transport
    transport.shutdown()
