"""The mock exchange under every check."""

from __future__ import annotations

import pytest

from okx_maxloan_sdk import mock

from .checks_mock import CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_the_mock_passes(check: str) -> None:
    """Every response of the mock is the one that the facts call for."""
    assert list(CHECKS[check](mock)) == []
