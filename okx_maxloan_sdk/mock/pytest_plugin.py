"""The fixture `okx_exchange` for tests of programs that use OKX.

def test_my_bot(okx_exchange):
    assert my_bot(okx_exchange.client("spot")) == ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .server import MockServer


@pytest.fixture
def okx_exchange() -> Iterator[MockServer]:
    """Run a fresh mock exchange for one test: `.client(user)`, `.exchange.fail_next(...)`, `.url`."""
    from .server import run_mock_server  # noqa: PLC0415 -- pytest loads this module in every project that installs the package

    with run_mock_server() as exchange:
        yield exchange
