"""Every check of the mock exchange."""

from __future__ import annotations

import pytest

from okx_maxloan_sdk import mock

from .checks_mock import CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_the_mock_passes(check: str) -> None:
    """The mock passes the check without a mismatch."""
    assert list(CHECKS[check](mock)) == []
