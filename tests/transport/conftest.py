"""Fixtures of the transport tests."""

from collections.abc import Iterator

import pytest

from tests.support.transports import OWN, TransportHarness


@pytest.fixture(params=OWN)
def transport(request: pytest.FixtureRequest) -> Iterator[TransportHarness]:
    """Run a test with each of our transports: blocking, on asyncio and on uvloop."""
    transport = TransportHarness(request.param)
    yield transport
    transport.shutdown()
