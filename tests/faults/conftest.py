"""Fixtures of the fault tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.clients import ClientFactory
from tests.support.transports import HTTPX, OWN

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=[*OWN, *HTTPX])
def client_factory(request: pytest.FixtureRequest) -> Iterator[ClientFactory]:
    """Run a test with both clients over each transport, as most faults are detected in the transport."""
    client_factory = ClientFactory(*reversed(request.param.split()))
    yield client_factory
    client_factory.close()
